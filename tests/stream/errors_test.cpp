// What fails, where it surfaces, and that the stream goes on.
#include "inputs.hpp"
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <limits>
#include <list>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using stream_tests::counting_input;

class StreamErrors : public support::on_each_backend {
 protected:
  [[nodiscard]] static hetmap::options in_chunks(std::size_t c) {
    return {.backend = GetParam(), .workers = 3, .chunk_size = c};
  }
};
INSTANTIATE_TEST_SUITE_P(On, StreamErrors, support::each_backend(), support::backend_name);

struct same {
  HETMAP_FN long operator()(long v) const { return v; }
};

struct input_error {
  long at;
};

/// Takes `s`, whose input fails at k: k results, the exception, the end.
template <class Stream>
void fails_at(std::size_t k, Stream s, bool ordered = true) {
  SCOPED_TRACE(k);
  std::size_t got = 0;
  try {
    while (auto v = s.next()) {
      if (ordered) {
        ASSERT_EQ(*v, static_cast<long>(got));
      }
      ++got;
    }
    ADD_FAILURE() << "nothing was thrown";
  } catch (counting_input::failure const& e) {
    EXPECT_EQ(e.at, k);
    EXPECT_EQ(hetmap::failed_index(), k);
  } catch (input_error const& e) {
    EXPECT_EQ(e.at, static_cast<long>(k));
    EXPECT_EQ(hetmap::failed_index(), k);
  }
  EXPECT_EQ(got, k);
  EXPECT_FALSE(s.next()) << "the end";
  EXPECT_FALSE(s.next()) << "still the end";
}

auto throwing_at(std::size_t k) {
  return std::views::transform(
      [k](long i) { return i == static_cast<long>(k) ? throw input_error{i} : i; });
}

TEST_P(StreamErrors, AnInputThatThrowsAtKGivesExactlyKResults) {
  for (std::size_t const chunk : support::sizes({1, 7, 64, 1000}))
    for (std::size_t const k : support::sizes({0, 1, 63, 64, 65, 500, 999})) {
      SCOPED_TRACE(chunk);
      fails_at(k, hetmap::imap(in_chunks(chunk), same{}, counting_input(1000, k)));
      fails_at(
          k, hetmap::imap(in_chunks(chunk), same{}, std::views::iota(0L, 1000L) | throwing_at(k)));
      std::list<long> values;
      for (long i = 0; i != 1000; ++i) values.push_back(i);
      fails_at(k, hetmap::imap(in_chunks(chunk), same{}, values | throwing_at(k)));
      fails_at(k, hetmap::imap_unordered(in_chunks(chunk), same{}, counting_input(1000, k)), false);
    }
  fails_at(700, hetmap::imap(here(), same{}, counting_input(1000, 700)));
}

TEST_P(StreamErrors, TheLowerOfTwoInputsFailuresWins) {
  auto const sum = [](long a, long b) { return (a + b) / 2; };
  auto const count = std::views::iota(0L, 1000L);
  fails_at(70, hetmap::imap(here(), sum, count | throwing_at(70), count | throwing_at(900)));
  fails_at(70, hetmap::imap(here(), sum, count | throwing_at(900), count | throwing_at(70)));
  fails_at(70, hetmap::imap(here(), sum, counting_input(1000, 70), count | throwing_at(900)));
  fails_at(70, hetmap::imap(here(), sum, count | throwing_at(900), counting_input(1000, 70)));
}

/// Takes all of a stream of 0, 1, ... whose function throws int where `fails` says so.
template <class Stream, class Fails>
void resumes(Stream& s, long n, Fails&& fails) {
  for (long i = 0; i != n; ++i) {
    if (fails(i)) {
      try {
        static_cast<void>(s.next());
        ADD_FAILURE() << i;
      } catch (int const thrown) {
        ASSERT_EQ(thrown, i);
        ASSERT_EQ(hetmap::failed_index(), static_cast<std::size_t>(i));
      }
    } else {
      ASSERT_EQ(s.next(), i);
    }
  }
  EXPECT_FALSE(s.next());
}

TEST_P(StreamErrors, AFunctionThatThrowsAtKCostsThatResultOnly) {
  for (auto const chunk : support::chunk_sizes(300))
    for (auto const& fails : std::initializer_list<std::function<bool(long)>>{
             [](long i) { return i == 0; }, [](long i) { return i == 299; },
             [](long i) { return i % 64 == 0; }, [](long i) { return i % 3 != 0; },
             [](long) { return true; }}) {
      std::function<long(long)> const f = [&](long i) -> long {
        if (fails(i)) throw static_cast<int>(i);
        return i;
      };
      hetmap::options const how{.backend = GetParam(), .chunk_size = chunk};
      auto in_place = hetmap::imap(how, f, std::views::iota(0L, 300L));
      resumes(in_place, 300, fails);
      auto kept = hetmap::imap(how, f, counting_input(300));
      resumes(kept, 300, fails);
    }
}

