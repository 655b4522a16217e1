// The shared state of futures: who runs it, who waits for it, who is told.
#include <hetmap/detail/future_state.hpp>

#include "cpu/float_control.hpp"
#include "cpu/forked.hpp"
#include "error.hpp"
#include "pool_core.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// One that waits, with its place on its own stack. Told with the lock of its state held, so that
/// it can be taken off the list before it dies.
struct watcher {
  void (*tell)(watcher& self) noexcept = nullptr;
  future_state* of = nullptr;
  watcher* previous = nullptr;  // the state's, like what follows
  watcher* next = nullptr;
  bool listed = false;

  static std::size_t order(future_state const& state) noexcept { return state.order_; }
};

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t no_index = static_cast<std::size_t>(-1);

/// Locks are shared by many states, chosen by address: they are held for a few instructions, and a
/// state that nobody waits for never needs one.
core::process_mutex& lock_of(future_state const& state) noexcept {
  static constinit core::process_mutex locks[61];
  return locks[reinterpret_cast<std::uintptr_t>(&state) / 64 % std::size(locks)];
}

clock::time_point moment(std::int64_t deadline) {
  return clock::time_point(
      std::chrono::duration_cast<clock::duration>(std::chrono::nanoseconds(deadline)));
}

/// The continuations that wait for the one that runs on this thread to return.
struct postponed {
  continuation* first = nullptr;
  continuation* last = nullptr;
};
thread_local postponed* postponing = nullptr;

std::atomic<std::size_t> completions_so_far{0};

}  // namespace

continuation::~continuation() = default;

users_code::users_code() noexcept : before_(std::exchange(postponing, nullptr)) {}
users_code::~users_code() { postponing = static_cast<postponed*>(before_); }

std::int64_t from_now(time_limit limit) noexcept {
  // A century is as good as for ever, and no sum of nanoseconds overflows.
  double const seconds = std::clamp(limit.seconds(), 0.0, 3e9);
  auto const now = std::chrono::nanoseconds(clock::now().time_since_epoch()).count();
  return std::max<std::int64_t>(now + static_cast<std::int64_t>(seconds * 1e9), 1);
}

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

bool future_state::claim() noexcept {
  unsigned seen = word_.load(std::memory_order_relaxed);
  while ((seen & phases) == pending)
    if (word_.compare_exchange_weak(seen, (seen & ~phases) | running, std::memory_order_acq_rel))
      return true;
  return false;
}

void future_state::run_queued(task& self) noexcept {
  auto& state = static_cast<future_state&>(self);
  if (state.claim()) {
    if (state.pool_->ended() == pool_end::none)
      state.run_claimed();
    else
      state.fail_claimed(state.pool_->refusal(), state.pool_->ended() == pool_end::terminated);
  }
  state.drop_reference();
}

