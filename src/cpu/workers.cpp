#include "workers.hpp"

#include "forked.hpp"

#include <hetmap/topology.hpp>

#include <system_error>

namespace hetmap::core {
namespace {

thread_local workers const* owner_of_this_thread = nullptr;

}  // namespace

workers::workers(unsigned count) {
  threads_.reserve(count);
  try {
    while (threads_.size() != count) threads_.emplace_back([this] { serve(); });
  } catch (std::system_error const&) {
    if (threads_.empty()) throw;
    // No more to be had: those that there are do the rest.
  }
}

workers::~workers() {
  {
    std::lock_guard const lock(guard_);
    closing_ = true;
  }
  posted_.notify_all();
  for (std::thread& t : threads_) t.join();
}

bool workers::own_this_thread() const noexcept { return owner_of_this_thread == this; }

void workers::post(task& t) noexcept {
  bool wake;
  {
    std::lock_guard const lock(guard_);
    t.previous = last_;
    t.next = nullptr;
    t.queued = true;
    (last_ != nullptr ? last_->next : first_) = &t;
    last_ = &t;
    wake = asleep_ != 0;
  }
  if (wake) posted_.notify_one();
}

bool workers::withdraw(task& t) noexcept {
  std::lock_guard const lock(guard_);
  if (!t.queued) return false;
  t.queued = false;
  (t.previous != nullptr ? t.previous->next : first_) = t.next;
  (t.next != nullptr ? t.next->previous : last_) = t.previous;
  return true;
}

void workers::serve() noexcept {
  owner_of_this_thread = this;
  std::unique_lock lock(guard_);
  for (;;) {
    while (first_ == nullptr) {
      if (closing_) return;
      ++asleep_;
      posted_.wait(lock);
      --asleep_;
    }
    task& next = *first_;
    first_ = next.next;
    (first_ != nullptr ? first_->previous : last_) = nullptr;
    next.queued = false;
    lock.unlock();
    next.run(next);
    lock.lock();
  }
}

workers& shared_workers() {
  static once_a_process<workers> shared;
  return shared.get([] { return new workers(physical_cores()); });
}

}  // namespace hetmap::core
