// What calls teach of their size, from the call's end on: learned where they went as others do, and
// used by the next plan.
#include "base/rates.hpp"
#include "cpu/load.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/detail/seam/job.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace {

using namespace hetmap;
using namespace hetmap::core;
using std::chrono::microseconds;

/// Elements that take so long each.
struct elements {
  std::size_t count;
  microseconds each{0};

  static void loop(void* self, detail::chunk& work) {
    auto const& me = *static_cast<elements*>(self);
    if (me.each.count() == 0) return;
    support::spin(me.each * static_cast<int>(work.end - work.begin));
  }

  void run(detail::settings how = {.verb = "map"}) { detail::run(job(), how); }
  [[nodiscard]] plan next() { return detail::plan_for(job(), {.verb = "map"}); }
  [[nodiscard]] size_costs& size() { return learned.of_size(count); }

  detail::rate learned{};

 private:
  [[nodiscard]] detail::job job() {
    static constexpr detail::kernel_code code{{loop, loop, loop}, nullptr, isa::baseline};
    return {.code = &code, .context = this, .count = count, .learned = &learned};
  }
};

constexpr detail::settings serial{.verb = "map", .backend = backend::serial};

TEST(WholeCalls, AreLearnedAndPredictTheNext) {
  elements call{.count = 100, .each = microseconds(20)};
  call.learned.learn(100, microseconds(4000));  // not so slow in fact
  call.run(serial);
  double const found = call.size().by(way::alone).nanoseconds();
  EXPECT_GE(found, 20e3);
  EXPECT_DOUBLE_EQ(call.next().at(backend::serial).predicted_seconds, 100 * found * 1e-9);
}

TEST(WholeCalls, ThatWentAnotherWayThanOthersTeachNothing) {
  for (detail::settings const& how :
       {detail::settings{.verb = "map", .backend = backend::serial, .workers = 1},
        {.verb = "map", .backend = backend::serial, .chunk_size = 10}}) {
    elements call{.count = 100, .each = microseconds(20)};
    call.learned.learn(100, microseconds(4000));
    call.run(how);
    EXPECT_LT(call.size().by(way::alone).nanoseconds(), 0);
  }
  elements unknown{.count = 100, .each = microseconds(20)};
  unknown.run(serial);
  EXPECT_LT(unknown.size().by(way::alone).nanoseconds(), 0) << "it began with single elements";
}

TEST(WholeCalls, BesideOthersTeachNothing) {
  elements call{.count = 100, .each = microseconds(20)};
  call.learned.learn(100, microseconds(4000));
  {
    call_at_work const another(1);
    call.run(serial);
  }
  EXPECT_LT(call.size().by(way::alone).nanoseconds(), 0);
  call.run(serial);
  EXPECT_GE(call.size().by(way::alone).nanoseconds(), 0);
}

// Else what a plan adds could keep calls of few elements from being short ones for good.
TEST(WholeCalls, InOneThreadTeachWhatTheirElementsTook) {
  double learned = 1e9, whole = 1e9;
  for (int k = 0; k != 100; ++k) {
    elements call{.count = 1};
    call.learned.learn(1, microseconds(100));  // not so slow in fact
    auto const began = std::chrono::steady_clock::now();
    call.run(serial);
    std::chrono::duration<double, std::nano> const took = std::chrono::steady_clock::now() - began;
    whole = std::min(whole, took.count());
    learned = std::min(learned, call.size().by(way::alone).nanoseconds());
  }
  EXPECT_GE(learned, 0);
  EXPECT_LT(learned, whole / 5);
}

TEST(WholeCalls, ThatAreShortAreTimed16TimesASizeAndThenOnceIn64) {
  elements call{.count = 10};
  call.learned.learn(1000, microseconds(1));
  for (int k = 0; k != 16; ++k) call.run(serial);
  EXPECT_TRUE(call.size().by(way::alone).is_settled());
  EXPECT_FALSE(call.size().sample_now()) << "the 17th";
  for (int k = 0; k != 62; ++k) EXPECT_FALSE(call.size().sample_now());
  EXPECT_TRUE(call.size().sample_now());
  EXPECT_TRUE(call.learned.of_size(100'000).sample_now()) << "another size";
}

}  // namespace
