// Once a call has returned or thrown, no copy of an input, result, callable or exception that the
// library made is alive.
#include "support/backends.hpp"
#include "support/sizes.hpp"
#include "support/tracked.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <functional>
#include <list>
#include <ranges>
#include <stop_token>
#include <vector>

namespace {

struct input_tag {};
struct result_tag {};
struct error_tag {};
using input = support::tracked<input_tag>;
using result = support::tracked<result_tag>;
using error = support::tracked<error_tag>;

class LifetimeContract : public support::on_each_backend {
 protected:
  LifetimeContract() {
    input::alive = result::alive = error::alive = 0;  // whatever an earlier test left behind
    input::restart(), result::restart(), error::restart();
  }
  ~LifetimeContract() override {
    EXPECT_EQ(input::alive, 0);
    EXPECT_EQ(result::alive, 0);
    EXPECT_EQ(error::alive, 0);
  }
};
INSTANTIATE_TEST_SUITE_P(On, LifetimeContract, support::each_backend(), support::backend_name);

constexpr int n = 2000;

/// A single-pass range of n freshly made inputs.
auto single_pass() {
  return std::views::iota(0, n) | std::views::transform([](int i) { return input(i); });
}

using function = std::function<result(input const&)>;
function const keep = [](input const& v) { return result(v.value); };
function const keep_or_fail = [](input const& v) {
  if (v.value >= 1234) throw error(v.value);
  return result(v.value);
};

/// Wraps any range so that it can be read once only.
template <std::ranges::input_range R>
class once {
 public:
  explicit once(R range) : range_(std::move(range)) {}
  struct iterator {
    using value_type = std::ranges::range_value_t<R>;
    using difference_type = std::ptrdiff_t;
    std::ranges::iterator_t<R> at;
    decltype(auto) operator*() const { return *at; }
    iterator& operator++() { return ++at, *this; }
    void operator++(int) { ++at; }
    bool operator==(std::ranges::sentinel_t<R> const& end) const { return at == end; }
  };
  iterator begin() { return {std::ranges::begin(range_)}; }
  auto end() { return std::ranges::end(range_); }

