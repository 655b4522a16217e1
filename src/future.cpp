// The shared state of futures: who runs it, who waits for it, who is told.
#include <hetmap/detail/future_state.hpp>

#include "cpu/float_control.hpp"
#include "cpu/forked.hpp"
#include "cpu/waits.hpp"
#include "deadline.hpp"
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

  // For waits.hpp, of a state that somebody waits for, who is kept alive by that.
  static bool goes_on(future_state& state, core::waiters& all);
  static bool take(future_state& state, core::waiters& all, core::workers*& team,
                   core::task*& item);
  static bool runs_where_waited_for(future_state& state, core::waiters& all);

 private:
  static bool waits_for_continuation(future_state& open, core::waiters& all);
  static unsigned phase_of(future_state& state) noexcept {
    return state.word_.load(std::memory_order_acquire) & future_state::phases;
  }
};

namespace {

using clock = std::chrono::steady_clock;
using core::moment;

constexpr std::size_t no_index = static_cast<std::size_t>(-1);

/// Locks are shared by many states, chosen by address: they are held for a few instructions, and a
/// state that nobody waits for never needs one.
core::process_mutex& lock_of(future_state const& state) noexcept {
  static constinit core::process_mutex locks[61];
  return locks[reinterpret_cast<std::uintptr_t>(&state) / 64 % std::size(locks)];
}

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

bool future_state::claim(unsigned to) noexcept {
  unsigned seen = word_.load(std::memory_order_relaxed);
  while ((seen & phases) == pending)
    if (word_.compare_exchange_weak(seen, (seen & ~phases) | to, std::memory_order_acq_rel))
      return true;
  return false;
}

void future_state::run_queued(task& self) noexcept {
  auto& state = static_cast<future_state&>(self);
  auto const end = state.pool_->ended();
  if (state.claim(end == pool_end::terminated ? dropping : running)) {
    if (end == pool_end::none)
      state.run_claimed();
    else
      state.fail_claimed(state.pool_->refusal(), end == pool_end::terminated);
  }
  state.drop_reference();
}

void future_state::run_claimed() noexcept {
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
  complete(how);
}

void future_state::fail_as(future_state const& before) noexcept {
  failed_at_ = before.failed_at_;
  fail_claimed(before.error_, before.cancelled());
}

void future_state::fail_claimed(std::exception_ptr error, bool cancelled) noexcept {
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
  complete(cancelled ? without_running : with_error);
}

bool future_state::cancel() noexcept {
  if (!claim(dropping)) {
    unsigned const phase = word_.load(std::memory_order_acquire) & phases;
    return phase == dropping || phase == without_running;
  }
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
  core::doing const here(&mine, &postponed::hold);
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
    delete static_cast<future_state*>(&self);
  };
  all->afterwards(state);
}

/// Runs what this waits for, if it is queued in the pool that this thread works for; or, where so
/// much is wanted, if it follows something that is done.
bool future_state::help(bool followers_too) noexcept {
  if (!followers_too && !is_worker_of_some_pool()) return false;
  future_state& open = first_open(nullptr);
  bool const mine = open.pool_ != nullptr ? is_worker_of(open.pool_) : followers_too;
  bool const helps = mine && open.claim();
  if (helps) open.run_claimed();
  let_go_of(open, nullptr);
  return helps;
}

bool watcher::goes_on(future_state& state, core::waiters& all) {
  future_state& open = state.first_open(&all);
  unsigned const phase = phase_of(open);
  bool on = true;
  if (phase == future_state::running || phase == future_state::dropping)
    on = !all.hold_up(&open);
  else if (phase == future_state::pending && open.pool_ != nullptr)
    on = open.pool_->threads().queues(open) ? all.serve(open.pool_->threads())
                                            : !all.hold_up(static_cast<core::task*>(&open));
  else if (phase == future_state::pending)
    on = !waits_for_continuation(open, all);
  future_state::let_go_of(open, &all);
  return on;
}

bool watcher::waits_for_continuation(future_state& open, core::waiters& all) {
  future_state const* before;
  {
    std::lock_guard const lock(lock_of(open));
    before = open.before_;
  }
  // Compared only: it may be gone by now.
  return before != nullptr && all.hold_up(before);
}

bool watcher::take(future_state& state, core::waiters& all, core::workers*& team,
                   core::task*& item) {
  future_state& open = state.first_open(&all);
  bool taken = false;
  if (phase_of(open) == future_state::pending && open.pool_ != nullptr) {
    team = &open.pool_->threads();
    item = &open;
    taken = team->withdraw(open);
  }
  future_state::let_go_of(open, &all);
  return taken;
}

bool watcher::runs_where_waited_for(future_state& state, core::waiters& all) {
  future_state& open = state.first_open(&all);
  bool const runs = phase_of(open) == future_state::pending && open.pool_ == nullptr &&
                    waits_for_continuation(open, all);
  future_state::let_go_of(open, &all);
  return runs;
}

namespace {

/// Sleeps until a state is done, or there is something else to do.
struct sleeper final : watcher, core::awaited {
  future_state& state;
  std::mutex guard;
  std::condition_variable told;
  bool done = false;
  bool must_run = false;
  std::exception_ptr refusal;

  sleeper(future_state& s, bool has_limit) : core::awaited(has_limit), state(s) {
    tell = [](watcher& self) noexcept {
      auto& me = static_cast<sleeper&>(self);
      std::lock_guard const lock(me.guard);
      me.done = true;
      me.told.notify_one();
    };
  }