TEST_P(StreamErrors, AnIteratorStepsOverAFailure) {
  auto const f = [](long i) { return i % 10 == 4 ? throw std::runtime_error("4") : i; };
  auto s = hetmap::imap(in_chunks(7), f, std::views::iota(0L, 30L));
  std::vector<long> got;
  int failures = 0;
  auto it = s.begin();
  while (it != s.end()) {
    got.push_back(*it);
    for (;;) {
      try {
        ++it;
        break;
      } catch (std::runtime_error const&) {
        ++failures;
      }
    }
  }
  EXPECT_EQ(failures, 3);
  EXPECT_EQ(got.size(), 27u);
  EXPECT_EQ(got[4], 5);
}

TEST_P(StreamErrors, ChunksGiveTheSpanBeforeAFailureAndResumeBehindIt) {
  auto const f = [](long i) { return i == 5 ? throw std::runtime_error("5") : i; };
  auto s = hetmap::imap(in_chunks(100), f, std::views::iota(0L, 20L));
  auto chunks = s.chunks();
  auto it = chunks.begin();
  EXPECT_EQ((*it).size(), 5u);
  EXPECT_EQ((*it)[4], 4);
  EXPECT_THROW(++it, std::runtime_error);
  EXPECT_EQ(hetmap::failed_index(), 5u);
  EXPECT_FALSE(it == chunks.end());
  ++it;
  EXPECT_EQ((*it).size(), 14u);
  EXPECT_EQ((*it).first_index(), 6u);
  EXPECT_EQ((*it)[0], 6);
  ++it;
  EXPECT_TRUE(it == chunks.end());
}

TEST_P(StreamErrors, CollectModeGivesOutcomes) {
  auto const f = [](long i) { return i == 5 ? throw std::runtime_error("5") : 2 * i; };
  long i = 0;
  for (auto const& o : hetmap::imap({.backend = GetParam(), .errors = hetmap::collect}, f,
                                    std::views::iota(0L, 1000L))) {
    static_assert(std::is_same_v<decltype(o), hetmap::outcome<long> const&>);
    EXPECT_EQ(o.has_value(), i != 5);
    if (i != 5) {
      EXPECT_EQ(o.value(), 2 * i);
    }
    ++i;
  }
  EXPECT_EQ(i, 1000);
  std::vector<std::pair<long, long>> const rows{{1, 2}};
  for (auto const &o : hetmap::istarmap(
           {.backend = GetParam(), .errors = hetmap::collect}, [](long a, long b) { return a + b; },
           rows))
    EXPECT_EQ(o.value(), 3);
}

TEST_P(StreamErrors, ATimedNextLosesNothing) {
  if (here_is(hetmap::backend::serial)) GTEST_SKIP() << "the consumer computes";
  std::latch release(1);
  std::function<long(long)> const f = [&](long i) {
    if (i == 3) release.wait();
    return i;
  };
  auto s = hetmap::imap(in_chunks(1), f, std::views::iota(0L, 10L));
  for (long i = 0; i != 3; ++i) EXPECT_EQ(s.next(10s), i);
  EXPECT_THROW(static_cast<void>(s.next(20ms)), hetmap::timeout_error);
  EXPECT_THROW(static_cast<void>(s.next(0ms)), hetmap::timeout_error);
  EXPECT_THROW(static_cast<void>(s.next(-1s)), hetmap::timeout_error);
  EXPECT_EQ(hetmap::failed_index(), std::nullopt);
  release.count_down();
  for (long i = 3; i != 10; ++i) EXPECT_EQ(s.next(10s), i);
  EXPECT_FALSE(s.next(10s));
}

TEST_P(StreamErrors, ATimedNextTakesEveryLimit) {
  if (here_is(hetmap::backend::serial)) GTEST_SKIP() << "the consumer computes";
  std::latch release(1);
  std::function<long(long)> const f = [&](long i) { return release.wait(), i; };
  auto s = hetmap::imap(in_chunks(1), f, std::views::iota(0L, 10L));
  using seconds = std::chrono::duration<double>;
  double const inf = std::numeric_limits<double>::infinity();
  for (hetmap::time_limit const none :
       {hetmap::time_limit(0s), hetmap::time_limit(std::chrono::nanoseconds::min()),
        hetmap::time_limit(seconds(std::numeric_limits<double>::quiet_NaN())),
        hetmap::time_limit(seconds(-inf)), hetmap::time_limit(seconds(-1e300))})
    EXPECT_THROW(static_cast<void>(s.next(none)), hetmap::timeout_error) << none.seconds();
  std::jthread const later([&] { std::this_thread::sleep_for(10ms), release.count_down(); });
  long i = 0;
  for (hetmap::time_limit const long_one :
       {hetmap::time_limit(std::chrono::hours::max()),
        hetmap::time_limit(std::chrono::nanoseconds::max()), hetmap::time_limit(seconds(inf)),
        hetmap::time_limit(std::chrono::duration<float>(1e30f))})
    EXPECT_EQ(s.next(long_one), i++);
}

