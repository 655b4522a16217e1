// Calls to the system about files, and what they throw.
#pragma once

#include <hetmap/detail/seam/file.hpp>

#include <cerrno>
#include <cstddef>
#include <string>

#include <sys/types.h>

namespace hetmap::core {

/// Bytes between two words with the system about its cache.
inline constexpr std::size_t advice_step = std::size_t{8} << 20;

/// Throws io_error: cannot `what` 'path', and why.
[[noreturn]] void refuse_file(char const* what, std::string const& path, int code);

/// Calls until it is not interrupted.
template <class Call>
auto retried(Call&& call) {
  for (;;) {
    auto const result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

/// Throws:   io_error.
[[nodiscard]] detail::descriptor opened(std::string const& path, int flags, char const* what);

/// Whether this process reads the file; mapped_too: in either way.
[[nodiscard]] bool is_read(dev_t device, ino_t file, bool mapped_too) noexcept;

}  // namespace hetmap::core

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

using core::advice_step;
using core::opened;
using core::refuse_file;
using core::retried;

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
