// Threads that the library owns: what a pool and a stream run on. oneTBB cannot serve there, since
// it promises no number of threads at once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace hetmap::core {

/// Something to be run once by a worker. Whoever posts it keeps it alive until it has run or was
/// withdrawn; posting allocates nothing.
struct task {
  void (*run)(task& self) noexcept;
  task* previous = nullptr;  // the queue's, like what follows
  task* next = nullptr;
  bool queued = false;
};

/// A fixed number of threads that run tasks in the order in which they were posted. Idle ones
/// sleep.
class workers {
 public:
  /// Throws:   std::system_error if not even one thread is to be had.
  explicit workers(unsigned count);

  /// Runs what was posted to its end, then joins the threads.
  ~workers();

  workers(workers const&) = delete;
  workers& operator=(workers const&) = delete;

  [[nodiscard]] unsigned size() const noexcept { return static_cast<unsigned>(threads_.size()); }

  /// Whether the calling thread is one of these.
  [[nodiscard]] bool own_this_thread() const noexcept;

  /// Queues `t` behind all others. It may be destroyed by its own run().
  void post(task& t) noexcept;

  /// Takes `t` back. True: it has not run and never will. False: it runs, has run, or was never
  /// posted.
  [[nodiscard]] bool withdraw(task& t) noexcept;

 private:
  void serve() noexcept;

  std::mutex guard_;
  std::condition_variable posted_;
  task* first_ = nullptr;
  task* last_ = nullptr;
  unsigned asleep_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

/// The process's own workers, one a physical core: made when first asked for, never joined. A
/// forked child gets new ones.
[[nodiscard]] workers& shared_workers();

}  // namespace hetmap::core
