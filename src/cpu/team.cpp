#include "team.hpp"

#if HETMAP_TEAM_TBB
#include "forked.hpp"
#include "thread.hpp"

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <limits.h>
#include <pthread.h>
#else
#include "../topology.hpp"
#endif

namespace hetmap::core {

#if HETMAP_TEAM_TBB

namespace {

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
struct halving {
  void (*body)(void*, unsigned);
  void* context;
  std::thread::id caller = std::this_thread::get_id();
  tbb::task_group tasks{};
  lanes_end others{this};
  std::optional<waiting> waits{};  // the caller, whenever it runs no lane

  void run(unsigned lanes) {
    {
      // oneTBB starts threads when it is handed work, and they keep the signal mask of that moment.
      // All is handed over here, since f and waiting are to be interrupted by signals as ever.
      signals_blocked const handed_on;
      hand_over(0, lanes);
    }
    team_call const scope;
    body(context, 0);
    waits.emplace(others);
    tasks.wait();
    waits.reset();
  }

  /// All of first..last but the first, in halves.
  void hand_over(unsigned first, unsigned last) noexcept {
    try {
      for (; last - first > 1; last = first + (last - first) / 2)
        tasks.run([this, from = first + (last - first) / 2, last] { run_half(from, last); });
    } catch (...) {
      // No memory or thread for it: those lanes that there are do the rest.
    }
  }

  void run_half(unsigned first, unsigned last) noexcept {
    // Once the caller gets here nothing is left for anybody to do.
    team_call const scope;
    if (std::this_thread::get_id() == caller) {
      waits.reset();
      for (; first != last; ++first) body(context, first);
      waits.emplace(others);
    } else {
      hand_over(first, std::exchange(last, first + 1));
      doing const here(this);
      for (; first != last; ++first) body(context, first);
    }
  }
};

}  // namespace

unsigned team_concurrency() {
  // oneTBB finds it out at the first call, behind a lock that a fork does not know.
  static constinit process_mutex first;
  static constinit std::atomic<bool> asked{false};
  auto const ask = [] { return static_cast<unsigned>(tbb::this_task_arena::max_concurrency()); };
  if (asked.load(std::memory_order_relaxed)) return ask();
  std::lock_guard const lock(first);
  unsigned const allowed = ask();
  asked.store(true, std::memory_order_relaxed);
  return allowed;
}

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  if (left_behind()) return run_team_of_own_threads(lanes, body, context);
  // Isolated, so that a caller who waits here inside another call's function runs nothing of that
  // other call.
  tbb::this_task_arena::isolate([&] {
    halving team{body, context};
    team.run(lanes);
  });
}

#else

unsigned team_concurrency() { return logical_cpus(); }

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  run_team_of_own_threads(lanes, body, context);
}

#endif

}  // namespace hetmap::core
