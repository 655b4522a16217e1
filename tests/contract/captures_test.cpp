// What a function holds, and how: results are those of a plain loop, and what f writes through its
// captures is there.
#include "support/backends.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>
#include <hetmap/math.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <span>
#include <stop_token>
#include <tuple>
#include <utility>
#include <vector>

namespace {

class CapturesContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, CapturesContract, support::each_backend(), support::backend_name);

struct with_fn {
  float a, b;
  HETMAP_FN float operator()(float v) const { return a * v + b; }
};
struct without_fn {
  float a, b;
  float operator()(float v) const { return a * v + b; }
};
[[gnu::noinline]] float plain_function(float v) { return 3 * v + 5; }

std::vector<float> numbers(std::size_t n) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = static_cast<float>(i % 1000);  // no result is rounded
  return x;
}

/// Every way to say 3 * v + 5.
template <class Use>
void with_each_kind(Use&& use) {
  float a = 3, b = 5;
  float const* const pa = &a;
  std::vector<float> const both{3, 5};
  std::span<float const> const view(both);
  std::array<float, 2> const held{3, 5};
  use("a functor", with_fn{3, 5});
  use("a functor without HETMAP_FN", without_fn{3, 5});
  use("nothing", [](float v) { return 3 * v + 5; });
  use("values", [a, b](float v) { return a * v + b; });
  use("references", [&](float v) { return a * v + b; });
  use("a pointer", [pa, b](float v) { return *pa * v + b; });
  use("a span", [view](float v) { return view[0] * v + view[1]; });
  use("a reference to a vector", [&](float v) { return both[0] * v + both[1]; });
  use("an array", [held](float v) { return held[0] * v + held[1]; });
  use("values, mutable", [a, b](float v) mutable { return a * v + b; });
  use("a function pointer", &plain_function);
  use("compositions",
      hetmap::compose([&](float v) { return v + b; }, [a](float v) { return a * v; }));
}

TEST_P(CapturesContract, AllKindsGiveWhatAPlainLoopGives) {
  for (std::size_t const n : support::sizes({0, 1, 15, 16, 63, 64, 65, 1000, 5003, 100000})) {
    auto const x = numbers(n);
    with_each_kind([&](char const* kind, auto f) {
      SCOPED_TRACE(testing::Message() << kind << ", " << n << " elements");
      auto const y = hetmap::map(here(), f, x);
      std::vector<float> into(n), in_place = x, first(n), second(n);
      hetmap::map_into(here(), into, f, x);
      hetmap::map_into(here(), in_place, f, in_place);
      auto const pair = [&](float v) { return std::pair(f(v), v); };
      hetmap::map_into(here(), hetmap::columns(first, second), pair, x);
      auto columns_in_place = x;
      hetmap::map_into(here(), hetmap::columns(first, columns_in_place), pair, columns_in_place);
      auto const bytes = hetmap::map(
          here(), [&](float v) { return static_cast<unsigned char>(f(v)); }, x);
      std::size_t k = 0;
      for (float const v : hetmap::imap({.backend = GetParam()}, f, x)) {
        ASSERT_EQ(v, 3 * x[k] + 5) << "imap " << k;
        ++k;
      }
      ASSERT_EQ(k, n);
      for (std::size_t i = 0; i != n; ++i) {
        float const expected = 3 * x[i] + 5;
        ASSERT_EQ(y[i], expected) << i;
        ASSERT_EQ(into[i], expected) << i;
        ASSERT_EQ(in_place[i], expected) << i;
        ASSERT_EQ(first[i], expected) << i;
        ASSERT_EQ(second[i], x[i]) << i;
        ASSERT_EQ(columns_in_place[i], x[i]) << i;
        ASSERT_EQ(bytes[i], static_cast<unsigned char>(expected)) << i;
      }
    });
  }
}

TEST_P(CapturesContract, AroundThemAllAdaptors) {
  std::size_t const n = 5003;
  auto const x = numbers(n);
  float a = 3, b = 5;
  std::vector<std::pair<float, float>> rows(n);
  for (std::size_t i = 0; i != n; ++i) rows[i] = {x[i], static_cast<float>(i % 7)};
  auto const by_row = hetmap::starmap(
      here(), [&](float u, float v) { return a * u + b * v; }, rows);
  auto const outcomes = hetmap::map(
      hetmap::collect_options{.backend = GetParam(), .errors = hetmap::collect},
      [&](float v) { return a * v + b; }, x);
  auto const stoppable = hetmap::map(
      here(), [&](float v, std::stop_token) { return a * v + b; }, x);
  std::list<float> const list(x.begin(), x.end());
  auto const unindexed = hetmap::map(
      here(), [&](float v) { return a * v + b; }, list);
  std::vector<float> blocks(n);
  hetmap::map_blocks(
      here(),
      [&](std::span<float const> in, std::span<float> out) {
        for (std::size_t k = 0; k != in.size(); ++k) out[k] = a * in[k] + b;
      },
      blocks, x);
  for (std::size_t i = 0; i != n; ++i) {
    ASSERT_EQ(by_row[i], 3 * x[i] + 5 * rows[i].second);
    ASSERT_EQ(outcomes[i].value(), 3 * x[i] + 5);
    ASSERT_EQ(stoppable[i], 3 * x[i] + 5);
    ASSERT_EQ(unindexed[i], 3 * x[i] + 5);
    ASSERT_EQ(blocks[i], 3 * x[i] + 5);
  }
}

