#include "team.hpp"

#if HETMAP_TEAM_TBB
#include "../base/forked.hpp"
#include "../base/thread.hpp"
#include "../base/topology.hpp"

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/version.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include <pthread.h>
#else
#include "../base/topology.hpp"
#endif

namespace hetmap::core {

#if HETMAP_TEAM_TBB

namespace {

/// How far oneTBB's first look at the machine is. One that met a refusal of memory never ends, or
/// not for who asks again.
enum class first_look : unsigned char { none, under_way, done, failed };
constinit std::atomic<first_look> looked{first_look::none};

/// From this version on oneTBB makes its control of all threads under locks that it needs again to
/// throw: a refusal there is never reported. So another thread looks, and what it made stays.
constexpr int version_that_may_hang = 12100;

/// For so long the call that began it waits for another thread's look, if need be. Calls that come
/// before it is done have their own threads.
constexpr std::chrono::milliseconds patience{20};

void look_aside(void*) noexcept {
  try {
    // Where nothing of oneTBB's is in use it gives up its control, and makes another the next time.
    auto* const kept = new tbb::task_arena;
    kept->initialize();
    looked.store(first_look::done, std::memory_order_release);
  } catch (...) {
    looked.store(first_look::failed, std::memory_order_release);
  }
}

/// Begins the first look, if nobody has, and waits for its end, or for so long as it may take.
void look_once() {
  first_look const now = looked.load(std::memory_order_acquire);
  if (now != first_look::none) return;
  if (TBB_runtime_interface_version() < version_that_may_hang) {
    try {
      static_cast<void>(tbb::this_task_arena::max_concurrency());
      looked.store(first_look::done, std::memory_order_release);
    } catch (...) {
      looked.store(first_look::failed, std::memory_order_relaxed);
    }
    return;
  }
  looked.store(first_look::under_way, std::memory_order_relaxed);
  if (!start_detached("hetmap look", look_aside, nullptr)) {
    looked.store(first_look::none, std::memory_order_relaxed);  // no thread now; later, perhaps
    return;
  }
  auto const until = std::chrono::steady_clock::now() + patience;
  while (looked.load(std::memory_order_acquire) == first_look::under_way &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::microseconds(20));
}

/// Calls of oneTBB's default arena that can run at once, 0 where it cannot be used, or not yet.
unsigned oneTBB_concurrency() {
  // The first look is behind a lock of oneTBB's own, which a fork does not know.
  static constinit process_mutex first;
  if (looked.load(std::memory_order_acquire) != first_look::done) {
    std::lock_guard const lock(first);
    look_once();
    if (looked.load(std::memory_order_acquire) != first_look::done) return 0;
  }
  try {
    return static_cast<unsigned>(tbb::this_task_arena::max_concurrency());
  } catch (...) {
    return 0;
  }
}

// oneTBB's threads do not survive a fork, and it cannot be told to start anew.
bool left_behind() noexcept {
  static constinit remembered<unsigned> at_start;
  return fork_count() != at_start.get(&fork_count);
}

/// Calls of a team's body that this thread is in.
constinit thread_local unsigned inside_team = 0;

struct team_call {
  team_call() noexcept { ++inside_team; }
  ~team_call() { --inside_team; }
  team_call(team_call const&) = delete;
  team_call& operator=(team_call const&) = delete;
};

/// Makes oneTBB forget this thread if it is in a team's call, from which f has called exit().
///
/// oneTBB's own destructor takes the thread that calls exit() for one that has come to its end, and
/// takes its arena from it: that crashes on a worker, and beside workers that go on. Where it
/// finds nothing of the thread there is nothing to take. Its place among the thread's values is
/// what changes in a new thread that uses oneTBB.
void leave_oneTBB() noexcept {
  if (inside_team == 0) return;
  using keys = bool[PTHREAD_KEYS_MAX];
  keys new_with_oneTBB = {};
  auto const look = [](void* context, unsigned) {
    keys& found = *static_cast<keys*>(context);
    auto const each = [&](auto&& act) {
      for (pthread_key_t key = 0; key != PTHREAD_KEYS_MAX; ++key)
        act(found[key], pthread_getspecific(key) != nullptr);
    };
    each([](bool& is, bool there) { is = there; });
    try {
      tbb::this_task_arena::isolate([] {});
    } catch (...) {
      // No memory: it may have come far enough.
    }
    each([](bool& is, bool there) { is = there && !is; });
  };
  try {
    threads("hetmap exit", 0, 1, look, &new_with_oneTBB).join();
  } catch (...) {
    return;  // no memory: nothing to be done
  }
  for (pthread_key_t key = 0; key != PTHREAD_KEYS_MAX; ++key)
    if (new_with_oneTBB[key]) pthread_setspecific(key, nullptr);
}

/// Before oneTBB's destructor, since this library is loaded after it.
[[gnu::destructor]] void at_exit() noexcept { leave_oneTBB(); }

/// One call's lanes, halved until each is a task of its own.
class halving {
 public:
  halving(void (*body)(void*, unsigned), void* context) : body_(body), context_(context) {}

