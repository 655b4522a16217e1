#include "workers.hpp"

#include "../base/forked.hpp"

#include <hetmap/topology.hpp>

#include <new>
#include <system_error>
#include <thread>

namespace hetmap::core {
namespace {

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

workers::workers(unsigned count, void (*started)(void*, unsigned), void* context, char const* name,
                 bool stretches)
    : allowed_(count),
      stretches_(stretches),
      started_(started),
      context_(context),
      name_(name),
      size_(count),
      threads_(name, 0, count, &workers::begin, this) {
  size_ = threads_.size();
  if (size() == 0 && count != 0)
    throw std::system_error(threads_.refusal(), std::generic_category(),
                            "hetmap: the system gave no thread");
  // Where there are fewer than asked for, they do the rest.
  allowed_.fetch_sub(count - size());
}

void workers::begin(void* self, unsigned number) {
  auto& me = *static_cast<workers*>(self);
  me.start(number, false);
  me.serve(false);
}

/// One that relieve() adds: join() waits for it.
void workers::begin_added(void* self) {
  auto& me = *static_cast<workers*>(self);
  me.start(me.size(), false);
  me.serve(true);
}

/// A thread that waits for the end of all of these.
struct workers::joining : awaited {
  workers& of;
  bool may_throw;
  bool refused = false;

  joining(workers& all, bool may_be_refused) : of(all), may_throw(may_be_refused) {}

  /// The workers, and those whose calls hold them.
  bool goes_on(waiters& all) override { return all.all_go_on(of) && !all.hold_up(&of); }
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

bool workers::end_threads(joining how) {
  {
    waiting const here(how);
    std::unique_lock lock(guard_);
    auto const ended = [&] { return ended_ == size() && added_.load() == 0; };
    // What is queued may be what an input that holds a thread waits for.
    patience seen;
    while (!left_.wait_for(lock, between_looks, [&] { return ended() || how.refused; })) {
      lock.unlock();
      relieve(seen);
      lock.lock();
    }
    if (!ended()) return false;
  }
  std::lock_guard const lock(joining_);
  threads_.join();
  return true;
}

bool workers::join() { return end_threads(joining(*this, true)); }

bool workers::queues(task const& t) noexcept {
  std::lock_guard const lock(guard_);
  empty_inbox();
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
    t->queued = true;  // not by who posts it: it is asked about, and taken back, by others
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
  if (!start_detached(name_, &workers::begin_added, this)) return;  // none to be had now
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
  if (added) {
    if (allowed_.load() > size()) --allowed_;
    --added_;
    if (first_ != nullptr || inbox_.load() != nullptr) wake_one();
  } else {
    ++ended_;
  }
  left_.notify_all();
}

workers& shared_workers() {
  static constinit once_a_process<workers> shared;
  return shared.get([] { return new workers(physical_cores(), nullptr, nullptr, "hetmap", true); });
}

}  // namespace hetmap::core
