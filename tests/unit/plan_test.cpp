#include "base/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace {

using namespace hetmap;
using core::machine;
using core::make_plan;
using core::problem;

constexpr machine eight_cores{
    .workers = 8, .concurrency = 16, .level = isa::avx2, .no_gpu = "no GPU here"};

TEST(Plan, UnknownWorkIsSharedAtOnceOneElementAtATime) {
  plan const p = make_plan({.elements = 24}, eight_cores);
  EXPECT_EQ(p.chosen, backend::cpu);
  EXPECT_EQ(p.workers, 8u);
  EXPECT_EQ(p.granule, 1u);
  EXPECT_EQ(p.chunk_elements, 0u);
}

TEST(Plan, ManyElementsKeepToWholeBlocksOnceTheyAreKnownToBeQuick) {
  EXPECT_EQ(make_plan({.elements = 1'000'000}, eight_cores).granule, 1u);
  EXPECT_EQ(make_plan({.elements = 1'000'000, .element_nanoseconds = 1}, eight_cores).granule, 64u);
}

TEST(Plan, AGpuIsGivenWholeBlocksWhateverTheyCost) {
  machine const with_gpu{.workers = 8, .concurrency = 8};
  problem call{.asked = backend::gpu, .elements = 1'000'000};
  EXPECT_EQ(make_plan(call, with_gpu).granule, 64u);
  call.chunk_size = 7;
  EXPECT_EQ(make_plan(call, with_gpu).granule, 7u);
}

TEST(Plan, CostlyElementsAreHandedOutOneByOne) {
  plan const p = make_plan({.elements = 1'000'000, .element_nanoseconds = 1e6}, eight_cores);
  EXPECT_EQ(p.granule, 1u);
  EXPECT_EQ(p.chunk_elements, 1u);
}

TEST(Plan, WorkThatEndsBeforeAWorkerWakesStaysWithTheCaller) {
  plan const p = make_plan({.elements = 4096, .element_nanoseconds = 0.1}, eight_cores);
  EXPECT_EQ(p.chosen, backend::serial);
  EXPECT_EQ(p.workers, 1u);
  EXPECT_NE(std::string(p.reason).find("before a worker could wake"), std::string::npos);
}

TEST(Plan, TheLearnedCostDecides) {
  problem call{.elements = 4096, .element_nanoseconds = 0.1};
  EXPECT_EQ(make_plan(call, eight_cores).chosen, backend::serial);
  call.element_nanoseconds = 1000;
  EXPECT_EQ(make_plan(call, eight_cores).chosen, backend::cpu);
}

TEST(Plan, PredictionsAreThoseOfTheFaster) {
  plan const p = make_plan({.elements = 1'000'000, .element_nanoseconds = 8}, eight_cores);
  EXPECT_DOUBLE_EQ(p.at(backend::serial).predicted_seconds, 8e-3);
  EXPECT_DOUBLE_EQ(p.at(backend::cpu).predicted_seconds, 1e-3 + cpu_values{}.team_wake_seconds);
}

