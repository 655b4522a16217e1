#include "watch.hpp"

#include "../base/forked.hpp"
#include "../base/thread.hpp"
#include "hot_team.hpp"

#include <chrono>
#include <new>
#include <thread>

#include <pthread.h>

namespace hetmap::core {

constinit thread_local watched_claim_state* next_watched_claim = nullptr;
constinit std::atomic<int> watch_is_awake{0};

namespace {

/// A claim that is running at two looks in a row is late: ten times what claims aim at
/// (thresholds::claim_seconds), and as long as the longest of short calls.
constexpr std::chrono::milliseconds between_looks{1};
/// Looks at which nothing ran before the watch sleeps: long enough that calls which come now and
/// then do not have to wake it each time, which takes a system call.
constexpr unsigned quiet_looks = 100;

// Records are used again and never freed: the watch may look at any of them at any time.
constinit std::atomic<watched_thread*> all_threads{nullptr};
constinit std::atomic<bool> watch_exists{false};
constinit thread_local watched_thread* this_watched_thread = nullptr;

/// Where claims are noted that there is no memory for; nobody looks.
thread_local watched_claim_state unwatched;

void end_of_thread(void* mine) noexcept {
  this_watched_thread = nullptr;
  next_watched_claim = nullptr;
  static_cast<watched_thread*>(mine)->taken.store(false, std::memory_order_release);
}

struct key_of_ends {
  pthread_key_t key{};
  bool exists = pthread_key_create(&key, end_of_thread) == 0;
};

/// Has end_of_thread(mine) called; unlike a thread_local object, without memory for that.
void call_at_end_of_thread(watched_thread* mine) noexcept {
  static constinit made_once<key_of_ends> made;
  key_of_ends const& ends = made.get();
  if (ends.exists) pthread_setspecific(ends.key, mine);
}

/// The threads of the parent stayed behind, the watch among them, with whatever they ran.
void start_anew_in_child() noexcept {
  for (auto* t = all_threads.load(); t != nullptr; t = t->next.load()) {
    if (t == this_watched_thread) continue;
    for (auto& c : t->claims) c.running.store(0, std::memory_order_relaxed);
    t->taken.store(false, std::memory_order_relaxed);
  }
  watch_exists.store(false);
  watch_is_awake.store(0);
}

[[gnu::constructor]] void install() noexcept {
  pthread_atfork(nullptr, nullptr, start_anew_in_child);
}

void ask(recall& word) noexcept {
  std::atomic_ref(word).store(static_cast<recall>(static_cast<std::uint32_t>(word) + 1),
                              std::memory_order_relaxed);
}

/// Asks the claims that are late. False: nothing has run since the last look.
bool look() noexcept {
  bool busy = false, late = false;
  for (auto* t = all_threads.load(std::memory_order_acquire); t != nullptr;
       t = t->next.load(std::memory_order_relaxed))
    for (unsigned k = 0; k != watched_thread::depth; ++k) {
      auto& claim = t->claims[k];
      std::uint32_t const now = claim.running.load(std::memory_order_relaxed);
      bool const runs = now % 2 != 0;
      if (runs && now == t->seen[k]) {
        ask(claim.recalled);
        late = true;
      }
      busy = busy || runs || now != t->seen[k];
      t->seen[k] = now;
    }
  if (late) wake_team_in_need();
  return busy;
}

void watch(void*) noexcept {
  // Where there are calls that may be slow, there will be some that are shared: by then its threads
  // are there.
  try {
    shared_hot_team().start();
  } catch (...) {  // no memory: whoever needs them tries again
  }
  for (;;) {
    for (unsigned quiet = 0; quiet != quiet_looks; ++quiet) {
      std::this_thread::sleep_for(between_looks);
      if (look()) quiet = 0;
    }
    watch_is_awake.store(0);
    // Whoever has begun a claim and still saw the watch awake has done so long before this look.
    std::this_thread::sleep_for(between_looks);
    if (look())
      watch_is_awake.store(1);
    else
      watch_is_awake.wait(0);
  }
}

}  // namespace

watched_claim_state* begin_to_watch_this_thread() noexcept {
  for (auto* t = all_threads.load(std::memory_order_acquire); t != nullptr;
       t = t->next.load(std::memory_order_relaxed)) {
    if (t->taken.load(std::memory_order_relaxed) ||
        t->taken.exchange(true, std::memory_order_acquire))
      continue;
    call_at_end_of_thread(t);
    this_watched_thread = t;
    return t->claims;
  }
  auto* const mine = new (std::nothrow) watched_thread;
  if (mine == nullptr) return &unwatched;
  auto* first = all_threads.load(std::memory_order_relaxed);
  do {
    mine->next.store(first, std::memory_order_relaxed);
  } while (!all_threads.compare_exchange_weak(first, mine, std::memory_order_release,
                                              std::memory_order_relaxed));
  call_at_end_of_thread(mine);
  this_watched_thread = mine;
  return mine->claims;
}

void wake_watch() noexcept {
  if (watch_is_awake.exchange(1) != 0) return;
  if (watch_exists.exchange(true)) return watch_is_awake.notify_one();
  if (start_detached("hetmap watch", &watch, nullptr)) return;
  watch_exists.store(false);  // whoever comes next tries again
  watch_is_awake.store(0);
}

}  // namespace hetmap::core
