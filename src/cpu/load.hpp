// How many workers this process has at work: what a plan knows of calls that run at the same time.
#pragma once

#include <atomic>

namespace hetmap::core {

/// While one exists, a call keeps so many workers at work.
class call_at_work {
 public:
  explicit call_at_work(unsigned workers) noexcept;
  ~call_at_work();
  call_at_work(call_at_work const&) = delete;
  call_at_work& operator=(call_at_work const&) = delete;

 private:
  unsigned workers_;
};

/// While one exists, this thread is a worker of a call.
class worker_at_work {
 public:
  worker_at_work() noexcept;
  ~worker_at_work();
  worker_at_work(worker_at_work const&) = delete;
  worker_at_work& operator=(worker_at_work const&) = delete;
};

/// Workers of calls that are under way, but for the calling thread if it is one: the processors
/// that a call made here would have to share.
[[nodiscard]] unsigned workers_elsewhere() noexcept;

}  // namespace hetmap::core