TEST_P(CapturesContract, AHeldNumberGivesTheBitsThatAConstantGives) {
  std::size_t const n = 5003;
  auto x = numbers(n);
  for (float& v : x) v = 1 / (1 + v);
  float const a = 0.7f;
  float const* const p = &a;
  struct functor {
    float a;
    HETMAP_FN float operator()(float v) const { return hetmap::math::exp(-a * v * v); }
  };
  auto const expected = hetmap::map(here(), functor{a}, x);
  auto const value = hetmap::map(
      here(), [a](float v) { return hetmap::math::exp(-a * v * v); }, x);
  auto const reference = hetmap::map(
      here(), [&](float v) { return hetmap::math::exp(-a * v * v); }, x);
  auto in_place = x;
  hetmap::map_into(
      here(), in_place, [p](float v) { return hetmap::math::exp(-*p * v * v); }, in_place);
  for (std::size_t i = 0; i != n; ++i) {
    ASSERT_EQ(value[i], expected[i]) << i;
    ASSERT_EQ(reference[i], expected[i]) << i;
    ASSERT_EQ(in_place[i], expected[i]) << i;
  }
}

TEST_P(CapturesContract, TablesAreLookedUpInAnywhere) {
  std::size_t const n = 10007;
  auto const table = numbers(n);
  auto index = support::indices(n);
  for (std::size_t i = 0; i != n; ++i) index[i] = static_cast<int>(i * 7919 % n);
  auto const y = hetmap::map(
      here(), [t = table.data()](int i) { return t[i]; }, index);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], table[static_cast<std::size_t>(index[i])]);
}

// What f writes: calls are not interleaved, so nothing that is counted may get lost.

TEST(CapturesContract, CountsOnOneThreadAreThoseOfALoop) {
  hetmap::options const how{.backend = hetmap::backend::serial};
  for (std::size_t const n : support::sizes({1, 63, 64, 65, 1000, 100000})) {
    std::vector<std::uint8_t> x(n);
    for (std::size_t i = 0; i != n; ++i) x[i] = static_cast<std::uint8_t>(i * 31 % 251);
    std::array<int, 256> bins{}, expected{};
    for (auto const v : x) ++expected[v];
    int count = 0;
    float sum = 0;
    std::uint8_t last = 0;
    auto const f = [&](std::uint8_t v) {
      ++bins[v];
      ++count;
      sum += static_cast<float>(v % 2);
      last = v;  // a byte, as the results are
      return static_cast<std::uint8_t>(v + 1);
    };
    auto const expect_counts = [&](std::size_t odd) {
      EXPECT_EQ(bins, expected);
      EXPECT_EQ(count, static_cast<int>(n));
      EXPECT_EQ(sum, static_cast<float>(odd));
      EXPECT_EQ(last, x[n - 1]);
      bins = {};
      count = 0;
      sum = 0;
    };
    std::size_t odd = 0;
    for (auto const v : x) odd += v % 2;
    auto const y = hetmap::map(how, f, x);
    expect_counts(odd);
    auto in_place = x;
    hetmap::map_into(how, in_place, f, in_place);
    expect_counts(odd);
    for (std::size_t i = 0; i != n; ++i) {
      ASSERT_EQ(y[i], static_cast<std::uint8_t>(x[i] + 1));
      ASSERT_EQ(in_place[i], y[i]);
    }
    std::vector<std::uint8_t> a(n), b(n);
    hetmap::map_into(
        how, hetmap::columns(a, b), [&](std::uint8_t v) { return std::pair(f(v), v); }, x);
    expect_counts(odd);
    ASSERT_EQ(a, in_place);
    std::size_t k = 0;
    for (auto const v : hetmap::imap({.backend = hetmap::backend::serial}, f, x))
      ASSERT_EQ(v, y[k++]);
    expect_counts(odd);
  }
}

TEST(CapturesContract, WhatIsWrittenBesideTheOutputStays) {
  hetmap::options const how{.backend = hetmap::backend::serial};
  std::size_t const n = 1000;
  auto const x = support::indices(n);
  std::vector<int> memory(3 * n, -1);  // a log, the output, another log
  auto const out = std::span(memory).subspan(n, n);
  hetmap::map_into(
      how, out,
      [&memory, out](int v) {
        memory[static_cast<std::size_t>(v)] = v;
        out.data()[static_cast<std::ptrdiff_t>(n) + v] = 2 * v;
        return 3 * v;
      },
      x);
  for (std::size_t i = 0; i != n; ++i) {
    ASSERT_EQ(memory[i], x[i]);
    ASSERT_EQ(memory[n + i], 3 * x[i]);
    ASSERT_EQ(memory[2 * n + i], 2 * x[i]);
  }
}

TEST(CapturesContract, WhatIsWrittenToAnInputIsSeenByTheNextElement) {
  hetmap::options const how{.backend = hetmap::backend::serial};
  for (std::size_t const n : support::sizes({1, 64, 65, 1000})) {
    std::vector<int> x(n + 1, 1), y(n);
    int* const p = x.data();
    hetmap::map_into(
        how, y,
        [p, i = std::size_t{0}](int v) mutable {
          p[++i] += v;
          return v;
        },
        std::span(x).first(n));
    for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], static_cast<int>(i) + 1);
  }
}

}  // namespace
