// The cases: what they read and write, on which inputs, and what their results should be.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

inline constexpr std::size_t most_inputs = 3;
inline constexpr std::size_t most_outputs = 5;

/// The columns of one call. A fold leaves its result in the first element of the first output.
struct operands {
  std::array<void const*, most_inputs> in{};
  std::array<void*, most_outputs> out{};
  void const* aside = nullptr;  ///< as many elements, that are not mapped over but looked up
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
  bool operator==(span_of_values const&) const = default;
};

/// A column of a case.
struct column_description {
  std::size_t element_bytes = 0;  ///< 0: there is no such column
  /// Fills `count` elements: the same values in every contender.
  void (*fill)(void* column, std::size_t count, std::size_t which, span_of_values range) = nullptr;
  span_of_values range = {};
  bool operator==(column_description const&) const = default;
};

struct case_description {
  std::string name;
  std::array<column_description, most_inputs> in{};
  std::array<column_description, most_outputs> out{};
  column_description aside{};  ///< its indices are the first input
  bool is_fold = false;
  /// Compares up to 65536 elements, evenly spread, the last one among them; a fold's result.
  deviation (*compare)(operands const& done, bool fast_math) = nullptr;

  /// Bytes that a call reads and writes.
  [[nodiscard]] std::size_t bytes(std::size_t elements) const;
};

/// Throws std::invalid_argument for a case that does not exist.
[[nodiscard]] case_description const& find_case(std::string_view name);

}  // namespace bench