TEST(Plan, WhatSuchCallsTookIsPreferredToWhatTheirElementsCost) {
  // By their elements: 40 us alone, 15 us shared.
  problem call{.elements = 40'000, .element_nanoseconds = 1};
  ASSERT_EQ(make_plan(call, eight_cores).chosen, backend::cpu);
  call.team_nanoseconds = 1.5;
  plan p = make_plan(call, eight_cores);
  EXPECT_EQ(p.chosen, backend::serial);
  EXPECT_DOUBLE_EQ(p.at(backend::cpu).predicted_seconds, 60e-6);
  call.alone_nanoseconds = 2;
  p = make_plan(call, eight_cores);
  EXPECT_EQ(p.chosen, backend::cpu);
  EXPECT_DOUBLE_EQ(p.at(backend::serial).predicted_seconds, 80e-6);
  call.workers = 3;  // which no such call had
  EXPECT_NE(make_plan(call, eight_cores).at(backend::cpu).predicted_seconds, 60e-6);
}

TEST(Plan, WorkersThatOthersHaveAreNoHelpToCallsThatAreShort) {
  problem call{.elements = 40'000, .element_nanoseconds = 1};
  machine busy = eight_cores;
  busy.busy = 7;
  EXPECT_EQ(make_plan(call, busy).chosen, backend::serial);
  busy.busy = 100;
  EXPECT_EQ(make_plan(call, busy).chosen, backend::serial);
  busy.busy = 4;
  EXPECT_EQ(make_plan(call, busy).chosen, backend::cpu);
  busy.busy = 7;
  call.elements = 40'000'000;
  EXPECT_EQ(make_plan(call, busy).workers, 8u) << "it outlives them";
}

TEST(Plan, OneElementAndOneWorkerAreNotShared) {
  EXPECT_EQ(make_plan({.elements = 1}, eight_cores).workers, 1u);
  EXPECT_EQ(make_plan({.elements = 0}, eight_cores).workers, 1u);
  EXPECT_EQ(make_plan({.elements = 1000, .workers = 1}, eight_cores).workers, 1u);
  EXPECT_EQ(make_plan({.elements = 1000}, {.workers = 1, .concurrency = 1}).workers, 1u);
}

TEST(Plan, WorkersAreLimitedByTheCallTheArenaAndTheChunks) {
  EXPECT_EQ(make_plan({.elements = 1000, .workers = 3}, eight_cores).workers, 3u);
  EXPECT_EQ(make_plan({.elements = 1000, .workers = 100}, eight_cores).workers, 16u);
  EXPECT_EQ(make_plan({.elements = 1000, .chunk_size = 500}, eight_cores).workers, 2u);
}

TEST(Plan, AChunkSizeIsKept) {
  plan const p =
      make_plan({.elements = 1000, .chunk_size = 7, .element_nanoseconds = 5}, eight_cores);
  EXPECT_EQ(p.granule, 7u);
  EXPECT_EQ(p.chunk_elements, 7u);
}

TEST(Plan, BlocksOfABlockFunctionAreKeptWhole) {
  plan const p = make_plan({.elements = 1'000'000, .exact_chunk = 4096, .element_nanoseconds = 1},
                           eight_cores);
  EXPECT_EQ(p.granule, 4096u);
  EXPECT_EQ(p.chunk_elements % 4096, 0u);
}

TEST(Plan, ABackendAskedForByNameIsNeverReplaced) {
  for (backend const b : {backend::serial, backend::cpu, backend::gpu, backend::hybrid}) {
    plan const p = make_plan({.asked = b, .elements = 1'000'000}, eight_cores);
    EXPECT_EQ(p.chosen, b);
  }
  EXPECT_EQ(make_plan({.asked = backend::serial, .elements = 1'000'000}, eight_cores).workers, 1u);
  EXPECT_STREQ(make_plan({.asked = backend::gpu}, eight_cores).at(backend::gpu).unavailable,
               "no GPU here");
}

TEST(Plan, TheLevelIsTheMachinesButNotBelowTheFiles) {
  EXPECT_EQ(make_plan({.elements = 1}, eight_cores).level, isa::avx2);
  EXPECT_EQ(make_plan({.elements = 1, .floor = isa::avx512}, eight_cores).level, isa::avx512);
}

TEST(Plan, ReproducibleCallsStayAtTheFilesLevel) {
  plan const p = make_plan({.elements = 1, .reproducible = true}, eight_cores);
  EXPECT_EQ(p.level, isa::baseline);
  EXPECT_TRUE(p.reproducible);
  EXPECT_NE(p.at(backend::gpu).unavailable, nullptr);
}

TEST(Plan, ResultsLargerThanTheCachesGoPastThem) {
  machine small = eight_cores;
  small.cache_bytes = std::size_t{8} << 20;
  problem call{.elements = 1'000'000, .bytes_in = 4, .bytes_out = 4, .can_stream = true};
  EXPECT_FALSE(make_plan(call, small).past_caches);
  call.elements = 1'100'000;
  EXPECT_TRUE(make_plan(call, small).past_caches);
  call.can_stream = false;
  EXPECT_FALSE(make_plan(call, small).past_caches);
}

TEST(Plan, NoProcessCountsOnMoreThanItsShareOfAHugeCache) {
  machine huge = eight_cores;
  huge.cache_bytes = std::size_t{1} << 30;
  problem const call{.elements = core::largest_cache_share / 8 + 1,
                     .bytes_in = 4,
                     .bytes_out = 4,
                     .can_stream = true};
  EXPECT_TRUE(make_plan(call, huge).past_caches);
}

TEST(Plan, TextNamesTheChoiceTheReasonAndEveryCandidate) {
  std::string const text =
      to_string(make_plan({.elements = 4096, .element_nanoseconds = 0.1}, eight_cores));
  for (char const* word : {"4096 elements on serial", "asked: auto", "avx2", "cpu", "gpu", "hybrid",
                           "no GPU here", "0.41 us"})
    EXPECT_NE(text.find(word), std::string::npos) << word << " in\n" << text;
}

// -- the GPU --

constexpr machine with_gpu{.workers = 8, .concurrency = 16, .level = isa::avx2};

TEST(Plan, AGpuThatCannotServeIsACandidateWithAReason) {
  plan const p = make_plan(
      {.elements = 1'000'000, .element_nanoseconds = 1e5, .gpu = {.unavailable = "no form"}},
      with_gpu);
  EXPECT_EQ(p.chosen, backend::cpu);
  EXPECT_STREQ(p.at(backend::gpu).unavailable, "no form");
  EXPECT_NE(to_string(p).find("no form"), std::string::npos);
}

TEST(Plan, ACheapMapOverHostMemoryStaysOnTheCpu) {
  problem const cheap{.elements = 100'000'000,
                      .bytes_in = 4,
                      .bytes_out = 4,
                      .element_nanoseconds = 0.1,
                      .gpu = {.link_bytes_in = 4, .link_bytes_out = 4}};
  EXPECT_EQ(make_plan(cheap, with_gpu).chosen, backend::cpu);
}

TEST(Plan, ACostlyOneGoesToTheGpu) {
  problem const costly{.elements = 1'000'000,
                       .bytes_in = 4,
                       .bytes_out = 4,
                       .element_nanoseconds = 1000,
                       .gpu = {.link_bytes_in = 4, .link_bytes_out = 4}};
  plan const p = make_plan(costly, with_gpu);
  EXPECT_EQ(p.chosen, backend::gpu);
  EXPECT_NE(std::string(p.reason).find("GPU is predicted to finish first"), std::string::npos);
  EXPECT_GE(p.at(backend::gpu).predicted_seconds, with_gpu.gpu.travelling_call_seconds);
}

TEST(Plan, FewElementsAreNotWorthALaunch) {
  problem const few{.elements = 100,
                    .bytes_in = 4,
                    .bytes_out = 4,
                    .element_nanoseconds = 1000,
                    .gpu = {.link_bytes_in = 4, .link_bytes_out = 4}};
  EXPECT_NE(make_plan(few, with_gpu).chosen, backend::gpu);
}

TEST(Plan, TheLinkDecidesWhereTheRestIsEqual) {
  problem const call{.elements = 10'000'000,
                     .bytes_in = 8,
                     .bytes_out = 8,
                     .element_nanoseconds = 10,
                     .gpu = {.link_bytes_in = 8, .link_bytes_out = 8}};
  machine slow = with_gpu, fast = with_gpu;
  for (machine* const m : {&slow, &fast})
    m->gpu.pinned_in_bytes_per_second = m->gpu.pinned_out_bytes_per_second =
        m->gpu.both_ways_bytes_per_second = m == &slow ? 1e9 : 50e9;
  EXPECT_EQ(make_plan(call, slow).chosen, backend::cpu);
  EXPECT_EQ(make_plan(call, fast).chosen, backend::gpu);
}

TEST(Plan, WhatIsGeneratedDoesNotTravel) {
  problem call{.elements = 10'000'000,
               .bytes_out = 1,
               .element_nanoseconds = 8,
               .gpu = {.link_bytes_out = 1}};
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::gpu);
  call.gpu.link_bytes_in = 64;
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::cpu);
}

