#include "functions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <random>
#include <tuple>
#include <type_traits>
#include <vector>

namespace {

/// Distance from the true value, in units in the last place of T at that value.
template <class T>
double error_in_ulp(T got, long double truth) {
  auto const rounded = static_cast<T>(truth);
  if (std::isnan(rounded)) return std::isnan(got) ? 0 : std::numeric_limits<double>::infinity();
  if (std::isinf(rounded) || std::isinf(got))
    return got == rounded ? 0 : std::numeric_limits<double>::infinity();
  if (truth == 0) return got == 0 ? 0 : std::numeric_limits<double>::infinity();
  // Below the smallest normal number the last place no longer moves.
  int const exponent =
      std::max(truth == 0 ? -100000 : std::ilogb(truth), std::numeric_limits<T>::min_exponent - 1);
  long double const ulp = std::ldexp(1.0L, exponent - (std::numeric_limits<T>::digits - 1));
  return static_cast<double>(std::fabs(static_cast<long double>(got) - truth) / ulp);
}

/// Arguments low..high: half of them spread evenly, half of them over the exponents.
template <class T>
std::vector<T> arguments(double low, double high, std::size_t n, unsigned seed) {
  std::minstd_rand random(seed);
  std::uniform_real_distribution<double> even(low, high);
  double const largest = std::max(std::fabs(low), std::fabs(high));
  std::uniform_real_distribution<double> exponent(-30, std::log2(largest));
  std::vector<T> x(n);
  for (std::size_t i = 0; i != n; ++i) {
    double v = even(random);
    if (i % 2 == 1) v = std::clamp(std::copysign(std::exp2(exponent(random)), v), low, high);
    x[i] = static_cast<T>(v);
  }
  return x;
}

struct bound {
  double single;
  double twice;
};

template <class T, class Kernel, class Reference, class... In>
void expect_within(double most, Kernel f, Reference reference, In const&... in) {
  auto const y = hetmap::map(f, in...);
  double worst = 0;
  std::size_t where = 0;
  for (std::size_t i = 0; i != y.size(); ++i) {
    double const error = error_in_ulp<T>(y[i], reference(static_cast<long double>(in[i])...));
    if (error > worst) {
      worst = error;
      where = i;
    }
  }
  EXPECT_LE(worst, most) << Kernel::name << " of " << (sizeof(T) == 4 ? "float" : "double")
                         << " at " << testing::PrintToString(std::tuple(in[where]...));
  if (std::getenv("HETMAP_PRINT_ULP") != nullptr)
    std::printf("| `%s` | %s | %.2f |\n", Kernel::name, sizeof(T) == 4 ? "float" : "double", worst);
}

template <class Kernel, class Reference>
void check(Kernel f, Reference reference, double low, double high, bound most) {
  constexpr std::size_t n = 100'000;
  expect_within<float>(most.single, f, reference, arguments<float>(low, high, n, 1));
  expect_within<double>(most.twice, f, reference, arguments<double>(low, high, n, 2));
}

template <class Kernel, class Reference>
void check(Kernel f, Reference reference, double low, double high, double low2, double high2,
           bound most) {
  constexpr std::size_t n = 100'000;
  expect_within<float>(most.single, f, reference, arguments<float>(low, high, n, 1),
                       arguments<float>(low2, high2, n, 3));
  expect_within<double>(most.twice, f, reference, arguments<double>(low, high, n, 2),
                        arguments<double>(low2, high2, n, 4));
}

#define OF(function) function##_kernel{}, [](long double v) { return std::function(v); }
#define OF_TWO(function) \
  function##_kernel{}, [](long double v, long double w) { return std::function(v, w); }

/// Where erf is y in [0, 1], given also 1 - y, which is exact where y is not.
long double inverse_of_erf(long double y, long double tail) {
  if (std::isnan(y) || tail < 0) return std::numeric_limits<long double>::quiet_NaN();
  if (tail == 0) return std::numeric_limits<long double>::infinity();
  if (y < 1e-5L) return 0.88622692545275801365L * (y + 0.26179938779914943654L * y * y * y);
  // Winitzki's approximation, good to a few thousandths, then Halley's steps.
  long double const l = std::log(tail) + std::log1p(y);
  long double const t = 2 / (3.14159265358979323846L * 0.147L) + l / 2;
  long double x = std::sqrt(-l / 0.147L / (std::sqrt(t * t - l / 0.147L) + t));
  for (int i = 0; i != 5; ++i) {
    long double const off = y < 0.5L ? std::erf(x) - y : tail - std::erfc(x);
    long double const step = off * std::exp(x * x) / 1.12837916709551257390L;
    x -= step / (1 + x * step);
  }
  return x;
}
long double erfinv_reference(long double v) {
  return std::copysign(inverse_of_erf(std::fabs(v), 1 - std::fabs(v)), v);
}
long double erfcinv_reference(long double v) {
  return v <= 1 ? inverse_of_erf(1 - v, v) : -inverse_of_erf(v - 1, 2 - v);
}
long double cdfnorminv_reference(long double p) {
  return -1.41421356237309504880L * erfcinv_reference(2 * p);
}
/// erfc(-x / sqrt(2)) / 2, with what is rounded off x / sqrt(2).
long double cdfnorm_reference(long double x) {
  constexpr long double half_root = 0xb.504f333f9de6484p-4L, rest = 0x5.97d89b3754abe9f8p-68L;
  long double const a = -x * half_root;
  if (!(std::fabs(a) < 100)) return std::erfc(a) / 2;
  long double const off = std::fma(-x, half_root, -a) - x * rest;
  return (std::erfc(a) - 1.12837916709551257390L * std::exp(-a * a) * off) / 2;
}

// The bounds are those of docs/math.md.
TEST(MathAccuracy, ErrorsStayWithinTheirBoundsOverTheWholeRange) {
  constexpr bound four{4, 4};
  check(OF(acos), -1, 1, four);
  check(OF(acosh), 1, 1e30, four);
  check(OF(asin), -1, 1, four);
  check(OF(asinh), -1e30, 1e30, four);
  check(OF(atan), -1e30, 1e30, four);
  check(OF(atanh), -1, 1, four);
  check(OF(cbrt), -1e30, 1e30, four);
  check(OF(cos), -1000, 1000, four);
  check(OF(cosh), -89, 89, four);
  check(OF(erf), -6, 6, four);
  check(OF(erfc), -6, 9, four);
  check(OF(exp), -104, 89, four);
  check(OF(exp2), -150, 128, four);
  check(
      exp10_kernel{}, [](long double v) { return ::exp10l(v); }, -45, 38, four);
  check(OF(expm1), -104, 89, four);
  check(OF(log), 0, 1e30, four);
  check(OF(log10), 0, 1e30, four);
  check(OF(log1p), -1, 1e30, four);
  check(OF(log2), 0, 1e30, four);
  check(OF(sin), -1000, 1000, four);
  check(OF(sinh), -89, 89, four);
  check(OF(tan), -1000, 1000, four);
  check(OF(tanh), -30, 30, four);
  check(OF_TWO(atan2), -1e10, 1e10, -1e10, 1e10, four);
  check(OF_TWO(hypot), -1e10, 1e10, -1e10, 1e10, four);
  check(OF_TWO(pow), 0, 1e4, -8, 8, four);
  check(OF(sqrt), 0, 1e30, {0.5, 0.5});
}

TEST(MathAccuracy, SpecialValuesAreTheStandards) {
  double const infinity = std::numeric_limits<double>::infinity();
  double const nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> const x{0.0, -0.0, 1.0, -1.0, infinity, -infinity, nan, 2000.0, -2000.0};
  auto const expect = [&](auto f, auto reference) {
    auto const y = hetmap::map(f, x);
    for (std::size_t i = 0; i != x.size(); ++i) {
      auto const truth = static_cast<double>(reference(x[i]));
      if (std::isnan(truth))
        EXPECT_TRUE(std::isnan(y[i])) << f.name << '(' << x[i] << ") is " << y[i];
      else if (std::isinf(truth) || truth == 0)
        EXPECT_TRUE(y[i] == truth && std::signbit(y[i]) == std::signbit(truth))
            << f.name << '(' << x[i] << ") is " << y[i] << ", not " << truth;
      else
        EXPECT_NEAR(y[i], truth, std::fabs(truth) * 1e-15) << f.name << '(' << x[i] << ')';
    }
  };
#define CHECK(function) expect(function##_kernel{}, [](double v) { return ::function(v); });
  HETMAP_MATH_UNARY(CHECK)
  CHECK(sqrt)
#undef CHECK
  expect(cdfnorm_kernel{}, cdfnorm_reference);
  expect(cdfnorminv_kernel{}, cdfnorminv_reference);
  expect(erfinv_kernel{}, erfinv_reference);
  expect(erfcinv_kernel{}, erfcinv_reference);
}

/// Numbers of every exponent and sign, as their bits fall, infinities and not-a-numbers included.
template <class T>
std::vector<T> any_numbers(std::size_t n, unsigned seed) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  std::mt19937_64 random(seed);
  std::vector<T> x(n);
  for (T& v : x) v = std::bit_cast<T>(static_cast<bits>(random()));
  return x;
}

