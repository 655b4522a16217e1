#include "functions.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace {

template <class T>
std::vector<T> arguments(std::size_t n) {
  std::minstd_rand random(11);
  std::uniform_real_distribution<double> small(-4, 4);
  std::uniform_real_distribution<double> exponent(-80, 80);
  std::vector<T> x(n);
  for (std::size_t i = 0; i != n; ++i) {
    double const v = i % 2 == 0 ? small(random) : std::ldexp(small(random), int(exponent(random)));
    x[i] = static_cast<T>(v);
  }
  constexpr T special[] = {0,
                           T(-0.0),
                           1,
                           -1,
                           std::numeric_limits<T>::infinity(),
                           -std::numeric_limits<T>::infinity(),
                           std::numeric_limits<T>::quiet_NaN(),
                           std::numeric_limits<T>::denorm_min(),
                           std::numeric_limits<T>::max()};
  for (std::size_t i = 0; i != std::size(special); ++i) x[i * 7 % n] = special[i];
  return x;
}

// All not-a-numbers are alike: which payload survives is no promise.
template <class T>
bool same(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0 || (std::isnan(a) && std::isnan(b));
}

template <class T, class Kernel, class... In>
void expect_the_same_bits(Kernel f, In const&... in) {
  SCOPED_TRACE(testing::Message() << Kernel::name << " of "
                                  << (sizeof(T) == 4 ? "float" : "double"));
  std::size_t const n = std::min({in.size()...});
  std::vector<T> whole(n), other(n);
  hetmap::map_into(whole, f, in...);
  auto const compare = [&](char const* what, std::size_t size) {
    for (std::size_t i = 0; i != n; ++i)
      ASSERT_TRUE(same(whole[i], other[i]))
          << what << ' ' << size << ", element " << i << ": " << whole[i] << " and " << other[i];
  };
  for (std::size_t const chunk : {1, 7, 63, 64, 65, 1003}) {
    hetmap::map_into({.workers = 2, .chunk_size = chunk}, other, f, in...);
    compare("chunks of", chunk);
  }
  if (hetmap::explain(f, in...).level == hetmap::isa_level()) {
    for (std::size_t i = 0; i != n; ++i) other[i] = f(in[i]...);
    compare("single calls", 1);
  }
}

template <class Kernel>
void expect_the_same_bits_of_one_argument(Kernel f) {
  expect_the_same_bits<float>(f, arguments<float>(4099));
  expect_the_same_bits<double>(f, arguments<double>(4099));
}

template <class Kernel>
void expect_the_same_bits_of_two_arguments(Kernel f) {
  auto a = arguments<float>(4099);
  auto b = arguments<double>(4099);
  auto const a2 = std::vector<float>(a.rbegin(), a.rend());
  auto const b2 = std::vector<double>(b.rbegin(), b.rend());
  expect_the_same_bits<float>(f, a, a2);
  expect_the_same_bits<double>(f, b, b2);
}

TEST(MathBits, DoNotDependOnLaneRemainderOrSingleCall) {
#define CHECK(function) expect_the_same_bits_of_one_argument(function##_kernel{});
  HETMAP_MATH_UNARY(CHECK)
  CHECK(sqrt)
  CHECK(floor)
  CHECK(ceil)
  CHECK(trunc)
  CHECK(round)
#undef CHECK
#define CHECK(function) expect_the_same_bits_of_two_arguments(function##_kernel{});
  HETMAP_MATH_BINARY(CHECK)
#undef CHECK
}

TEST(MathBits, ReproducibleCallsUseTheBaselineAlgorithmEverywhere) {
  // 0x1.8p-1f: expf of it differs between libmvec's levels in no bit or in few; what matters is
  // that the reproducible call never changes with HETMAP_ISA, so the sum of all bits is compared
  // with what a process forced to the baseline computes: its own ordinary call.
  if (hetmap::isa_level() != hetmap::isa::baseline ||
      hetmap::explain(exp_kernel{}, std::vector<float>(1)).level != hetmap::isa::baseline)
    GTEST_SKIP() << "compared in the run with HETMAP_ISA=baseline";
  auto const x = arguments<float>(4099);
  auto const plain = hetmap::map(exp_kernel{}, x);
  auto const reproducible = hetmap::map({.reproducible = true}, exp_kernel{}, x);
  for (std::size_t i = 0; i != x.size(); ++i) ASSERT_TRUE(same(plain[i], reproducible[i])) << x[i];
}

}  // namespace