TEST(Plan, DataOnTheGpuStaysThere) {
  problem call{.elements = 10'000'000,
               .bytes_in = 4,
               .bytes_out = 4,
               .element_nanoseconds = 0.1,
               .gpu = {.fetched_bytes = 4}};
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::gpu);
  call.element_nanoseconds = -1;
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::gpu);
  call.elements = 100;
  call.element_nanoseconds = 0.1;
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::serial);
}

TEST(Plan, DataOutOfTheCpusReachIsTheGpusOrNobodys) {
  problem call{.elements = 10, .gpu = {.fetched_bytes = 4}, .no_cpu = "out of reach"};
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::gpu);
  EXPECT_STREQ(make_plan(call, with_gpu).at(backend::cpu).unavailable, "out of reach");
}

TEST(Plan, AnUnknownCostIsLearnedOnTheCpu) {
  problem const call{.elements = 1'000'000, .gpu = {.link_bytes_in = 4, .link_bytes_out = 4}};
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::cpu);
}

TEST(Plan, TheGpusOwnCostReplacesTheDefaults) {
  problem call{.elements = 10'000'000,
               .bytes_in = 8,
               .bytes_out = 8,
               .element_nanoseconds = 10,
               .gpu = {.link_bytes_in = 8,
                       .link_bytes_out = 8,
                       .staged_bytes_in = 8,
                       .staged_bytes_out = 8,
                       .element_nanoseconds = 0.2}};
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::gpu);
  call.gpu.element_nanoseconds = 30;
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::cpu);
}

