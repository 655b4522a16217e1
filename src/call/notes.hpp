// What the caller could change for a call to gain by it (plan::notes).
#pragma once

#include "../base/plan.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/plan.hpp>

#include <cstddef>

namespace hetmap::core {

[[nodiscard]] constexpr unsigned bit_of(note which) noexcept {
  return 1u << static_cast<unsigned>(which);
}

/// Size, in bytes, from which on it is known whether memory was used before (block_cache).
inline constexpr std::size_t large_result_bytes = std::size_t{2} << 20;

// Where storing across the border of a vector shows, by what was measured of `a * x + b`
// (docs/design.md, Decisions): from AVX2 on, within the caches, in loops that do little else.
inline constexpr std::size_t alignment_that_shows = 32;
inline constexpr std::size_t most_bytes_in_caches = std::size_t{8} << 20;  ///< of a call
inline constexpr double little_nanoseconds = 0.05;  ///< of a worker, per byte read and written

/// What the type and the address of f show: functor, vector_math.
[[nodiscard]] unsigned notes_on_kernel(detail::job const& work) noexcept;

/// What the addresses of the outputs show: aligned_output; existing_output if nobody has used them.
[[nodiscard]] unsigned notes_on_outputs(detail::job const& work, plan const& chosen,
                                        bool first_use) noexcept;

/// Whether the GPU would have been predicted to finish first, with all data sent there and back, if
/// the kernel were registered.
[[nodiscard]] bool would_gain_on_gpu(problem const& p, machine const& m, plan const& chosen);

/// gpu_kernel, if that is so, only a registered kernel is missing, and there is a GPU.
///
/// Cost:     looks for a GPU if everything else is so; the first time it is probed.
[[nodiscard]] unsigned notes_on_gpu(detail::job const& work, detail::settings const& how,
                                    problem const& p, machine const& m, plan const& chosen);

}  // namespace hetmap::core
