// A fixture: one pretended GPU, handed to the core, with the forms of host_kernels.
#pragma once

#include "kernels.hpp"
#include "virtual_device.hpp"

#include "gpu/clock.hpp"
#include "gpu/resources.hpp"

#include <gtest/gtest.h>

#include <memory>

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
    provider = std::make_unique<provided_devices>(std::vector<hetmap::core::device*>{device_});
  }

  void stop() {
    provider.reset();
    if (device_ != nullptr) expect_nothing_left(*device_);
  }

  [[nodiscard]] virtual_device& gpu() { return *device_; }

  host_kernels::all_forms forms;
  std::unique_ptr<provided_devices> provider;

 private:
  virtual_device* device_ = nullptr;
  std::vector<std::unique_ptr<virtual_device>> owned_;
};

}  // namespace support
