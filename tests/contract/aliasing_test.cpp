// An output may be one of the inputs exactly, or memory of its own; anything between is refused.
#include "support/backends.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <functional>
#include <list>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

class AliasingContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, AliasingContract, support::each_backend(), support::backend_name);

// Erased, where what the function computes is not the point.
using int_function = std::function<int(int)>;
using two_ints = std::function<int(int, int)>;
using pair_function = std::function<std::pair<int, int>(int, int)>;

struct root_plus_third {
  HETMAP_FN double operator()(double v) const { return std::sqrt(v) * 1.1 + v / 3; }
};
struct weigh {
  HETMAP_FN double operator()(double a, double b) const { return a * 0.3 - b * 0.7; }
};

std::vector<double> reals(std::size_t n) {
  std::vector<double> x(n);
  std::iota(x.begin(), x.end(), 0.25);
  return x;
}

TEST_P(AliasingContract, InPlaceEqualsOutOfPlaceAtEverySize) {
  for (std::size_t const n : support::edge_sizes())
    for (auto const& c : support::chunk_sizes(n)) {
      hetmap::options const how{.backend = GetParam(), .chunk_size = c};
      auto x = reals(n);
      auto const apart = hetmap::map(how, root_plus_third{}, x);
      hetmap::map_into(how, x, root_plus_third{}, x);
      ASSERT_TRUE(std::ranges::equal(x, apart)) << n << " elements, chunks of " << c.value_or(0);
    }
}

TEST_P(AliasingContract, TheOutputMayBeEitherOfTwoInputs) {
  for (std::size_t const n : support::edge_sizes()) {
    auto const a = reals(n), b = reals(n + 3);
    auto const apart = hetmap::map(here(), weigh{}, a, b);
    auto first = a, second = b;
    hetmap::map_into(here(), first, weigh{}, first, b);
    hetmap::map_into(here(), second, weigh{}, a, second);
    ASSERT_TRUE(std::ranges::equal(first, apart)) << n;
    ASSERT_TRUE(std::equal(apart.begin(), apart.end(), second.begin())) << n;
    ASSERT_TRUE(std::equal(b.end() - 3, b.end(), second.end() - 3)) << n;
    auto both = a;
    hetmap::map_into(here(), both, weigh{}, both, both);
    ASSERT_TRUE(std::ranges::equal(both, hetmap::map(here(), weigh{}, a, a))) << n;
  }
}

TEST_P(AliasingContract, ElementsThatOwnMemoryAreReplacedInPlace) {
  std::vector<std::string> words(1000);
  for (std::size_t i = 0; i != words.size(); ++i)
    words[i] = "the word that has number " + std::to_string(i);
  std::function<std::string(std::string const&)> const twice = [](auto& w) { return w + w; };
  auto const apart = hetmap::map(here(), twice, words);
  hetmap::map_into(here(), words, twice, words);
  EXPECT_TRUE(std::ranges::equal(words, apart));
}

/// Adds what is assigned to it to what it is.
struct total {
  int value = 0;
  total& operator=(int more) {
    value += more;
    return *this;
  }
};

TEST_P(AliasingContract, AnAssignmentOfTheElementsOwnMeetsTheElement) {
  for (std::size_t const n : support::sizes({1, 64, 65, 1000})) {
    std::vector<total> x(n), y(n);
    for (std::size_t i = 0; i != n; ++i) x[i].value = y[i].value = static_cast<int>(i);
    hetmap::map_into(
        here(), x, [](total const& t) { return t.value + 1; }, x);
    hetmap::map_into(
        here(), y, [](total const& t) { return t.value; }, x);
    for (std::size_t i = 0; i != n; ++i) {
      ASSERT_EQ(x[i].value, 2 * static_cast<int>(i) + 1);
      ASSERT_EQ(y[i].value, 3 * static_cast<int>(i) + 1);
    }
  }
}

TEST_P(AliasingContract, ElementsWithConstructorsMayBeReplacedInPlace) {
  for (std::size_t const n : support::edge_sizes()) {
    std::vector<std::complex<float>> x(n);
    for (std::size_t i = 0; i != n; ++i) x[i] = {static_cast<float>(i), 1};
    auto const turn = [](std::complex<float> v) {
      return std::complex<float>(-v.imag(), v.real());
    };
    auto const apart = hetmap::map(here(), turn, x);
    hetmap::map_into(here(), x, turn, x);
    ASSERT_TRUE(std::ranges::equal(x, apart)) << n;
  }
}

template <std::size_t N>
struct bytes {
  std::array<unsigned char, N> value;
  bool operator==(bytes const&) const = default;
};

/// Elements of N bytes, the first and the last of which are not mapped.
template <std::size_t N>
void expect_replaced_in_place(hetmap::options const& how, std::size_t n) {
  SCOPED_TRACE(testing::Message() << n << " elements of " << N << " bytes");
  std::vector<bytes<N>> x(n + 2);
  for (std::size_t i = 0; i != x.size(); ++i)
    for (std::size_t k = 0; k != N; ++k) x[i].value[k] = static_cast<unsigned char>(3 * i + k);
  unsigned char const more = 7;
  auto const f = [&](bytes<N> v) {
    for (unsigned char& byte : v.value) byte = static_cast<unsigned char>(byte * 5 + more);
    return v;
  };
  auto expected = x;
  for (std::size_t i = 1; i <= n; ++i) expected[i] = f(x[i]);
  auto const middle = std::span(x).subspan(1, n);
  hetmap::map_into(how, middle, f, middle);
  ASSERT_TRUE(x == expected);
}

