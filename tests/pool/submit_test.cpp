// submit: any callable with any arguments; what a future promises, each a thousand times.
#include "support/tracked.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>
#include <hetmap/pool.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
constexpr int rounds = 1000;

class Submit : public testing::Test {
 protected:
  hetmap::pool pool{{.workers = 3}};
};

struct account {
  int balance = 10;
  int add(int n) { return balance += n; }
};
int twice(int i) { return 2 * i; }

TEST_F(Submit, TakesAnyCallableWithAnyArguments) {
  EXPECT_EQ(pool.submit(twice, 4).get(), 8);
  EXPECT_EQ(pool.submit(&twice, 4).get(), 8);
  EXPECT_EQ(pool.submit([](std::string const& s) { return s + "!"; }, "text").get(), "text!");
  account a;
  EXPECT_EQ(pool.submit(&account::add, &a, 5).get(), 15);
  EXPECT_EQ(pool.submit(&account::balance, a).get(), 15);
  EXPECT_EQ(pool.submit([](std::unique_ptr<int> p) { return *p; }, std::make_unique<int>(3)).get(),
            3);
  EXPECT_EQ(*pool.submit([p = std::make_unique<int>(4)]() mutable { return std::move(p); }).get(),
            4);
  int here = 0;
  int& same = pool.submit([](int& i) -> int& { return ++i; }, std::ref(here)).get();
  EXPECT_EQ(&same, &here);
  EXPECT_EQ(here, 1);
  std::function<int()> const erased = [] { return 6; };
  EXPECT_EQ(pool.submit(erased).get(), 6);
  pool.submit([] {}).get();
}

TEST_F(Submit, CallsFOnceEach) {
  std::vector<std::atomic<int>> calls(10000);
  std::vector<hetmap::future<void>> futures;
  for (auto& c : calls) futures.push_back(pool.submit([&c] { ++c; }));
  for (auto& h : futures) h.get();
  for (auto& c : calls) ASSERT_EQ(c, 1);
}

struct in_call {};
struct in_result {};
TEST_F(Submit, FunctionAndArgumentsAreGoneWhenTheFutureIsReadyAndResultsWithTheLastHandle) {
  using argument = support::tracked<in_call>;
  using result = support::tracked<in_result>;
  for (int round = 0; round != rounds; ++round) {
    auto h = pool.submit([kept = argument(1)](argument const& a) { return result(a.value); },
                         argument(5));
    h.wait();
    ASSERT_EQ(argument::alive, 0);
    ASSERT_EQ(result::alive, 1);
    auto other = h;
    h = {};
    ASSERT_EQ(other.get().value, 5);
    other = {};
    // The worker may still be letting go of its own reference.
    ASSERT_TRUE(support::soon([] { return result::alive == 0; }));
  }
}

TEST_F(Submit, DroppingAHandleNeitherWaitsNorCancels) {
  std::atomic<int> done{0};
  auto const began = clock::now();
  for (int i = 0; i != 10; ++i)
    static_cast<void>(pool.submit([&] { std::this_thread::sleep_for(50ms), ++done; }));
  EXPECT_LT(clock::now() - began, 50ms * 10);
  EXPECT_LT(done, 10);
  EXPECT_TRUE(support::soon([&] { return done == 10; }));
}

TEST_F(Submit, AnyExceptionIsTheFuturesAndKeepsItsType) {
  for (int round = 0; round != rounds; ++round) {
    auto number = pool.submit([round] { throw round; });
    auto domain = pool.submit([]() -> int { throw std::domain_error("far"); });
    auto nested = pool.submit([] {
      try {
        throw std::runtime_error("inner");
      } catch (...) {
        std::throw_with_nested(std::logic_error("outer"));
      }
    });
    for (int again = 0; again != 2; ++again) {
      try {
        number.get();
        FAIL();
      } catch (int n) {
        EXPECT_EQ(n, round);
      }
      EXPECT_THROW(domain.get(), std::domain_error);
    }
    EXPECT_NE(domain.exception(), nullptr);
    EXPECT_FALSE(domain.successful());
    try {
      nested.get();
      FAIL();
    } catch (std::logic_error const& e) {
      EXPECT_THROW(std::rethrow_if_nested(e), std::runtime_error);
    }
  }
}

struct throws_when_moved {
  bool armed = false;
  throws_when_moved() = default;
  explicit throws_when_moved(bool a) : armed(a) {}
  throws_when_moved(throws_when_moved&& other) : armed(other.armed) {
    if (armed) throw std::length_error("move");
  }
};
struct throws_when_destroyed {
  std::shared_ptr<bool> armed = std::make_shared<bool>(true);
  throws_when_destroyed() = default;
  throws_when_destroyed(throws_when_destroyed&& other) noexcept : armed(std::move(other.armed)) {}
  ~throws_when_destroyed() noexcept(false) {
    if (armed && *armed) throw std::underflow_error("destructor");
  }
};

