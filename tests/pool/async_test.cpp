// map_async, wait and as_completed.
#include "support/sizes.hpp"
#include "support/tracked.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>
#include <hetmap/pool.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using hetmap::return_when;
constexpr int rounds = 1000;

class Async : public testing::Test {
 protected:
  hetmap::pool pool{{.workers = 3}};
};

// -- map_async -------------------------------------------------------------------------------

TEST_F(Async, MapAsyncDoesNotWait) {
  std::latch release(1);
  auto h = pool.map_async([&](int i) { return release.wait(), i + 1; }, support::indices(10));
  EXPECT_FALSE(h.ready());
  EXPECT_THROW(static_cast<void>(h.get(10ms)), hetmap::timeout_error);
  release.count_down();
  EXPECT_EQ(h.get()[9], 10);
  EXPECT_TRUE(h.ready());
}

TEST_F(Async, MapAsyncIsMapAThousandTimes) {
  auto const x = support::indices(300);
  std::vector<std::pair<int, int>> const rows{{1, 2}, {3, 4}};
  for (int round = 0; round != rounds; ++round) {
    auto borrowed = pool.map_async([&](int i) { return i * round; }, x);
    auto owned = pool.map_async(
        {.chunk_size = 7}, [](int i) { return std::make_unique<int>(i); }, support::indices(50));
    auto starred = pool.starmap_async([](int a, int b) { return a * b; }, rows);
    ASSERT_EQ(borrowed.get()[299], 299 * round);
    ASSERT_EQ(*std::move(owned).get()[49], 49);
    ASSERT_EQ(starred.get()[1], 12);
  }
}

TEST_F(Async, ErrorsAreTheLowestElementsAndItsIndexIsKept) {
  auto const x = support::indices(1000);
  for (int round = 0; round != rounds; ++round) {
    auto h = pool.map_async(
        {.chunk_size = 1},
        [](int i) {
          if (i >= 20) throw std::domain_error(std::to_string(i));
          return i;
        },
        x);
    h.wait();
    EXPECT_THROW(pool.map([](int) { throw 1; }, support::indices(1)), int);
    EXPECT_EQ(hetmap::failed_index(), 0u);
    try {
      static_cast<void>(h.get());
      FAIL();
    } catch (std::domain_error const& e) {
      ASSERT_STREQ(e.what(), "20");
      ASSERT_EQ(hetmap::failed_index(), 20u);
    }
  }
  auto outcomes =
      pool.map_async(
              {.errors = hetmap::collect}, [](int i) { return i == 3 ? throw i : i; }, x)
          .get();
  EXPECT_THROW(static_cast<void>(outcomes[3].value()), int);
  EXPECT_EQ(outcomes[4].value(), 4);
}

struct in_input {};
TEST_F(Async, InputsThatWereMovedInAreGoneWhenItIsReady) {
  using element = support::tracked<in_input>;
  for (int round = 0; round != 100; ++round) {
    auto h = pool.map_async([](element const& e) { return e.value; }, std::vector<element>(20));
    h.wait();
    ASSERT_EQ(element::alive, 0);
  }
}

TEST_F(Async, AStopTokenEndsItAndSoDoesADeadline) {
  std::stop_source source;
  std::atomic<int> calls{0};
  auto const slow = [&](int i) { return ++calls, std::this_thread::sleep_for(1ms), i; };
  auto stopped =
      pool.map_async({.chunk_size = 1, .stop = source.get_token()}, slow, support::indices(100000));
  ASSERT_TRUE(support::soon([&] { return calls > 5; }));
  source.request_stop();
  EXPECT_THROW(static_cast<void>(stopped.get()), hetmap::cancelled_error);
  auto late = pool.map_async({.chunk_size = 1, .deadline = 30ms}, slow, support::indices(100000));
  EXPECT_THROW(static_cast<void>(late.get()), hetmap::timeout_error);
}

/// Works until it is told to stop; says whether it was.
struct until_stopped {
  std::atomic<int>* started;
  bool operator()(int, std::stop_token const& stop) const {
    ++*started;
    return support::soon([&] { return stop.stop_requested(); });
  }
};

