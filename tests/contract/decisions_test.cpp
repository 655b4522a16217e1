// What decisions() says of calls, and when it says nothing.
#include "support/decisions.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using hetmap::backend;
using hetmap::call_end;
using support::contains;
using support::since;

template <int Which>
struct adds {
  HETMAP_FN int operator()(int v) const { return v + Which; }
};
template <int Which>
struct spins {
  int operator()(int v) const { return support::spin(20us), v; }
};
template <int Which>
struct fails_at {
  int index;
  int operator()(int v) const {
    if (v == index) throw std::runtime_error("no");
    return v;
  }
};

std::int64_t now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

TEST(DecisionsContract, ACallIsRecordedWithItsPlanAndWhatItTook) {
  auto const x = support::indices(10'000);
  since const here;
  auto const before = now();
  hetmap::map({.backend = backend::cpu}, spins<1>{}, x);
  auto const after = now();
  auto const d = here.one();
  EXPECT_STREQ(d.verb, "map");
  EXPECT_TRUE(contains(d.kernel, "spins<1>")) << d.kernel;
  EXPECT_EQ(d.plan.asked, backend::cpu);
  EXPECT_EQ(d.plan.chosen, backend::cpu);
  EXPECT_EQ(d.plan.elements, x.size());
  EXPECT_EQ(d.done, x.size());
  EXPECT_EQ(d.end, call_end::result);
  EXPECT_EQ(d.plan.workers, hetmap::physical_cores());
  EXPECT_EQ(d.thread, static_cast<long>(gettid()));
  EXPECT_GE(d.began_nanoseconds, before);
  EXPECT_LE(d.began_nanoseconds + static_cast<std::int64_t>(d.seconds * 1e9), after + 1);
  EXPECT_GT(d.seconds, 0.2 / hetmap::physical_cores());
  EXPECT_NE(d.plan.at(backend::gpu).unavailable, nullptr);
  EXPECT_FALSE(d.sampled);
}

/// Notes when it is first called.
struct notes_begin {
  std::atomic<std::int64_t>* first;
  int operator()(int v) const {
    std::int64_t none = 0;
    first->compare_exchange_strong(none, now());
    return support::spin(20us), v;
  }
};

// A first call begins without a plan, and gets one when it turns out to be long.
TEST(DecisionsContract, ACallBeginsWithItsFirstElement) {
  std::atomic<std::int64_t> first{0};
  since const here;
  hetmap::map(notes_begin{&first}, support::indices(5'000));
  auto const d = here.one();
  EXPECT_LE(d.began_nanoseconds, first);
  EXPECT_GT(d.seconds, 0.1 / hetmap::physical_cores());
}

TEST(DecisionsContract, TheRunnerUpIsTheNextBestThatIsThere) {
  auto const x = support::indices(10'000);
  hetmap::map({.backend = backend::cpu}, spins<2>{}, x);
  since const here;
  hetmap::map(spins<2>{}, x);
  auto const d = here.one();
  bool const shared = hetmap::physical_cores() > 1;
  EXPECT_EQ(d.plan.chosen, shared ? backend::cpu : backend::serial);
  ASSERT_NE(d.runner_up(), nullptr);
  EXPECT_EQ(d.runner_up()->where, shared ? backend::serial : backend::cpu);
  EXPECT_GT(d.runner_up()->predicted_seconds, 0.1);
  // Where nothing is predicted there is none.
  std::function<int(int)> const unknown = adds<0>{};
  since const then;
  hetmap::map(unknown, x);
  EXPECT_EQ(then.one().runner_up(), nullptr);
  EXPECT_STREQ(then.one().kernel, "");
}

TEST(DecisionsContract, SaysHowACallEnded) {
  auto const x = support::indices(1000);
  {
    since const here;
    EXPECT_THROW(hetmap::map({.backend = backend::cpu}, fails_at<1>{700}, x), std::runtime_error);
    EXPECT_EQ(hetmap::failed_index(), 700u);
    auto const d = here.one();
    EXPECT_EQ(d.end, call_end::failure);
    EXPECT_GE(d.done, 700u);
    EXPECT_LT(d.done, 1000u);
    EXPECT_TRUE(contains(to_string(d), "ended by failure after " + std::to_string(d.done)));
  }
  {
    std::stop_source stop;
    since const here;
    auto const f = [&](int v) {
      if (v == 10) stop.request_stop();
      std::this_thread::sleep_for(100us);
      return v;
    };
    EXPECT_THROW(hetmap::map({.stop = stop.get_token()}, f, x), hetmap::cancelled_error);
    EXPECT_EQ(here.one().end, call_end::cancellation);
  }
  {
    hetmap::pool pool({.workers = 2});
    since const here;
    EXPECT_THROW(pool.map({.deadline = 5ms}, spins<3>{}, support::indices(100'000)),
                 hetmap::timeout_error);
    EXPECT_EQ(here.one().end, call_end::deadline);
  }
  {
    since const here;
    hetmap::progress_callback const refuses = [](hetmap::progress const&) {
      throw std::logic_error("enough");
    };
    EXPECT_THROW(hetmap::map({.progress = refuses}, adds<2>{}, x), std::logic_error);
    EXPECT_EQ(here.one().end, call_end::failure);
  }
}

TEST(DecisionsContract, ACallInManyBatchesIsOne) {
  std::forward_list<int> const x(200'000, 1);
  since const here;
  hetmap::map(adds<3>{}, x);
  auto const d = here.one();
  EXPECT_EQ(d.plan.elements, 200'000u);
  EXPECT_EQ(d.done, 200'000u);
  EXPECT_EQ(d.end, call_end::result);
  EXPECT_EQ(d.plan.reads, hetmap::access::batched);
}

TEST(DecisionsContract, AReductionIsOne) {
  for (std::size_t const n : {3000u, 200'000u}) {
    since const here;
    // Claims of single elements, which end in the midst of leaves.
    static_cast<void>(hetmap::map_reduce(
        {.chunk_size = 7}, [](int v) { return v * 0.5; }, std::plus<>{}, 0.0, support::indices(n)));
    auto const d = here.one();
    EXPECT_STREQ(d.verb, "map_reduce");
    EXPECT_EQ(d.plan.elements, n);
  }
}

TEST(DecisionsContract, NothingIsSaidOfEmptyCallsAndOfExplain) {
  since const here;
  hetmap::map(adds<4>{}, std::vector<int>());
  static_cast<void>(hetmap::explain(adds<4>{}, support::indices(100)));
  EXPECT_TRUE(here.all().empty());
}

TEST(DecisionsContract, APoolsMapIsRecorded) {
  hetmap::pool pool({.workers = 3});
  since const here;
  pool.map_async(adds<5>{}, support::indices(1000)).get();
  auto const d = here.one();
  EXPECT_TRUE(contains(d.verb, "map")) << d.verb;
  EXPECT_EQ(d.plan.workers, 3u);
}

TEST(DecisionsContract, ShortCallsAreSampled) {
  auto const x = support::indices(16);
  since const here;
  std::optional<hetmap::decision> sampled;
  std::size_t calls = 0;
  EXPECT_TRUE(support::soon([&] {
    for (int k = 0; k != 1000; ++k, ++calls) hetmap::map(adds<6>{}, x);
    for (hetmap::decision const& d : here.all())
      if (d.sampled) sampled = d;
    return sampled.has_value();
  }));
  ASSERT_TRUE(sampled);
  EXPECT_STREQ(sampled->verb, "map");
  EXPECT_TRUE(contains(sampled->kernel, "adds<6>"));
  EXPECT_EQ(sampled->plan.elements, 16u);
  EXPECT_EQ(sampled->done, 16u);
  EXPECT_EQ(sampled->end, call_end::result);
  EXPECT_EQ(sampled->plan.chosen, backend::serial);
  EXPECT_GE(sampled->plan.at(backend::serial).predicted_seconds, 0);
  EXPECT_LT(sampled->plan.at(backend::cpu).predicted_seconds, 0);
  EXPECT_LT(here.all().size(), calls / 4);
}

TEST(DecisionsContract, ShortCallsAreRecordedOnceInATenthOfAMillisecondAtMost) {
  auto const x = support::indices(4);
  hetmap::map(adds<13>{}, x);
  since const here;
  auto const began = std::chrono::steady_clock::now();
  auto until = began;
  while (until - began < 20ms) {
    for (int k = 0; k != 100; ++k) hetmap::map(adds<13>{}, x);
    until = std::chrono::steady_clock::now();
  }
  EXPECT_GT(here.made(), 0u);
  EXPECT_LE(static_cast<std::int64_t>(here.made()), (until - began) / 100us + 2);
}

TEST(DecisionsContract, ManyThreadsAreRecordedWhileOneReads) {
  constexpr unsigned callers = 8;
  constexpr std::size_t calls = 200;
  since const here;
  std::atomic<unsigned> at_work{callers};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t != callers; ++t)
    threads.emplace_back([&, n = 100 + t] {
      std::function<int(int)> const f = adds<16>{};  // never short, since nothing is learned of it
      for (std::size_t k = 0; k != calls; ++k) hetmap::map(f, support::indices(n));
      --at_work;
    });
  for (bool last = false; !last;) {
    last = at_work == 0;
    std::map<long, std::size_t> elements;
    for (auto const& d : here.all()) {
      EXPECT_EQ(d.done, d.plan.elements);
      EXPECT_EQ(d.end, call_end::result);
      EXPECT_EQ(elements.try_emplace(d.thread, d.done).first->second, d.done)
          << "of another thread";
    }
    EXPECT_LE(elements.size(), callers);
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(here.made(), callers * calls);
}

// -- streams -----------------------------------------------------------------------------------

TEST(DecisionsContract, AStreamIsOneAtItsEnd) {
  since const here;
  auto s = hetmap::imap({.chunk_size = 100}, adds<7>{}, support::indices(10'000));
  EXPECT_TRUE(here.all().empty()) << "nothing was asked for";
  for (int const v : s) static_cast<void>(v);
  auto const d = here.one();
  EXPECT_STREQ(d.verb, "imap");
  EXPECT_TRUE(contains(d.kernel, "adds<7>")) << d.kernel;
  EXPECT_EQ(d.plan.elements, 10'000u);
  EXPECT_EQ(d.done, 10'000u);
  EXPECT_EQ(d.end, call_end::result);
}

TEST(DecisionsContract, AStreamOfUnknownLengthSaysHowMuchWasTaken) {
  since const here;
  int next = 0;
  auto source = hetmap::generate(
      [&]() -> std::optional<int> { return next == 777 ? std::nullopt : std::optional(next++); });
  for (int const v : hetmap::imap(adds<8>{}, source)) static_cast<void>(v);
  EXPECT_EQ(here.one().plan.elements, 777u);
  EXPECT_EQ(here.one().done, 777u);
}

TEST(DecisionsContract, AStreamThatIsLeftIsAbandoned) {
  since const here;
  {
    auto s = hetmap::imap({.chunk_size = 10}, adds<9>{}, support::indices(100'000));
    auto const first = s.next();
    EXPECT_EQ(first, 9);
    EXPECT_TRUE(here.all().empty());
  }
  auto const d = here.one();
  EXPECT_EQ(d.end, call_end::abandoned);
  EXPECT_EQ(d.done, 10u);
  EXPECT_EQ(d.plan.elements, 100'000u);
}

TEST(DecisionsContract, AStreamEndsByItsInputsFailureAndNotByElements) {
  since const here;
  auto source = hetmap::generate([i = 0]() mutable -> std::optional<int> {
    if (i == 50) throw std::runtime_error("input");
    return i++;
  });
  auto s = hetmap::imap(fails_at<2>{20}, source);
  std::size_t failures = 0, results = 0;
  while (failures != 2) try {
      for (int const v : s) results += v >= 0 ? 1 : 0;
      break;
    } catch (std::runtime_error const&) {
      ++failures;
    }
  EXPECT_EQ(results, 49u);
  EXPECT_EQ(here.one().end, call_end::failure);
}

TEST(DecisionsContract, AStoppedStreamIsCancelled) {
  std::stop_source stop;
  since const here;
  auto s = hetmap::imap({.stop = stop.get_token()}, adds<10>{}, support::indices(100'000));
  static_cast<void>(s.next());
  stop.request_stop();
  EXPECT_THROW(
      {
        for (;;) static_cast<void>(s.next());
      },
      hetmap::cancelled_error);
  EXPECT_EQ(here.one().end, call_end::cancellation);
}

// -- what did not go as planned ------------------------------------------------------------------

TEST(DecisionsContract, ElementsThatWereGivenBackAreCounted) {
  if (hetmap::physical_cores() == 1) GTEST_SKIP() << "nobody to give anything to";
  bool slow = false;
  auto const f = [&slow](int v) {
    if (slow && v < 40) std::this_thread::sleep_for(10ms);
    return v;
  };
  auto const x = support::indices(1'000'000);
  std::function<bool()> const gives_back = [&] {
    slow = false;
    for (int k = 0; k != 3; ++k) hetmap::map({.backend = backend::cpu}, f, x);
    slow = true;
    since const here;
    hetmap::map({.backend = backend::cpu}, f, x);
    auto const d = here.one();
    if (d.fallback_count == 0) return false;
    EXPECT_EQ(d.fallbacks[0].what, hetmap::fallback_kind::given_back);
    EXPECT_EQ(d.fallbacks[0].device, -1);
    EXPECT_GT(d.fallbacks[0].elements, 0u);
    EXPECT_TRUE(contains(to_string(d), "elements given back and shared anew (claims took far"));
    return true;
  };
  EXPECT_TRUE(support::soon(gives_back));
}

// -- as text -------------------------------------------------------------------------------------

TEST(DecisionsContract, TheTextIsOneLineWithEverythingInIt) {
  auto const x = support::indices(10'000);
  hetmap::map({.backend = backend::cpu}, spins<4>{}, x);
  since const here;
  hetmap::map(spins<4>{}, x);
  auto const d = here.one();
  std::string const text = to_string(d);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 0);
  for (std::string const part :
       {"map: 10000 elements on ", "(asked: auto)", "predicted ", "took ", d.plan.reason})
    EXPECT_TRUE(contains(text, part)) << part << " in " << text;
  EXPECT_FALSE(contains(text, "ended by"));
}

}  // namespace
