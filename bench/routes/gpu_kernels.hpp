// Kernels that have a form for the GPU, and their inputs where these are generated.
#pragma once

#include "../kernels.hpp"
#include "../vector_math.hpp"

#include <concepts>
#include <cstdint>

namespace bench::routes {

using axpb_float = axpb<float, vector_math>;
using gauss_float = gauss<float, vector_math>;
using logistic200_float = logistic200<float, vector_math>;
using black_scholes_float = black_scholes<float, vector_math>;
using power_double = power<double, vector_math>;
using collatz_uint32 = collatz<std::uint32_t, vector_math>;

/// These are measured over arrays and generated inputs too, and are registered in forms.cu.
template <class K>
inline constexpr bool has_gpu_form =
    std::same_as<K, axpb_float> || std::same_as<K, gauss_float> ||
    std::same_as<K, logistic200_float> || std::same_as<K, black_scholes_float> ||
    std::same_as<K, power_double> || std::same_as<K, collatz_uint32>;

/// An input of type T, made from its index: the index itself, or a number in [0.25, 0.75).
template <class T>
HETMAP_FN T input_at(std::int32_t i) {
  if constexpr (std::integral<T>)
    return static_cast<T>(i);
  else
    return T(0.25) + T(0x1p-11) * static_cast<T>(i & 1023);
}

/// K of inputs that nobody has to read.
template <class K, class... In>
struct of_index {
  HETMAP_FN auto operator()(std::int32_t i) const { return K{}(input_at<In>(i)...); }
};

}  // namespace bench::routes
