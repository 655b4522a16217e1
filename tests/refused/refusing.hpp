// A system that refuses: while armed, the k-th request of any thread for memory, a mapping, a
// thread or a file, or every one from the k-th on, is answered as a system at its limits would.
#pragma once

namespace refusing {

enum class mode : unsigned char { only, from };

/// From now on the k-th request (from 1) is refused, or all from the k-th on.
void arm(long k, mode which) noexcept;

/// Everything is granted again. Returns how many requests were refused.
long disarm() noexcept;

/// Blocks of memory that are allocated and not freed, in the whole process.
[[nodiscard]] long live_blocks() noexcept;

}  // namespace refusing
