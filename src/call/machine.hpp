// What plans are told of this machine.
#pragma once

#include "../base/plan.hpp"
#include "../device.hpp"

#include <hetmap/options.hpp>

namespace hetmap::core {

/// This machine as a call with these settings finds it. gpu: that it may go to; null: none.
[[nodiscard]] machine machine_here(detail::settings const& how, device const* gpu);

/// The profile's values of that GPU, or the defaults; null: of none.
[[nodiscard]] gpu_values values_of(device const* gpu);

/// Which values that machine's plans go by, in words; as long as the process.
[[nodiscard]] char const* profile_words(device const* gpu);

}  // namespace hetmap::core
