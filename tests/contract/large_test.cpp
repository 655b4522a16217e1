// Results larger than the caches, which are written past them: the same elements, nothing beside.
#include "support/backends.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <complex>
#include <cstddef>
#include <ranges>
#include <span>
#include <tuple>
#include <vector>

namespace {

class LargeContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, LargeContract, support::each_backend(), support::backend_name);

/// More than 64 MiB, from which size on every machine does it.
constexpr std::size_t large_bytes = (std::size_t{64} << 20) + 100000;

template <class T>
constexpr std::size_t count_of = large_bytes / sizeof(T);

/// As many elements of T as are large, some way into memory that has marks before and behind.
template <class T>
class marked {
 public:
  explicit marked(std::size_t offset)
      : memory_(offset + count_of<T> + marks, mark()), offset_(offset) {}

  [[nodiscard]] std::span<T> all() { return std::span(memory_).subspan(offset_, count_of<T>); }
  [[nodiscard]] bool nothing_beside() const {
    auto const is_mark = [](T const& v) { return v == mark(); };
    return std::ranges::all_of(std::span(memory_).first(offset_), is_mark) &&
           std::ranges::all_of(std::span(memory_).last(marks), is_mark);
  }

 private:
  static T mark() { return T(77); }
  static constexpr std::size_t marks = 64;

  std::vector<T> memory_;
  std::size_t offset_;
};

struct three {
  float a = 0, b = 0, c = 0;

  three() = default;
  explicit three(float v) : a(v), b(v + 1), c(v + 2) {}
  bool operator==(three const&) const = default;
};

template <class T>
void expect_streamed(hetmap::options const& how, std::size_t offset) {
  SCOPED_TRACE(testing::Message() << sizeof(T) << " bytes, " << offset << " elements in");
  float const factor = 3;
  auto const f = [&](std::size_t i) { return T(factor * static_cast<float>(i % 1000)); };
  marked<T> out(offset);
  hetmap::map_into(how, out.all(), f, std::views::iota(std::size_t{0}, count_of<T>));
  auto const y = out.all();
  for (std::size_t i = 0; i != y.size(); ++i) ASSERT_TRUE(y[i] == f(i)) << i;
  EXPECT_TRUE(out.nothing_beside());
}

TEST_P(LargeContract, ElementsOfEverySizeArriveWhereverTheMemoryBegins) {
  expect_streamed<float>(here(), 0);
  expect_streamed<float>(here(), 1);
  expect_streamed<double>(here(), 3);
  expect_streamed<std::complex<float>>(here(), 1);
  expect_streamed<three>(here(), 2);
}

TEST_P(LargeContract, ColumnsOfDifferentSizesArrive) {
  std::size_t const n = count_of<std::tuple<float, double, three>>;
  std::vector<float> a(n + 2, -1.f);
  std::vector<double> b(n + 2, -1.);
  std::vector<three> c(n + 2, three(-1));
  float const factor = 2;
  hetmap::map_into(
      here(),
      hetmap::columns(std::span(a).subspan(1, n), std::span(b).first(n), std::span(c).last(n)),
      [&](std::size_t i) {
        float const v = factor * static_cast<float>(i % 512);
        return std::tuple(v, static_cast<double>(i), three(v));
      },
      std::views::iota(std::size_t{0}, n));
  for (std::size_t i = 0; i != n; ++i) {
    ASSERT_EQ(a[i + 1], 2 * static_cast<float>(i % 512)) << i;
    ASSERT_EQ(b[i], static_cast<double>(i)) << i;
    ASSERT_TRUE(c[i + 2] == three(2 * static_cast<float>(i % 512))) << i;
  }
  EXPECT_EQ(a.front(), -1);
  EXPECT_EQ(a.back(), -1);
  EXPECT_EQ(b[n], -1);
  EXPECT_EQ(b[n + 1], -1);
  EXPECT_TRUE(c[0] == three(-1) && c[1] == three(-1));
}

TEST_P(LargeContract, WhatWasComputedBeforeAFailureIsThere) {
  std::size_t const bad = count_of<three> / 2 + 37;
  marked<three> out(1);
  auto const f = [&](std::size_t i) {
    return i == bad ? throw static_cast<int>(i) : three(static_cast<float>(i % 1000));
  };
  EXPECT_THROW(
      hetmap::map_into(here(), out.all(), f, std::views::iota(std::size_t{0}, count_of<three>)),
      int);
  EXPECT_EQ(hetmap::failed_index(), bad);
  auto const y = out.all();
  for (std::size_t i = 0; i != bad; ++i)
    ASSERT_TRUE(y[i] == three(static_cast<float>(i % 1000))) << i;
  EXPECT_TRUE(y[bad] == three(77));
  for (std::size_t i = bad; i != y.size(); ++i)
    ASSERT_TRUE(y[i] == three(77) || y[i] == three(static_cast<float>(i % 1000))) << i;
  EXPECT_TRUE(out.nothing_beside());
}

TEST_P(LargeContract, InPlaceEqualsOutOfPlace) {
  std::vector<float> x(count_of<float>), z(x.size());
  for (std::size_t i = 0; i != x.size(); ++i) {
    x[i] = static_cast<float>(i % 1000);
    z[i] = static_cast<float>(i % 7);
  }
  float const factor = 3;
  auto const y = hetmap::map(
      here(), [&](float u, float v) { return factor * u + v; }, x, z);
  hetmap::map_into(
      here(), x, [&](float u, float v) { return factor * u + v; }, x, z);
  EXPECT_TRUE(std::ranges::equal(x, y));
  EXPECT_EQ(y[12345], 3.f * 345 + 12345 % 7);
}

}  // namespace
