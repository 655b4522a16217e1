// What a call needs of a device beside its data: streams, events and the memory of a ring. Taken
// once and kept for the next call, since pinning memory costs up to a second a GB.
#pragma once

#include "../device.hpp"
#include "ring.hpp"

#include <array>
#include <cstdint>
#include <memory>

namespace hetmap::core {

/// Who resources are kept for: calls, whose rings grow to what the largest has needed, or streams,
/// which hold exactly what they say.
enum class lent_to : unsigned char { calls, streams };

/// Belongs to one call or stream at a time.
struct device_resources {
  struct slot_events {
    device::event in = nullptr;      ///< inputs have arrived
    device::event kernel = nullptr;  ///< results are computed
    device::event out = nullptr;     ///< results have left
  };

  device* gpu = nullptr;
  lent_to whom = lent_to::calls;
  device::stream in = nullptr;
  device::stream kernels = nullptr;
  device::stream out = nullptr;
  std::array<slot_events, ring_slots> events{};
  std::uint64_t* failures = nullptr;  ///< pinned: two failure words a slot
  void* pinned = nullptr;
  std::size_t pinned_bytes = 0;
  void* memory = nullptr;
  std::size_t memory_bytes = 0;

  device_resources(device& g, lent_to w) : gpu(&g), whom(w) {}
  ~device_resources();
  device_resources(device_resources const&) = delete;
  device_resources& operator=(device_resources const&) = delete;

  /// Streams, events and failure words.
  status make();
  /// At least so much memory for the ring; what is there is given up if it is not enough.
  status reserve(std::size_t pinned_wanted, std::size_t memory_wanted);
  /// Exactly so much.
  status hold(std::size_t pinned_wanted, std::size_t memory_wanted);

 private:
  status take_pinned(std::size_t bytes);
  status take_memory(std::size_t bytes);
};

/// Resources kept from earlier calls, or new ones; null, with `why` set, if they cannot be had.
[[nodiscard]] std::unique_ptr<device_resources> lend_resources(device& gpu, status& why,
                                                               lent_to whom = lent_to::calls);
/// Keeps them for the next call, of streams a few. Nothing that is enqueued may use them. Those of
/// a lost device are leaked.
void keep_resources(std::unique_ptr<device_resources> used) noexcept;

/// Keeps them from when `last`, which is behind all that is enqueued and uses them, has completed.
///
/// Returns:  false if there is no memory to note it in: they are the caller's still.
[[nodiscard]] bool abandon_resources(std::unique_ptr<device_resources>& used,
                                     device::event last) noexcept;
/// Whether the device still works with some that were abandoned.
[[nodiscard]] bool works_on_abandoned(device const& gpu) noexcept;
/// Returns when no device does any more.
void await_abandoned() noexcept;

/// Gives up everything that is kept, and neither lent nor abandoned, of all devices.
void release_device_resources() noexcept;

}  // namespace hetmap::core
