// Short calls shared among threads that are awake: every element once, the failure that a loop
// would have met, nothing left behind.
#include "call/short_call.hpp"
#include "base/float_control.hpp"
#include "base/rates.hpp"
#include "call/shared_call.hpp"
#include "cpu/hot_team.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/error.hpp>
#include <hetmap/topology.hpp>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace hetmap;
using namespace hetmap::core;

/// A map whose results count how often they were made and destroyed.
struct map_of_counters {
  explicit map_of_counters(std::size_t n) : made(n), destroyed(n), results(n) {
    for (std::size_t i = 0; i != n; ++i) results[i] = this;
  }

  static void loop(void* self, detail::chunk& work) {
    auto& me = *static_cast<map_of_counters*>(self);
    for (std::size_t i = work.begin; i != work.end; ++i) {
      work.failed_at = i;
      if (me.failing.contains(i)) throw i;
      ++me.made[i];
    }
  }
  static void discard(detail::column const& out, std::size_t begin, std::size_t end) noexcept {
    if (begin == end) return;
    auto* const me = *static_cast<map_of_counters**>(out.base);
    for (std::size_t i = begin; i != end; ++i) ++me->destroyed[i];
  }

  /// The index that was reported.
  std::optional<std::size_t> run(unsigned lanes, unsigned parts) {
    detail::kernel_code const code{{loop, loop, loop}, nullptr, isa::baseline};
    detail::column const out{results.data(), sizeof(void*), sizeof(void*)};
    detail::rate learned;
    detail::job const work{.code = &code,
                           .context = this,
                           .columns = &out,
                           .outputs = 1,
                           .count = made.size(),
                           .learned = &learned,
                           .discard = discard};
    try {
      run_shared(work, {.verb = "map"}, lanes, parts, true);
    } catch (std::size_t index) {
      EXPECT_EQ(failed_index(), index);
      return index;
    }
    return std::nullopt;
  }

  std::vector<std::atomic<int>> made;
  std::vector<std::atomic<int>> destroyed;
  std::vector<map_of_counters*> results;
  std::set<std::size_t> failing;
};

