// Results of every kind of type, stored as values.
#include "support/backends.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace {

class ResultContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, ResultContract, support::each_backend(), support::backend_name);

constexpr std::size_t n = 1000;

/// Maps 0..n over `make`, which returns an R, and lets `holds(result, i)` judge each.
template <class R, class Returned = R, class Holds>
void stores(hetmap::backend where, std::type_identity_t<std::function<Returned(int)>> const& make,
            Holds holds) {
  auto const y = hetmap::map({.backend = where}, make, support::indices(n));
  static_assert(std::is_same_v<decltype(y), hetmap::vector<R> const>);
  ASSERT_EQ(y.size(), n);
  for (std::size_t i = 0; i != n; ++i) ASSERT_TRUE(holds(y[i], static_cast<int>(i))) << i;
}

TEST_P(ResultContract, BoolIsOneAddressableByte) {
  auto y = hetmap::map(
      here(), [](int i) { return i % 2 == 1; }, support::indices(n));
  static_assert(std::is_same_v<decltype(y[0]), bool&>);
  std::span<bool> const bytes = y;
  EXPECT_EQ(bytes.size(), n);
  EXPECT_EQ(&bytes[1] - &bytes[0], 1);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(bytes[i], i % 2 == 1);
}

TEST_P(ResultContract, ReferencesAreStoredAsValues) {
  std::vector<std::string> const words(n, "a word that does not fit within itself");
  auto const& kept = words;
  stores<std::string, std::string const&>(
      GetParam(), [&](int i) -> std::string const& { return kept[static_cast<std::size_t>(i)]; },
      [&](std::string const& s, int i) { return s == words[0] && &s != &words[size_t(i)]; });
  int shared = 5;
  auto const y = hetmap::map(
      here(), [&](int) -> int& { return shared; }, support::indices(n));
  static_assert(std::is_same_v<decltype(y), hetmap::vector<int> const>);
  shared = 6;
  EXPECT_EQ(y[n - 1], 5);
}

TEST_P(ResultContract, RvalueReferencesAreMovedFrom) {
  std::vector<std::unique_ptr<int>> owners(n);
  for (std::size_t i = 0; i != n; ++i) owners[i] = std::make_unique<int>(static_cast<int>(i));
  stores<std::unique_ptr<int>, std::unique_ptr<int>&&>(
      GetParam(), [&](int i) -> std::unique_ptr<int>&& { return std::move(owners[size_t(i)]); },
      [](std::unique_ptr<int> const& p, int i) { return p != nullptr && *p == i; });
  EXPECT_EQ(owners[n - 1], nullptr);
}

TEST_P(ResultContract, ConstResultsAreStoredWithoutConst) {
  stores<std::string, std::string const>(
      GetParam(), [](int i) -> std::string const { return std::to_string(i); },
      [](std::string const& s, int i) { return s == std::to_string(i); });
}

struct immovable {
  explicit immovable(int v) : value(v), self(this) {}
  immovable(immovable&&) = delete;
  int value;
  immovable const* self;
};

TEST_P(ResultContract, ImmovableResultsAreBuiltInPlace) {
  stores<immovable>(
      GetParam(), [](int i) { return immovable(i); },
      [](immovable const& r, int i) { return r.value == i && r.self == &r; });
}

struct alignas(256) aligned {
  int value;
};

TEST_P(ResultContract, OverAlignedResultsAreAligned) {
  stores<aligned>(
      GetParam(), [](int i) { return aligned{i}; },
      [](aligned const& r, int i) {
        return r.value == i && reinterpret_cast<std::uintptr_t>(&r) % 256 == 0;
      });
}

using large = std::array<unsigned char, 666>;

TEST_P(ResultContract, LargeAndSmallElementsAreWhole) {
  stores<large>(
      GetParam(),
      [](int i) {
        large out;
        out.fill(static_cast<unsigned char>(i));
        return out;
      },
      [](large const& r, int i) {
        return r[0] == static_cast<unsigned char>(i) && r[665] == static_cast<unsigned char>(i);
      });
  stores<std::array<float, 3>>(
      GetParam(),
      [](int i) {
        auto const v = static_cast<float>(i);
        return std::array{v, v + 1, v + 2};
      },
      [](auto const& r, int i) { return r[2] == static_cast<float>(i) + 2; });
}

enum class colour : unsigned char { red, green, blue };

TEST_P(ResultContract, EnumsPointersAndSumTypesWork) {
  stores<colour>(
      GetParam(), [](int i) { return static_cast<colour>(i % 3); },
      [](colour c, int i) { return static_cast<int>(c) == i % 3; });
  static constexpr std::array<int, 2> values{1, 2};
  stores<int const*>(
      GetParam(), [](int i) { return &values[static_cast<std::size_t>(i) % 2]; },
      [](int const* p, int i) { return *p == 1 + i % 2; });
  stores<std::optional<std::string>>(
      GetParam(), [](int i) { return i % 2 ? std::optional(std::to_string(i)) : std::nullopt; },
      [](auto const& o, int i) { return o.has_value() == (i % 2 == 1); });
  stores<std::variant<int, std::string>>(
      GetParam(),
      [](int i) -> std::variant<int, std::string> {
        if (i % 2) return i;
        return std::to_string(i);
      },
      [](auto const& v, int i) { return v.index() == (i % 2 ? 0u : 1u); });
}