/// The largest errors of the library's own algorithms: those of docs/math.md.
template <class T, class Kernel, class Reference>
void check_own(double most, Kernel f, Reference reference, double low, double high) {
  constexpr std::size_t n = 200'000;
  expect_within<T>(most, f, reference, arguments<T>(low, high, n, 5));
  expect_within<T>(most, f, reference, any_numbers<T>(n, 6));
  constexpr T inf = std::numeric_limits<T>::infinity();
  constexpr T largest = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::denorm_min();
  constexpr T normal = std::numeric_limits<T>::min(), nan = std::numeric_limits<T>::quiet_NaN();
  constexpr T below_1 = 1 - std::numeric_limits<T>::epsilon() / 2;
  std::vector<T> const edges{0,         T(-0.0),  1,
                             -1,        2,        0.5,
                             below_1,   -below_1, inf,
                             -inf,      largest,  -largest,
                             least,     nan,      T(1e-300),
                             -least,    normal,   -normal,
                             T(1e-320), T(37.67), T(-37.67),
                             T(-38.5),  T(0.25),  T(0.75),
                             T(0.125),  T(0.875), 2 - 2 * std::numeric_limits<T>::epsilon()};
  expect_within<T>(most, f, reference, edges);
}

TEST(MathAccuracy, NormalDistributionAndInversesAreRightEverywhere) {
  bool const tables = hetmap::isa_level() == hetmap::isa::avx512;
  check_own<double>(tables ? 1.5 : 3, cdfnorm_kernel{}, cdfnorm_reference, -38.6, 9);
  check_own<double>(tables ? 1.5 : 3, cdfnorm_kernel{}, cdfnorm_reference, -3, 3);
  check_own<double>(3, cdfnorminv_kernel{}, cdfnorminv_reference, 0, 1);
  check_own<double>(3, erfinv_kernel{}, erfinv_reference, -1, 1);
  check_own<double>(3, erfcinv_kernel{}, erfcinv_reference, 0, 2);
  check_own<double>(tables ? 1.5 : 2, OF(erfc), -6, 27.3);
  check_own<double>(tables ? 1.5 : 2, OF(erfc), -1, 1);
  check_own<float>(0.6, cdfnorm_kernel{}, cdfnorm_reference, -15, 7);
  check_own<float>(0.6, cdfnorminv_kernel{}, cdfnorminv_reference, 0, 1);
  check_own<float>(0.6, erfinv_kernel{}, erfinv_reference, -1, 1);
  check_own<float>(0.6, erfcinv_kernel{}, erfcinv_reference, 0, 2);
  EXPECT_EQ(hetmap::math::erfc(0.0), 1.0);
  EXPECT_EQ(hetmap::math::cdfnorm(0.0), 0.5);
  EXPECT_EQ(hetmap::math::cdfnorm(0.0f), 0.5f);
  EXPECT_EQ(hetmap::math::cdfnorminv(0.5), 0.0);
  EXPECT_TRUE(std::signbit(hetmap::math::erfinv(-0.0)));
}

