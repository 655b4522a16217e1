// Compiled at -O2 for the baseline instruction set, without -ffast-math, and linked to every
// contender: inputs and references cannot differ between them.
#include "cases.hpp"

#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace bench {
namespace {

/// Wide enough that its own errors do not show.
struct wide_math {
  static constexpr bool scalar = true;

  static long double exp(long double x) { return std::exp(x); }
  static long double log(long double x) { return std::log(x); }
  static long double sqrt(long double x) { return std::sqrt(x); }
  static long double erfc(long double x) { return std::erfc(x); }
};

/// A well-mixed 64-bit number for each index (splitmix64).
std::uint64_t mixed(std::uint64_t i) {
  i = (i + 1) * 0x9e3779b97f4a7c15u;
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9u;
  i = (i ^ (i >> 27)) * 0x94d049bb133111ebu;
  return i ^ (i >> 31);
}

template <class T>
void fill(void* column, std::size_t count, std::size_t which, span_of_values range) {
  T* const values = static_cast<T*>(column);
  for (std::size_t i = 0; i != count; ++i) {
    double const u = 0x1p-53 * static_cast<double>(mixed(i * most_inputs + which) >> 11);
    values[i] = static_cast<T>(range.low + u * (range.high - range.low));
  }
}

/// The distance between neighbouring T at x.
template <class T>
long double spacing(long double x) {
  using limits = std::numeric_limits<T>;
  int const exponent = x == 0 ? limits::min_exponent : std::ilogb(x) + 1;
  return std::ldexp(1.0L, std::max(exponent, limits::min_exponent) - limits::digits);
}

/// Where rounding alone may lead: results lie below 256 in every case, and what cancels in them was
/// not larger.
template <class T>
bool explained_by_rounding(long double got, long double expected) {
  long double const bound = 64 * std::numeric_limits<T>::epsilon();
  return std::abs(got - expected) <= bound * std::max(std::abs(expected), 16.0L);
}

template <class T>
struct sum_of_errors {
  deviation seen;
  long double total = 0;
  std::size_t compared = 0;

  void add(T got, long double expected) {
    long double const ulp = std::abs(got - expected) / spacing<T>(expected);
    seen.max_ulp = std::max(seen.max_ulp, static_cast<double>(ulp));
    total += ulp;
    ++compared;
    if (!explained_by_rounding<T>(got, expected)) ++seen.wrong;
  }
  [[nodiscard]] deviation result() {
    seen.mean_ulp = static_cast<double>(total / static_cast<long double>(compared));
    return seen;
  }
};

template <class Act>
void for_some(std::size_t elements, Act act) {
  std::size_t const stride = std::max<std::size_t>(elements / 65536, 1);
  for (std::size_t i = elements - 1;; i -= stride) {
    act(i);
    if (i < stride) break;
  }
}

template <class T, std::size_t K>
T const* input(operands const& o) {
  return static_cast<T const*>(o.in[K]);
}

template <class T, template <class, class> class Kernel, std::size_t Inputs, std::size_t Outputs>
deviation compare(operands const& done, bool) {
  Kernel<long double, wide_math> const exact{};
  sum_of_errors<T> errors;
  auto const expected = [&](std::size_t i) {
    if constexpr (Inputs == 1)
      return exact(input<T, 0>(done)[i]);
    else
      return exact(input<T, 0>(done)[i], input<T, 1>(done)[i], input<T, 2>(done)[i]);
  };
  for_some(done.elements, [&](std::size_t i) {
    auto const result = [&](std::size_t k) { return static_cast<T const*>(done.out[k])[i]; };
    if constexpr (Outputs == 1) {
      errors.add(result(0), expected(i));
    } else {
      auto const [price, delta, gamma, vega, theta] = expected(i);
      errors.add(result(0), price);
      errors.add(result(1), delta);
      errors.add(result(2), gamma);
      errors.add(result(3), vega);
      errors.add(result(4), theta);
    }
  });
  return errors.result();
}

/// The chaotic map doubles a difference at every second step, so the reference is the same float
/// arithmetic, to the bit; -ffast-math gives another orbit, of which only the bounds are known.
deviation compare_orbits(operands const& done, bool fast_math) {
  logistic200<float, wide_math> const step{};
  sum_of_errors<float> errors;
  std::size_t wrong = 0;
  for_some(done.elements, [&](std::size_t i) {
    float const got = static_cast<float const*>(done.out[0])[i];
    float const expected = step(input<float, 0>(done)[i]);
    errors.add(got, expected);
    if (fast_math ? !(got >= 0 && got <= 1) : got != expected) ++wrong;
  });
  deviation result = errors.result();
  result.wrong = wrong;
  return result;
}

deviation compare_copies(operands const& done, bool) {
  deviation result;
  for (std::size_t i = 0; i != done.elements; ++i)
    if (static_cast<float const*>(done.out[0])[i] != input<float, 0>(done)[i]) ++result.wrong;
  return result;
}

constexpr span_of_values money{80, 120};
constexpr span_of_values years{0.25, 2};
constexpr span_of_values around_zero{-3, 3};
constexpr span_of_values unit{0, 1};

constexpr case_description cases[] = {
    {"axpb", 4, 1, 1, {unit}, fill<float>, compare<float, axpb, 1, 1>},
    {"gauss", 4, 1, 1, {around_zero}, fill<float>, compare<float, gauss, 1, 1>},
    {"relu_exp", 4, 1, 1, {around_zero}, fill<float>, compare<float, relu_exp, 1, 1>},
    {"logistic200", 4, 1, 1, {unit}, fill<float>, compare_orbits},
    {"black_scholes",
     4,
     3,
     1,
     {money, money, years},
     fill<float>,
     compare<float, black_scholes, 3, 1>},
    {"greeks", 4, 3, 5, {money, money, years}, fill<float>, compare<float, greeks, 3, 5>},
    {"black_scholes_double",
     8,
     3,
     1,
     {money, money, years},
     fill<double>,
     compare<double, black_scholes, 3, 1>},
    {"sleep100ms", 4, 1, 1, {unit}, fill<float>, compare_copies},
};

}  // namespace

case_description const& find_case(std::string_view name) {
  for (auto const& c : cases)
    if (c.name == name) return c;
  throw std::invalid_argument("there is no case " + std::string(name));
}

}  // namespace bench
