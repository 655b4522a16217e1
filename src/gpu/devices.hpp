// The devices of this process: probed when first asked for, marked lost for good.
#pragma once

#include "../device.hpp"

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hetmap::core {

/// A device as a call gets it.
struct usable_device {
  device* gpu = nullptr;         ///< null: there is none
  char const* vendor = nullptr;  ///< whose it is
  std::string why_none{};        ///< what is missing, in words, if there is none
};

/// Whether devices of that vendor will do.
using vendor_filter = std::function<bool(char const* vendor)>;
[[nodiscard]] inline bool any_vendor(char const*) { return true; }

/// The device of that index, or of index 0, of the first vendor that will do and has it.
///
/// Cost:     the first call probes; later ones read what is known.
[[nodiscard]] usable_device find_device(std::optional<unsigned> index,
                                        vendor_filter const& will_do = any_vendor);

/// Every device that can be used, of all vendors; `why`: what the others said, a line each.
///
/// Cost:     probes and opens all of them.
[[nodiscard]] std::vector<device*> all_devices(std::string& why);

/// Says that this device is dead: every later find_device() refuses it, naming the error.
void mark_lost(device const& gpu, status why) noexcept;
[[nodiscard]] bool is_lost(device const& gpu) noexcept;

/// What a call gets that a device has given up, for good if it is lost.
[[nodiscard]] std::exception_ptr failure_of(device const& gpu, status why, char const* verb);

}  // namespace hetmap::core