TEST_F(Submit, MovesAndDestructorsThatThrowHangNothing) {
  for (int round = 0; round != rounds; ++round) {
    throws_when_moved bad(true);
    EXPECT_THROW(static_cast<void>(pool.submit([](throws_when_moved const&) {}, std::move(bad))),
                 std::length_error);
    auto result = pool.submit([] {
      throws_when_moved local(true);
      return throws_when_moved(std::move(local));
    });
    EXPECT_THROW(static_cast<void>(result.get()), std::length_error);
    auto destroyed = pool.submit([d = throws_when_destroyed()] { return 3; });
    EXPECT_THROW(destroyed.get(), std::underflow_error);
  }
  EXPECT_EQ(pool.submit([] { return 1; }).get(), 1);
}

// -- get, wait, ready ------------------------------------------------------------------------

TEST_F(Submit, GetFromFourThreadsAndAgainGivesTheSameValue) {
  for (int round = 0; round != rounds; ++round) {
    auto h = pool.submit([round] { return std::string("value ") + std::to_string(round); });
    std::string const* seen[4] = {};
    {
      std::vector<std::jthread> threads;
      for (auto& s : seen) threads.emplace_back([&s, h] { s = &h.get(); });
    }
    for (auto const* s : seen) ASSERT_EQ(s, &h.get());
    ASSERT_EQ(h.get(), "value " + std::to_string(round));
  }
}

TEST_F(Submit, AMovedHandleGivesTheResultItself) {
  for (int round = 0; round != rounds; ++round) {
    auto h = pool.submit([round] { return std::make_unique<int>(round); });
    auto other = h;
    EXPECT_EQ(*h.get(), round);
    std::unique_ptr<int> const mine = std::move(h).get();
    EXPECT_EQ(*mine, round);
    EXPECT_FALSE(h.valid());
    EXPECT_THROW(static_cast<void>(h.get()), std::logic_error);
    EXPECT_THROW(static_cast<void>(other.get()), std::logic_error) << "moved out";
    EXPECT_THROW(std::move(other).get(), std::logic_error);
  }
  auto text = pool.submit([] { return std::string(100, 'x'); });
  auto const other = text;
  EXPECT_EQ(std::move(text).get(), std::string(100, 'x'));
  EXPECT_EQ(other.get(), std::string(100, 'x'))
      << "a value that can be copied stays for the others";
}

TEST_F(Submit, ALimitedGetThrowsAndALaterOneSucceeds) {
  std::latch release(1);
  auto h = pool.submit([&] { return release.wait(), 5; });
  for (auto const limit : {100ms, 0ms, -5ms}) {
    auto const began = clock::now();
    EXPECT_THROW(h.get(limit), hetmap::timeout_error);
    EXPECT_FALSE(h.wait(limit));
    EXPECT_LT(clock::now() - began, 30s);
    EXPECT_GE(clock::now() - began, 2 * limit);
  }
  EXPECT_FALSE(h.ready());
  EXPECT_THROW(static_cast<void>(h.successful()), std::logic_error);
  EXPECT_THROW(std::move(h).get(1ms), hetmap::timeout_error);
  EXPECT_TRUE(h.valid());
  release.count_down();
  EXPECT_EQ(h.get(10s), 5);
  EXPECT_EQ(h.get(0s), 5);
  EXPECT_TRUE(h.successful());
  EXPECT_EQ(h.exception(), nullptr);
}

TEST_F(Submit, WaitersAreToldHoweverTheyRaceWithTheEnd) {
  for (int round = 0; round != rounds; ++round) {
    auto h = pool.submit([round] { return round; });
    std::jthread const patient([h, round] { EXPECT_EQ(h.get(), round); });
    std::jthread const hasty([h] { static_cast<void>(h.wait(10us)); });
    EXPECT_TRUE(h.wait(30s));
  }
}

TEST_F(Submit, EmptyHandlesSaySo) {
  hetmap::future<int> const none;
  EXPECT_FALSE(none.valid());
  EXPECT_THROW(static_cast<void>(none.get()), std::logic_error);
  EXPECT_THROW(none.wait(), std::logic_error);
  EXPECT_THROW(none.cancel(), std::logic_error);
}

// -- callbacks -------------------------------------------------------------------------------

