// What a worker's queue holds, and what it must know of whoever queued it.
#pragma once

#include <hetmap/detail/config.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Work for a worker to run once. Whoever posts it keeps it alive until it has run or was
/// withdrawn; posting allocates nothing.
struct task {
  void (*run)(task& self) noexcept;
  task* previous = nullptr;  // the queue's, like what follows
  task* next = nullptr;
  bool queued = false;
};

/// A thread's floating-point control words, as the core reads and sets them.
struct float_control {
  unsigned vector = 0;
  unsigned scalar = 0;
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
