#include "load.hpp"

#include <pthread.h>

namespace hetmap::core {
namespace {

constinit std::atomic<unsigned> at_work{0};
constinit thread_local unsigned workers_of_own_calls = 0;  // that this thread has made
constinit thread_local unsigned lanes_here = 0;            // that this thread is in

/// The parent's calls are not the child's, but for those that the forking thread has made.
void start_anew_in_child() noexcept {
  at_work.store(workers_of_own_calls, std::memory_order_relaxed);
}

[[gnu::constructor]] void install() noexcept {
  pthread_atfork(nullptr, nullptr, start_anew_in_child);
}

}  // namespace

call_at_work::call_at_work(unsigned workers) noexcept : workers_(workers) {
  at_work.fetch_add(workers_, std::memory_order_relaxed);
  workers_of_own_calls += workers_;
}
call_at_work::~call_at_work() {
  at_work.fetch_sub(workers_, std::memory_order_relaxed);
  workers_of_own_calls -= workers_;
}

worker_at_work::worker_at_work() noexcept { ++lanes_here; }
worker_at_work::~worker_at_work() { --lanes_here; }

unsigned workers_elsewhere() noexcept {
  unsigned const all = at_work.load(std::memory_order_relaxed);
  unsigned const here = lanes_here != 0 ? 1 : 0;
  return all > here ? all - here : 0;
}

}  // namespace hetmap::core
