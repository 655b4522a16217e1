#include "forked.hpp"

#include <chrono>
#include <thread>

#include <dlfcn.h>

namespace hetmap::core {
namespace {

constinit std::atomic<unsigned> forks{0};

// The list of all process mutexes. Whoever holds `listing` takes none of them but by trying.
constinit std::mutex listing;
constinit process_mutex* first = nullptr;

/// How long a fork leaves the mutexes alone when it cannot have all of them at once.
constexpr std::chrono::microseconds between_tries{20};

}  // namespace

unsigned fork_count() noexcept { return forks.load(std::memory_order_relaxed); }

void process_mutex::enlist() noexcept {
  std::lock_guard const lock(listing);
  if (listed_.load(std::memory_order_relaxed)) return;
  next_ = first;
  if (first != nullptr) first->previous_ = this;
  first = this;
  listed_.store(true, std::memory_order_release);
}

void process_mutex::leave() noexcept {
  std::lock_guard const lock(listing);
  if (!listed_.exchange(false, std::memory_order_relaxed)) return;
  (previous_ != nullptr ? previous_->next_ : first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

/// A thread may hold one mutex and wait for another: there is no order in which a fork could wait
/// for them one by one. It tries to take all, and lets go of all if it cannot.
struct fork_handlers {
  /// Who holds what a fork has taken. What the forking thread held before (a driver that starts a
  /// program while it is looked for, for example) stays its own.
  static constexpr pthread_t the_fork = ~pthread_t{0};

  static bool take_all() noexcept {
    for (process_mutex* m = first; m != nullptr; m = m->next_) {
      if (m->holder_.load(std::memory_order_relaxed) == pthread_self()) continue;
      if (!m->mutex_.try_lock()) {
        give_all(m);
        return false;
      }
      m->holder_.store(the_fork, std::memory_order_relaxed);
    }
    return true;
  }
  static void give_all(process_mutex const* end) noexcept {
    for (process_mutex* m = first; m != end; m = m->next_)
      if (m->holder_.load(std::memory_order_relaxed) == the_fork) m->unlock();
  }

  static void before() noexcept {
    for (;;) {
      listing.lock();
      if (take_all()) return;
      listing.unlock();
      std::this_thread::sleep_for(between_tries);
    }
  }
  static void after() noexcept {
    give_all(nullptr);
    listing.unlock();
  }
  static void in_child() noexcept {
    forks.fetch_add(1, std::memory_order_relaxed);
    after();
  }
};

namespace {

/// Runs before any code of the program's that could use the library.
[[gnu::constructor(101)]] void install() noexcept {
  pthread_atfork(&fork_handlers::before, &fork_handlers::after, &fork_handlers::in_child);
  // Threads of the library sleep in its code for as long as the process lives, so whatever it is
  // linked into must not be unloaded: itself, or a plugin that has it inside.
  if (Dl_info here; dladdr(&forks, &here) != 0)
    static_cast<void>(dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE));
}

}  // namespace

}  // namespace hetmap::core
