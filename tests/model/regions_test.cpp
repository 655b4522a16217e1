// Lanes that claim, steal and claim from the back at once: every index once, nothing lost, nothing
// above a failure.
#include "base/regions.hpp"

#include "atomics.hpp"
#include "search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>

namespace {

using namespace hetmap::model;
using hetmap::core::basic_regions;
using hetmap::core::range;

struct nothing {};

// A granule is a block, so that claims end at granules and not at multiples of several.
constexpr std::size_t granule = 64;

/// Without failures the limit never changes.
template <fault Fault = fault::none, text Where = "">
using no_failure = atomics<Fault, Where, "::limit()">;

/// Who claims how: the first `front` of so many lanes from the front, the others from the back, two
/// granules at a time; the first `owners` own a region.
struct lanes {
  unsigned all, front, owners;
};

/// Lanes that claim until they are told that nothing is left.
template <class Atomics, lanes Lanes, unsigned Granules>
struct claims final : model {
  static constexpr unsigned threads = Lanes.all;

  basic_regions<Atomics, nothing> regions{Granules * granule, granule, Lanes.all, Lanes.owners};
  std::array<unsigned, Granules> claimed{};

  void thread(unsigned lane) override {
    for (range r = next(lane); !r.empty(); r = next(lane))
      for (std::size_t k = r.begin / granule; k != r.end / granule; ++k)
        require(++claimed[k] == 1, "claimed twice");
  }
  range next(unsigned lane) {
    return lane < Lanes.front ? regions.claim(lane, granule) : regions.claim_back(2 * granule);
  }
  void after() override {
    for (unsigned const times : claimed) require(times == 1, "never claimed");
  }
};

TEST(Model, LanesClaimAndStealEveryIndexOnce) {
  constexpr lanes two{2, 2, 2}, one_owner{2, 2, 1}, three{3, 3, 3}, three_of_two{3, 3, 2};
  expect_sound<claims<no_failure<>, two, 2>>("2 lanes, 2 granules", every);
  expect_sound<claims<no_failure<>, two, 4>>("2 lanes, 4 granules", switches(4));
  expect_sound<claims<no_failure<>, one_owner, 6>>("2 lanes, 6 granules of 1 lane", switches(3));
  expect_sound<claims<no_failure<>, three, 3>>("3 lanes, 3 granules", switches(1));
  expect_sound<claims<no_failure<>, three_of_two, 6>>("3 lanes, 6 granules of 2", drawn(300'000));

  expect_caught<claims<no_failure<fault::torn, "take_front">, two, 2>>("a claim in two steps",
                                                                       switches(2));
  expect_caught<claims<no_failure<fault::torn, "steal">, two, 2>>("a theft in two steps",
                                                                  switches(2));
  expect_caught<claims<no_failure<fault::missing, "steal">, one_owner, 4>>(
      "the rest of a theft is dropped", switches(2));
  expect_caught<claims<no_failure<fault::failing, "take_front">, two, 2>>("no lane gets on",
                                                                          switches(2));
}

TEST(Model, ClaimsFromTheBackAndTheFrontMeet) {
  constexpr lanes one_and_back{2, 1, 1}, two_and_back{3, 2, 2}, backs{2, 0, 1};
  expect_sound<claims<no_failure<>, one_and_back, 3>>("1 lane, 1 at the back, 3 granules", every);
  expect_sound<claims<no_failure<>, one_and_back, 6>>("1 lane, 1 at the back, 6 granules",
                                                      switches(4));
  expect_sound<claims<no_failure<>, backs, 6>>("2 at the back, 6 granules", switches(4));
  expect_sound<claims<no_failure<>, two_and_back, 4>>("2 lanes, 1 at the back, 4 granules",
                                                      switches(1));
  expect_sound<claims<no_failure<>, two_and_back, 6>>("2 lanes, 1 at the back, 6 granules",
                                                      drawn(300'000));

  expect_caught<claims<no_failure<fault::torn, "claim_back">, one_and_back, 3>>(
      "a claim from the back in two steps", switches(2));
  expect_caught<claims<no_failure<fault::torn, "take_front">, one_and_back, 3>>(
      "a claim in two steps", switches(2));
  expect_caught<claims<no_failure<fault::torn, "steal">, two_and_back, 4>>("a theft in two steps",
                                                                           switches(1));
}

/// The first Failing lanes fail at the first granule that they claim.
template <class Atomics, lanes Lanes, unsigned Granules, unsigned Failing>
struct failing final : model {
  static constexpr unsigned threads = Lanes.all;

  basic_regions<Atomics, nothing> regions{Granules * granule, granule, Lanes.all, Lanes.owners};
  typename Atomics::mutex failure;  // the ledger's
  std::array<unsigned, Granules> claimed{};
  std::size_t lowest = Granules * granule;

  void thread(unsigned lane) override {
    std::size_t failed_at = lowest_known;  // what this lane knows of itself
    for (;;) {
      std::size_t const known = std::min(failed_at, regions.limit());
      range const r =
          lane < Lanes.front ? regions.claim(lane, granule) : regions.claim_back(2 * granule);
      if (r.empty()) return;
      require(r.end <= known, "claimed above a failure that the lane knows");
      for (std::size_t k = r.begin / granule; k != r.end / granule; ++k)
        require(++claimed[k] == 1, "claimed twice");
      if (lane >= Failing || failed_at != lowest_known) continue;
      failed_at = r.begin;
      std::lock_guard const guard(failure);
      lowest = std::min(lowest, failed_at);
      regions.lower_limit(failed_at);
    }
  }
  void after() override {
    require(regions.limit() == lowest, "another limit than the lowest failure");
    for (std::size_t k = 0; k != lowest / granule; ++k)
      require(claimed[k] == 1, "below the failure, and never claimed");
  }

  static constexpr std::size_t lowest_known = Granules * granule;
};

TEST(Model, AFailureClosesWhatLiesAboveItAndNothingBelow) {
  constexpr lanes two{2, 2, 2}, with_back{2, 1, 1}, backs{2, 0, 2};
  expect_sound<failing<sound, two, 4, 1>>("2 lanes, 4 granules, the first fails", switches(3));
  expect_sound<failing<sound, two, 4, 2>>("2 lanes, 4 granules, both fail", switches(3));
  expect_sound<failing<sound, with_back, 4, 1>>("1 lane fails, 1 at the back, 4 granules",
                                                switches(3));
  expect_sound<failing<sound, backs, 5, 2>>("2 at the back, both fail, 5 granules", switches(3));
  expect_sound<failing<sound, with_back, 5, 2>>("1 lane, 1 at the back, both fail, 5 granules",
                                                switches(3));
  expect_sound<failing<sound, lanes{3, 2, 2}, 6, 2>>("2 lanes that fail, 1 at the back, 6 granules",
                                                     drawn(300'000));

  expect_caught<failing<atomics<fault::stale, "::limit()">, two, 4, 2>>("lanes ignore the limit",
                                                                        switches(2));
  expect_caught<failing<atomics<fault::stale, "::limit()">, backs, 4, 1>>(
      "claims from the back ignore the limit", switches(2));
  expect_caught<failing<atomics<fault::unguarded>, two, 4, 2>>("failures at once", switches(2));
  expect_caught<failing<atomics<fault::torn, "take_front">, two, 4, 1>>("a claim in two steps",
                                                                        switches(2));
}

}  // namespace
