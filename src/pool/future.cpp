// The shared state of futures: who runs it, who completes it, what follows.
#include "../base/error.hpp"
#include "../base/float_control.hpp"
#include "../cpu/pool_core.hpp"
#include "future_wait.hpp"

#include <hetmap/error.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

namespace {

constexpr std::size_t no_index = static_cast<std::size_t>(-1);

/// The continuations that wait for the one that runs on this thread to return.
struct postponed {
  continuation* first = nullptr;
  continuation* last = nullptr;

  /// Whether a continuation of that state is among them.
  static bool hold(void const* list, void const* state) {
    for (auto const* c = static_cast<postponed const*>(list)->first; c != nullptr; c = c->next)
      if (c->of == state) return true;
    return false;
  }
};
thread_local postponed* postponing = nullptr;

std::atomic<std::size_t> completions_so_far{0};

}  // namespace

core::process_mutex& lock_of(future_state const& state) noexcept {
  static constinit core::process_mutex locks[61];
  return locks[reinterpret_cast<std::uintptr_t>(&state) / 64 % std::size(locks)];
}

continuation::~continuation() = default;

users_code::users_code() noexcept : before_(std::exchange(postponing, nullptr)) {}
users_code::~users_code() { postponing = static_cast<postponed*>(before_); }

future_state::~future_state() = default;

void result_state<void>::drop_value() noexcept {}

void future_state::belongs_to(pool_core& pool) noexcept {
  floats_ = core::float_control_here();
  pool_ = origin_ = &pool;
  forks_ = core::fork_count();
}

/// Who waits for threads that stayed in the parent process would wait for ever.
void future_state::require_this_process() const {
  if (done() || forks_ == core::fork_count()) return;
  core::clear_failed_index();
  throw broken_pool_error(
      "hetmap: the threads that this future waits for stayed in the process that this one was "
      "forked from",
      nullptr);
}

bool future_state::claim(unsigned to) noexcept { return claim_pending(word_, to); }

void future_state::run_queued(task& self) noexcept {
  auto& state = static_cast<future_state&>(self);
  auto const end = state.pool_->ended();
  if (!state.claim(end == pool_end::terminated ? dropping : running)) return state.drop(completers);
  if (end == pool_end::none)
    state.run_claimed(completers);
  else
    state.fail_claimed(state.pool_->refusal(), end == pool_end::terminated, completers);
}

void future_state::give_up(std::exception_ptr error, bool cancelled) noexcept {
  if (claim(running))
    fail_claimed(std::move(error), cancelled, completers);
  else
    drop(completers);
}

void future_state::run_claimed(std::uint64_t mine) noexcept {
  unsigned how = with_value;
  {
    users_code const scope;
    core::doing const here(this);
    core::float_scope const givers(floats_);
    core::clear_failed_index();
    try {
      work();
    } catch (...) {
      error_ = kept_exception();
      failed_at_ = failed_index().value_or(no_index);
      how = with_error;
    }
    try {
      drop_work();
    } catch (...) {
      if (how == with_value) {
        drop_value();
        error_ = std::current_exception();
        failed_at_ = no_index;
        how = with_error;
      }
    }
  }
  complete(how, mine);
}

void future_state::fail_claimed(std::exception_ptr error, bool cancelled,
                                std::uint64_t mine) noexcept {
  error_ = std::move(error);
  {
    users_code const scope;
    core::doing const here(this);
    try {
      drop_work();
    } catch (...) {
      // It failed before that.
    }
  }
  complete(cancelled ? without_running : with_error, mine);
}

bool future_state::cancel() noexcept {
  if (!claim(dropping)) {
    unsigned const phase = word_.load(std::memory_order_acquire) & phases;
    return phase == dropping || phase == without_running;
  }
  fail_claimed(core::exception_from([] { return cancelled_error(0, 0); }), true, 0);
  return true;
}

void future_state::let_go() noexcept {
  future_state* before;
  {
    std::lock_guard const lock(lock_of(*this));
    before = std::exchange(before_, nullptr);
  }
  if (before != nullptr) before->drop_reference();
}

// -- the end of a state --

void future_state::drop(std::uint64_t references) noexcept {
  if (references_.fetch_sub(references, std::memory_order_acq_rel) == references) dispose();
}

/// What is the user's goes here, on the thread that had the last handle, if it is done.
void future_state::drop_last_handle() noexcept {
  // In a forked child whoever was leaving is not there.
  if (done() && forks_ == core::fork_count()) {
    constexpr unsigned short_while = 64;
    for (unsigned looks = 0; (references_.load(std::memory_order_acquire) & leaving) != 0; ++looks)
      if (looks < short_while)
        std::this_thread::yield();
      else  // it may be of lower priority than this thread
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    // Somebody else claimed it, and it is in a queue as yet.
    if (references_.load(std::memory_order_acquire) == 1 + completers) {
      if (has_value()) drop_value();
      error_ = nullptr;
      emptied_ = true;
    }
  }
  drop_reference();
}

