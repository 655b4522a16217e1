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

/// Size, in bytes, of results that take long enough for their page faults to be worth a note.
inline constexpr std::size_t large_result_bytes = std::size_t{1} << 20;

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
