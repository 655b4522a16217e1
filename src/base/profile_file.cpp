#include "profile_file.hpp"

#include "error.hpp"
#include "kept_file.hpp"
#include "profile.hpp"
#include "this_machine.hpp"

#include <hetmap/error.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace hetmap::core {
namespace {

std::string variable(char const* name) {
  char const* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

}  // namespace

profile_place place_for(std::string const& variable, std::string const& cache_home,
                        std::string const& home, std::string const& machine) {
  if (variable == "off") return {.nowhere = "turned off by HETMAP_PROFILE=off"};
  if (!variable.empty()) return {.path = variable, .by_name = true};
  // The specification has relative paths ignored.
  std::string folder;
  if (cache_home.starts_with('/'))
    folder = cache_home;
  else if (home.starts_with('/'))
    folder = home + "/.cache";
  else
    return {.nowhere = "none: neither XDG_CACHE_HOME nor HOME names a folder"};
  // Machines that share a home have a file each.
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (char const c : machine) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  char name[32];
  std::snprintf(name, sizeof name, "profile-%08x", static_cast<unsigned>(hash));
  return {.path = folder + "/hetmap/" + name};
}

profile_place profile_place_here() {
  return place_for(variable("HETMAP_PROFILE"), variable("XDG_CACHE_HOME"), variable("HOME"),
                   this_machine());
}

}  // namespace hetmap::core

namespace hetmap {
inline namespace HETMAP_ABI {

namespace {

[[noreturn]] void refuse(char const* what, std::string const& path, std::string const& why,
                         int code) {
  core::clear_failed_index();
  throw io_error(
      std::string("hetmap: cannot ").append(what).append(" '").append(path).append("': " + why),
      code);
}

}  // namespace

void save_profile(machine_profile const& profile, std::string const& path) {
  std::string const wrong = core::implausible(profile);
  if (!wrong.empty()) refuse("write", path, wrong, 0);
  int const error = core::write_kept_file(path, core::profile_text(profile));
  if (error != 0) refuse("write", path, std::strerror(error), error);
}

machine_profile load_profile(std::string const& path) {
  core::read_file const file = core::read_kept_file(path, core::largest_profile);
  if (!file.why.empty()) refuse("read", path, file.why, file.error);
  core::parsed_profile parsed = core::parse_profile(file.text);
  if (!parsed.error.empty()) refuse("read", path, parsed.error, 0);
  return std::move(parsed.profile);
}

std::string profile_path() { return core::profile_place_here().path; }

}  // namespace HETMAP_ABI
}  // namespace hetmap
