// The values that this process goes by: those of the machine's profile where there is one.
#pragma once

#include "profile.hpp"
#include "profile_file.hpp"

#include <atomic>

namespace hetmap::core {

/// Lives as long as the process, like all before it.
struct profile_in_use {
  cpu_values cpu{};
  thresholds limits = thresholds_of(cpu_values{});
  bool measured = false;  ///< not the defaults
  gpu_profile const* gpus = nullptr;
  unsigned gpu_count = 0;
  char const* status = "";  ///< which values these are, and why, in words
  profile_in_use const* before = nullptr;

  /// What was measured of that GPU; null if nothing was.
  [[nodiscard]] gpu_values const* of_gpu(char const* identity) const noexcept;
};

extern constinit std::atomic<profile_in_use const*> profile_found;
/// Looks for the profile that the environment names.
profile_in_use const& find_profile() noexcept;

[[nodiscard]] inline profile_in_use const& known_profile() noexcept {
  profile_in_use const* const found = profile_found.load(std::memory_order_acquire);
  return found != nullptr ? *found : find_profile();
}

/// Lets calls from now on go by these values, which `status` says something of. Short calls look at
/// the environment's copy (environment.hpp).
///
/// Throws:   std::bad_alloc.
void put_in_use(machine_profile const& profile, std::string status);

/// The profile of that place as far as it is one of this machine and build; else a profile without
/// values (no `machine`), and why in `status`.
///
/// Throws:   std::bad_alloc.
[[nodiscard]] machine_profile profile_at(profile_place const& where, std::string const& machine,
                                         std::string const& build, std::string& status);

}  // namespace hetmap::core