TEST(ShortCall, RunsEveryElementOnce) {
  for (std::size_t const n : {1u, 2u, 3u, 63u, 64u, 65u, 200u, 1000u, 4096u, 10'000u})
    for (auto const& [lanes, parts] :
         {std::pair{1u, 1u}, {2u, 1u}, {2u, 8u}, {3u, 5u}, {7u, 8u}, {100u, 1u}}) {
      map_of_counters map(n);
      EXPECT_FALSE(map.run(lanes, parts));
      for (std::size_t i = 0; i != n; ++i) {
        ASSERT_EQ(map.made[i], 1) << i << " of " << n << ", lanes " << lanes;
        ASSERT_EQ(map.destroyed[i], 0);
      }
    }
}

TEST(ShortCall, ReportsTheLowestFailureAndDestroysWhatWasMade) {
  constexpr std::size_t n = 2000;
  for (std::set<std::size_t> const& failing :
       {std::set<std::size_t>{0}, {n - 1}, {700, 1999}, {1999, 1, 900}, {512, 1024, 1536}})
    for (unsigned const lanes : {1u, 2u, 4u, 7u})
      for (int round = 0; round != 20; ++round) {
        map_of_counters map(n);
        map.failing = failing;
        ASSERT_EQ(map.run(lanes, round % 2 == 0 ? 1 : 5), *failing.begin());
        for (std::size_t i = 0; i != n; ++i) {
          if (i < *failing.begin()) {
            ASSERT_EQ(map.made[i], 1);
          }
          ASSERT_EQ(map.made[i], map.destroyed[i]) << i << ", lanes " << lanes;
        }
      }
}

/// Looks at the control words of every thread that it runs on.
struct map_of_control_words {
  static void loop(void* self, detail::chunk&) {
    auto& me = *static_cast<map_of_control_words*>(self);
    float_control const now = float_control_here();
    if (now.vector != me.callers.vector || now.scalar != me.callers.scalar) ++me.wrong;
    if (std::this_thread::get_id() != me.caller) ++me.elsewhere;
  }

  float_control callers = float_control_here();
  std::thread::id caller = std::this_thread::get_id();
  std::atomic<int> wrong{0};
  std::atomic<int> elsewhere{0};
};

TEST(ShortCall, RunsUnderItsCallersFloatControlOnEveryThread) {
  if (hetmap::physical_cores() == 1) GTEST_SKIP() << "nobody to share with";
  shared_hot_team().wake();  // they start under the usual one
  std::fesetround(FE_UPWARD);
  map_of_control_words map;
  detail::kernel_code const code{{map.loop, map.loop, map.loop}, nullptr, isa::baseline};
  detail::rate learned;
  detail::job const work{.code = &code, .context = &map, .count = 64, .learned = &learned};
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (map.elsewhere == 0 && std::chrono::steady_clock::now() < until) {
    shared_hot_team().wake();
    run_shared(work, {.verb = "map"}, 2, 8, true);
  }
  std::fesetround(FE_TONEAREST);
  EXPECT_GT(map.elsewhere, 0);
  EXPECT_EQ(map.wrong, 0);
}

// -- calls whose cost nobody knows ----------------------------------------------------------------

/// Elements that take so long, and who computed them.
struct map_of_threads {
  explicit map_of_threads(std::size_t n, std::chrono::microseconds each = {})
      : by(n), visits(n), takes(each) {}

  static void loop(void* self, detail::chunk& work) {
    auto& me = *static_cast<map_of_threads*>(self);
    std::size_t i = work.begin;
    auto const asked = [&] {
      return std::atomic_ref(const_cast<detail::recall&>(*work.recalled))
          .load(std::memory_order_relaxed);
    };
    for (detail::recall const before = asked();
         i != work.end && (i == work.begin || asked() == before); ++i) {
      ++me.visits[i];
      me.by[i] = std::this_thread::get_id();
      if (me.last.exchange(i) + 1 != i && i != 0) me.in_order = false;
      if (me.takes.count() != 0) std::this_thread::sleep_for(me.takes);
      if (me.meet && ++me.here < 2)
        for (int k = 0; k != 20'000 && me.here < 2; ++k)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    work.end = i;
  }

  /// Whether that was a short call.
  bool run(unsigned workers = 0) {
    detail::kernel_code const code{{loop, loop, loop}, nullptr, isa::baseline};
    detail::column const out{by.data(), sizeof by[0], sizeof by[0]};
    detail::job const work{.code = &code,
                           .context = this,
                           .columns = &out,
                           .outputs = 1,
                           .count = by.size(),
                           .learned = &learned};
    return run_short(work, {.verb = "map", .workers = workers});
  }
  void expect_each_once() const {
    for (std::size_t i = 0; i != visits.size(); ++i) ASSERT_EQ(visits[i], 1) << i;
  }
  [[nodiscard]] std::size_t threads() const { return std::set(by.begin(), by.end()).size(); }

  std::vector<std::thread::id> by;
  std::vector<std::atomic<int>> visits;
  std::chrono::microseconds takes;
  bool meet = false;
  std::atomic<int> here{0};
  std::atomic<std::size_t> last{0};
  std::atomic<bool> in_order{true};
  detail::rate learned;
};

TEST(UnknownCall, OfQuickElementsEndsWithoutAPlanAndIsLearned) {
  for (std::size_t const n : {1u, 2u, 10u, 63u, 64u, 65u, 1000u, 10'000u}) {
    map_of_threads map(n);
    EXPECT_TRUE(map.run()) << n;
    map.expect_each_once();
    EXPECT_GE(map.learned.element_nanoseconds(), 0);
  }
}

TEST(UnknownCall, OfManyElementsOrMuchMemoryIsPlanned) {
  map_of_threads many(70'000);
  EXPECT_FALSE(many.run());
  EXPECT_EQ(many.visits[0], 0);
}

TEST(UnknownCall, OfSlowElementsIsShared) {
  // The team has a thread less than there are cores.
  if (hetmap::physical_cores() == 1) GTEST_SKIP() << "nobody to share with";
  for (auto const each : {std::chrono::microseconds(200), std::chrono::microseconds(5000)}) {
    map_of_threads map(40, each);
    EXPECT_TRUE(map.run());
    map.expect_each_once();
    EXPECT_GT(map.threads(), 1u) << each.count();
    EXPECT_GT(map.learned.element_nanoseconds(), 1e5);
  }
}

TEST(UnknownCall, OfElementsThatWaitForOneAnotherEnds) {
  // The team has a thread less than there are cores.
  if (hetmap::physical_cores() == 1) GTEST_SKIP() << "nobody to wait for";
  map_of_threads map(2);
  map.meet = true;
  auto const began = std::chrono::steady_clock::now();
  EXPECT_TRUE(map.run());
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(15));
  map.expect_each_once();
  EXPECT_EQ(map.threads(), 2u);
}

TEST(UnknownCall, OfOneWorkerGoesInOrderThoughItsElementsAreSlow) {
  map_of_threads map(30, std::chrono::microseconds(300));
  EXPECT_TRUE(map.run(1));
  map.expect_each_once();
  EXPECT_EQ(map.threads(), 1u);
  EXPECT_TRUE(map.in_order);
}

TEST(UnknownCall, FindsTheTeamTakenAndIsPlanned) {
  map_of_threads inner(10);
  bool was_short = true;
  struct {
    map_of_threads& inner;
    bool& was_short;
  } both{inner, was_short};
  shared_hot_team().run(
      1,
      [](void* self, unsigned) {
        auto& [map, was] = *static_cast<decltype(both)*>(self);
        was = map.run();
      },
      &both);
  EXPECT_FALSE(was_short);
  EXPECT_EQ(inner.visits[0], 0);
}

/// Takes whole leaves of 256 elements; the first one takes long and is asked to leave the rest.
struct fold_of_leaves {
  static constexpr std::size_t leaf = 256;

  static void loop(void* self, detail::chunk& work) {
    auto& me = *static_cast<fold_of_leaves*>(self);
    if (work.begin % leaf != 0) ++me.torn;
    if (work.begin == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      work.end = leaf;
    }
    me.done += work.end - work.begin;
  }
  std::atomic<std::size_t> done{0};
  std::atomic<int> torn{0};
};

TEST(ShortCall, OfLeavesThatWasNotShortIsSharedInWholeOnesWhateverTheChunks) {
  fold_of_leaves fold;
  detail::kernel_code const code{{fold.loop, fold.loop, fold.loop}, nullptr, isa::baseline};
  detail::rate learned;
  learned.learn(100'000, std::chrono::microseconds(1));
  detail::job const work{.code = &code,
                         .context = &fold,
                         .count = 100'000,
                         .learned = &learned,
                         .exact_chunk = fold_of_leaves::leaf};
  EXPECT_TRUE(run_short(work, {.verb = "map_reduce", .chunk_size = 1000}));
  EXPECT_EQ(fold.done, 100'000u);
  EXPECT_EQ(fold.torn, 0);
}

/// As quick for a block of elements as for one of those that are computed one by one.
struct map_in_blocks {
  static void loop(void*, detail::chunk& work) {
    std::size_t const n = work.end - work.begin;
    support::spin(std::chrono::microseconds(n / detail::small_block_elements +
                                            n % detail::small_block_elements));
  }
};

TEST(ShortCall, IsNotJudgedByPiecesThatHaveNoBlock) {
  detail::kernel_code const code{
      {map_in_blocks::loop, map_in_blocks::loop, map_in_blocks::loop}, nullptr, isa::baseline};
  for (std::size_t const n : {16u, 17u, 20u}) {
    detail::rate learned;
    for (int k = 0; k != 100; ++k) learned.learn(1, std::chrono::microseconds(1));
    detail::job const work{.code = &code, .context = nullptr, .count = n, .learned = &learned};
    for (int k = 0; k != 5000; ++k) {
      shared_hot_team().wake();
      static_cast<void>(run_short(work, {.verb = "map"}));
    }
    // A quarter of what was known before, at most, or half where others want the processor too.
    EXPECT_LT(learned.element_nanoseconds(), 500) << n;
  }
}

}  // namespace
