// What a stream does with a device: which chunk is sent next, what becomes of those that come back,
// and of the stream when the device fails.
#pragma once

#include "../base/call_notes.hpp"
#include "../gpu/held_arrays.hpp"
#include "chunk_pace.hpp"
#include "chunk_queue.hpp"
#include "chunks.hpp"
#include "setup.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace hetmap::core {

/// Called with the lock of the chunks held, unless it says otherwise, by whichever lane drives.
class device_driver {
 public:
  /// route:    of no use where no device was chosen.
  /// Requires: all that is referred to stays.
  device_driver(stream_setup const& of, gpu_route route, stream_chunks& chunks, early_end& early,
                call_notes& notes);
  /// Requires: the slots are dropped.
  ~device_driver();
  device_driver(device_driver const&) = delete;
  device_driver& operator=(device_driver const&) = delete;

  /// Takes the device's memory; where there is too little, the CPU computes. Without the lock,
  /// before all else.
  ///
  /// Returns:  why nobody can; null otherwise.
  [[nodiscard]] std::exception_ptr start();
  /// The device's queue if the slots are to lie in its memory, else null.
  [[nodiscard]] chunk_queue const* slot_memory() const noexcept {
    return has_memory_ ? queue_.get() : nullptr;
  }

  /// Whether the device computes.
  [[nodiscard]] bool computes() const noexcept { return computes_; }
  /// Whether it does so beside the CPU, each taking chunks as it gets free.
  [[nodiscard]] bool shares() const noexcept { return computes_ && shares_; }
  /// Whether a lane is at it.
  [[nodiscard]] bool driven() const noexcept { return driven_; }
  /// Whether there is something for a lane to do at the device.
  [[nodiscard]] bool has_use_for_lane() const noexcept;
  /// Whether no chunk is on its way. Requires: computes().
  [[nodiscard]] bool idle() const noexcept { return queue_->idle(); }
  /// Elements to pull next.
  [[nodiscard]] std::size_t wanted() const noexcept;

  /// Sends a chunk if the device has room for one, and takes what has arrived, for which it waits
  /// if there was nothing to send.
  ///
  /// wake_lane: called where another lane has something to do meanwhile.
  void drive(stream_chunks::lock& held, std::function<void()> const& wake_lane) noexcept;

  /// Remembers what elements have cost. Without the lock, after all else.
  void learn() const;

 private:
  void note(chunk_arrival const& got) noexcept;
  void recover(stream_chunks::lock& held, status why, std::optional<std::size_t> unlucky,
               std::function<void()> const& wake_lane) noexcept;
  void note_fallback(fallback_kind what, status why) noexcept;
  void leave_torn_memory();
  [[nodiscard]] bool cpu_can_go_on() const noexcept;
  void bring_arrays_home();

  stream_setup const& setup_;
  stream_chunks& chunks_;
  early_end& early_;
  call_notes& notes_;
  held_arrays arrays_;
  chunk_pace pace_;
  std::unique_ptr<chunk_queue> queue_;  // null: no device was chosen, or none could begin
  bool const shares_;
  bool computes_;
  bool driven_ = false;
  bool has_memory_ = false;
  std::vector<std::size_t> torn_;  // slots that a failed device may use
  std::vector<void*> spare_;       // what they have instead
};

}  // namespace hetmap::core
