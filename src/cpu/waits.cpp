#include "waits.hpp"

#include "../base/forked.hpp"

#include <cstddef>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>

namespace hetmap::core {
namespace {

struct registry {
  std::mutex guard;
  waiters all;
};

/// A forked child gets a new one: whoever waited stayed with its parent.
registry& the_waits() {
  static constinit once_a_process<registry> shared;
  alignas(registry) static std::byte room[sizeof(registry)];  // so that nothing can fail
  return shared.get([] { return ::new (room) registry; });
}

struct thread_state {
  membership at;
  doing* innermost = nullptr;
};
thread_local constinit thread_state here;

}  // namespace

membership& membership_of_this_thread() noexcept { return here.at; }

doing::doing(void const* what, bool (*covers)(void const*, void const*)) noexcept
    : what_(what), covers_(covers), outer_(here.innermost) {
  here.innermost = this;
}
doing::~doing() { here.innermost = outer_; }

bool does_only(void const* what) noexcept {
  return here.at.team == nullptr && here.innermost != nullptr && here.innermost->what_ == what &&
         here.innermost->outer_ == nullptr;
}

waiting::waiting(awaited& what) noexcept
    : what_(what), team_(here.at.team), stands_in_(here.at.stands_in), innermost_(here.innermost) {
  // Nobody can wait for a thread that does nothing for others.
  if (team_ == nullptr && innermost_ == nullptr) return;
  waits_held held;
  held.all().add(*this);
  held.all().settle(*this);
}

waiting::~waiting() {
  if (!listed_) return;
  waits_held held;
  held.all().remove(*this);
}

waits_held::waits_held() noexcept : all_(the_waits().all) { the_waits().guard.lock(); }

waits_held::~waits_held() {
  task* later = std::exchange(all_.later_, nullptr);
  the_waits().guard.unlock();
  while (later != nullptr) {
    task& t = *std::exchange(later, later->next);
    t.run(t);
  }
}

void sync_with_waits() noexcept { std::lock_guard const lock(the_waits().guard); }

void waiters::add(waiting& w) noexcept {
  w.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &w;
  first_ = &w;
  w.listed_ = true;
}

void waiters::remove(waiting& w) noexcept {
  (w.previous_ != nullptr ? w.previous_->next_ : first_) = w.next_;
  if (w.next_ != nullptr) w.next_->previous_ = w.previous_;
}

void waiters::afterwards(task& t) noexcept { t.next = std::exchange(later_, &t); }

bool waiters::goes_on(waiting& w) {
  using mark = waiting::mark;
  if (w.told_) return true;
  if (exact_ || w.mark_ != mark::unknown) return w.mark_ == mark::goes_on;
  // Whoever is asked about on the way waits for this one, and brings nothing about.
  w.mark_ = mark::being_asked;
  w.mark_ = w.what_.goes_on(*this) ? mark::goes_on : mark::stuck;
  return w.mark_ == mark::goes_on;
}

bool waiters::hold_up(void const* what) {
  for (waiting* w = first_; w != nullptr; w = w->next_)
    for (doing const* d = w->innermost_; d != nullptr; d = d->outer_)
      if (d->covers_ == nullptr ? d->what_ == what : d->covers_(d->what_, what)) {
        if (!goes_on(*w)) return true;
        break;
      }
  return false;
}

bool waiters::serve(serving_team const& team) {
  unsigned waiting_here = 0;
  for (waiting* w = first_; w != nullptr; w = w->next_)
    if (w->team_ == &team && !w->stands_in_) ++waiting_here;
  if (waiting_here < team.most_at_work()) return true;
  for (waiting* w = first_; w != nullptr; w = w->next_)
    if (w->team_ == &team && !w->stands_in_ && goes_on(*w)) return true;
  return false;
}

bool waiters::all_go_on(serving_team const& team) {
  for (waiting* w = first_; w != nullptr; w = w->next_)
    if (w->team_ == &team && !goes_on(*w)) return false;
  return true;
}

/// Marks all that go on, from those up that wait for nobody who waits.
void waiters::judge(bool limits_end) {
  using mark = waiting::mark;
  exact_ = true;
  for (waiting* w = first_; w != nullptr; w = w->next_)
    w->mark_ = w->told_ || (limits_end && w->what_.limited) ? mark::goes_on : mark::stuck;
  for (bool changed = true; changed;) {
    changed = false;
    for (waiting* w = first_; w != nullptr; w = w->next_)
      if (w->mark_ == mark::stuck && w->what_.goes_on(*this)) {
        w->mark_ = mark::goes_on;
        changed = true;
      }
  }
}

/// Has a thread more do what somebody needs who is stuck, or that one itself. False: nobody needs
/// anything but others to go on.
bool waiters::rescue_one() {
  using mark = waiting::mark;
  for (waiting* w = first_; w != nullptr; w = w->next_) {
    if (w->mark_ != mark::stuck) continue;
    serving_team* team = nullptr;
    task* item = nullptr;
    if (w->what_.take(*this, team, item)) {
      std::exception_ptr const why = team->stand_in(*item);
      if (!why) return true;
      w->told_ = w->what_.refuse(why);
      if (w->told_) return true;
    } else if (w->what_.run_here(*this)) {
      return w->told_ = true;
    }
  }
  return false;
}

void waiters::refuse_one(waiting& me, std::exception_ptr const& why) {
  using mark = waiting::mark;
  // The last to come is the one to throw, if it can.
  if (me.mark_ == mark::stuck && !me.what_.limited && me.what_.refuse(why)) {
    me.told_ = true;
    return;
  }
  for (waiting* w = first_; w != nullptr; w = w->next_)
    if (w->mark_ == mark::stuck && !w->what_.limited && w->what_.refuse(why)) {
      w->told_ = true;
      return;
    }
}

void waiters::settle(waiting& me) {
  using mark = waiting::mark;
  exact_ = false;
  for (waiting* w = first_; w != nullptr; w = w->next_) w->mark_ = mark::unknown;
  // The rule: a few steps lead to somebody who does not wait. A yes is right, a no may be hasty,
  // since it is kept for those that were asked in a circle.
  if (goes_on(me)) return;
  for (judge(false); me.mark_ == mark::stuck && rescue_one();) judge(false);
  if (me.mark_ != mark::stuck) return;
  // Nobody needs anything but others' progress. Limited waits will end.
  judge(true);
  if (me.mark_ != mark::stuck) return;
  try {
    refuse_one(me, std::make_exception_ptr(std::logic_error(
                       "hetmap: this wait would never end: what it waits for waits for this "
                       "thread, directly or by way of others")));
  } catch (...) {
    // Not even memory for the exception: then it hangs.
  }
}

}  // namespace hetmap::core
