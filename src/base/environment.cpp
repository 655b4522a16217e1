#include "environment.hpp"

#include "backend.hpp"
#include "error.hpp"
#include "forked.hpp"
#include "profile_in_use.hpp"

#include <hetmap/error.hpp>

#include <atomic>
#include <cstdlib>
#include <string>

namespace hetmap {
namespace core {
namespace {

std::string_view variable(char const* name) {
  char const* const text = std::getenv(name);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

unsigned explain_level() {
  static constinit remembered<unsigned> level;
  return level.get([] {
    auto const text = variable("HETMAP_EXPLAIN");
    for (unsigned known = 0; known != 3; ++known)
      if (text == std::to_string(known)) return known;
    if (text.empty()) return 0u;
    clear_failed_index();
    throw option_error("HETMAP_EXPLAIN=" + std::string(text) +
                       ": no such level; the valid ones are 0, 1 (a line a call), 2 (all "
                       "candidates)");
  });
}

constinit std::atomic<environment const*> found_environment{nullptr};

namespace {

environment environment_now() {
  return {known_profile().limits, explain_level(), default_backend(), isa_level()};
}

}  // namespace

environment const* find_environment() noexcept {
  try {
    static constinit made_once<environment> all;
    environment const& first = all.get(&environment_now);
    environment const* found = nullptr;
    return found_environment.compare_exchange_strong(found, &first, std::memory_order_acq_rel)
               ? &first
               : found;
  } catch (...) {
    return nullptr;
  }
}

void renew_environment() noexcept {
  // Calls may be reading any of them.
  struct renewed {
    environment now;
    renewed const* before;
  };
  static constinit std::atomic<renewed const*> all{nullptr};
  try {
    auto const* const made = new renewed{environment_now(), all.load(std::memory_order_relaxed)};
    all.store(made, std::memory_order_relaxed);
    found_environment.store(&made->now, std::memory_order_release);
  } catch (...) {
    // No memory, or variables that hold nonsense: whatever was found before goes on.
  }
}

isa highest_level() noexcept {
#ifdef __x86_64__
  __builtin_cpu_init();
  bool const avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  bool const avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
  if (avx512) return isa::avx512;
  if (avx2) return isa::avx2;
#endif
  return isa::baseline;
}

isa level_from(std::string_view forced, isa highest) {
  if (forced.empty()) return highest;
  for (isa const level : {isa::baseline, isa::avx2, isa::avx512}) {
    if (forced != name(level)) continue;
    if (level <= highest) return level;
    clear_failed_index();
    throw option_error("HETMAP_ISA=" + std::string(forced) + ": this processor goes up to " +
                       name(highest) + " only; name that or a lower level, or unset the variable");
  }
  clear_failed_index();
  throw option_error("HETMAP_ISA=" + std::string(forced) +
                     ": no such level; the valid ones are baseline, avx2, avx512");
}

}  // namespace core

inline namespace HETMAP_ABI {

char const* name(isa level) noexcept {
  switch (level) {
    case isa::baseline: return "baseline";
    case isa::avx2: return "avx2";
    case isa::avx512: return "avx512";
  }
  return "?";
}

isa isa_level() {
  static constinit core::remembered<isa> level;
  return level.get(
      [] { return core::level_from(core::variable("HETMAP_ISA"), core::highest_level()); });
}

char const* name(backend where) noexcept {
  if (where == backend::inherit) return "inherit";
  if (where == backend::automatic) return "auto";
  core::backend_entry const* const entry = core::entry_of(where);
  return entry != nullptr ? entry->name : "?";
}

backend backend_from_name(std::string_view text, std::string_view source) {
  if (text == name(backend::automatic)) return backend::automatic;
  std::string valid = name(backend::automatic);
  for (core::backend_entry const& entry : core::all_backends()) {
    if (text == entry.name) return entry.where;
    valid.append(", ").append(entry.name);
  }
  core::clear_failed_index();
  throw option_error(std::string(source) + "=" + std::string(text) +
                     ": no such backend; the valid ones are " + valid);
}

backend default_backend() {
  static constinit core::remembered<backend> chosen;
  return chosen.get([] {
    auto const text = core::variable("HETMAP_BACKEND");
    return text.empty() ? backend::automatic : backend_from_name(text, "HETMAP_BACKEND");
  });
}

namespace detail {

void refuse_option(char const* verb, char const* name, char const* served_by) {
  core::clear_failed_index();
  throw option_error(std::string(verb) + ": the option ." + name + " is set, but only " +
                     served_by + " can serve it; leave it out");
}

void refuse_zero(char const* verb, char const* name) {
  core::clear_failed_index();
  throw option_error(std::string(verb) + ": the option ." + name +
                     " is 0; it has to be at least 1, or left out for the default");
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
