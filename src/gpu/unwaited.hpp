// Launches in streams of callers, which nobody waits for: when they have done with memory that they
// read.
#pragma once

#include "../device.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace hetmap::core {

/// An event behind such a launch. On a lost device it is leaked.
class unwaited_launch {
 public:
  explicit unwaited_launch(device& gpu) : gpu_(gpu) {}
  ~unwaited_launch();
  unwaited_launch(unwaited_launch const&) = delete;
  unwaited_launch& operator=(unwaited_launch const&) = delete;

  /// Makes the event.
  status make() noexcept { return gpu_.create_event(behind_); }
  /// Everything in `stream` now is what is waited for; where that cannot be marked, it is waited
  /// for at once.
  status mark(device::stream stream) noexcept;

  [[nodiscard]] bool complete() noexcept;

 private:
  device& gpu_;
  device::event behind_ = nullptr;
};

/// Those that read one block. Not synchronised.
class unwaited_launches {
 public:
  /// Cost:     one query of the device for each that has completed, and a few more.
  void add(std::shared_ptr<unwaited_launch> launch);

  [[nodiscard]] bool all_complete() noexcept;

 private:
  /// Those at the front, up to the first that is under way.
  void drop_complete() noexcept;

  static constexpr std::size_t least_to_look_at_ = 64;

  std::vector<std::shared_ptr<unwaited_launch>> all_;  // in the order in which they were enqueued
  // So many are there because a stream stands still: those in other streams are behind its.
  std::size_t look_at_all_ = least_to_look_at_;
};

}  // namespace hetmap::core
