// What was decided of a stream when it was made: where it runs, how large it is, by which code.
#pragma once

#include "../base/float_control.hpp"
#include "../call/run.hpp"
#include "../cpu/workers.hpp"
#include "as_map.hpp"
#include "shape.hpp"

#include <hetmap/detail/seam/pipeline.hpp>

#include <cstddef>
#include <memory>

namespace hetmap::core {

/// Sizes, in bytes, of what a stream has besides its slots and lists.
struct stream_sizes {
  std::size_t stream;
  std::size_t lane;
  std::size_t queue;  ///< of its chunks at a device
};

/// Constant once made, but for the route, which the driver takes.
struct stream_setup {
  /// Throws:   as detail::pipeline.
  stream_setup(detail::stream_job const& job, detail::settings const& given,
               stream_sizes const& sizes);
  stream_setup(stream_setup const&) = delete;
  stream_setup& operator=(stream_setup const&) = delete;

  detail::stream_job const work;
  stop_condition const stop;  // copies: the stream outlives the call that made it
  progress_callback const progress;
  detail::settings const how;          // which points at these
  std::unique_ptr<workers> const own;  // where more are asked for than the process has
  stream_as_map const as_map;
  routed_plan decided;
  plan const& chosen = decided.chosen;
  workers* const team;  // null: the consumer does it all
  unsigned const lanes;
  stream_shape const form;
  detail::chunk_function const code;
  isa const level;
  float_control const floats = float_control_here();  // of whoever made the stream
};

}  // namespace hetmap::core