template <std::size_t... N>
void expect_all_replaced_in_place(hetmap::options const& how, std::index_sequence<N...>) {
  for (std::size_t const n : {0U, 1U, 15U, 16U, 17U, 63U, 64U, 65U, 200U})
    (expect_replaced_in_place<N>(how, n), ...);
}

TEST_P(AliasingContract, StructsOfAnySizeAreReplacedInPlace) {
  expect_all_replaced_in_place(here(), std::index_sequence<1, 3, 8, 12, 13, 24, 40, 63, 64, 65>());
}

TEST_P(AliasingContract, OneRangeMayBeInputAndOutputThroughDifferentViews) {
  auto x = reals(500);
  auto const apart = hetmap::map(here(), root_plus_third{}, x);
  hetmap::map_into(here(), std::span(x), root_plus_third{}, std::span<double const>(x));
  EXPECT_TRUE(std::ranges::equal(x, apart));
}

TEST_P(AliasingContract, AFailureInPlaceIsReportedAtItsElement) {
  for (std::size_t const n : support::sizes({10, 64, 100, 1000}))
    for (std::size_t const at : {std::size_t{0}, n / 2, n - 1})
      for (auto const& c : support::chunk_sizes(n)) {
        SCOPED_TRACE(testing::Message() << at << " of " << n << ", chunks of " << c.value_or(0));
        auto x = support::indices(n);
        std::function<int(int)> const f = [&](int i) {
          return static_cast<std::size_t>(i) == at ? throw i : i + 5000;
        };
        EXPECT_THROW(hetmap::map_into({.backend = GetParam(), .chunk_size = c}, x, f, x), int);
        EXPECT_EQ(hetmap::failed_index(), at);
        for (std::size_t i = 0; i != n; ++i) {
          int const old = static_cast<int>(i);
          if (i < at) {
            ASSERT_EQ(x[i], old + 5000);
          } else if (i == at)
            ASSERT_EQ(x[i], old);
          else
            ASSERT_TRUE(x[i] == old || x[i] == old + 5000);
        }
      }
}

TEST_P(AliasingContract, AFailureInPlaceLeavesElementsThatOwnMemoryWhole) {
  std::vector<std::string> x(200, "as it was, and longer than a string holds within itself");
  x[150] = "bad";
  auto const before = x;
  std::function<std::string(std::string const&)> const f = [](std::string const& s) {
    return s == "bad" ? throw std::runtime_error(s) : s + "!";
  };
  EXPECT_THROW(hetmap::map_into(here(), x, f, x), std::runtime_error);
  EXPECT_EQ(hetmap::failed_index(), 150u);
  for (std::size_t i = 0; i != x.size(); ++i)
    ASSERT_TRUE(i < 150 ? x[i] == before[i] + "!"
                        : x[i] == before[i] || (i != 150 && x[i] == before[i] + "!"));
}

TEST_P(AliasingContract, PartialOverlapIsRefusedBeforeAnythingHappens) {
  std::size_t const n = 100;
  auto const fresh = support::indices(2 * n);
  for (std::size_t const shift : {std::size_t{1}, std::size_t{2}, std::size_t{64}, n - 1}) {
    SCOPED_TRACE(shift);
    auto x = fresh;
    int calls = 0;
    int_function const f = [&](int i) { return ++calls, -i; };
    auto const low = std::span(x).first(n), high = std::span(x).subspan(shift, n);
    EXPECT_THROW(hetmap::map_into(here(), low, f, high), hetmap::overlap_error);
    EXPECT_THROW(hetmap::map_into(here(), high, f, low), hetmap::overlap_error);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(x, fresh);
  }
}

TEST_P(AliasingContract, AnArrayBesideAnInputThatCannotBeIndexedIsHeldToTheSame) {
  std::size_t const n = 300;
  auto const fresh = support::indices(2 * n);
  two_ints const f = [](int a, int b) { return a + b; };
  std::list<int> const thousands(n, 1000);
  for (std::size_t const shift : {std::size_t{1}, std::size_t{64}, std::size_t{100}, n - 1}) {
    SCOPED_TRACE(shift);
    auto x = fresh;
    auto const low = std::span(x).first(n), high = std::span(x).subspan(shift, n);
    EXPECT_THROW(hetmap::map_into(here(), low, f, high, thousands), hetmap::overlap_error);
    EXPECT_THROW(hetmap::map_into(here(), high, f, low, thousands), hetmap::overlap_error);
    EXPECT_EQ(x, fresh);
  }
  auto x = fresh;
  hetmap::map_into(here(), std::span(x).first(n), f, std::span(x).first(n), thousands);
  for (std::size_t i = 0; i != 2 * n; ++i) ASSERT_EQ(x[i], fresh[i] + (i < n ? 1000 : 0)) << i;
}

