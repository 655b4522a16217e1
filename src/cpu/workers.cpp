#include "workers.hpp"

#include "forked.hpp"

#include <hetmap/topology.hpp>

#include <system_error>
#include <thread>

namespace hetmap::core {
namespace {

thread_local workers const* owner_of_this_thread = nullptr;

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
    : started_(started), context_(context), threads_(name, 0, count, &workers::begin, this) {
  if (size() == 0 && count != 0)
    throw std::system_error(threads_.refusal(), std::generic_category(),
                            "hetmap: the system gave no thread");
  // Where there are fewer than asked for, they do the rest.
}

void workers::begin(void* self, unsigned number) {
  auto& me = *static_cast<workers*>(self);
  owner_of_this_thread = &me;
  if (me.started_ != nullptr) me.started_(me.context_, number);
  me.serve();
}

workers::~workers() {
  close();
  join();
}

bool workers::own_this_thread() const noexcept { return owner_of_this_thread == this; }

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

void workers::join() {
  std::lock_guard const lock(joining_);
  threads_.join();
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
      if (inbox_.load() == nullptr) return;
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
