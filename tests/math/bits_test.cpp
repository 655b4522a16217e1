#include "functions.hpp"

#include "support/child.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#ifdef __x86_64__
#include <xmmintrin.h>
#endif

namespace {

template <class T>
std::vector<T> arguments(std::size_t n) {
  std::minstd_rand random(11);
  std::uniform_real_distribution<double> small(-4, 4);
  std::uniform_real_distribution<double> exponent(-80, 80);
  std::vector<T> x(n);
  for (std::size_t i = 0; i != n; ++i) {
    double const v = i % 2 == 0 ? small(random) : std::ldexp(small(random), int(exponent(random)));
    x[i] = static_cast<T>(i % 4 == 2 ? v / 4 : v);  // many within the ranges of inverses
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
  for (std::size_t const chunk : {1u, 7u, 63u, 64u, 65u, 1003u}) {
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

void expect_the_same_bits_of_all() {
#define CHECK(function) expect_the_same_bits_of_one_argument(function##_kernel{});
  HETMAP_MATH_UNARY(CHECK)
  HETMAP_MATH_STATISTICS(CHECK)
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

TEST(MathBits, DoNotDependOnLaneRemainderOrSingleCall) { expect_the_same_bits_of_all(); }

TEST(MathBits, NorDoTheyWhereTheCallerRoundsOtherwise) {
  for (int const mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    expect_the_same_bits_of_all();
    std::fesetround(FE_TONEAREST);
  }
#ifdef __x86_64__
  unsigned const before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // subnormal numbers are zero
  expect_the_same_bits_of_all();
  _mm_setcsr(before);
#endif
}

TEST(MathBits, SincosIsSineAndCosine) {
  auto const expect = [](auto const& x) {
    using value = typename std::decay_t<decltype(x)>::value_type;
    std::vector<value> sines(x.size()), cosines(x.size());
    hetmap::map_into(
        hetmap::columns(sines, cosines), [](value v) { return hetmap::math::sincos(v); }, x);
    auto const s = hetmap::map(sin_kernel{}, x);
    auto const c = hetmap::map(cos_kernel{}, x);
    for (std::size_t i = 0; i != x.size(); ++i) {
      ASSERT_TRUE(same(sines[i], s[i])) << x[i];
      ASSERT_TRUE(same(cosines[i], c[i])) << x[i];
    }
    auto const [sine, cosine] = hetmap::math::sincos(value(0.5));
    EXPECT_EQ(sine, hetmap::math::sin(value(0.5)));
    EXPECT_EQ(cosine, hetmap::math::cos(value(0.5)));
  };
  expect(arguments<float>(4099));
  expect(arguments<double>(4099));
}

std::uint64_t bits_of_all(bool reproducible) {
  auto const x = arguments<float>(4099);
  std::uint64_t hash = 0;
  auto const add = [&](auto f) {
    for (float const y : hetmap::map({.reproducible = reproducible}, f, x))
      hash = hash * 31 + (std::isnan(y) ? 1 : std::bit_cast<std::uint32_t>(y));
  };
#define CHECK(function) add(function##_kernel{});
  HETMAP_MATH_UNARY(CHECK)
  HETMAP_MATH_STATISTICS(CHECK)
#undef CHECK
  return hash;
}

// Run by the test below, at one level after the other.
TEST(MathBits, Printed) {
  std::printf("reproducible %llx\nordinary %llx\n",
              static_cast<unsigned long long>(bits_of_all(true)),
              static_cast<unsigned long long>(bits_of_all(false)));
}

TEST(MathBits, AreTheSameAtEveryLevelWhereReproducibleAndOnlyThere) {
  auto const at = [](char const* level, char const* what) {
    auto const run =
        support::run_program(std::string("HETMAP_ISA=") + level, support::this_program(),
                             "--gtest_filter=MathBits.Printed");
    auto const found = run.output.find(what);
    return found == std::string::npos
               ? std::string()
               : run.output.substr(found, run.output.find('\n', found) - found);
  };
  auto const reproducible = at("baseline", "reproducible ");
  auto const ordinary = at("baseline", "ordinary ");
  ASSERT_FALSE(reproducible.empty());
  for (char const* level : {"avx2", "avx512"}) {
    auto const same = at(level, "reproducible ");
    if (same.empty()) continue;  // this processor lacks the level
    EXPECT_EQ(same, reproducible) << level;
    EXPECT_NE(at(level, "ordinary "), ordinary) << level << ": were the algorithms ever different?";
  }
}

}  // namespace
