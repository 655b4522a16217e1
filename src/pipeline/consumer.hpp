// A stream as its consumer has it: started, waited for, taken, ended.
#pragma once

#include "../base/reporter.hpp"
#include "../call/call_record.hpp"
#include "chunks.hpp"
#include "driver.hpp"
#include "early_end.hpp"
#include "lanes.hpp"
#include "setup.hpp"

#include <hetmap/detail/seam/pipeline.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace hetmap::core {

/// Used by one thread at a time.
class stream_consumer {
 public:
  /// Requires: all of these stay.
  stream_consumer(stream_setup const& of, stream_chunks& chunks, device_driver& driver,
                  stream_lanes& lanes, early_end& early, call_record& told);

  /// As pipeline::start_at.
  void start_at(std::size_t index) noexcept;
  /// As pipeline::next.
  bool next(detail::segment& out, time_limit const* limit);
  /// Has it written down how the stream ended, unless that has been.
  void tell(call_end how) noexcept;

 private:
  void start();
  [[nodiscard]] bool next_of_held(detail::segment& out);
  void give_back();
  void wait(stream_chunks::lock& held, bool limited,
            std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] bool may_compute() const noexcept;
  [[noreturn]] void stop();
  void end();
  void abandon() noexcept;

  stream_setup const& setup_;
  stream_chunks& chunks_;
  device_driver& driver_;
  stream_lanes& lanes_;
  early_end& early_;
  call_record& told_;
  reporter reports_;
  std::chrono::steady_clock::time_point next_look_{};  // while it waits
  bool started_ = false;
  std::optional<std::size_t> held_;  // a slot
  std::size_t held_count_ = 0;
  std::size_t taken_to_ = 0;      // of the held slot
  std::size_t next_failure_ = 0;  // of the held slot
  std::size_t delivered_ = 0;     // elements of the chunks that were given back
  std::size_t first_ = 0;         // element that it started at
  bool over_ = false;             // the end, or the input's failure, has been told
  bool may_resume_ = false;
};

}  // namespace hetmap::core
