// The planner: a pure function from what is known of a call and of the machine to a plan.
#pragma once

#include "profile.hpp"

#include <hetmap/plan.hpp>

#include <cstddef>

namespace hetmap::core {

/// What is known of a call as the GPU would run it.
struct gpu_problem {
  char const* unavailable = nullptr;  ///< why it cannot; null if it can
  std::size_t link_bytes_in = 0;      ///< of an element, that have to go to the GPU
  std::size_t link_bytes_out = 0;     ///< of an element, that have to come back
  std::size_t staged_bytes_in = 0;    ///< of those that go there, by way of pinned memory
  std::size_t staged_bytes_out = 0;   ///< of those that come back, the same
  std::size_t ahead_bytes_in = 0;     ///< of those that go there, arrays', before the call begins
  std::size_t fetched_bytes = 0;      ///< of an element, that the CPU would have to fetch from it
  double element_nanoseconds = -1;    ///< learned with data like this; negative: not known
  /// Of whole calls of about so many elements, in nanoseconds an element; negative: not known.
  double whole_nanoseconds = -1;
  bool whole_is_first = false;   ///< only a first call is known, which may have taken too long
  double both_nanoseconds = -1;  ///< the same of calls shared with the CPU
  std::size_t exact_chunk = 0;   ///< every boundary is a multiple of it there; 0: no such need
  bool results_stay = false;     ///< in arrays, which lie where they are computed
};

/// What is known of a call.
struct problem {
  backend asked = backend::automatic;
  std::size_t elements = 0;
  std::size_t bytes_in = 0;
  std::size_t bytes_out = 0;
  access reads = access::contiguous;
  unsigned workers = 0;         ///< most that the call allows; 0: the default
  std::size_t chunk_size = 0;   ///< asked for; 0: not
  std::size_t exact_chunk = 0;  ///< every boundary is a multiple of it; 0: no such need
  bool reproducible = false;
  bool together = false;            ///< as many at once as there are workers is a promise
  bool can_stream = false;          ///< results can be written past the caches
  isa floor = isa::baseline;        ///< that the caller's file was compiled for
  double element_nanoseconds = -1;  ///< learned cost on one worker; negative: not known
  /// Of whole calls of about so many elements, in nanoseconds an element; negative: not known.
  double alone_nanoseconds = -1;  ///< in the calling thread
  double team_nanoseconds = -1;   ///< by all workers that there are
  gpu_problem gpu{};
  char const* no_cpu = nullptr;  ///< why the CPU cannot run it; null if it can
};

/// What is known of the machine.
struct machine {
  unsigned workers = 1;          ///< default: the physical cores
  unsigned concurrency = 1;      ///< what the caller's arena allows
  unsigned busy = 0;             ///< workers that other calls have at work
  isa level = isa::baseline;     ///< that maps run at
  std::size_t cache_bytes = 0;   ///< size, in bytes, of the last-level cache; 0: not known
  char const* no_gpu = nullptr;  ///< why there is none; null if there is one
  cpu_values cpu{};              ///< the profile's
  bool measured = false;         ///< `cpu` is not the defaults
  gpu_values gpu{};              ///< the profile's of the call's GPU
  double gpu_workers = 50;       ///< workers that a GPU is worth where its own cost is not known
};

// -- what the table of backends is made of (backend.hpp) ------------------------------------------

/// Why the CPU, or the GPU, cannot run the call; null if it can.
[[nodiscard]] char const* no_cpu(problem const& p, machine const& m);
[[nodiscard]] char const* no_gpu(problem const& p, machine const& m);
/// Why they cannot share it.
[[nodiscard]] char const* no_hybrid(problem const& p, machine const& m);

/// Seconds that the call is predicted to take in the calling thread; negative if nothing is known
/// of its cost.
[[nodiscard]] double predicted_serially(problem const& p, machine const& m);
/// The same by as many workers as it may have and has pieces for.
[[nodiscard]] double predicted_on_cores(problem const& p, machine const& m);
/// The same on the GPU; negative also if there is none for it.
[[nodiscard]] double predicted_on_gpu(problem const& p, machine const& m);
/// The same by the GPU and the workers together, of whom one talks to the GPU.
[[nodiscard]] double predicted_on_both(problem const& p, machine const& m);

// -- the planner ----------------------------------------------------------------------------------

/// The gain, as a share, that predictions have to show before data leaves the CPU: they are good to
/// about a tenth.
inline constexpr double clear_gain = 0.1;

/// Bytes per nanosecond that one worker reads and writes at least: where what a call is known to
/// cost is not twice that of moving its data, its workers wait for memory, and staging for a GPU
/// takes of the same memory. Below any machine's share for one core of all.
inline constexpr double least_worker_bandwidth = 4;

/// Largest share of a last-level cache, in bytes, that one process is expected to have: beyond it a
/// call's memory counts as larger than the caches. Measured on a machine that reports 260 MiB for
/// two cores of many, where storing past the caches was twice as fast from 8 MiB on
/// (docs/design.md, Stores).
inline constexpr std::size_t largest_cache_share = std::size_t{64} << 20;

/// Size, in bytes, of what a call reads and writes from which on it is written past the caches:
/// what was measured, else what exceeds the process's share of the cache.
[[nodiscard]] double nontemporal_footprint(machine const& m) noexcept;

/// Workers that the call may have, whatever is predicted of it.
[[nodiscard]] unsigned most_workers(problem const& p, machine const& m);

[[nodiscard]] plan make_plan(problem const& p, machine const& m);

}  // namespace hetmap::core