TEST_F(Async, AFunctionThatTakesAStopTokenSeesTheStopWhileItRuns) {
  std::atomic<int> started{0};
  std::stop_source source;
  auto by_token = pool.map_async({.chunk_size = 1, .stop = source.get_token()},
                                 until_stopped{&started}, support::indices(3));
  ASSERT_TRUE(support::soon([&] { return started == 3; }));
  source.request_stop();
  EXPECT_TRUE(by_token.get()[2]) << "all had begun, so all of them are done";

  started = 0;
  try {
    auto const by_deadline = pool.map({.chunk_size = 1, .deadline = 200ms}, until_stopped{&started},
                                      support::indices(3));
    EXPECT_TRUE(by_deadline[0]);
  } catch (hetmap::timeout_error const&) {
    EXPECT_LT(started, 3) << "a busy machine did not begin all of them in time";
  }

  auto const untouched =
      pool.map([](int i, std::stop_token const& stop) { return stop.stop_requested() ? -1 : i; },
               support::indices(10));
  EXPECT_EQ(untouched[9], 9);
  EXPECT_EQ(hetmap::map([](int i, std::stop_token) { return i; }, support::indices(10))[3], 3);
  EXPECT_EQ(pool.map(
                    {.errors = hetmap::collect}, [](int i, std::stop_token) { return i; },
                    support::indices(10))[3]
                .value(),
            3);

  started = 0;
  auto by_end = pool.submit(until_stopped{&started}, 1);
  ASSERT_TRUE(support::soon([&] { return started == 1; }));
  pool.terminate();
  EXPECT_TRUE(by_end.get());
}

TEST_F(Async, ADeadlineSaysHowManyWereDone) {
  std::atomic<std::size_t> calls{0};
  auto const slow = [&](int) { ++calls, std::this_thread::sleep_for(2ms); };
  auto const began = clock::now();
  try {
    pool.map({.chunk_size = 1, .deadline = 50ms}, slow, support::indices(100000));
    FAIL();
  } catch (hetmap::timeout_error const& e) {
    EXPECT_EQ(e.done(), calls);
    EXPECT_EQ(e.total(), 100000u);
    EXPECT_EQ(e.unfinished(), 100000u - calls);
  }
  EXPECT_GE(clock::now() - began, 50ms);
  EXPECT_LT(clock::now() - began, 20s);
  EXPECT_EQ(hetmap::failed_index(), std::nullopt);
  pool.map(
      {.deadline = std::chrono::hours(10000000)}, [](int) {}, support::indices(10));
  EXPECT_THROW(pool.map({.deadline = 0s}, slow, support::indices(10)), hetmap::timeout_error);
}

TEST_F(Async, ProgressIsNeverConcurrentNeverFallsAndEndsWithAll) {
  for (std::size_t const n : {0u, 1u, 5000u}) {
    std::atomic<int> inside{0}, most{0};
    std::size_t last = 0, ends = 0;
    bool fell = false;
    static_cast<void>(pool.map(
        {.chunk_size = 1,
         .progress =
             [&](hetmap::progress const& p) {
               most = std::max(most.load(), ++inside);
               fell = fell || p.done < last;
               last = p.done;
               ends += p.done == n;
               --inside;
             }},
        [](int i) { return i; }, support::indices(n)));
    EXPECT_EQ(most, 1);
    EXPECT_FALSE(fell);
    EXPECT_EQ(last, n);
    EXPECT_EQ(ends, 1u);
  }
  EXPECT_THROW(pool.map(
                   {.progress = [](hetmap::progress const&) { throw std::domain_error(""); }},
                   [](int) {}, support::indices(10)),
               std::domain_error);
}

// -- as_completed ----------------------------------------------------------------------------

TEST_F(Async, AsCompletedYieldsEachDifferentFutureOnceInTheOrderOfCompletion) {
  for (int round = 0; round != rounds; ++round) {
    std::vector<hetmap::future<int>> futures;
    std::latch release(1);
    futures.push_back(pool.submit([&] { return release.wait(), 0; }));
    futures.push_back(pool.submit([] { return 1; }));
    bool const one_by_one = round % 2 == 0;
    if (one_by_one) futures[1].wait();
    futures.push_back(pool.submit([] { return 2; }));
    if (one_by_one) futures[2].wait();
    futures.push_back(futures[1]);
    futures.emplace_back();
    std::vector<int> seen;
    for (auto& done : hetmap::as_completed(futures)) {
      ASSERT_TRUE(done.ready());
      seen.push_back(done.get());
      if (seen.size() == 2) release.count_down();
    }
    ASSERT_EQ(seen.size(), 3u);
    ASSERT_EQ(seen[2], 0);
    ASSERT_EQ(seen[0] + seen[1], 3);
    std::vector<int> again;
    for (auto& done : hetmap::as_completed(futures)) again.push_back(done.get());
    if (one_by_one) {
      ASSERT_EQ(seen, (std::vector{1, 2, 0}));
      ASSERT_EQ(again, seen) << "in the order in which they got done";
    }
    ASSERT_EQ(again[2], 0);
  }
}

