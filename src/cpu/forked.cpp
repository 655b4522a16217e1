#include "forked.hpp"

#include <pthread.h>

namespace hetmap::core {
namespace {

std::atomic<unsigned> forks{0};

}  // namespace

unsigned fork_count() noexcept {
  static int const registered =
      pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);
  return forks.load(std::memory_order_relaxed);
}

}  // namespace hetmap::core
