// The GPUs of this machine, as the driver tells of them.
#pragma once

#include "../src/device.hpp"
#include "device.hpp"

#include <hetmap/detail/seam/cuda_half.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hetmap::cuda_half {

/// Asks the driver when it is first asked itself, and makes a context when a device is opened: a
/// program that never needs a GPU starts neither.
class cuda_devices final : public core::device_provider {
 public:
  char const* vendor() const noexcept override { return detail::cuda_vendor; }
  unsigned count(char const*& why_none) noexcept override;
  core::device* open(unsigned index, core::status& why) noexcept override;

 private:
  std::mutex guard_;
  bool probed_ = false;
  std::string why_none_;
  std::vector<std::unique_ptr<cuda_device>> all_;  // null: not opened yet
};

}  // namespace hetmap::cuda_half
