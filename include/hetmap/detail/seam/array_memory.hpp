// The memory of a hetmap::array as the core keeps it: bytes on the host and on a device, and which
// of the two is current.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>
#include <cstdint>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// A block of elements with at most one copy on the host and one on a device. Defined in the core.
class array_memory;

/// Room for `count` elements of `size` bytes; nothing is allocated before it is needed.
[[nodiscard]] HETMAP_API array_memory* make_array_memory(std::size_t count, std::size_t size,
                                                         std::size_t alignment);
HETMAP_API void destroy_array_memory(array_memory* memory) noexcept;

enum class host_access : unsigned char {
  read,       ///< the host copy becomes current
  write,      ///< the same, and the device's is stale from now on
  overwrite,  ///< as write, without bringing back what will be overwritten
  address,    ///< where the host copy will be, current or not
};

/// The host copy.
///
/// Throws:   device_data_lost if the elements live only on a lost device; device_error; bad_alloc.
/// Waits:    for the copy from the device, if one is needed.
[[nodiscard]] HETMAP_API void* host_data(array_memory& memory, host_access how);

/// Whether the elements are current on the host, and on a device.
[[nodiscard]] HETMAP_API bool is_on_host(array_memory const& memory) noexcept;
[[nodiscard]] HETMAP_API bool is_on_device(array_memory const& memory) noexcept;

inline constexpr std::uint64_t array_ref_mark = 0xA77A'4E7F'1D0C'5EEDu;

/// The contents of an array_ref: the core finds it among the bytes of a functor by its mark and its
/// memory, and sets the address for the device that runs the functor.
struct array_ref_words {
  std::uint64_t mark;
  array_memory* memory;
  void const* data;
};

/// Says that refs exist, and returns the host address of the elements.
[[nodiscard]] HETMAP_API void const* refer_to(array_memory& memory);

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
