#include "deadline.hpp"

#include <algorithm>

namespace hetmap {
namespace core {

using clock = std::chrono::steady_clock;

clock::time_point moment(std::int64_t deadline) noexcept {
  if (deadline == 0) return clock::time_point::max();
  return clock::time_point(
      std::chrono::duration_cast<clock::duration>(std::chrono::nanoseconds(deadline)));
}

}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

std::int64_t from_now(time_limit limit) noexcept {
  // A century is as good as for ever, and no sum of nanoseconds overflows. No number is no time.
  double const seconds = limit.seconds() > 0 ? std::min(limit.seconds(), 3e9) : 0;
  auto const now =
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  return std::max<std::int64_t>(now + static_cast<std::int64_t>(seconds * 1e9), 1);
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
