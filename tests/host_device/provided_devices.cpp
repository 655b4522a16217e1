#include "virtual_device.hpp"

#include "gpu/device_blocks.hpp"
#include "gpu/devices.hpp"
#include "gpu/resources.hpp"

#include <utility>

namespace support {
using namespace hetmap::core;

namespace {

constinit provided_devices* in_place = nullptr;

}  // namespace

provided_devices::provided_devices(std::vector<device*> devices, char const* why_none)
    : devices_(std::move(devices)), why_none_(why_none) {
  if (in_place != nullptr) unregister_device_provider(*in_place);
  register_device_provider(*this);
  in_place = this;
}

provided_devices::~provided_devices() {
  await_abandoned();
  release_device_memory();
  if (in_place != nullptr) unregister_device_provider(*in_place);
  in_place = nullptr;
}

unsigned provided_devices::count(char const*& why_none) noexcept {
  ++counted_;
  if (devices_.empty()) why_none = why_none_;
  return static_cast<unsigned>(devices_.size());
}

device* provided_devices::open(unsigned index, status&) noexcept {
  ++opened_;
  return devices_[index];
}

}  // namespace support