TEST(Plan, WholeCallsOnTheGpuAreBelievedButForTheFirst) {
  machine const eight_with_gpu{.workers = 8, .concurrency = 8};
  problem call{.elements = 1'000'000, .bytes_in = 8, .bytes_out = 8, .element_nanoseconds = 100};
  double const guessed = make_plan(call, eight_with_gpu).at(backend::gpu).predicted_seconds;
  auto const predicted = [&] {
    return make_plan(call, eight_with_gpu).at(backend::gpu).predicted_seconds;
  };
  call.gpu.whole_nanoseconds = 300;
  call.gpu.whole_is_first = true;  // compiling, perhaps
  EXPECT_DOUBLE_EQ(predicted(), guessed);
  call.gpu.whole_is_first = false;
  EXPECT_DOUBLE_EQ(predicted(), 0.3);
  call.gpu.whole_nanoseconds = 0.5;
  call.gpu.whole_is_first = true;
  EXPECT_DOUBLE_EQ(predicted(), 0.5e-3) << "it took no longer than that";
  call.gpu.element_nanoseconds = 0.1;
  call.gpu.ahead_bytes_in = 8;
  EXPECT_GT(predicted(), 0.5e-3) << "arrays have to be sent first";
  call.gpu.both_nanoseconds = 0.25;
  EXPECT_DOUBLE_EQ(make_plan(call, eight_with_gpu).at(backend::hybrid).predicted_seconds, 0.25e-3);
}

TEST(Plan, NearATieTheWorkStaysOnTheCpu) {
  problem call{.elements = 10'000'000,
               .bytes_in = 24,  // too much for both at once
               .element_nanoseconds = 8,
               .gpu = {.link_bytes_in = 8, .element_nanoseconds = 0.95}};
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::cpu);
  call.gpu.element_nanoseconds = 0.8;
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::gpu);
}

TEST(Plan, BothAreTakenWhereTogetherTheyAreClearlyFaster) {
  problem call{.elements = 10'000'000,
               .bytes_in = 8,
               .element_nanoseconds = 80,
               .gpu = {.link_bytes_in = 8, .element_nanoseconds = 10}};
  plan const p = make_plan(call, with_gpu);
  EXPECT_EQ(p.chosen, backend::hybrid) << p;
  double const best =
      std::min(p.at(backend::cpu).predicted_seconds, p.at(backend::gpu).predicted_seconds);
  EXPECT_LT(p.at(backend::hybrid).predicted_seconds, 0.9 * best);
  EXPECT_GT(p.at(backend::hybrid).predicted_seconds, 0.4 * best);
  EXPECT_GE(p.workers, 2u);
  for (double const cost : {1.0, 100.0}) {
    call.gpu.element_nanoseconds = cost;
    EXPECT_NE(make_plan(call, with_gpu).chosen, backend::hybrid) << "one of them is much faster";
  }
  call.gpu.element_nanoseconds = -1;
  EXPECT_NE(make_plan(call, with_gpu).chosen, backend::hybrid) << "nothing is known of the GPU";
  call.gpu.element_nanoseconds = 10;
  call.bytes_in = 240;
  EXPECT_NE(make_plan(call, with_gpu).chosen, backend::hybrid) << "the CPU waits for memory";
  call.bytes_in = 8;
  call.gpu.results_stay = true;
  EXPECT_NE(make_plan(call, with_gpu).chosen, backend::hybrid) << "results lie on one side";
  call.gpu.results_stay = false;
  call.together = true;
  EXPECT_NE(make_plan(call, with_gpu).chosen, backend::hybrid) << "a pool's workers are promised";
}

TEST(Plan, WhatOneThreadCanStageBoundsTheGpusShare) {
  problem call{.elements = 10'000'000,
               .bytes_in = 8,
               .element_nanoseconds = 80,
               .gpu = {.link_bytes_in = 8, .element_nanoseconds = 10}};
  double const few = make_plan(call, with_gpu).at(backend::hybrid).predicted_seconds;
  call.gpu.staged_bytes_in = 800;
  EXPECT_GT(make_plan(call, with_gpu).at(backend::hybrid).predicted_seconds, 1.5 * few);
}

TEST(Plan, ReproducibleResultsAndNamedBackendsStayOffTheGpu) {
  problem call{.elements = 1'000'000, .element_nanoseconds = 1e6, .gpu = {.link_bytes_in = 8}};
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::gpu);
  call.reproducible = true;
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::cpu);
  call.reproducible = false;
  call.asked = backend::cpu;
  EXPECT_EQ(make_plan(call, with_gpu).chosen, backend::cpu);
}

TEST(Plan, TextTellsOfTheWayToTheGpu) {
  problem const call{.elements = 1'000'000,
                     .element_nanoseconds = 1e4,
                     .gpu = {.link_bytes_in = 12, .link_bytes_out = 4, .element_nanoseconds = 2.5}};
  std::string const text = to_string(make_plan(call, with_gpu));
  for (char const* word : {"on gpu", "2.5 ns an element on the GPU", "12 bytes in", "4 bytes out"})
    EXPECT_NE(text.find(word), std::string::npos) << word << " in\n" << text;
}

}  // namespace
