// Threads that the library owns: what a pool and a stream run on. oneTBB cannot serve there, since
// it promises no number of threads at once.
#pragma once

#include "../base/thread.hpp"
#include "waits.hpp"

#include <hetmap/detail/seam/task.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>

namespace hetmap::core {

using detail::task;

/// How long a task runs before it lets others have the thread, if it can.
inline constexpr std::chrono::milliseconds turn{1};

/// A fixed number of threads that run tasks in the order in which they were posted. Idle ones
/// sleep.
///
/// Posting pushes onto an inbox without a lock; workers take the whole inbox over into the queue,
/// in order, when that has run empty. Wake-ups go on from worker to worker: whoever takes a task
/// and leaves one behind wakes the next sleeper, so that posting wakes one at most.
///
/// A thread that waits for somebody's input (`reading`) computes nothing meanwhile. If tasks wait
/// for a thread in vain, another one takes its place (relieve()) and ends when it has not been
/// needed for a tenth of a second; no more tasks compute at once than there are threads in size().
class workers final : public serving_team {
 public:
  /// started: called on each thread before its first task, with `context` and the thread's number.
  /// name:    what debuggers show of them.
  ///
  /// name:    what debuggers show of them; it has to stay.
  /// stretches: relieve() gives a thread more also where tasks hold all of them for long without
  ///          reading.
  ///
  /// Throws:   std::system_error if not even one thread is to be had; std::bad_alloc.
  explicit workers(unsigned count, void (*started)(void* context, unsigned number) = nullptr,
                   void* context = nullptr, char const* name = "hetmap", bool stretches = false);

  /// close() and join().
  ~workers();

  workers(workers const&) = delete;
  workers& operator=(workers const&) = delete;

  [[nodiscard]] unsigned size() const noexcept { return size_; }

  /// Whether the calling thread is one of these.
  [[nodiscard]] bool own_this_thread() const noexcept;

  /// Queues `t` behind all others. It may be destroyed by its own run().
  ///
  /// Requires: not joined yet: open, held, or called by a task.
  void post(task& t) noexcept { post(t, t); }

  /// Queues several at once, linked by `next` from the last to the first: no worker has seen any of
  /// them before all are queued.
  void post(task& last, task& first) noexcept;

  /// Takes `t` back. True: it has not run and never will. False: it runs, has run, or was never
  /// posted.
  [[nodiscard]] bool withdraw(task& t) noexcept;

  /// Takes the first task out of the queue, to be run by the caller; null if there is none.
  [[nodiscard]] task* take() noexcept;

  /// While one exists the calling thread, if it is one of these, is taken for one that waits.
  class reading {
   public:
    explicit reading(workers* of) noexcept;
    ~reading();
    reading(reading const&) = delete;
    reading& operator=(reading const&) = delete;

   private:
    workers* of_;  // null: the thread is none of its, or reads already
  };

  /// What relieve() has seen.
  struct patience {
    std::size_t taken = 0;  // tasks, when it last looked
    unsigned looks = 0;     // since when none has been taken
  };
  /// Called every between_looks by whoever waits for a task that waits for a thread: if none
  /// has been taken up since the last call, and threads are reading, a thread is added for one of
  /// those; of one that stretches after ten calls in any case. At most max_added at a time.
  void relieve(patience& seen) noexcept;
  static constexpr std::chrono::milliseconds between_looks{10};
  static constexpr unsigned max_added = 256;

  /// Whether more tasks compute than there are threads in size(): one that came back from reading
  /// should end soon.
  [[nodiscard]] bool crowded() const noexcept {
    return added_.load() != 0 && computing_.load() > allowed_.load();
  }
  /// Threads that can be at tasks at once: of those beyond the ones that compute or read, none may
  /// take one.
  [[nodiscard]] unsigned most_at_work() const noexcept override {
    return std::min(size() + added_.load(), allowed_.load() + reading_.load());
  }
  /// Whether tasks wait for a thread. From any thread; it may have changed.
  [[nodiscard]] bool backlog() const noexcept {
    return backlog_.load(std::memory_order_relaxed) || inbox_.load(std::memory_order_relaxed);
  }

  /// Whether `t`, which was posted, is still in the queue.
  [[nodiscard]] bool queues(task const& t) noexcept;

  /// Runs `t`, which was withdrawn, on a thread more, which ends with it. For where all of these
  /// wait for what comes of it (waits.hpp).
  ///
  /// Requires: these run something, and it does not end before the call has returned.
  /// Returns:  null, or why there is no such thread: `t` is queued behind all others then.
  [[nodiscard]] std::exception_ptr stand_in(task& t) noexcept override;

  /// Keeps the threads until release(), also after close(). False once closed.
  [[nodiscard]] bool hold() noexcept;
  void release() noexcept;

  /// From now on nothing can be held. What is queued still runs.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept { return (holds_.load() & closed_bit) != 0; }

  /// Waits until everything posted has run and the threads have ended. Any number of times, from
  /// any thread but these. False: they have not, and never would, since they wait for the caller.
  [[nodiscard]] bool join();

 private:
  static constexpr std::size_t closed_bit = ~(~std::size_t{0} >> 1);

  struct joining;
  struct standing;

  static void begin(void* self, unsigned number);
  static void begin_added(void* self);
  void start(unsigned number, bool stands_in) noexcept;
  bool end_threads(joining how);
  void serve(bool added) noexcept;
  void run(task& next, std::unique_lock<std::mutex>& lock) noexcept;
  [[nodiscard]] bool may_go() const noexcept;
  [[nodiscard]] task* pop() noexcept;  // with guard_ held, like the next two
  void empty_inbox() noexcept;
  void wake_one() noexcept;

  alignas(64) std::atomic<task*> inbox_{nullptr};  // the last posted comes first
  alignas(64) std::atomic<std::size_t> holds_{0};  // and closed_bit
  alignas(64) std::atomic<unsigned> asleep_{0};
  std::atomic<bool> waking_{false};     // somebody was notified and has not come to yet
  std::atomic<bool> searching_{false};  // somebody spins, about to look into the inbox
  std::mutex guard_;
  std::condition_variable posted_;
  task* first_ = nullptr;
  task* last_ = nullptr;
  std::atomic<bool> backlog_{false};    // there is a first_
  std::atomic<unsigned> computing_{0};  // tasks that run, but for those that read
  std::atomic<unsigned> reading_{0};
  std::atomic<unsigned> allowed_;   // tasks that may compute at once
  std::atomic<unsigned> added_{0};  // threads
  std::size_t taken_ = 0;           // tasks
  unsigned running_ = 0;
  bool const stretches_;
  void (*started_)(void*, unsigned);
  void* context_;
  char const* name_;
  std::atomic<unsigned> size_;
  unsigned ended_ = 0;            // of size_; those that join are told
  std::condition_variable left_;  // guarded by guard_
  std::mutex joining_;
  threads threads_;  // last: they use what is above
};

/// The process's own workers, one a physical core: made when first asked for, never joined. A
/// forked child gets new ones.
[[nodiscard]] workers& shared_workers();

}  // namespace hetmap::core
