#include "workers.hpp"

#include "forked.hpp"
#include "waits.hpp"

#include <hetmap/topology.hpp>

#include <new>
#include <system_error>
#include <thread>

namespace hetmap::core {
namespace {

/// How often a worker that has run out of tasks looks again before it sleeps: about 10 us, what a
/// wake-up costs.
constexpr int looks_before_sleep = 200;

void pause() noexcept {
#ifdef __x86_64__
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

workers::workers(unsigned count, void (*started)(void*, unsigned), void* context, char const* name)
    : started_(started),
      context_(context),
      size_(count),
      threads_(name, 0, count, &workers::begin, this) {
  size_ = threads_.size();
  if (size() == 0 && count != 0)
    throw std::system_error(threads_.refusal(), std::generic_category(),
                            "hetmap: the system gave no thread");
  // Where there are fewer than asked for, they do the rest.
}

void workers::begin(void* self, unsigned number) {
  auto& me = *static_cast<workers*>(self);
  me.start(number, false);
  me.serve();
}

/// A thread that waits for the end of all of these.
struct workers::joining : awaited {
  workers& of;
  bool may_throw;
  bool refused = false;

  joining(workers& all, bool may_be_refused) : of(all), may_throw(may_be_refused) {}

  bool goes_on(waiters& all) override { return all.all_go_on(of); }
  bool refuse(std::exception_ptr const&) override {
    if (!may_throw) return false;
    std::lock_guard const lock(of.guard_);
    refused = true;
    of.left_.notify_all();
    return true;
  }
};

workers::~workers() {
  close();
  end_threads(joining(*this, false));
  sync_with_waits();
}

bool workers::own_this_thread() const noexcept { return membership_of_this_thread().team == this; }

void workers::start(unsigned number, bool stands_in) noexcept {
  membership_of_this_thread() = {this, stands_in};
  if (started_ != nullptr) started_(context_, number);
}

void workers::post(task& last, task& first) noexcept {
  for (task* t = &last; t != &first; t = t->next) t->queued = true;
  first.queued = true;
  task* seen = inbox_.load(std::memory_order_relaxed);
  do {
    first.next = seen;
  } while (!inbox_.compare_exchange_weak(seen, &last));
  // Whoever is awake looks into the inbox after taking these marks down, and before it sleeps.
  if (asleep_.load() == 0 || searching_.load() || waking_.load()) return;
  std::lock_guard const lock(guard_);
  wake_one();
}

bool workers::withdraw(task& t) noexcept {
  std::lock_guard const lock(guard_);
  empty_inbox();
  if (!t.queued) return false;
  t.queued = false;
  (t.previous != nullptr ? t.previous->next : first_) = t.next;
  (t.next != nullptr ? t.next->previous : last_) = t.previous;
  return true;
}

task* workers::take() noexcept {
  std::lock_guard const lock(guard_);
  return pop();
}

bool workers::hold() noexcept {
  if ((holds_.fetch_add(1) & closed_bit) == 0) return true;
  release();
  return false;
}

void workers::release() noexcept {
  if (holds_.fetch_sub(1) != (closed_bit | 1)) return;
  std::lock_guard const lock(guard_);
  posted_.notify_all();
}

void workers::close() noexcept {
  holds_.fetch_or(closed_bit);
  std::lock_guard const lock(guard_);
  posted_.notify_all();
}

bool workers::end_threads(joining how) {
  {
    waiting const here(how);
    std::unique_lock lock(guard_);
    left_.wait(lock, [&] { return ended_ == size() || how.refused; });
    if (ended_ != size()) return false;
  }
  std::lock_guard const lock(joining_);
  threads_.join();
  return true;
}

bool workers::join() { return end_threads(joining(*this, true)); }

bool workers::queues(task const& t) noexcept {
  std::lock_guard const lock(guard_);
  return t.queued;
}

namespace {

std::atomic<unsigned> stand_ins{0};

}  // namespace

struct workers::standing {
  workers& team;
  task& item;

  static void run(void* self) noexcept {
    auto const [team, item] = *static_cast<standing*>(self);
    delete static_cast<standing*>(self);
    {
      doing const here(&item);  // the initializer may wait, too
      team.start(team.size(), true);
    }
    item.run(item);
    stand_ins.fetch_sub(1);
    std::lock_guard const lock(team.guard_);
    if (team.holds_.fetch_sub(1) == (closed_bit | 1)) team.posted_.notify_all();
  }
};

std::exception_ptr workers::stand_in(task& t) noexcept {
  holds_.fetch_add(1);
  bool const too_many = stand_ins.fetch_add(1) >= most_stand_ins;
  if (!too_many) {
    auto* const mine = new (std::nothrow) standing{*this, t};
    if (mine != nullptr && start_detached("hetmap more", &standing::run, mine)) return nullptr;
    delete mine;
  }
  stand_ins.fetch_sub(1);
  post(t);
  release();
  return std::make_exception_ptr(std::system_error(
      std::make_error_code(std::errc::resource_unavailable_try_again),
      too_many
          ? "hetmap: pools wait for each other's work, nested more deeply than there can be threads"
          : "hetmap: pools wait for each other's work, and the system gives no thread more"));
}

void workers::empty_inbox() noexcept {
  task* t = inbox_.load();
  if (t == nullptr) return;
  t = inbox_.exchange(nullptr);
  task* const newest = t;
  task* oldest = nullptr;
  for (task* after = nullptr; t != nullptr;) {
    task* const before = t->next;
    t->next = after;
    t->previous = before;
    after = oldest = t;
    t = before;
  }
  oldest->previous = last_;
  (last_ != nullptr ? last_->next : first_) = oldest;
  last_ = newest;
}

task* workers::pop() noexcept {
  if (first_ == nullptr) empty_inbox();
  if (first_ == nullptr) return nullptr;
  task& next = *first_;
  first_ = next.next;
  (first_ != nullptr ? first_->previous : last_) = nullptr;
  next.queued = false;
  return &next;
}

void workers::wake_one() noexcept {
  if (asleep_.load() == 0 || waking_.load()) return;
  waking_.store(true);
  posted_.notify_one();
}

void workers::serve() noexcept {
  bool looked = false;
  std::unique_lock lock(guard_);
  for (;;) {
    if (task* const next = pop()) {
      if (first_ != nullptr || inbox_.load() != nullptr) wake_one();
      looked = false;
      ++running_;
      lock.unlock();
      next->run(*next);
      lock.lock();
      if (--running_ == 0 && holds_.load() == closed_bit) posted_.notify_all();
    } else if (holds_.load() == closed_bit && running_ == 0) {
      // What a holder posted before it let go is in the inbox by now.
      if (inbox_.load() != nullptr) continue;
      ++ended_;
      left_.notify_all();
      return;
    } else if (!looked && !searching_.exchange(true)) {
      looked = true;
      lock.unlock();
      for (int k = 0; k != looks_before_sleep && inbox_.load(std::memory_order_relaxed) == nullptr;
           ++k)
        pause();
      lock.lock();
      searching_.store(false);
    } else {
      ++asleep_;
      if (inbox_.load() == nullptr && (holds_.load() != closed_bit || running_ != 0))
        posted_.wait(lock);
      --asleep_;
      waking_.store(false);
      looked = false;
    }
  }
}

workers& shared_workers() {
  static constinit once_a_process<workers> shared;
  return shared.get([] { return new workers(physical_cores()); });
}

}  // namespace hetmap::core