 private:
  R range_;
};

TEST_P(LifetimeContract, NothingIsLeftOfASuccess) {
  std::vector<input> x;
  for (int i = 0; i != n; ++i) x.emplace_back(i);
  input::restart();
  {
    auto const y = hetmap::map(here(), keep, x);
    EXPECT_EQ(result::alive, n);
    EXPECT_EQ(y[n - 1].value, n - 1);
  }
  EXPECT_EQ(input::made, 0);   // an array is read where it lies
  EXPECT_EQ(result::made, n);  // a result is built where it stays
}

TEST_P(LifetimeContract, NothingIsLeftOfAFailure) {
  std::vector<input> x;
  for (int i = 0; i != n; ++i) x.emplace_back(i);
  try {
    hetmap::map(here(), keep_or_fail, x);
    FAIL() << "nothing was thrown";
  } catch (error const& e) {
    EXPECT_EQ(e.value, 1234);
    EXPECT_EQ(result::alive, 0);
    EXPECT_EQ(error::alive, 1);
  }
  EXPECT_EQ(error::alive, 0);
}

TEST_P(LifetimeContract, NothingIsLeftOfAFailureOfAKernelKnownToBeCheap) {
  std::vector<input> x;
  for (int i = 0; i != 20; ++i) x.emplace_back(i);
  bool failing = false;
  auto const f = [&](input const& v) {
    return failing && v.value == 11 ? throw error(v.value) : result(v.value);
  };
  for (int round = 0; round != 100; ++round) hetmap::map(here(), f, x);  // the cost is learned
  failing = true;
  result::restart();
  EXPECT_THROW(hetmap::map(here(), f, x), error);
  EXPECT_GE(result::made, 11);
  EXPECT_EQ(result::alive, 0);
}

TEST_P(LifetimeContract, NothingIsLeftOfASinglePassInput) {
  {
    auto const y = hetmap::map(here(), keep, once(single_pass()));
    EXPECT_EQ(y.size(), static_cast<std::size_t>(n));
    EXPECT_EQ(input::alive, 0);
    EXPECT_EQ(result::alive, n);
  }
  EXPECT_THROW(hetmap::map(here(), keep_or_fail, once(single_pass())), error);
  EXPECT_EQ(input::alive, 0);
  EXPECT_EQ(result::alive, 0);
}

TEST_P(LifetimeContract, NothingIsLeftOfAFailingSinglePassInput) {
  auto failing = once(std::views::iota(0, n) | std::views::transform([](int i) {
                        return i == 1500 ? throw error(i) : input(i);
                      }));
  EXPECT_THROW(hetmap::map(here(), keep, failing), error);
}

TEST_P(LifetimeContract, AForwardInputIsNotCopied) {
  std::list<input> x;
  for (int i = 0; i != n; ++i) x.emplace_back(i);
  input::restart();
  EXPECT_EQ(hetmap::map(here(), keep, x).size(), x.size());
  EXPECT_THROW(hetmap::map(here(), keep_or_fail, x), error);
  EXPECT_EQ(input::made, 0);
}

TEST_P(LifetimeContract, NothingIsLeftOfACancelledCall) {
  std::vector<input> x;
  for (int i = 0; i != n; ++i) x.emplace_back(i);
  std::stop_source stop;
  function const f = [&](input const& v) {
    if (v.value == 700) stop.request_stop();
    return result(v.value);
  };
  EXPECT_THROW(
      hetmap::map({.backend = GetParam(), .chunk_size = 1, .stop = stop.get_token()}, f, x),
      hetmap::cancelled_error);
  EXPECT_GT(result::made, 0);
  EXPECT_EQ(result::alive, 0);
}

TEST_P(LifetimeContract, NothingIsLeftWhenTheProgressCallbackThrows) {
  std::vector<input> x;
  for (int i = 0; i != n; ++i) x.emplace_back(i);
  hetmap::progress_callback const refuse = [](hetmap::progress const&) { throw error(1); };
  EXPECT_THROW(hetmap::map({.backend = GetParam(), .progress = refuse}, keep, x), error);
  EXPECT_EQ(result::alive, 0);
  std::list<input> const slow(x.begin(), x.end());
  EXPECT_THROW(hetmap::map({.backend = GetParam(), .progress = refuse}, keep, slow), error);
  EXPECT_EQ(result::alive, 0);
}

TEST_P(LifetimeContract, CollectedErrorsLiveAsLongAsTheirOutcomes) {
  std::vector<input> x;
  for (int i = 0; i != n; ++i) x.emplace_back(i);
  {
    auto const y = hetmap::map({.backend = GetParam(), .errors = hetmap::collect}, keep_or_fail, x);
    EXPECT_EQ(result::alive, 1234);
    EXPECT_EQ(error::alive, n - 1234);
  }
  EXPECT_EQ(result::alive, 0);
  EXPECT_EQ(error::alive, 0);
}

/// Moving result 1000 throws, which a result vector that has to grow meets.
struct breaks_when_moved : result {
  explicit breaks_when_moved(int v) : result(v) {}
  breaks_when_moved(breaks_when_moved&& other) : result(std::move(other)) {
    if (value == 1000) throw error(value);
  }
};

TEST_P(LifetimeContract, NothingIsLeftWhenAResultCannotBeMoved) {
  std::function<breaks_when_moved(int)> const make = [](int i) { return breaks_when_moved(i); };
  auto unsized = std::views::iota(0, n) | std::views::filter([](int) { return true; });
  EXPECT_THROW(hetmap::map(here(), make, unsized), error);
  EXPECT_EQ(result::alive, 0);
  EXPECT_EQ(hetmap::map(here(), make, support::indices(n)).size(), static_cast<std::size_t>(n));
}

TEST_P(LifetimeContract, ReplacedOutputsAreDestroyedOnce) {
  std::vector<result> out(n);
  std::vector<input> x;
  for (int i = 0; i != n; ++i) x.emplace_back(i);
  hetmap::map_into(here(), out, keep, x);
  EXPECT_EQ(result::alive, n);
  EXPECT_THROW(hetmap::map_into(here(), out, keep_or_fail, x), error);
  EXPECT_EQ(result::alive, n);
}

TEST_P(LifetimeContract, AnRvalueInputDiesWithTheCall) {
  auto const y = hetmap::map(
      here(), [](input const& v) { return v.value; }, std::vector<input>(n, input(3)));
  EXPECT_EQ(y[n - 1], 3);
  EXPECT_EQ(input::alive, 0);
}

}  // namespace
