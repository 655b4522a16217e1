// What this machine can do, measured once and kept in a file: the numbers that plans go by.
#pragma once

#include <hetmap/detail/config.hpp>

#include <array>
#include <string>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// What was measured of the CPU's side. The defaults are conservative: plans that go by them take
/// no risk, and what calls cost is learned from real work all the same.
struct cpu_values {
  /// Until a sleeping worker has begun with its first chunk.
  double team_wake_seconds = 10e-6;
  /// Handing a long call over to workers that are awake, and meeting again.
  double team_hand_over_seconds = 4e-6;
  /// The same with the threads that stay awake between short calls.
  double hot_hand_over_seconds = 0.8e-6;
  /// What it costs there to hand out eight parts per thread and not one.
  double hot_division_seconds = 3e-6;
  /// Claiming elements and accounting for them, with all workers at it.
  double claim_cost_seconds = 0.1e-6;
  /// By all cores, over more memory than the caches hold.
  double read_bytes_per_second = 1e12;
  double write_bytes_per_second = 1e12;
  double nontemporal_bytes_per_second = 1e12;
  /// Inputs and outputs of a call, together, from which on non-temporal stores are faster.
  double nontemporal_footprint_bytes = 67108864;
  /// What is computed at a time, of the largest output, before it is stored past the caches.
  double tile_bytes = 1024;
  /// Tiles that inputs are asked for ahead.
  double tiles_ahead = 6;
};

/// What was measured of a GPU.
struct gpu_values {
  /// The smallest call there is, until it is known to have ended: on data that is on the GPU, and
  /// with data that is sent there and comes back.
  double resident_call_seconds = 50e-6;
  double travelling_call_seconds = 50e-6;
  /// Slower than any link in use (PCIe 3 x8), as long as nothing has been measured. Pinned memory
  /// is copied directly, pageable memory by way of pinned memory.
  double pinned_in_bytes_per_second = 6e9;
  double pinned_out_bytes_per_second = 6e9;
  double pageable_in_bytes_per_second = 6e9;
  double pageable_out_bytes_per_second = 6e9;
  /// Both ways together, at once.
  double both_ways_bytes_per_second = 6e9;
  /// Of its memory, read and written: slower than a laptop's GPU.
  double memory_bytes_per_second = 100e9;
};

/// A GPU: its name and what tells it from others of that name, the size of its memory, its driver.
struct gpu_profile {
  std::string identity{};
  gpu_values values{};
};

/// The values of one machine, and whose they are.
struct machine_profile {
  static constexpr unsigned most_gpus = 16;

  std::string machine{};  ///< processor, cores of this process, caches
  std::string build{};    ///< of the library that measured them
  cpu_values cpu{};
  unsigned gpu_count = 0;
  std::array<gpu_profile, most_gpus> gpus{};
  /// What could not be measured, in words, a line each; not kept in files.
  std::string notes{};
};

/// Measures this machine and the GPUs that the program knows of.
///
/// Throws:   std::bad_alloc.
/// Waits:    a few seconds, with all cores and GPUs busy.
/// Cost:     medians of repeated measurements: what else runs meanwhile makes values worse, but one
///           interruption does not.
/// Memory:   up to 256 MiB, but no more than a quarter of what is available; 64 MiB of each GPU's,
///           and as much that is pinned.
[[nodiscard]] HETMAP_API machine_profile calibrate();

/// Lets all calls from now on go by these values, until the process ends. Files are left alone.
///
/// Throws:   option_error if a value is not plausible; std::bad_alloc.
/// Memory:   what it takes is never given back.
HETMAP_API void use_profile(machine_profile const& profile);

/// Writes the profile, folders included: first under another name, so that whoever reads `path`
/// finds an old file or a new one, whole.
///
/// Throws:   io_error.
HETMAP_API void save_profile(machine_profile const& profile, std::string const& path);

/// Reads what save_profile() has written, of whatever machine.
///
/// Throws:   io_error, with code() 0 if it was read but is damaged.
[[nodiscard]] HETMAP_API machine_profile load_profile(std::string const& path);

/// Where calls look for this machine's profile: what HETMAP_PROFILE says, else a file in the folder
/// hetmap of $XDG_CACHE_HOME or ~/.cache, named after the machine. Empty if the variable says "off"
/// or there is no such folder.
[[nodiscard]] HETMAP_API std::string profile_path();

/// Which values calls go by, and why no others, in words: explain() says the same. Looks for the
/// profile if no call has done so.
[[nodiscard]] HETMAP_API char const* profile_status() noexcept;

/// The values as a table, a line each, with units and defaults.
[[nodiscard]] HETMAP_API std::string to_string(machine_profile const& profile);

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