void future_state::dispose() noexcept {
  if (!emptied_) {
    delete this;
    return;
  }
  // The destructors of its own type may be unloaded by now, and have nothing to do any more.
  std::size_t const alignment = alignment_;
  void* const block = this;
  this->future_state::~future_state();
  if (alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
    ::operator delete(block, std::align_val_t(alignment));
  else
    ::operator delete(block);
}

void future_state::complete(unsigned how, std::uint64_t mine) noexcept {
  if (before_ != nullptr) let_go();
  order_ = completions_so_far.fetch_add(1, std::memory_order_relaxed);
  // The handles may be gone as soon as this is seen to be done.
  references_.fetch_add(leaving, std::memory_order_relaxed);
  auto* const todo = watcher::watch_of(*this).complete<watcher, continuation>(how);
  continuation* const first = todo != nullptr ? std::exchange(todo->next, nullptr) : nullptr;
  for (continuation* c = first; c != nullptr; c = c->next) {
    c->of = this;
    add_reference();
  }
  drop(leaving + mine);  // this is not touched from here on
  if (todo == nullptr) return;
  postponed own;
  postponed& list = postponing != nullptr ? *postponing : own;
  (list.last != nullptr ? list.last->next : list.first) = first;
  list.last = todo;
  if (&list != &own) return;
  postponing = &own;
  core::doing const here(&own, &postponed::hold);
  callbacks_of scope(nullptr);
  while (own.first != nullptr) {
    continuation* const c = own.first;
    own.first = c->next;
    if (own.first == nullptr) own.last = nullptr;
    scope.pool = c->of->origin_;
    c->of->run_continuation(*c);
  }
  postponing = nullptr;
}

/// Runs it, and what follows this. Drops a reference.
void future_state::run_continuation(continuation& c) noexcept {
  core::float_scope const givers(c.floats);
  future_state* const follower = c.run(*this);
  bool const runs = has_value(), as_cancelled = cancelled();
  std::exception_ptr why = runs || follower == nullptr ? nullptr : error_;
  std::size_t const at = failed_at_;
  // Before the follower is done: whoever waits for that may be the last who has to do with this.
  drop_reference();
  if (follower == nullptr) return;
  if (!follower->claim(running)) return follower->drop(completers);
  if (runs) return follower->run_claimed(completers);
  follower->failed_at_ = at;
  follower->fail_claimed(std::move(why), as_cancelled, completers);
}

void future_state::when_done(continuation& c) noexcept {
  c.floats = core::float_control_here();
  if (watcher::watch_of(*this).add_continuation(c)) return;
  add_reference();
  run_continuation(c);
}

void future_state::follows(future_state& before) noexcept {
  floats_ = core::float_control_here();
  before.add_reference();
  std::lock_guard const lock(lock_of(*this));
  before_ = &before;
  origin_ = before.origin_;
  forks_ = before.forks_;
}

bool future_state::watch(watcher& w) noexcept {
  w.of = this;
  return watcher::watch_of(*this).add(w);
}

void future_state::unwatch(watcher& w) noexcept { watcher::watch_of(*this).remove(w); }

/// The state that has to be done before all others that this one follows, itself if there is none.
/// The reference that it takes is to be dropped by let_go_of().
future_state& future_state::first_open(core::waiters* all) noexcept {
  add_reference();
  for (future_state* at = this;;) {
    if (at->pool_ != nullptr) return *at;
    future_state* before;
    {
      std::lock_guard const lock(lock_of(*at));
      before = at->before_;
      if (before == nullptr) return *at;
      before->add_reference();
    }
    bool const was_done = before->done();
    let_go_of(was_done ? *before : *at, all);
    if (was_done) return *at;
    at = before;
  }
}

/// Drops a reference; with the lock of all waits held, a state that nobody has any more dies later.
void future_state::let_go_of(future_state& state, core::waiters* all) noexcept {
  if (all == nullptr) return state.drop_reference();
  if (state.references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  static_cast<task&>(state).run = [](task& self) noexcept {
    static_cast<future_state&>(self).dispose();
  };
  all->afterwards(state);
}

/// Runs what this waits for, if it is queued in the pool that this thread works for; or, where so
/// much is wanted, if it follows something that is done.
bool future_state::help(bool followers_too) noexcept {
  if (!followers_too && !is_worker_of_some_pool()) return false;
  future_state& open = first_open(nullptr);
  bool const mine = open.pool_ != nullptr ? is_worker_of(open.pool_) : followers_too;
  bool const helps = mine && open.claim(running);
  if (helps) open.run_claimed(0);
  let_go_of(open, nullptr);
  return helps;
}

void future_state::rethrow_error() const {
  if (failed_at_ != no_index)
    core::note_failed_index(failed_at_);
  else
    core::clear_failed_index();
  std::rethrow_exception(error_);
}

void future_state::refuse_taken() {
  core::clear_failed_index();
  throw std::logic_error("hetmap: the value of this future was moved out by another handle");
}

void refuse_empty_future() {
  core::clear_failed_index();
  throw std::logic_error("hetmap: this future holds no result");
}

void refuse_unfinished_future() {
  core::clear_failed_index();
  throw std::logic_error("hetmap: this future is not ready; ready() and wait() tell when it is");
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
