// The registered GPU forms, and what to say where the one that a call needs is missing.
#pragma once

#include <hetmap/detail/seam/gpu_form.hpp>

#include <string>

namespace hetmap::core {

/// The form that serves a call site on that vendor's devices now; null if there is none.
[[nodiscard]] detail::gpu_form const* find_form_for(detail::gpu_site& site, char const* vendor);

/// What is missing for a call site that find_gpu_form() found nothing for, in words: the kernel,
/// the signature, the signatures that there are, and what to write.
[[nodiscard]] std::string missing_form(detail::gpu_site const& site);

}  // namespace hetmap::core
