// What a backend is to the core: an entry of one table. The table is data of call/backends.cpp,
// where all executors are known.
#pragma once

#include <hetmap/options.hpp>

#include <span>

namespace hetmap::core {

struct problem;
struct machine;
struct call;
struct call_effort;
struct gpu_route;

struct backend_entry {
  backend where;
  char const* name;
  bool needs_gpu;   ///< calls look for a route to one, and one of their threads talks to it
  bool shares_cpu;  ///< the GPU takes part beside the CPU's workers, in a lane of its own
  /// Why it cannot run the call; null if it can.
  char const* (*why_not)(problem const&, machine const&);
  /// Seconds until the last element is final; negative while nothing is known.
  double (*predicted_seconds)(problem const&, machine const&);
  /// Runs the call to its end; what failed is in the ledger. Null: why_not always has a reason.
  ///
  /// Returns:  what the CPU spent, if it did anything.
  call_effort (*run)(call const&, gpu_route&);
};

/// Every backend once, in the order in which plans list them.
[[nodiscard]] std::span<backend_entry const, detail::backend_count> all_backends() noexcept;

/// The entry of that backend; null for inherit and automatic, which are none.
[[nodiscard]] backend_entry const* entry_of(backend where) noexcept;

/// Whether calls that ask for it by name need a GPU.
[[nodiscard]] inline bool needs_gpu(backend where) noexcept {
  backend_entry const* const entry = entry_of(where);
  return entry != nullptr && entry->needs_gpu;
}

}  // namespace hetmap::core