// Huge angles, and those next to multiples of pi / 2, are what reductions get wrong.
TEST(MathAccuracy, ExpLogSinCosAndPowAreRightForDoublesOfAllKinds) {
  bool const own = hetmap::isa_level() != hetmap::isa::baseline;
  auto const most = [own](double bound) { return own ? bound : 4; };
  check_own<double>(most(1.1), OF(exp), -746, 710);
  check_own<double>(most(1.1), OF(exp), -1, 1);
  check_own<double>(most(0.9), OF(log), 0, 10);
  for (double const high : {4.0, 1000.0, 1e9, 1.2e12}) {
    check_own<double>(most(1.5), OF(sin), -high, high);
    check_own<double>(most(1.5), OF(cos), -high, high);
  }
  std::vector<double> multiples;
  for (int i = 0; i != 100'000; ++i)
    for (long double const beside : {-1.0L, 0.0L, 1.0L})
      multiples.push_back(
          static_cast<double>(1.57079632679489661923L * i * (1 + beside * 0x1p-53L)));
  expect_within<double>(most(1.5), OF(sin), multiples);
  expect_within<double>(most(1.5), OF(cos), multiples);
  EXPECT_EQ(hetmap::math::cos(0.0), 1.0);

  auto const power = [](long double v, long double w) { return std::pow(v, w); };
  constexpr std::size_t n = 200'000;
  expect_within<double>(most(1.3), pow_kernel{}, power, arguments<double>(0, 10, n, 7),
                        arguments<double>(-300, 300, n, 8));
  expect_within<double>(most(1.3), pow_kernel{}, power, any_numbers<double>(n, 9),
                        any_numbers<double>(n, 10));
  double const infinity = std::numeric_limits<double>::infinity();
  double const nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> x, y;
  for (double const v : {0.0, 0.5, 1.0, 2.0, 3.0, 1e308, 1e-308, 5e-324, infinity, nan})
    for (double const w : {0.0, 0.5, 1.0, 2.0, 3.0, 4.5, 1e15, 9007199254740993.0,
                           4503599627370497.0, 1e308, 1e-308, 5e-324, infinity, nan})
      for (int signs = 0; signs != 4; ++signs) {
        x.push_back(signs % 2 == 0 ? v : -v);
        y.push_back(signs < 2 ? w : -w);
      }
  expect_within<double>(most(1.3), pow_kernel{}, power, x, y);
}

/// One of every `step` floats among the 2^24 that have these highest bits.
std::vector<float> floats(std::uint32_t highest, std::uint32_t step) {
  std::vector<float> x;
  for (std::uint32_t rest = 0; rest < 1u << 24; rest += step)
    x.push_back(std::bit_cast<float>(highest << 24 | rest));
  return x;
}

// These have an AVX-512 algorithm of the library's own. Each exponent, both signs, payloads;
// HETMAP_TEST_FLOAT_STEP=1 goes through all floats that there are, which takes long.
TEST(MathAccuracy, ExpLogAndErfcAreRightForFloatsOfAllKinds) {
  bool const own = hetmap::isa_level() == hetmap::isa::avx512;
  char const* const text = std::getenv("HETMAP_TEST_FLOAT_STEP");
  auto const step = text != nullptr ? static_cast<std::uint32_t>(std::atoi(text)) : 4093u;
  auto const expect = [&](double most, auto f, auto reference) {
    for (std::uint32_t highest = 0; highest != 256; ++highest)
      expect_within<float>(own ? most : 4, f, reference, floats(highest, step));
    std::vector<float> const edges{0.0f,    -0.0f,  1.0f,      -1.0f,   10.05f,  10.06f,
                                   10.1f,   11.0f,  88.722f,   88.8f,   90.0f,   -103.9f,
                                   -104.1f, 1e-45f, 1.17e-38f, 3.4e38f, -3.4e38f};
    expect_within<float>(own ? most : 4, f, reference, edges);
  };
  expect(1.1, OF(exp));
  expect(1.4, OF(log));
  expect(1.7, OF(erfc));
  EXPECT_EQ(hetmap::math::exp(0.0f), 1.0f);
  EXPECT_EQ(hetmap::math::log(1.0f), 0.0f);
  EXPECT_EQ(hetmap::math::erfc(0.0f), 1.0f);
}

}  // namespace
