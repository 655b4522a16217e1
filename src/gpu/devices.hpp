// The devices of this process: probed when first asked for, marked lost for good.
#pragma once

#include "../device.hpp"

#include <exception>
#include <optional>
#include <string>

namespace hetmap::core {

/// A device as a call gets it.
struct usable_device {
  device* gpu = nullptr;  ///< null: there is none
  std::string why_none;   ///< then: what is missing, in words
};

/// The device of that index; without one, that of index 0.
///
/// Cost:     the first call probes; later ones read what is known.
[[nodiscard]] usable_device find_device(std::optional<unsigned> index);

/// Whether find_device() would have to probe: nothing is known of the machine's devices yet.
[[nodiscard]] bool devices_unknown() noexcept;

/// Says that this device is dead: every later find_device() refuses it, naming the error.
void mark_lost(device const& gpu, status why) noexcept;
[[nodiscard]] bool is_lost(device const& gpu) noexcept;

/// Grows whenever a device is lost or the provider changes.
[[nodiscard]] unsigned device_epoch() noexcept;

/// What a call gets that a device has given up, for good if it is lost.
[[nodiscard]] std::exception_ptr failure_of(device const& gpu, status why, char const* verb);

}  // namespace hetmap::core
