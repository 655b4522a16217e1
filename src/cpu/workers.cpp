#include "workers.hpp"

#include "forked.hpp"

#include <hetmap/topology.hpp>

#include <system_error>

namespace hetmap::core {
namespace {

thread_local workers const* owner_of_this_thread = nullptr;
thread_local bool this_thread_reads = false;

/// How often a worker that has run out of tasks looks again before it sleeps: about 10 us, what a
/// wake-up costs.
constexpr int looks_before_sleep = 200;

/// How long an added thread stays when it is not needed, and after how many calls of relieve() a
/// team that stretches gets one though nobody reads.
constexpr std::chrono::milliseconds linger{100};
constexpr unsigned looks_before_stretch = 10;

void pause() noexcept {
#ifdef __x86_64__
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

workers::workers(unsigned count, void (*started)(void*, unsigned), void* context, bool stretches)
    : allowed_(count), stretches_(stretches), started_(started), context_(context) {
  threads_.reserve(count);
  try {
    for (unsigned k = 0; k != count; ++k)
      threads_.emplace_back([this, k] {
        owner_of_this_thread = this;
        if (started_ != nullptr) started_(context_, k);
        serve(false);
      });
  } catch (std::system_error const&) {
    if (threads_.empty()) throw;
    // No more to be had: those that there are do the rest.
    allowed_.store(size());
  }
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
  backlog_.store(first_ != nullptr, std::memory_order_relaxed);
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
  for (std::thread& t : threads_)
    if (t.joinable()) t.join();
  std::unique_lock added(guard_);
  left_.wait(added, [&] { return added_.load() == 0; });
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
  backlog_.store(true, std::memory_order_relaxed);
}

task* workers::pop() noexcept {
  if (first_ == nullptr) empty_inbox();
  if (first_ == nullptr) return nullptr;
  task& next = *first_;
  first_ = next.next;
  (first_ != nullptr ? first_->previous : last_) = nullptr;
  next.queued = false;
  ++taken_;
  backlog_.store(first_ != nullptr, std::memory_order_relaxed);
  return &next;
}

void workers::wake_one() noexcept {
  if (asleep_.load() == 0 || waking_.load()) return;
  waking_.store(true);
  posted_.notify_one();
}

workers::reading::reading(workers* of) noexcept
    : of_(of != nullptr && of->own_this_thread() && !this_thread_reads ? of : nullptr) {
  if (of_ == nullptr) return;
  this_thread_reads = true;
  ++of_->reading_;
  --of_->computing_;
  if (of_->added_.load() == 0) return;
  std::lock_guard const lock(of_->guard_);
  of_->posted_.notify_one();  // who may not compute beside this one may now
}

workers::reading::~reading() {
  if (of_ == nullptr) return;
  this_thread_reads = false;
  ++of_->computing_;
  --of_->reading_;
}

void workers::relieve(patience& seen) noexcept {
  std::lock_guard const lock(guard_);
  empty_inbox();
  if (first_ == nullptr || seen.taken != taken_) {
    seen = {taken_, 0};
    return;
  }
  ++seen.looks;
  if (running_ != size() + added_.load() || added_.load() == max_added) return;
  bool const stretch = computing_.load() >= allowed_.load();
  if (stretch && (!stretches_ || seen.looks < looks_before_stretch)) return;
  unsigned const number = size() + added_.load();
  try {
    std::thread([this, number] {
      owner_of_this_thread = this;
      if (started_ != nullptr) started_(context_, number);
      serve(true);
    }).detach();  // join() waits for it
  } catch (std::system_error const&) {
    return;  // none to be had now
  }
  ++added_;
  if (stretch) ++allowed_;
}

/// Whether one more task may compute.
bool workers::may_go() const noexcept { return computing_.load() < allowed_.load(); }

void workers::run(task& next, std::unique_lock<std::mutex>& lock) noexcept {
  if (first_ != nullptr || inbox_.load() != nullptr) wake_one();
  ++running_;
  ++computing_;
  lock.unlock();
  next.run(next);
  lock.lock();
  --computing_;
  if (--running_ == 0 && holds_.load() == closed_bit) posted_.notify_all();
}

/// added: by relieve(), until it has not been needed for a while.
void workers::serve(bool added) noexcept {
  bool looked = false;
  auto needed = std::chrono::steady_clock::now();
  std::unique_lock lock(guard_);
  for (;;) {
    if (added) {
      auto const now = std::chrono::steady_clock::now();
      if (added_.load() <= reading_.load()) needed = now;
      if (now - needed > linger) break;
    }
    if (task* const next = may_go() ? pop() : nullptr) {
      looked = false;
      run(*next, lock);
    } else if (holds_.load() == closed_bit && running_ == 0) {
      // What a holder posted before it let go is in the inbox by now.
      if (inbox_.load() == nullptr && first_ == nullptr) break;
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
      if ((inbox_.load() == nullptr || !may_go()) &&
          (holds_.load() != closed_bit || running_ != 0)) {
        if (added)
          posted_.wait_for(lock, linger);
        else
          posted_.wait(lock);
      }
      --asleep_;
      waking_.store(false);
      looked = false;
    }
  }
  if (!added) return;
  if (allowed_.load() > size()) --allowed_;
  --added_;
  if (first_ != nullptr || inbox_.load() != nullptr) wake_one();
  left_.notify_all();
}

workers& shared_workers() {
  static once_a_process<workers> shared;
  return shared.get([] { return new workers(physical_cores(), nullptr, nullptr, true); });
}

}  // namespace hetmap::core
