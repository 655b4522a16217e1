// The inside of a stream. Lanes on the workers' threads pull and compute (lanes.cpp), or one of
// them talks to a device (driver.cpp); the consumer waits and takes (pipeline.cpp).
#pragma once

#include "../base/float_control.hpp"
#include "../base/forked.hpp"
#include "../base/reporter.hpp"
#include "../call/run.hpp"
#include "../cpu/pace.hpp"
#include "../cpu/pool_core.hpp"
#include "../cpu/waits.hpp"
#include "../cpu/workers.hpp"
#include "../gpu/held_arrays.hpp"
#include "device_lane.hpp"
#include "shape.hpp"
#include "slot.hpp"
#include "window.hpp"

#include <hetmap/detail/pipeline.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace hetmap {
namespace core {

/// How many elements to take next, so that they take about `seconds`: from `first` up, by what
/// those before them took. It falls at once, since the next may be as slow, and rises eightfold a
/// step. Lanes that race lose one another's finding.
class chunk_pace {
 public:
  chunk_pace(double element_nanoseconds, std::size_t first, std::size_t most, double seconds)
      : seconds_(seconds), most_(most) {
    double const fitting = element_nanoseconds > 0
                               ? 1e9 * seconds / element_nanoseconds
                               : static_cast<double>(element_nanoseconds < 0 ? first : most);
    elements_ = static_cast<std::size_t>(std::clamp(fitting, 1.0, static_cast<double>(most)));
  }

  [[nodiscard]] std::size_t next() const noexcept {
    return in_blocks(elements_.load(std::memory_order_relaxed));
  }

  void took(effort const& spent) noexcept {
    std::size_t const now = elements_.load(std::memory_order_relaxed);
    double const taken = std::max(1e-9 * static_cast<double>(spent.busy.count()), 1e-9);
    double const fitting = static_cast<double>(spent.elements) * seconds_ / taken;
    double const most = static_cast<double>(std::min(most_, now * 8));
    elements_.store(static_cast<std::size_t>(std::clamp(fitting, 1.0, most)),
                    std::memory_order_relaxed);
  }

  /// Whole blocks, if it is one or more.
  [[nodiscard]] static std::size_t in_blocks(std::size_t n) noexcept {
    return n < detail::block_elements ? n : n / detail::block_elements * detail::block_elements;
  }

 private:
  double const seconds_;
  std::size_t const most_;
  std::atomic<std::size_t> elements_;
};

}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

struct pipeline::state {
  struct lane : core::task {
    explicit lane(state& s)
        : task{[](task& self) noexcept {
            static_cast<lane&>(self).owner->serve(static_cast<lane&>(self));
          }},
          owner(&s) {}

    state* owner;
    bool busy = false;     // posted or running
    bool running = false;  // on a thread
  };

  /// What somebody waits for who waits for lanes: those that have begun, or that one begins.
  struct lanes_progress : core::awaited {
    state& of;

    lanes_progress(state& s, bool has_limit = false) : core::awaited(has_limit), of(s) {}
    bool goes_on(core::waiters& all) override;
    bool take(core::waiters& all, core::serving_team*& from, core::task*& item) override;
  };

  state(stream_job const& w, settings const& h);
  ~state();

  // Lanes; serve() takes the lock, compute() needs none, the rest is called under it.
  void serve(lane& me) noexcept;
  // may_leave: the thread is one of the team's, between two tasks.
  void work_once(std::unique_lock<std::mutex>& lock, bool may_leave) noexcept;
  void step(std::unique_lock<std::mutex>& lock, bool may_leave) noexcept;
  [[nodiscard]] std::optional<std::size_t> pull(std::unique_lock<std::mutex>& lock) noexcept;
  [[nodiscard]] std::size_t wanted() const noexcept;
  void open(std::size_t k) noexcept;
  void offer(std::size_t k) noexcept;
  [[nodiscard]] std::size_t first_offered() const noexcept;
  [[nodiscard]] std::size_t piece_of(core::slot const& s) const noexcept;
  [[nodiscard]] core::efforts compute(core::slot& s, core::range& piece) noexcept;
  void fail(core::slot& s, std::size_t at, std::exception_ptr cause);
  void complete(std::unique_lock<std::mutex>& lock, std::size_t k) noexcept;
  void drop_inputs(core::slot& s) noexcept;
  void look_at_stop() noexcept;
  [[nodiscard]] bool can_pull() const noexcept { return !abandoned.load() && chunks.can_pull(); }
  [[nodiscard]] bool has_work() const noexcept;
  [[nodiscard]] unsigned most_lanes() const noexcept;
  [[nodiscard]] bool may_help() const noexcept;
  void wake_lane() noexcept;
  void tell_consumer() noexcept {
    if (waiting && (chunks.ready() || chunks.finished())) arrived.notify_one();
  }
  void fail_input(std::size_t at, std::exception_ptr cause) noexcept;
  void join(std::unique_lock<std::mutex>& lock) noexcept;