  [[nodiscard]] bool woken() const noexcept { return done || must_run || refusal; }

  bool goes_on(core::waiters& all) override { return watcher::goes_on(state, all); }
  bool take(core::waiters& all, core::workers*& team, core::task*& item) override {
    return watcher::take(state, all, team, item);
  }
  bool run_here(core::waiters& all) override {
    if (!runs_where_waited_for(state, all)) return false;
    std::lock_guard const lock(guard);
    told.notify_one();
    return must_run = true;
  }
  bool refuse(std::exception_ptr const& why) override {
    std::lock_guard const lock(guard);
    refusal = why;
    told.notify_one();
    return true;
  }
};

/// Sleeps until it is told, or until the deadline. What it waits for may lie in the queue of `team`
/// (null: in none) while input that somebody waits for holds the threads.
///
/// deadline: as from_now() gives it; 0: none.
void sleep(sleeper& me, core::workers* team, std::int64_t deadline) {
  core::workers::patience seen;
  std::unique_lock lock(me.guard);
  auto const woken = [&] { return me.woken(); };
  while (!woken()) {
    auto const now = clock::now();
    if (deadline != 0 && now >= moment(deadline)) return;
    auto const look = now + core::workers::between_looks;
    // Nobody was told, so what is waited for has not ended, nor has its pool.
    if (!me.told.wait_until(lock, std::min(moment(deadline), look), woken) &&
        team != nullptr)
      team->relieve(seen);
  }
}

}  // namespace

void future_state::wait_long() { static_cast<void>(wait_until(0)); }

bool future_state::wait_for(time_limit limit) {
  if (done() || !(limit.seconds() > 0)) return done();
  return wait_until(from_now(limit));
}

/// deadline: as from_now() gives it; 0: none.
bool future_state::wait_until(std::int64_t deadline) {
  require_this_process();
  if (help(false) && done()) return true;
  for (;;) {
    if (deadline != 0 && clock::now() >= moment(deadline))
      return done();  // nothing is begun for it
    sleeper me(*this, deadline != 0);
    if (!watch(me)) return true;
    {
      core::waiting const here(me);
      sleep(me, pool_ != nullptr ? &pool_->threads() : nullptr, deadline);
    }
    // Whoever told may still hold the lock of the list.
    unwatch(me);
    if (done()) return true;
    if (me.refusal) {
      core::clear_failed_index();
      std::rethrow_exception(me.refusal);
    }
    if (!me.must_run) return false;
    help(true);
  }
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

struct completion_queue::state final : core::awaited {
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
  bool must_run = false;
  std::exception_ptr refusal;
  std::vector<place> places;
  std::vector<bool> watched;

  void add(place& p) noexcept {
    p.completed = true;
    completed.push_back(p.number);
  }

  [[nodiscard]] bool ready() const noexcept { return given != completed.size(); }
  [[nodiscard]] bool woken() const noexcept { return ready() || must_run || refusal; }
  bool is_ready() {
    std::lock_guard const lock(guard);
    return ready();
  }

  /// Whether `ask` says so of a future that is not done.
  template <class Ask>
  bool any(Ask ask) {
    return std::any_of(places.begin(), places.end(),
                       [&](place const& p) { return !p.of->done() && ask(*p.of); });
  }

  bool goes_on(core::waiters& all) override {
    return is_ready() || any([&](future_state& f) { return watcher::goes_on(f, all); });
  }
  bool take(core::waiters& all, core::workers*& team, core::task*& item) override {
    return any([&](future_state& f) { return watcher::take(f, all, team, item); });
  }
  bool run_here(core::waiters& all) override {
    if (!any([&](future_state& f) { return watcher::runs_where_waited_for(f, all); })) return false;
    std::lock_guard const lock(guard);
    told.notify_one();
    return must_run = true;
  }
  bool refuse(std::exception_ptr const& why) override {
    std::lock_guard const lock(guard);
    refusal = why;
    told.notify_one();
    return true;
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
  if (s.given == s.places.size()) return none;
  if (!s.ready()) {
    for (auto const& p : s.places)
      if (!p.completed) p.of->require_this_process();
  }
  auto const late = [&] { return deadline != 0 && clock::now() >= moment(deadline); };
  while (!s.ready() && is_worker_of_some_pool() && s.helped != s.places.size() && !late()) {
    lock.unlock();
    s.places[s.helped++].of->help(false);
    lock.lock();
  }
  while (!s.ready()) {
    if (late()) return none;  // and nothing is begun for it
    s.limited = deadline != 0;
    lock.unlock();
    {
      core::waiting const here(s);
      lock.lock();
      if (deadline == 0)
        s.told.wait(lock, [&] { return s.woken(); });
      else
        s.told.wait_until(lock, moment(deadline), [&] { return s.woken(); });
      lock.unlock();
    }
    lock.lock();
    if (s.ready()) break;
    if (s.refusal) {
      core::clear_failed_index();
      std::rethrow_exception(std::exchange(s.refusal, nullptr));
    }
    if (!std::exchange(s.must_run, false)) return none;
    lock.unlock();
    static_cast<void>(std::any_of(s.places.begin(), s.places.end(),
                                  [](auto const& p) { return p.of->help(true); }));
    lock.lock();
  }
  return s.completed[s.given++];
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