  void run(unsigned lanes) noexcept {
    {
      // oneTBB starts threads when it is handed work, and they keep the signal mask of that moment.
      // All is handed over here, since f and waiting are to be interrupted by signals as ever.
      signals_blocked const handed_on;
      hand_over(0, lanes);
    }
    {
      team_call const scope;
      body_(context_, 0);
    }
    waits_.emplace(others_);
    if (!unsure_) tasks_.wait();
    // What comes later finds the call closed, and nothing of it is left.
    closed_ = true;
    for (unsigned now = inside_; now != 0; now = inside_) inside_.wait(now);
    waits_.reset();
  }

  /// Whether oneTBB may still have a task of it.
  [[nodiscard]] bool unsure() const noexcept { return unsure_; }

 private:
  /// All of first..last but the first, in halves.
  void hand_over(unsigned first, unsigned last) noexcept {
    try {
      for (; last - first > 1; last = first + (last - first) / 2)
        tasks_.run([this, from = first + (last - first) / 2, last] { run_half(from, last); });
    } catch (std::bad_alloc const&) {
      // It cannot be seen how far oneTBB came: it may wait for a task that it could not make.
      unsure_ = true;
    } catch (...) {
      // No thread for it, which comes after it was handed over.
    }
  }

  void run_half(unsigned first, unsigned last) noexcept {
    inside_.fetch_add(1);
    if (!closed_) {
      team_call const scope;
      // Once the caller gets here nothing is left for anybody to do.
      if (std::this_thread::get_id() == caller_) {
        waits_.reset();
        for (; first != last; ++first) body_(context_, first);
        waits_.emplace(others_);
      } else {
        hand_over(first, std::exchange(last, first + 1));
        doing const here(this);
        for (; first != last; ++first) body_(context_, first);
      }
    }
    if (inside_.fetch_sub(1) == 1 && closed_) inside_.notify_all();
  }

  void (*body_)(void*, unsigned);
  void* context_;
  std::thread::id caller_ = std::this_thread::get_id();
  std::atomic<unsigned> inside_{0};  // tasks that run
  std::atomic<bool> closed_{false};
  std::atomic<bool> unsure_{false};
  lanes_end others_{this};
  std::optional<waiting> waits_{};  // the caller, whenever it runs no lane
  tbb::task_group tasks_{};
};

void run_lanes(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  auto team = std::make_unique<halving>(body, context);
  team->run(lanes);
  if (team->unsure()) static_cast<void>(team.release());  // a few hundred bytes, kept for its tasks
}

}  // namespace

unsigned team_concurrency() {
  unsigned const allowed = oneTBB_concurrency();
  return allowed != 0 ? allowed : logical_cpus();
}

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  if (left_behind() || oneTBB_concurrency() == 0)
    return run_team_of_own_threads(lanes, body, context);
  try {
    // Isolated, so that a caller who waits here inside another call's function runs nothing of that
    // other call.
    tbb::this_task_arena::isolate([&] { run_lanes(lanes, body, context); });
  } catch (...) {
    // oneTBB could not begin, or go on: no memory, no thread. Nothing is running any more.
    body(context, 0);
  }
}

void run_team_within(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  if (left_behind() || oneTBB_concurrency() == 0)
    return run_team_of_own_threads(lanes, body, context);
  try {
    run_lanes(lanes, body, context);  // in the isolation of the team, in which its members wait
  } catch (...) {
    body(context, 0);
  }
}

#else

unsigned team_concurrency() { return logical_cpus(); }

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  run_team_of_own_threads(lanes, body, context);
}

void run_team_within(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  run_team_of_own_threads(lanes, body, context);
}

#endif

}  // namespace hetmap::core