  // The lane that talks to the device, also under the lock.
  void drive(std::unique_lock<std::mutex>& lock) noexcept;
  void note(core::device_lane::arrival const& got) noexcept;
  void recover(std::unique_lock<std::mutex>& lock, core::status why,
               std::optional<std::size_t> unlucky) noexcept;
  void leave_torn_memory();
  [[nodiscard]] bool goes_on_here() const noexcept {
    return chosen.asked == backend::automatic && !gpu->route().unreachable;
  }
  void bring_arrays_here() {
    if (core::holds_arrays(as_map.job)) static_cast<void>(arrays.to_host());
  }

  // The consumer; only wait() is called under the lock.
  bool next(segment& out, time_limit const* limit);
  void start();
  void take_device();
  [[nodiscard]] bool next_of_held(segment& out);
  void give_back();
  void wait(std::unique_lock<std::mutex>& lock, bool limited,
            std::chrono::steady_clock::time_point deadline);
  void end();
  void watch() noexcept;
  void abandon() noexcept;
  void give_up() noexcept;
  void discard(core::slot& s) noexcept;

  [[nodiscard]] std::size_t own_bytes() const;
  [[nodiscard]] core::device_demand demand();

  /// Whether its lanes are in the process that this one was forked from.
  [[nodiscard]] bool left_behind() const noexcept {
    return team != nullptr && forks != core::fork_count();
  }

  unsigned const forks = core::fork_count();
  stream_job const work;
  stop_condition const stop;  // copies: the stream outlives the call that made it
  progress_callback const progress;
  settings const how;                        // which points at these
  std::shared_ptr<pool_streams> listed;      // that it closes with; null for none
  std::unique_ptr<core::workers> const own;  // where more are asked for than the process has
  core::stream_as_map const as_map;
  core::held_arrays arrays;
  core::decision decided;
  plan const& chosen = decided.chosen;
  core::workers* const team;  // null: the consumer does it all
  unsigned const lanes;
  core::stream_shape const form;
  chunk_function const code;
  isa const level;
  core::float_control const floats = core::float_control_here();  // of whoever made the stream

  core::chunk_pace size;       // of what the CPU's lanes take
  core::chunk_pace sent_size;  // of what is sent to the device
  core::reporter reports;
  std::atomic<bool> abandoned{false};  // nobody will take what is not done yet
  std::atomic<bool> stopped{false};    // by the stop condition
  std::mutex stop_guard;
  std::exception_ptr stop_failure;  // what asking it threw on a lane; guarded by stop_guard

  std::mutex guard;
  std::condition_variable arrived;  // something is ready, or the end
  std::condition_variable rested;   // no lane is at work
  core::window chunks;
  std::vector<core::slot> slots;    // each used by whoever the window says it is with
  std::vector<std::size_t> parted;  // slots of which pieces are left to be taken
  std::vector<lane> lane_of;
  unsigned busy = 0;
  bool waiting = false;  // the consumer, for `arrived`
  bool helps = false;    // the consumer computes too, in the place of a lane
  core::workers::patience waits_for_thread;
  std::chrono::steady_clock::time_point next_look{};  // of a consumer that waits
  core::failure input_failed{no_length, nullptr};
  bool by_device = false;  // that failure is the device's
  core::efforts costs;

  std::unique_ptr<core::device_lane> gpu;  // null: none was chosen
  bool on_device = false;                  // it computes
  bool in_device_slots = false;            // the slots are its pinned memory
  std::size_t room = form.chunk;           // elements of a slot
  bool driving = false;                    // a lane talks to it
  std::vector<std::size_t> unsent;         // slots that were pulled and that nobody computes yet
  std::vector<std::size_t> torn;           // slots that the device may use though it is lost
  std::vector<void*> spare;                // what they have instead

  // The consumer's alone.
  bool started = false;
  std::optional<std::size_t> held;  // a slot
  std::size_t held_count = 0;
  std::size_t taken_to = 0;      // of the held slot
  std::size_t next_failure = 0;  // of the held slot
  std::size_t delivered = 0;     // elements of the chunks that were given back
  bool over = false;             // the end, or the input's failure, has been told
  bool may_resume = false;
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