TEST_F(Async, AsCompletedOfNothingEndsAtOnceAndOfATemporaryOwnsIt) {
  for ([[maybe_unused]] auto& done : hetmap::as_completed(std::vector<hetmap::future<int>>()))
    FAIL();
  int sum = 0;
  auto const made = [&] {
    std::vector<hetmap::future<int>> futures;
    for (int i = 0; i != 10; ++i) futures.push_back(pool.submit([i] { return i; }));
    return futures;
  };
  for (auto& done : hetmap::as_completed(made())) sum += done.get();
  EXPECT_EQ(sum, 45);
}

TEST_F(Async, AsCompletedThatTakesTooLongSaysWhatIsUnfinished) {
  std::latch release(1);
  std::vector<hetmap::future<void>> futures;
  futures.push_back(pool.submit([&] { release.wait(); }));
  futures.push_back(pool.submit([] {}));
  futures.push_back(pool.submit([&] { release.wait(); }));
  futures.push_back(futures[0]);
  std::size_t seen = 0;
  try {
    for ([[maybe_unused]] auto& done : hetmap::as_completed(futures, 200ms)) ++seen;
    ADD_FAILURE() << "nothing was thrown";
  } catch (hetmap::timeout_error const& e) {
    EXPECT_EQ(e.unfinished(), 2u);
    EXPECT_EQ(e.total(), 3u);
    EXPECT_EQ(seen, 1u);
  }
  release.count_down();
  for (auto& h : futures) h.wait();  // the latch is theirs until then
}

// -- wait ------------------------------------------------------------------------------------

TEST_F(Async, WaitSplitsForEachWayAndOnTimeout) {
  for (int round = 0; round != rounds / 10; ++round) {
    std::latch release(1);
    auto const held = [&] { return release.wait(), 0; };
    std::vector<hetmap::future<int>> futures;
    futures.push_back(pool.submit(held));
    futures.push_back(pool.submit([] { return 1; }));
    futures.push_back(pool.submit([]() -> int { throw 2; }));
    futures.push_back(futures[1]);
    futures.emplace_back();

    futures[1].wait();
    auto first = hetmap::wait(futures, return_when::first_completed);
    ASSERT_GE(first.done.size(), 1u);
    ASSERT_EQ(first.done.size() + first.not_done.size(), 3u);

    auto failed = hetmap::wait(futures, return_when::first_exception);
    ASSERT_TRUE(std::ranges::count(failed.done, futures[2]) == 1);
    ASSERT_EQ(failed.not_done, (std::vector{futures[0]}));

    auto late = hetmap::wait(futures, return_when::all_completed, 1ms);
    ASSERT_EQ(late.done, (std::vector{futures[1], futures[2]}));
    ASSERT_EQ(late.not_done, (std::vector{futures[0]}));

    release.count_down();
    auto all = hetmap::wait(futures);
    ASSERT_EQ(all.done, (std::vector{futures[0], futures[1], futures[2]}));
    ASSERT_TRUE(all.not_done.empty());
    ASSERT_EQ(hetmap::wait(futures, return_when::all_completed, 0s).done.size(), 3u);
  }
  EXPECT_TRUE(hetmap::wait(std::vector<hetmap::future<int>>()).done.empty());
}

TEST_F(Async, WaitForTheFirstExceptionIsForAllIfThereIsNone) {
  std::vector<hetmap::future<int>> futures;
  for (int i = 0; i != 20; ++i) futures.push_back(pool.submit([i] { return i; }));
  EXPECT_EQ(hetmap::wait(futures, return_when::first_exception).done.size(), 20u);
}

TEST_F(Async, AValueThatIsTakenOutIsStillThereForCallbacks) {
  for (int round = 0; round != rounds; ++round) {
    auto h = pool.submit([] { return std::string(100, 'x'); });
    std::atomic<std::size_t> seen{0};
    h.on_value([&](std::string const& s) { seen = s.size(); });
    auto const length = h.then([](std::string const& s) { return s.size(); });
    ASSERT_EQ(std::move(h).get().size(), 100u);
    ASSERT_EQ(length.get(), 100u);
    ASSERT_TRUE(support::soon([&] { return seen == 100; }));
  }
}

TEST_F(Async, CancelledFuturesAreDoneForAllWhoWait) {
  hetmap::pool one{{.workers = 1}};
  for (int round = 0; round != rounds; ++round) {
    std::latch release(1);
    std::vector<hetmap::future<void>> futures;
    futures.push_back(one.submit([&] { release.wait(); }));
    futures.push_back(one.submit([] {}));
    std::jthread const waiter([&, pending = futures[1]] {
      auto const split = hetmap::wait(std::vector{pending}, return_when::first_exception);
      EXPECT_EQ(split.done.size(), 1u);
      release.count_down();
    });
    EXPECT_TRUE(futures[1].cancel());
    for (auto& done : hetmap::as_completed(futures)) done.wait();
  }
}

}  // namespace