TEST_P(AliasingContract, TheMessageSaysWhichOverlap) {
  auto x = support::indices(100);
  auto const other = support::indices(100);
  try {
    hetmap::map_into(here(), std::span(x).first(50), two_ints(std::plus<>{}), other,
                     std::span(x).subspan(10, 50));
    FAIL() << "nothing was thrown";
  } catch (hetmap::overlap_error const& e) {
    EXPECT_NE(std::string(e.what()).find("output 0 overlaps input 1"), std::string::npos)
        << e.what();
    EXPECT_NE(std::string(e.what()).find("map_into"), std::string::npos);
  }
}

TEST_P(AliasingContract, NeighboursAndUnusedPartsAreNoOverlap) {
  auto x = support::indices(300);
  int_function const f = [](int i) { return i + 1000; };
  hetmap::map_into(here(), std::span(x).first(100), f, std::span(x).subspan(100, 100));
  hetmap::map_into(here(), std::span(x).last(100), f, std::span(x).subspan(100, 100));
  EXPECT_EQ(x[0], 1100);
  EXPECT_EQ(x[299], 1199);
  // Only the elements that the map reaches count: here three, since the other input is that short.
  hetmap::map_into(here(), std::span(x).subspan(3, 200), two_ints(std::plus<>{}),
                   std::span(x).first(200), std::vector{1, 1, 1});
  EXPECT_EQ(x[3], 1101);
  hetmap::map_into(here(), std::span(x).subspan(1, 0), f, std::span(x).first(0));
}

TEST_P(AliasingContract, TheSameMemoryAsOtherElementsIsRefused) {
  std::vector<std::int64_t> words(64, 1);
  std::span const halves(reinterpret_cast<std::int32_t*>(words.data()), 128);
  EXPECT_THROW(
      hetmap::map_into(here(), halves,
                       std::function<std::int32_t(std::int64_t)>([](auto) { return 0; }), words),
      hetmap::overlap_error);
}

TEST_P(AliasingContract, ColumnsMayBeTheInputsExactly) {
  for (std::size_t const n : support::edge_sizes()) {
    auto a = support::indices(n);
    std::vector<int> b(n);
    std::transform(a.begin(), a.end(), b.begin(), std::negate<>{});
    pair_function const swap = [](int p, int q) { return std::pair(q, p); };
    pair_function const same = [](int p, int q) { return std::pair(p, q); };
    hetmap::map_into(here(), hetmap::columns(a, b), swap, a, b);
    for (std::size_t i = 0; i != n; ++i) {
      ASSERT_EQ(a[i], -static_cast<int>(i));
      ASSERT_EQ(b[i], static_cast<int>(i));
    }
    // The same the other way round: output 0 is input 1.
    hetmap::map_into(here(), hetmap::columns(b, a), same, a, b);
    if (n > 1) {
      ASSERT_EQ(b[1], -1);
    }
    if (n > 1) {
      ASSERT_EQ(a[1], 1);
    }
  }
}

TEST_P(AliasingContract, AFailureInColumnsInPlaceIsReportedAtItsElement) {
  for (int const at : {0, 1, 63, 64, 99}) {
    auto a = support::indices(100), b = support::indices(100);
    pair_function const f = [&](int p, int q) {
      return p == at ? throw p : std::pair(p + 1000, q + 2000);
    };
    EXPECT_THROW(hetmap::map_into(here(), hetmap::columns(a, b), f, a, b), int);
    EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(at));
    for (int i = 0; i != at; ++i) ASSERT_EQ(b[static_cast<std::size_t>(i)], i + 2000);
    ASSERT_EQ(a[static_cast<std::size_t>(at)], at);
  }
}

TEST_P(AliasingContract, ColumnsMayNotOverlapOneAnother) {
  std::vector<int> out(100), x = support::indices(60);
  std::function<std::pair<int, int>(int)> const twin = [](int i) { return std::pair(i, i); };
  EXPECT_THROW(hetmap::map_into(here(), hetmap::columns(out, out), twin, x), hetmap::overlap_error);
  EXPECT_THROW(
      hetmap::map_into(here(), hetmap::columns(std::span(out).first(60), std::span(out).last(60)),
                       twin, x),
      hetmap::overlap_error);
  EXPECT_THROW(hetmap::map_into(here(), hetmap::columns(out, std::span(x).subspan(1)), twin,
                                std::span(x).first(59)),
               hetmap::overlap_error);
}

TEST_P(AliasingContract, BlocksMayBeInPlaceButNotOverlap) {
  auto x = support::indices(10000);
  std::function<void(std::span<int const>, std::span<int>)> const add = [](auto in, auto out) {
    for (std::size_t i = 0; i != in.size(); ++i) out[i] = in[i] + 1;
  };
  hetmap::map_blocks(here(), add, x, x);
  EXPECT_EQ(x[9999], 10000);
  EXPECT_THROW(hetmap::map_blocks(here(), add, std::span(x).first(9000), std::span(x).last(9000)),
               hetmap::overlap_error);
}

}  // namespace
