// The lanes of a stream: threads that pull its input and compute it on the CPU, or drive a device.
#pragma once

#include "../cpu/pace.hpp"
#include "../cpu/waits.hpp"
#include "../cpu/workers.hpp"
#include "chunk_pace.hpp"
#include "chunks.hpp"
#include "driver.hpp"
#include "setup.hpp"

#include <condition_variable>
#include <cstddef>
#include <optional>
#include <vector>

namespace hetmap::core {

/// Everything is called with the lock of the chunks held, unless it says otherwise.
class stream_lanes {
 public:
  /// One lane, as the workers have it.
  struct lane : task {
    explicit lane(stream_lanes& of)
        : task{[](task& self) noexcept {
            static_cast<lane&>(self).owner->serve(static_cast<lane&>(self));
          }},
          owner(&of) {}

    stream_lanes* owner;
    bool busy = false;     // posted or running
    bool running = false;  // on a thread
  };

  /// What somebody waits for who waits for lanes: those that have begun, or that one begins.
  struct progress : awaited {
    stream_lanes& of;

    explicit progress(stream_lanes& lanes, bool has_limit = false)
        : awaited(has_limit), of(lanes) {}
    bool goes_on(waiters& all) override;
    bool take(waiters& all, serving_team*& from, task*& item) override;
  };

  /// Requires: all of these stay.
  stream_lanes(stream_setup const& of, stream_chunks& chunks, device_driver& driver,
               early_end& early);

  /// Without the lock: nobody else is there yet.
  void start();

  /// Whether one more thread would have something to do.
  [[nodiscard]] bool has_work() const noexcept;
  /// Has a lane that rests begin, if there is something for it.
  void wake() noexcept;
  /// Pulls or computes something, on the calling thread. may_leave: it is one of the team's,
  /// between two tasks.
  void work_once(stream_chunks::lock& held, bool may_leave) noexcept;
  /// Whether the consumer is in the place of a lane.
  void make_way(bool consumer_computes) noexcept { consumer_computes_ = consumer_computes; }
  /// Looks after what goes on without end: a piece under way since the last look shares its rest
  /// with lanes that rest, and lanes that wait for a thread may get one more.
  void watch() noexcept;
  /// Takes back those that have not begun, and waits for the others.
  void join(stream_chunks::lock& held) noexcept;

  /// What elements have cost.
  [[nodiscard]] efforts const& costs() const noexcept { return costs_; }

 private:
  void serve(lane& me) noexcept;
  void step(stream_chunks::lock& held, bool may_leave) noexcept;
  [[nodiscard]] std::size_t wanted() const noexcept;
  [[nodiscard]] std::size_t piece_of(slot const& s) const noexcept;
  [[nodiscard]] efforts compute(slot& s, range& piece) noexcept;
  [[nodiscard]] unsigned most() const noexcept;

  stream_setup const& setup_;
  stream_chunks& chunks_;
  device_driver& driver_;
  early_end& early_;
  std::vector<lane> lanes_;
  unsigned busy_ = 0;
  std::condition_variable rested_;  // no lane is at work
  bool consumer_computes_ = false;
  chunk_pace pace_;
  efforts costs_;
  workers::patience waits_for_thread_;
};

}  // namespace hetmap::core
