// A fixture: one pretended GPU, handed to the core, with the forms of host_kernels.
#pragma once

#include "kernels.hpp"
#include "virtual_device.hpp"

#include "gpu/clock.hpp"
#include "gpu/device_blocks.hpp"
#include "gpu/resources.hpp"

#include <gtest/gtest.h>

#include <hetmap/device_span.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace support {

/// Nothing was done with it that a GPU would not stand, and nothing of a living one is still held.
inline void expect_nothing_left(virtual_device& gpu) {
  EXPECT_EQ(gpu.misuse(), "");
  if (gpu.is_dead()) return;
  EXPECT_EQ(gpu.bytes().used(), 0u) << "device memory was leaked";
  EXPECT_EQ(gpu.bytes().pinned(), 0u) << "pinned memory was leaked";
}

class on_virtual_device : public testing::Test {
 protected:
  on_virtual_device() { start({}); }
  ~on_virtual_device() override { stop(); }

  /// Another device in the place of the one there was.
  void start(device_traits const& traits) {
    stop();
    owned_.push_back(std::make_unique<virtual_device>(traits));
    device_ = owned_.back().get();
    passing.emplace(*device_);
    provider = std::make_unique<provided_devices>(std::vector<hetmap::core::device*>{device_});
  }

  void stop() {
    provider.reset();
    passing.reset();
    if (device_ != nullptr) expect_nothing_left(*device_);
  }

  [[nodiscard]] virtual_device& gpu() { return *device_; }

  /// Memory of the device that is somebody else's, and what is in it when it is given up.
  hetmap::device_span<std::int64_t> given(std::span<std::int64_t const> values) {
    auto* const block =
        static_cast<std::int64_t*>(gpu().bytes().allocate(values.size() * sizeof(std::int64_t)));
    gpu().bytes().open();
    std::copy(values.begin(), values.end(), block);
    gpu().bytes().close();
    return {block, values.size()};
  }
  std::vector<std::int64_t> taken(hetmap::device_span<std::int64_t> s) {
    gpu().bytes().open();
    std::vector<std::int64_t> values(s.data, s.data + s.size);
    gpu().bytes().close();
    gpu().bytes().free(s.data);
    return values;
  }

  host_kernels::all_forms forms;
  std::unique_ptr<provided_devices> provider;
  std::optional<passing_time> passing;

 private:
  virtual_device* device_ = nullptr;
  std::vector<std::unique_ptr<virtual_device>> owned_;
};

/// The same, whose time is what calls go by.
class on_timed_device : public on_virtual_device {
 protected:
  ~on_timed_device() override {
    hetmap::core::device_time = hetmap::core::steady_now;
    timed_ = nullptr;
  }

  /// Calls from now on see a GPU like this, and its time.
  void with(device_traits const& traits) {
    start(traits);
    timed_ = &gpu();
    hetmap::core::device_time = gpu_time;
  }

  static std::chrono::nanoseconds gpu_time() { return timed_->now(); }

 private:
  static inline virtual_device* timed_ = nullptr;
};

}  // namespace support
