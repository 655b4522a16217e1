// Refs of arrays on a pretended GPU: a function that runs on the host reads what is current,
// however it holds the ref.
#include "host_device.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::array;
using hetmap::array_ref;
using hetmap::backend;

hetmap::options const on_gpu{.backend = backend::gpu};

using number = std::int64_t;
constexpr std::size_t n = 100;

/// With the ref among its bytes.
struct by_value {
  array_ref<number> table;
  number operator()(number i) const { return table[static_cast<std::size_t>(i)]; }
};
struct with_token {
  array_ref<number> table;
  number operator()(number i, std::stop_token const& stop) const {
    return stop.stop_requested() ? -1 : table[static_cast<std::size_t>(i)];
  }
};
struct behind_a_pointer {
  by_value const* f;
  number operator()(number i) const { return (*f)(i); }
};

class Refs : public support::on_virtual_device {
 protected:
  /// A function is warm when it has been learned, from tables that are at home: its calls are short
  /// ones then. The results of call(f) are those of the table, for one on the device that is new.
  template <class Make, class Call>
  void expect_current(Make make, Call call) {
    std::vector<number> const x = counted(n);
    array<number> const at_home(x);
    for (int k = 0; k != 200; ++k) ASSERT_EQ(call(make(hetmap::ref(at_home))), sum_of(x));
    for (int round = 0; round != 3; ++round) {
      array<number> const away = hetmap::map(on_gpu, triple{}, at_home);
      ASSERT_FALSE(away.is_on_host());
      EXPECT_EQ(call(make(hetmap::ref(away))), 3 * sum_of(x) + triple{}(0) * number{n});
      EXPECT_TRUE(away.is_on_host());
    }
  }
  static number sum_of(std::vector<number> const& v) {
    return std::accumulate(v.begin(), v.end(), number{0});
  }

  std::vector<number> const indices = counted(n);

  /// What map makes of all of the table.
  template <class F>
  number mapped(F&& f) {
    auto const y = hetmap::map(f, indices);
    return std::accumulate(y.begin(), y.end(), number{0});
  }
  template <class F>
  number streamed(F&& f) {
    number sum = 0;
    for (number const v : hetmap::imap(f, indices)) sum += v;
    return sum;
  }
};

TEST_F(Refs, AmongTheBytesOfAFunctor) {
  auto const make = [](array_ref<number> t) { return by_value{t}; };
  expect_current(make, [&](auto f) { return mapped(f); });
  expect_current(make, [&](auto f) { return streamed(f); });
  expect_current(make,
                 [&](auto f) { return hetmap::map_reduce(f, std::plus<>(), number{0}, indices); });
}

TEST_F(Refs, InAFunctorThatTakesAStopToken) {
  auto const make = [](array_ref<number> t) { return with_token{t}; };
  expect_current(make, [&](auto f) { return mapped(f); });
  expect_current(make,
                 [&](auto f) { return hetmap::map_reduce(f, std::plus<>(), number{0}, indices); });
  expect_current(make, [&](auto f) {
    std::vector<std::tuple<number>> rows(indices.begin(), indices.end());
    auto const y = hetmap::starmap(f, rows);
    return std::accumulate(y.begin(), y.end(), number{0});
  });
}

TEST_F(Refs, InCollectMode) {
  expect_current([](array_ref<number> t) { return by_value{t}; },
                 [&](auto f) {
                   number sum = 0;
                   for (auto const& o : hetmap::map({.errors = hetmap::collect}, f, indices))
                     sum += o.value();
                   return sum;
                 });
}

TEST_F(Refs, BesideWhatIsMoreThanItsBytes) {
  auto const make = [](array_ref<number> t) {
    return [t, text = std::string(100, 'x')](number i) {
      return t[static_cast<std::size_t>(i)] + static_cast<number>(text.size() - 100);
    };
  };
  expect_current(make, [&](auto f) { return mapped(f); });
  expect_current(make, [&](auto f) { return streamed(f); });
}

TEST_F(Refs, InAnErasedFunction) {
  auto const make = [](array_ref<number> t) { return std::function<number(number)>(by_value{t}); };
  expect_current(make, [&](auto f) { return mapped(f); });
  expect_current(make, [&](auto f) { return streamed(f); });
}

TEST_F(Refs, InsideAComposition) {
  expect_current(
      [](array_ref<number> t) { return hetmap::compose([](number v) { return v; }, by_value{t}); },
      [&](auto f) { return mapped(f); });
}

TEST_F(Refs, CapturedByReferenceOrBehindAPointer) {
  auto const same = [](array_ref<number> t) { return t; };
  auto const through = [&](auto call) {
    expect_current(same, [&](array_ref<number> t) {
      by_value const f{t};
      return call(t, f);
    });
  };
  through([&](array_ref<number> const& t, auto const&) {
    return mapped([&t](number i) { return t[static_cast<std::size_t>(i)]; });
  });
  through([&](auto const&, by_value const& f) { return mapped(behind_a_pointer{&f}); });
  through([&](auto const&, by_value const& f) { return mapped(std::ref(f)); });
  through([&](auto const&, by_value const& f) { return streamed(behind_a_pointer{&f}); });
}

TEST_F(Refs, InFunctionsOfBlocks) {
  expect_current([](array_ref<number> t) { return t; },
                 [&](array_ref<number> t) {
                   std::vector<number> y(n);
                   hetmap::map_blocks(
                       [t](std::span<number const> in, std::span<number> out) {
                         for (std::size_t k = 0; k != in.size(); ++k)
                           out[k] = t[static_cast<std::size_t>(in[k])];
                       },
                       y, indices);
                   return std::accumulate(y.begin(), y.end(), number{0});
                 });
}

TEST_F(Refs, OnAPool) {
  hetmap::pool pool(2);
  auto const make = [](array_ref<number> t) { return with_token{t}; };
  expect_current(make, [&](auto f) {
    auto const y = pool.map(f, indices);
    return std::accumulate(y.begin(), y.end(), number{0});
  });
  expect_current(make, [&](auto f) {
    auto const y = pool.map_async(f, indices).get();
    return std::accumulate(y.begin(), y.end(), number{0});
  });
}

TEST_F(Refs, OfOtherArraysStayWhereTheyAre) {
  array<number> const at_home(counted(n));
  array<number> const away = hetmap::map(on_gpu, triple{}, at_home);
  [[maybe_unused]] auto const unused = hetmap::ref(away);
  double const a = 2.5, b = 3.25;
  static_cast<void>(hetmap::map([](number v) { return v + 1; }, indices));
  static_cast<void>(
      hetmap::map([a, b](number v) { return a * static_cast<double>(v) + b; }, indices));
  static_cast<void>(mapped(by_value{hetmap::ref(at_home)}));
  EXPECT_FALSE(away.is_on_host());
}

TEST_F(Refs, OfAnArrayThatIsLostDisturbNobodyElse) {
  std::vector<number> const x = counted(n);
  array<number> const at_home(x);
  array<number> const away = hetmap::map(on_gpu, triple{}, at_home);
  [[maybe_unused]] auto const unused = hetmap::ref(away);
  gpu().strike_with([](support::operation, std::uint64_t) { return support::strike::lost; });
  EXPECT_EQ(mapped(std::function<number(number)>([](number v) { return v; })), sum_of(x));
  EXPECT_FALSE(away.is_on_host());
}

}  // namespace