/// Assignment would read what was there before: raw memory, if the library assigned to it.
struct tells_assignment {
  tells_assignment() = default;
  explicit tells_assignment(int v) : value(v) {}
  tells_assignment(tells_assignment const&) = default;
  tells_assignment& operator=(tells_assignment const& other) {
    value = other.value;
    ++assignments;
    return *this;
  }
  int value;
  inline static std::atomic<int> assignments{0};
};
static_assert(std::is_trivially_default_constructible_v<tells_assignment>);

TEST_P(ResultContract, ResultsAreConstructedNotAssigned) {
  tells_assignment::assignments = 0;
  stores<tells_assignment>(
      GetParam(), [](int i) { return tells_assignment(i); },
      [](tells_assignment const& r, int i) { return r.value == i; });
  EXPECT_EQ(tells_assignment::assignments, 0);
}

/// A class whose & is its own business.
struct hides_its_address {
  explicit hides_its_address(int v) : value(v) {}
  int value;
  void operator&() const = delete;
};

TEST_P(ResultContract, OverloadedAddressOfIsNotUsed) {
  auto const y = hetmap::map(
      here(), [](int i) { return hides_its_address(i); }, support::indices(n));
  EXPECT_EQ(y[n - 1].value, static_cast<int>(n) - 1);
}

TEST_P(ResultContract, FunctionsAsResultsWork) {
  stores<std::function<int()>>(
      GetParam(), [](int i) -> std::function<int()> { return [i] { return i; }; },
      [](std::function<int()> const& f, int i) { return f() == i; });
}

TEST_P(ResultContract, MoveOnlyResultsOfAnUnsizedInputSurviveGrowth) {
  std::forward_list<int> x;
  for (int i = 4999; i >= 0; --i) x.push_front(i);
  auto const y = hetmap::map(
      here(), [](int i) { return std::make_unique<int>(i); }, x);
  ASSERT_EQ(y.size(), 5000u);
  for (std::size_t i = 0; i != y.size(); ++i) ASSERT_EQ(*y[i], static_cast<int>(i));
}

TEST_P(ResultContract, ConvertsToTheElementsOfTheOutput) {
  std::vector<double> out(n);
  hetmap::map_into(
      here(), out, [](int i) { return i; }, support::indices(n));
  EXPECT_EQ(out[n - 1], static_cast<double>(n) - 1);
  std::vector<std::string> text(n);
  hetmap::map_into(
      here(), text, [](int i) { return i % 2 ? "odd" : "even"; }, support::indices(n));
  EXPECT_EQ(text[n - 1], "odd");
  std::vector<std::optional<int>> maybe(n);
  hetmap::map_into(
      here(), maybe, [](int i) { return i; }, support::indices(n));
  EXPECT_EQ(maybe[3], 3);
}

TEST_P(ResultContract, MoveOnlyResultsAreAssignedToAnExistingOutput) {
  std::vector<std::unique_ptr<int>> out(n);
  hetmap::map_into(
      here(), out, [](int i) { return std::make_unique<int>(i); }, support::indices(n));
  EXPECT_EQ(*out[n - 1], static_cast<int>(n) - 1);
}

/// The k-th that is made throws; how many there are is counted.
struct made_in_vain {
  static inline int alive = 0, left = 0;
  made_in_vain() { made(); }
  made_in_vain(made_in_vain const&) { made(); }
  ~made_in_vain() { --alive; }

 private:
  static void made() {
    if (left-- == 0) throw 1;
    ++alive;
  }
};

TEST(Vector, HoldsWhatItWasMadeOf) {
  for (std::size_t const size : std::initializer_list<std::size_t>{1, 3, 100, 10'000, 1'000'000}) {
    hetmap::vector<char> const v(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(v.data()) % 64, 0u) << size;
    EXPECT_EQ(std::count(v.begin(), v.end(), 0), static_cast<std::ptrdiff_t>(size));
  }
  hetmap::vector<int> v{1, 2, 3};
  auto w = v;
  EXPECT_EQ(v, w);
  w[1] = 7;
  EXPECT_NE(v, w);
  EXPECT_EQ(hetmap::vector<int>(2, 5), (hetmap::vector<int>{5, 5}));
  auto& same = v;
  v = same;
  EXPECT_EQ(v.at(2), 3);
  EXPECT_THROW(static_cast<void>(v.at(3)), std::out_of_range);
  EXPECT_EQ(v.front() + v.back(), 4);
  auto const u = std::move(v);
  EXPECT_TRUE(v.empty());  // NOLINT(bugprone-use-after-move): that is the promise
  EXPECT_EQ(std::span<int const>(u).size(), 3u);
  hetmap::vector<int> const none;
  EXPECT_EQ(none.begin(), none.end());
}

TEST(Vector, NothingIsLeftOfOneThatCouldNotBeMade) {
  for (int k = 0; k != 5; ++k) {
    made_in_vain::left = k;
    EXPECT_THROW(hetmap::vector<made_in_vain>(5), int);
    EXPECT_EQ(made_in_vain::alive, 0);
  }
  made_in_vain::left = 8;
  hetmap::vector<made_in_vain> const five(5);
  EXPECT_THROW(static_cast<void>(hetmap::vector<made_in_vain>(five)), int);
  EXPECT_EQ(made_in_vain::alive, 5);
}

}  // namespace
