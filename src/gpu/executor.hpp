// Runs one job on a GPU: elements travel through a ring of slots, or are where they are needed.
#pragma once

#include "../cpu/call.hpp"
#include "../device.hpp"
#include "device_share.hpp"
#include "held_arrays.hpp"
#include "route.hpp"

#include <chrono>
#include <cstddef>
#include <vector>

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
  std::size_t left = 0;    ///< given back: the device had claimed them; done: it was late with them
  bool travelled = false;  ///< some column had to
  /// In the caller's memory: the device died while it wrote them.
  std::vector<range> torn{};
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
[[nodiscard]] gpu_outcome execute_on_gpu(call const& c, gpu_route const& route,
                                         held_arrays const& arrays, device_part const& part);

/// What a device left there may be anything: the CPU writes what has not become final since.
///
/// Requires: all lanes have come to rest.
void write_again(call const& c, std::vector<range> const& torn) noexcept;

}  // namespace hetmap::core