TEST_F(Submit, ExactlyOneOfTheTwoCallbacksRunsExactlyOnce) {
  std::atomic<int> values{0}, errors{0}, dones{0};
  auto const ask = [&](auto const& h) {
    h.on_value([&](int v) { values += v; });
    h.on_error([&](std::exception_ptr const&) { ++errors; });
    h.on_done([&](auto const& self) { dones += self.ready(); });
  };
  for (int round = 0; round != rounds; ++round) {
    ask(pool.submit([] { return 1; }));
    ask(pool.submit([]() -> int { throw 1; }));
  }
  pool.close();
  pool.join();
  EXPECT_EQ(values, rounds);
  EXPECT_EQ(errors, rounds);
  EXPECT_EQ(dones, 2 * rounds);
}

TEST_F(Submit, ACallbackThatThrowsOrBlocksDelaysNobodyWhoWaits) {
  for (int round = 0; round != 100; ++round) {
    auto const asked = std::make_shared<std::latch>(1);
    auto const release = std::make_shared<std::latch>(1);
    auto h = pool.submit([] { return 1; });
    h.on_value([](int) { throw std::runtime_error("callback"); });
    h.on_done([](auto const&) { throw 3; });
    auto slow = pool.submit([asked] { return asked->wait(), 2; });
    slow.on_value([release](int) { release->wait(); });
    asked->count_down();
    EXPECT_EQ(h.get(), 1);
    EXPECT_EQ(slow.get(), 2) << "while its callback runs";
    release->count_down();
  }
  EXPECT_EQ(pool.submit([] { return 1; }).get(), 1);
}

TEST_F(Submit, ACallbackMayUseThePoolAndItsFutures) {
  std::atomic<int> sum{0};
  for (int round = 0; round != rounds; ++round) {
    auto h = pool.submit([] { return 1; });
    h.on_value([&](int v) {
      auto next = pool.submit([v] { return v + 1; });
      sum += next.then([](int w) { return w + 1; }).get();
    });
  }
  EXPECT_TRUE(support::soon([&] { return sum == 3 * rounds; }));
}

TEST_F(Submit, ThenGoesOnWithTheValueAndPassesErrorsBy) {
  for (int round = 0; round != rounds; ++round) {
    auto text = pool.submit([] { return 20; }).then([](int v) { return v + 1; }).then([](int v) {
      return std::to_string(v);
    });
    std::atomic<bool> ran{false};
    auto failed =
        pool.submit([]() -> int { throw std::domain_error("no"); }).then([&](int) { ran = true; });
    auto thrower = pool.submit([] {}).then([]() -> int { throw 5; });
    EXPECT_EQ(text.get(), "21");
    EXPECT_THROW(failed.get(), std::domain_error);
    EXPECT_THROW(thrower.get(), int);
    EXPECT_FALSE(ran);
  }
}

TEST_F(Submit, AChainOfAHundredThousandNeedsNoDeepStack) {
  std::latch release(1);
  hetmap::future<int> h = pool.submit([&] { return release.wait(), 0; });
  auto const first = h;
  for (int i = 0; i != 100000; ++i) h = h.then([](int v) { return v + 1; });
  release.count_down();
  EXPECT_EQ(h.get(), 100000);
}

// -- cancel ----------------------------------------------------------------------------------

TEST_F(Submit, CancelTakesPendingWorkBackAndNothingElse) {
  hetmap::pool one{{.workers = 1}};
  for (int round = 0; round != rounds; ++round) {
    std::latch started(1), release(1);
    std::atomic<bool> ran{false};
    auto running = one.submit([&] { started.count_down(), release.wait(); });
    auto pending = one.submit([&, p = std::make_unique<int>(1)] { ran = true; });
    auto after = pending.then([] {});
    started.wait();
    EXPECT_FALSE(running.cancel());
    EXPECT_TRUE(pending.cancel());
    EXPECT_TRUE(pending.cancel()) << "it never runs, whoever asked first";
    EXPECT_TRUE(after.cancel());
    EXPECT_TRUE(pending.cancelled());
    EXPECT_TRUE(pending.ready());
    EXPECT_FALSE(pending.successful());
    EXPECT_THROW(pending.get(), hetmap::cancelled_error);
    EXPECT_THROW(after.get(), hetmap::cancelled_error);
    release.count_down();
    running.get();
    EXPECT_FALSE(running.cancel());
    EXPECT_FALSE(running.cancelled());
    one.submit([] {}).get();
    EXPECT_FALSE(ran);
  }
}

TEST_F(Submit, CancelRacingWithTheStartIsOneOrTheOther) {
  for (int round = 0; round != rounds; ++round) {
    std::atomic<int> runs{0};
    auto h = pool.submit([&] { ++runs; });
    bool const cancelled = h.cancel();
    h.wait();
    EXPECT_EQ(runs, cancelled ? 0 : 1);
    EXPECT_EQ(h.cancelled(), cancelled);
  }
}

}  // namespace
