// A stream as a map of its whole input: what the planner decides by, and where its columns lie.
#pragma once

#include "../gpu/route.hpp"
#include "shape.hpp"

#include <hetmap/detail/seam/pipeline.hpp>

#include <vector>

namespace hetmap::core {

/// A stream as a map, for the planner, and to find its arrays.
struct stream_as_map {
  std::vector<detail::gpu_operand> operands;
  std::vector<detail::column> columns;
  detail::gpu_work gpu;
  detail::job job;

  explicit stream_as_map(detail::stream_job const& work);
  stream_as_map(stream_as_map const&) = delete;
  stream_as_map& operator=(stream_as_map const&) = delete;
};

/// Says of the columns that lie in a stream's slots that they are copied directly: these are
/// pinned.
void locate_slots(gpu_route& route, detail::stream_job const& work);

/// What such a stream takes on the device, and of pinned memory beside its slots.
[[nodiscard]] device_demand demand_of(gpu_route const& route) noexcept;

}  // namespace hetmap::core
