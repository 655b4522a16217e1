#include "text.hpp"

#include "forked.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>

#include <cxxabi.h>

namespace hetmap::core {

void add(std::string& out, char const* format, ...) {
  char line[256];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  out += line;
}

std::string duration(double seconds) {
  std::string out;
  if (seconds < 0)
    out = "not known";
  else if (seconds < 1e-3)
    add(out, "%.3g us", seconds * 1e6);
  else if (seconds < 1)
    add(out, "%.3g ms", seconds * 1e3);
  else
    add(out, "%.3g s", seconds);
  return out;
}

std::string demangled(char const* name) {
  int failed = 0;
  std::unique_ptr<char, void (*)(void*)> const text(
      abi::__cxa_demangle(name, nullptr, nullptr, &failed), std::free);
  return failed == 0 && text ? text.get() : name;
}

char const* interned(std::string const& text) {
  static constinit process_mutex guard;
  static constinit made_once<std::set<std::string>> made;
  auto& all = made.get();
  std::lock_guard const lock(guard);
  return all.insert(text).first->c_str();
}

}  // namespace hetmap::core
