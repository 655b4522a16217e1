// Runs one job on a GPU: elements travel through a ring of slots, or are where they are needed.
#pragma once

#include "../base/ledger.hpp"
#include "../base/reporter.hpp"
#include "../cpu/ending.hpp"
#include "../device.hpp"
#include "columns.hpp"
#include "slot_flow.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/plan.hpp>

#include <chrono>
#include <vector>

namespace hetmap::core {

enum class gpu_end : unsigned char {
  done,     ///< nothing was left to claim
  gave_up,  ///< out of memory, or refused: what was not finished has been given back
  lost,     ///< the device is dead and marked so; what was under way stays as it was
};

struct gpu_outcome {
  gpu_end how = gpu_end::done;
  status why{};
  std::size_t elements = 0;  ///< computed
  std::chrono::nanoseconds taken{0};
  bool travelled = false;  ///< some column had to
};

/// Runs what `account` hands out to lane 0, on `gpu` by `form`, until it hands out nothing more or
/// the device fails. Blocks the caller, which talks to the device; staging is shared with a team of
/// how.workers.
///
/// functor: its bytes, with refs that point into the device's memory.
/// form: null where nothing is mapped.
/// code: the CPU's element loop, for results that a dying device may have left half written.
gpu_outcome execute_on_gpu(detail::job const& work, void const* functor,
                           detail::gpu_form const* form, fold_launch const& fold, device& gpu,
                           std::vector<located_column> const& columns, plan const& how,
                           detail::chunk_function code, std::size_t chunk_size, ledger& account,
                           reporter& reports, ending& early);

}  // namespace hetmap::core