TEST_P(StreamErrors, PollingMakesProgress) {
  auto s = hetmap::imap(in_chunks(1), same{}, std::views::iota(0L, 100L));
  for (long i = 0; i != 100;) {
    try {
      EXPECT_EQ(s.next(0ms), i);
      ++i;
    } catch (hetmap::timeout_error const&) {
      std::this_thread::yield();
    }
  }
}

TEST_P(StreamErrors, DestructionIsPromptAndStartsNoFurtherCalls) {
  std::atomic<int> calls{0};
  std::function<long(long)> const f = [&](long i) {
    ++calls;
    std::this_thread::sleep_for(1ms);
    return i;
  };
  auto const began = std::chrono::steady_clock::now();
  int then;
  {
    auto s = hetmap::imap(in_chunks(10000), f, std::views::iota(0L, 1'000'000L));
    if (!here_is(hetmap::backend::serial)) {
      EXPECT_THROW(static_cast<void>(s.next(10ms)), hetmap::timeout_error);
    }
    then = calls;
  }
  int const after = calls;
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_LE(after, then + 3 * 16) << "a piece of a chunk each, not ten thousand calls";
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(calls, after);
  EXPECT_EQ(hetmap::imap(here(), same{}, std::vector{7L}).next(), 7);
}

TEST_P(StreamErrors, AStopTokenEndsTheStream) {
  std::stop_source source;
  auto s = hetmap::imap({.backend = GetParam(), .chunk_size = 10, .stop = source.get_token()},
                        same{}, std::views::iota(0L));
  for (long i = 0; i != 25; ++i) EXPECT_EQ(s.next(), i);
  source.request_stop();
  std::size_t more = 0;
  try {
    while (s.next()) ++more;
    ADD_FAILURE() << "no end";
  } catch (hetmap::cancelled_error const& e) {
    EXPECT_GE(e.done(), 20u);
  }
  EXPECT_LE(more, 5u) << "what was in hand";
  EXPECT_THROW(static_cast<void>(s.next()), hetmap::cancelled_error);
}

TEST_P(StreamErrors, AStopTokenWakesAWaitingConsumer) {
  if (here_is(hetmap::backend::serial)) GTEST_SKIP() << "the consumer computes";
  std::stop_source source;
  std::latch release(1);
  std::function<long(long)> const f = [&](long i) {
    release.wait();
    return i;
  };
  auto s = hetmap::imap({.backend = GetParam(), .stop = source.get_token()}, f,
                        std::views::iota(0L, 100L));
  std::jthread stopper([&] {
    std::this_thread::sleep_for(10ms);
    source.request_stop();
  });
  EXPECT_THROW(static_cast<void>(s.next()), hetmap::cancelled_error);
  release.count_down();
}

TEST_P(StreamErrors, AStopConditionThatThrowsOnAWorkerThrowsInTheConsumer) {
  if (here_is(hetmap::backend::serial)) GTEST_SKIP() << "the consumer computes";
  struct failing {
    std::thread::id consumer;
    [[nodiscard]] bool stop_requested() const {
      return std::this_thread::get_id() == consumer ? false : throw 17;
    }
  };
  auto s = hetmap::imap({.backend = GetParam(), .stop = failing{std::this_thread::get_id()}},
                        same{}, std::views::iota(0L));
  for (int k = 0; k != 2; ++k) {
    EXPECT_THROW(while (s.next()){}, int);
    EXPECT_EQ(hetmap::failed_index(), std::nullopt);
  }
}

TEST_P(StreamErrors, ProgressComesAsResultsAreTaken) {
  std::vector<std::size_t> reports;
  for (long const v : hetmap::imap({.backend = GetParam(),
                      .chunk_size = 10,
                      .progress =
                                        [&](hetmap::progress const& p) {
                                          EXPECT_EQ(p.total, 1000u);
                                          reports.push_back(p.done);
                                        }},
                                   same{}, std::views::iota(0L, 1000L)))
    if (v % 100 == 50) std::this_thread::sleep_for(15ms);
  ASSERT_FALSE(reports.empty());
  EXPECT_TRUE(std::ranges::is_sorted(reports));
  EXPECT_EQ(std::ranges::count(reports, 1000u), 1);
}

TEST_P(StreamErrors, AProgressCallbackThatThrowsEndsTheStream) {
  auto s = hetmap::imap({.backend = GetParam(),
                         .chunk_size = 1000,
                         .progress = [](hetmap::progress const&) { throw 7; }},
                        same{}, std::views::iota(0L, 1000L));
  for (int i = 0; i != 1000; ++i) EXPECT_EQ(s.next(), i);
  EXPECT_THROW(static_cast<void>(s.next()), int);
  EXPECT_FALSE(s.next());
}

}  // namespace
