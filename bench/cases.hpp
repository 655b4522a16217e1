// The cases: what they read and write, on which inputs, and what their results should be.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace bench {

inline constexpr std::size_t most_inputs = 3;
inline constexpr std::size_t most_outputs = 5;

/// The columns of one call; each holds elements of the case's type.
struct operands {
  std::array<void const*, most_inputs> in{};
  std::array<void*, most_outputs> out{};
  std::size_t elements = 0;
};

/// How far results are from the reference.
struct deviation {
  double max_ulp = 0;
  double mean_ulp = 0;
  std::size_t wrong = 0;  ///< elements that no rounding explains
};

struct span_of_values {
  double low = 0;
  double high = 0;
};

struct case_description {
  std::string_view name;
  std::size_t element_bytes;
  std::size_t inputs;
  std::size_t outputs;
  std::array<span_of_values, most_inputs> ranges;
  /// Fills input `column`, `count` elements: the same values in every contender.
  void (*fill)(void* column, std::size_t count, std::size_t which, span_of_values range);
  /// Compares up to 65536 elements, evenly spread, the last one among them.
  deviation (*compare)(operands const& done, bool fast_math);

  [[nodiscard]] std::size_t bytes(std::size_t elements) const {
    return elements * element_bytes * (inputs + outputs);
  }
};

/// Throws std::invalid_argument for a case that does not exist.
[[nodiscard]] case_description const& find_case(std::string_view name);

}  // namespace bench
