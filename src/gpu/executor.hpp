// Runs one job on a GPU: elements travel through a ring of slots, or are where they are needed.
#pragma once

#include "../cpu/call.hpp"
#include "../device.hpp"
#include "device_share.hpp"
#include "held_arrays.hpp"
#include "route.hpp"

#include <chrono>
#include <cstddef>

namespace hetmap::core {

enum class gpu_end : unsigned char {
  done,     ///< nothing was left to claim
  gave_up,  ///< out of memory, or refused: what was not finished has been given back
  lost,     ///< the device is dead and marked so; the same if the CPU goes on, else what was under
            ///< way stays as it was
};

struct gpu_outcome {
  gpu_end how = gpu_end::done;
  status why{};
  std::size_t elements = 0;  ///< computed
  std::chrono::nanoseconds taken{0};
  bool travelled = false;  ///< some column had to
};

/// What a device has of a call.
struct device_part {
  unsigned lane = 0;              ///< its number in the ledger
  device_share* share = nullptr;  ///< how much, beside the CPU; null: all that there is
  bool cpu_goes_on = false;       ///< the CPU computes what the device leaves undone
};

/// Runs what the call's ledger hands out to the device, the way that `route` says, until it hands
/// out nothing more or the device fails. Blocks the caller, which talks to the device; staging is
/// shared with a team of the plan's workers, unless these compute meanwhile.
///
/// arrays:   of the call, current on the route's device.
gpu_outcome execute_on_gpu(call const& c, gpu_route const& route, held_arrays const& arrays,
                           device_part const& part);

}  // namespace hetmap::core