void future_state::run_claimed() noexcept {
  unsigned how = with_value;
  {
    users_code const scope;
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
  complete(how);
}

void future_state::fail_claimed(std::exception_ptr error, bool cancelled) noexcept {
  error_ = std::move(error);
  failed_at_ = no_index;
  {
    users_code const scope;
    try {
      drop_work();
    } catch (...) {
      // It failed before that.
    }
  }
  complete(cancelled ? without_running : with_error);
}

bool future_state::cancel() noexcept {
  if (!claim()) return false;
  fail_claimed(core::exception_from([] { return cancelled_error(0, 0); }), true);
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

void future_state::complete(unsigned how) noexcept {
  if (before_ != nullptr) let_go();
  order_ = completions_so_far.fetch_add(1, std::memory_order_relaxed);
  // The handles may be gone as soon as this is seen; whoever completes holds a reference.
  unsigned const seen = word_.exchange(how, std::memory_order_acq_rel);
  if ((seen & watched) == 0) return;

  continuation* todo;
  {
    std::lock_guard const lock(lock_of(*this));
    for (watcher* w = std::exchange(watchers_, nullptr); w != nullptr;) {
      watcher* const other = w->next;
      w->listed = false;
      w->tell(*w);
      w = other;
    }
    todo = std::exchange(continuations_, nullptr);
  }
  if (todo == nullptr) return;
  continuation* const first = std::exchange(todo->next, nullptr);
  for (continuation* c = first; c != nullptr; c = c->next) {
    c->of = this;
    add_reference();
  }
  postponed mine;
  postponed& list = postponing != nullptr ? *postponing : mine;
  (list.last != nullptr ? list.last->next : list.first) = first;
  list.last = todo;
  if (&list != &mine) return;
  postponing = &mine;
  callbacks_of scope(nullptr);
  while (mine.first != nullptr) {
    continuation* const c = mine.first;
    mine.first = c->next;
    if (mine.first == nullptr) mine.last = nullptr;
    future_state* const of = c->of;
    scope.pool = of->origin_;
    {
      core::float_scope const givers(c->floats);
      c->run(*of);
    }
    of->drop_reference();
  }
  postponing = nullptr;
}

void future_state::when_done(continuation& c) noexcept {
  c.floats = core::float_control_here();
  {
    std::lock_guard const lock(lock_of(*this));
    if ((word_.fetch_or(watched, std::memory_order_acq_rel) & phases) < with_value) {
      c.next = continuations_ != nullptr ? std::exchange(continuations_->next, &c) : &c;
      continuations_ = &c;
      return;
    }
  }
  c.run(*this);
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
  std::lock_guard const lock(lock_of(*this));
  if ((word_.fetch_or(watched, std::memory_order_acq_rel) & phases) >= with_value) return false;
  w.of = this;
  w.previous = nullptr;
  w.next = watchers_;
  if (watchers_ != nullptr) watchers_->previous = &w;
  watchers_ = &w;
  w.listed = true;
  return true;
}

void future_state::unwatch(watcher& w) noexcept {
  std::lock_guard const lock(lock_of(*this));
  if (!w.listed) return;
  (w.previous != nullptr ? w.previous->next : watchers_) = w.next;
  if (w.next != nullptr) w.next->previous = w.previous;
  w.listed = false;
}

bool future_state::help() noexcept {
  if (!is_worker_of_some_pool()) return false;
  if (pool_ != nullptr) {
    if (!is_worker_of(pool_) || !claim()) return false;
    run_claimed();
    return true;
  }
  future_state* before;
  {
    std::lock_guard const lock(lock_of(*this));
    before = before_;
    if (before == nullptr) return false;
    before->add_reference();
  }
  bool const helped = before->help();
  before->drop_reference();
  return helped;
}

namespace {

struct sleeper : watcher {
  std::mutex guard;
  std::condition_variable told;
  bool done = false;

  sleeper() {
    tell = [](watcher& self) noexcept {
      auto& me = static_cast<sleeper&>(self);
      std::lock_guard const lock(me.guard);
      me.done = true;
      me.told.notify_one();
    };
  }
};

/// Sleeps until it is told, or until the deadline. What it waits for may lie in the queue of `team`
/// (null: in none) while input that somebody waits for holds the threads.
void sleep(sleeper& me, core::workers* team, clock::time_point const* deadline) {
  core::workers::patience seen;
  std::unique_lock lock(me.guard);
  auto const told = [&] { return me.done; };
  while (!told()) {
    auto const now = clock::now();
    if (deadline != nullptr && now >= *deadline) return;
    auto const look = now + core::workers::between_looks;
    // Nobody was told, so what is waited for has not ended, nor has its pool.
    if (!me.told.wait_until(lock, deadline != nullptr ? std::min(*deadline, look) : look, told) &&
        team != nullptr)
      team->relieve(seen);
  }
}

}  // namespace

void future_state::wait_long() {
  require_this_process();
  if (help() && done()) return;
  sleeper me;
  if (!watch(me)) return;
  sleep(me, pool_ != nullptr ? &pool_->threads() : nullptr, nullptr);
  // Whoever told may still hold the lock of the list.
  unwatch(me);
}

bool future_state::wait_for(time_limit limit) {
  if (done() || !(limit.seconds() > 0)) return done();
  require_this_process();
  auto const deadline = moment(from_now(limit));
  sleeper me;
  if (!watch(me)) return true;
  sleep(me, pool_ != nullptr ? &pool_->threads() : nullptr, &deadline);
  unwatch(me);
  return done();
}

void future_state::require_within(time_limit limit) {
  if (wait_for(limit)) return;
  char text[96];
  std::snprintf(text, sizeof text, "hetmap: the result was not ready within %g s",
                std::max(limit.seconds(), 0.0));
  core::clear_failed_index();
  throw timeout_error(text, 0, 1);
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

void refuse_late(char const* verb, completion_queue const& queue) {
  std::string text(verb);
  text.append(": ").append(std::to_string(queue.total() - queue.given()));
  text.append(" of ").append(std::to_string(queue.total())).append(" futures are unfinished");
  core::clear_failed_index();
  throw timeout_error(text, queue.given(), queue.total());
}

struct completion_queue::state {
  struct place : watcher {
    state* owner = nullptr;
    std::size_t number = 0;
    bool completed = false;
  };

  std::mutex guard;
  std::condition_variable told;
  std::vector<std::size_t> completed;  // in order; room for all, so that telling cannot fail
  std::size_t given = 0;
  std::size_t helped = 0;  // places that have been tried
  std::vector<place> places;
  std::vector<bool> watched;

  void add(place& p) noexcept {
    p.completed = true;
    completed.push_back(p.number);
  }
};

completion_queue::completion_queue(future_state* const* states, std::size_t count)
    : state_(new state) {
  auto& s = *state_;
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k != count; ++k)
    if (states[k] != nullptr) order.push_back(k);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::less<>()(states[a], states[b]);
  });
  order.erase(std::unique(order.begin(), order.end(),
                          [&](std::size_t a, std::size_t b) { return states[a] == states[b]; }),
              order.end());
  std::sort(order.begin(), order.end());
  s.watched.resize(count);
  s.completed.reserve(order.size());
  s.places.resize(order.size());
  for (std::size_t k = 0; k != order.size(); ++k) {
    auto& p = s.places[k];
    p.owner = &s;
    p.number = order[k];
    p.of = states[order[k]];
    p.tell = [](watcher& self) noexcept {
      auto& me = static_cast<state::place&>(self);
      std::lock_guard const lock(me.owner->guard);
      me.owner->add(me);
      me.owner->told.notify_one();
    };
    s.watched[order[k]] = true;
  }
  std::vector<state::place*> done;
  done.reserve(s.places.size());
  // From here on nothing throws: what is watched has to be let go of.
  for (auto& p : s.places) p.of->add_reference();
  for (auto& p : s.places)
    if (!p.of->watch(p)) done.push_back(&p);
  std::sort(done.begin(), done.end(), [](state::place const* a, state::place const* b) {
    return watcher::order(*a->of) < watcher::order(*b->of);
  });
  std::lock_guard const lock(s.guard);
  // Those that were told meanwhile completed after these.
  auto const told = static_cast<std::ptrdiff_t>(s.completed.size());
  for (auto* p : done) s.add(*p);
  std::rotate(s.completed.begin(), s.completed.begin() + told, s.completed.end());
}

completion_queue::~completion_queue() {
  for (auto& p : state_->places) {
    p.of->unwatch(p);
    p.of->drop_reference();
  }
}

std::size_t completion_queue::total() const noexcept { return state_->places.size(); }
std::size_t completion_queue::given() const noexcept { return state_->given; }
bool completion_queue::watches(std::size_t place) const noexcept { return state_->watched[place]; }

std::size_t completion_queue::next(std::int64_t deadline) {
  auto& s = *state_;
  std::unique_lock lock(s.guard);
  auto const ready = [&] { return s.given != s.completed.size(); };
  if (s.given == s.places.size()) return none;
  if (!ready()) {
    for (auto const& p : s.places)
      if (!p.completed) p.of->require_this_process();
  }
  while (!ready() && is_worker_of_some_pool() && s.helped != s.places.size()) {
    lock.unlock();
    s.places[s.helped++].of->help();
    lock.lock();
  }
  if (deadline == 0)
    s.told.wait(lock, ready);
  else
    s.told.wait_until(lock, moment(deadline), ready);
  return ready() ? s.completed[s.given++] : none;
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
