// Whether two ways to compute the same thing agree, and by how much they do not.
#pragma once

#include <hetmap/options.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>

#include <fmt/core.h>

namespace examples {

/// How far two sets of numbers are apart.
struct difference {
  double largest = 0;      ///< |a - b|, or a share of |a| where that is above 1
  std::size_t beyond = 0;  ///< pairs farther apart than the tolerance
  std::size_t values = 0;  ///< pairs compared

  /// Compares two more ranges of numbers, element by element.
  template <std::ranges::random_access_range Range>
  void add(Range const& a, Range const& b, double tolerance) {
    for (std::size_t i = 0; i != std::ranges::size(a); ++i) {
      auto const x = static_cast<double>(a[i]);
      auto const y = static_cast<double>(b[i]);
      double apart = std::abs(x - y) / std::max(1.0, std::abs(x));
      if (std::isnan(apart)) apart = std::numeric_limits<double>::infinity();
      largest = std::max(largest, apart);
      beyond += apart > tolerance ? 1 : 0;
      ++values;
    }
  }
};

/// What may differ between a plain loop and hetmap's: hetmap's loops fuse a * b + c where the
/// processor can, which rounds once and not twice.
struct tolerance {
  double each;                 ///< a pair may be so far apart
  double share_beyond;         ///< so many of all pairs may be farther apart
  char const* in_words;        ///< "1 of 255 levels"
  bool same_functions = true;  ///< both use the same exp and log, so that bits can be compared
};

/// Whether a plain loop in this file rounds every operation by itself, as .reproducible does: no
/// flag and no processor lets the compiler fuse or reorder them.
#if defined __x86_64__ && !defined __FMA__ && !defined __FAST_MATH__
inline constexpr bool plain_loops_round_each = true;
#else
inline constexpr bool plain_loops_round_each = false;
#endif

/// Whether the bits of a result are the same wherever its element stands; under -ffast-math, vector
/// and scalar forms of a function differ.
#ifdef __FAST_MATH__
inline constexpr bool bits_are_kept = false;
#else
inline constexpr bool bits_are_kept = true;
#endif

/// Compares what hetmap computes with what a plain loop did, on every backend that is here, and
/// prints a line for each.
///
/// expected: the plain loop's result; run(options) returns hetmap's, of the same type, which has an
/// operator==; compare(expected, result, tolerance) returns their difference.
/// Throws:   std::runtime_error if a result is farther from the plain loop's than allowed; where
///           the compiler's flags allow it, also if cpu and serial differ in a bit, or
///           .reproducible and the plain loop do.
template <class Result, class Run, class Compare>
void check_agreement(std::span<hetmap::backend const> backends, Result const& expected, Run&& run,
                     Compare&& compare, tolerance allowed) {
  fmt::print("agreement with the plain loop (allowed: {})\n", allowed.in_words);
  bool agreed = true;
  auto const report = [&](std::string const& name, std::string const& finding, bool fine) {
    fmt::print("  {:<16} {}{}\n", name, finding, fine ? "" : "  <- NOT ALLOWED");
    agreed = agreed && fine;
  };
  Result serial = run(hetmap::options{.backend = hetmap::backend::serial});
  for (hetmap::backend const b : backends) {
    Result const ours = b == hetmap::backend::serial ? serial : run(hetmap::options{.backend = b});
    difference const d = compare(expected, ours, allowed.each);
    auto finding = fmt::format("largest difference {:.3g}; {} of {} values beyond the tolerance",
                               d.largest, d.beyond, d.values);
    bool fine =
        static_cast<double>(d.beyond) <= allowed.share_beyond * static_cast<double>(d.values);
    if (bits_are_kept && b == hetmap::backend::cpu) {
      bool const same = ours == serial;
      finding += same ? "; bits as serial" : "; bits differ from serial";
      fine = fine && same;
    }
    report(fmt::format("hetmap {}", hetmap::name(b)), finding, fine);
  }
  if (plain_loops_round_each && allowed.same_functions) {
    bool const same = run(hetmap::options{.reproducible = true}) == expected;
    report("reproducible", same ? "the plain loop's bits" : "not the plain loop's bits", same);
  }
  if (!agreed) throw std::runtime_error("hetmap's results and the plain loop's do not agree");
}

}  // namespace examples
