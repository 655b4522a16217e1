#include "future_wait.hpp"

#include "../base/deadline.hpp"
#include "../base/error.hpp"
#include "../cpu/pool_core.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

namespace {

using clock = std::chrono::steady_clock;
using core::moment;

}  // namespace

core::workers::patience& impatience::with(core::workers const& team) noexcept {
  for (one& o : all_)
    if (o.team == &team) return o.seen;
  last_ = (last_ + 1) % all_.size();
  all_[last_] = {.team = &team};
  return all_[last_].seen;
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

bool watcher::take(future_state& state, core::waiters& all, core::serving_team*& team,
                   core::task*& item) {
  future_state& open = state.first_open(&all);
  bool taken = false;
  if (phase_of(open) == future_state::pending && open.pool_ != nullptr) {
    core::workers& threads = open.pool_->threads();
    team = &threads;
    item = &open;
    taken = threads.withdraw(open);
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

void watcher::relieve(future_state& state, core::waiters& all, impatience& seen) noexcept {
  future_state& open = state.first_open(&all);
  // While it is pending its pool does not end, nor then before the lock of all waits is free.
  if (phase_of(open) == future_state::pending && open.pool_ != nullptr) {
    core::workers& team = open.pool_->threads();
    team.relieve(seen.with(team));
  }
  future_state::let_go_of(open, &all);
}

bool future_wait::run_here(core::waiters& all) {
  if (!can_run(all)) return false;
  std::lock_guard const lock(guard);
  told.notify_one();
  return runs_ = true;
}

bool future_wait::refuse(std::exception_ptr const& why) {
  std::lock_guard const lock(guard);
  refusal_ = why;
  told.notify_one();
  return true;
}

bool future_wait::must_run() noexcept {
  std::lock_guard const lock(guard);
  return std::exchange(runs_, false);
}

void future_wait::sleep(std::int64_t deadline) {
  core::waiting const here(*this);
  impatience seen;
  std::unique_lock lock(guard);
  auto const woken = [&] { return is_there() || runs_ || refusal_; };
  while (!woken()) {
    auto const now = clock::now();
    if (deadline != 0 && now >= moment(deadline)) return;
    if (told.wait_until(lock, std::min(moment(deadline), now + core::workers::between_looks),
                        woken))
      break;
    lock.unlock();
    {
      core::waits_held held;
      relieve(held.all(), seen);
    }
    lock.lock();
  }
  if (is_there() || !refusal_) return;
  core::clear_failed_index();
  std::rethrow_exception(std::exchange(refusal_, nullptr));
}

namespace {

/// Sleeps until a state is done, or there is something else to do.
struct sleeper final : watcher, future_wait {
  future_state& state;
  bool done = false;

  sleeper(future_state& s, bool has_limit) : future_wait(has_limit), state(s) {
    tell = [](watcher& self) noexcept {
      auto& me = static_cast<sleeper&>(self);
      std::lock_guard const lock(me.guard);
      me.done = true;
      me.told.notify_one();
    };
  }

  bool is_there() const noexcept override { return done; }
  bool goes_on(core::waiters& all) override { return watcher::goes_on(state, all); }
  bool take(core::waiters& all, core::serving_team*& team, core::task*& item) override {
    return watcher::take(state, all, team, item);
  }
  bool can_run(core::waiters& all) override { return runs_where_waited_for(state, all); }
  void relieve(core::waiters& all, impatience& seen) noexcept override {
    watcher::relieve(state, all, seen);
  }

  using future_wait::must_run;
  using future_wait::sleep;
};

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
    try {
      me.sleep(deadline);
    } catch (...) {
      unwatch(me);
      if (done()) return true;
      throw;
    }
    // Whoever told may still hold the lock of the list.
    unwatch(me);
    if (done()) return true;
    if (!me.must_run()) return false;
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

void refuse_late(char const* verb, completion_queue const& queue) {
  std::string text(verb);
  text.append(": ").append(std::to_string(queue.total() - queue.given()));
  text.append(" of ").append(std::to_string(queue.total())).append(" futures are unfinished");
  core::clear_failed_index();
  throw timeout_error(text, queue.given(), queue.total());
}

struct completion_queue::state final : future_wait {
  struct place : watcher {
    state* owner = nullptr;
    std::size_t number = 0;
    bool completed = false;
  };

  std::vector<std::size_t> completed;  // in order; room for all, so that telling cannot fail
  std::size_t given = 0;
  std::size_t helped = 0;         // places that have been tried
  std::size_t looked = 0;         // the place at which to look next
  std::optional<unsigned> forks;  // of the process in which all of them can complete
  std::vector<place> places;
  std::vector<bool> watched;

  void add(place& p) noexcept {
    p.completed = true;
    completed.push_back(p.number);
  }

  [[nodiscard]] bool is_there() const noexcept override { return given != completed.size(); }

  /// Whether `ask` says so of a future that is not done.
  template <class Ask>
  bool any(Ask ask) {
    return std::any_of(places.begin(), places.end(),
                       [&](place const& p) { return !p.of->done() && ask(*p.of); });
  }

  bool goes_on(core::waiters& all) override {
    {
      std::lock_guard const lock(guard);
      if (is_there()) return true;
    }
    return any([&](future_state& f) { return watcher::goes_on(f, all); });
  }
  bool take(core::waiters& all, core::serving_team*& team, core::task*& item) override {
    return any([&](future_state& f) { return watcher::take(f, all, team, item); });
  }
  bool can_run(core::waiters& all) override {
    return any([&](future_state& f) { return watcher::runs_where_waited_for(f, all); });
  }
  /// Of so many at a time: there may be very many.
  void relieve(core::waiters& all, impatience& seen) noexcept override {
    constexpr std::size_t most = 64;
    for (std::size_t k = 0; k != std::min(most, places.size()); ++k) {
      looked = (looked + 1) % places.size();
      if (!places[looked].of->done()) watcher::relieve(*places[looked].of, all, seen);
    }
  }

  /// Throws broken_pool_error if one is left that stayed in another process.
  void require_this_process() {
    unsigned const now = core::fork_count();
    if (forks == now) return;
    for (auto const& p : places)
      if (!p.completed) p.of->require_this_process();
    forks = now;
  }

  using future_wait::guard;
  using future_wait::must_run;
  using future_wait::sleep;
  using future_wait::told;
};

completion_queue::completion_queue(future_state* const* states, std::size_t count)
    : state_(new state) {
  auto& s = *state_;
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k != count; ++k)
    if (states[k] != nullptr) order.push_back(k);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return states[a] != states[b] ? std::less<>()(states[a], states[b]) : a < b;
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
  if (!s.is_there()) s.require_this_process();
  auto const late = [&] { return deadline != 0 && clock::now() >= moment(deadline); };
  while (!s.is_there() && is_worker_of_some_pool() && s.helped != s.places.size() && !late()) {
    lock.unlock();
    s.places[s.helped++].of->help(false);
    lock.lock();
  }
  while (!s.is_there()) {
    if (late()) return none;  // and nothing is begun for it
    s.limited = deadline != 0;
    lock.unlock();
    s.sleep(deadline);
    bool const runs = s.must_run();
    lock.lock();
    if (s.is_there()) break;
    if (!runs) return none;
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
