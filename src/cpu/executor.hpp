// Runs one job on the CPU: lanes claim from the ledger until nothing is left.
#pragma once

#include "call.hpp"
#include "pace.hpp"

namespace hetmap::core {

/// What a call's elements cost.
struct call_effort {
  effort told{};    ///< efforts::told, of those that were claimed once
  retries again{};  ///< of those that somebody had claimed and given back
};

/// Something that takes its part of the same call from the ledger while the CPU's lanes do: as the
/// ledger's last lane.
struct beside_cpu {
  void* self = nullptr;
  void (*run)(void* self) noexcept = nullptr;
};

/// Runs what the ledger hands out and returns when every lane has come to rest; what failed is in
/// the ledger. Begins with the plan's workers, on the pool's threads or the team's; when claims
/// take far longer than was predicted, all the lanes that the ledger has are used (docs/design.md,
/// Cost that changes).
///
/// other: runs in a lane of the team first, which computes afterwards like the others: what `other`
///        gave back is done by then.
///
/// Throws:   std::bad_alloc, before anything has run.
call_effort execute_on_cpu(call const& c, beside_cpu const* other = nullptr);

}  // namespace hetmap::core
