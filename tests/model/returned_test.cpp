// Lanes that give back what they have claimed, as src/cpu/executor does: all of it is claimed anew,
// and whoever gives back is not left alone with it.
#include "base/returned.hpp"
#include "base/regions.hpp"
#include "cpu/lane_roll.hpp"

#include "atomics.hpp"
#include "search.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

namespace {

using namespace hetmap::model;
using hetmap::core::basic_lane_roll;
using hetmap::core::basic_regions;
using hetmap::core::basic_returned;
using hetmap::core::range;

struct nothing {};

constexpr std::size_t granule = 64;

/// When a lane that is about to leave asks whether anything was given back.
enum class asks {
  when_free,        ///< as the library does
  before,           ///< and counts as free then
  if_the_word_says  ///< that there may be any
};

/// Who gives back.
enum class giver { lane, device };

/// Lane 0 gives its first claim back. If it finds no lane free then, it waits until another has
/// taken that, as elements may that wait for one another; otherwise it goes on as a lane whose call
/// for others nobody hears. Or a device, which is no lane, gives back what it had from the back:
/// if it finds no lane free it leaves that to those at work.
template <class Atomics, unsigned Threads, unsigned Granules, asks Asks = asks::when_free,
          giver Giver = giver::lane>
struct giving_back final : model {
  static constexpr unsigned threads = Threads;

  basic_regions<Atomics, nothing> regions{Granules * granule, granule, Threads, 1};
  basic_returned<Atomics> returned;
  basic_lane_roll<Atomics> roll{Giver == giver::lane ? Threads : Threads - 1};
  std::array<unsigned, Granules> done{};
  unsigned at_work = 0;
  bool given_back = false;

  void thread(unsigned thread) override {
    if (Giver == giver::device && thread == 0) {
      range const r = regions.claim_back(granule);
      if (r.empty()) return;
      returned.add(r);
      if (roll.free() == 0 || !returned.any(regions)) return;
    }
    ++at_work;
    auto const lane = roll.enter(thread);
    require(lane.has_value() || Giver == giver::device, "no lane for a thread");
    if (lane) run_lane(*lane);
  }

  void run_lane(unsigned lane) {
    for (;;) {
      range r = regions.claim(lane, granule);
      bool const again = r.empty();
      if (again && returned.known()) r = returned.take(regions, granule, granule);
      if (r.empty()) {
        if (left(lane)) return;
        yield();
        continue;
      }
      if (Giver == giver::lane && lane == 0 && !given_back) {
        give_back(r);
        continue;
      }
      for (std::size_t k = r.begin / granule; k != r.end / granule; ++k)
        require(++done[k] == 1, "run twice");
    }
  }

  bool left(unsigned lane) {
    auto const any = [&] {
      return (Asks != asks::if_the_word_says || returned.known()) && returned.any(regions);
    };
    if (Asks == asks::before && any()) return false;
    return roll.leave_unless(
        lane, [&] { return Asks != asks::before && any(); }, [&] { --at_work; });
  }

  void give_back(range r) {
    given_back = true;
    returned.add(r);
    if (roll.free() != 0) return;
    while (returned.any(regions)) {
      require(at_work > 1, "left alone with what it gave back");
      yield();
    }
  }

  void after() override {
    for (unsigned const times : done) require(times == 1, "never run");
  }
};

TEST(Model, WhatIsGivenBackIsTakenAndNobodyWhoIsNeededLeaves) {
  expect_sound<giving_back<sound, 2, 1>>("2 lanes, 1 granule given back", switches(3));
  expect_sound<giving_back<sound, 2, 2>>("2 lanes, 2 granules, 1 given back", switches(3));
  expect_sound<giving_back<sound, 3, 3>>("3 lanes, 3 granules, 1 given back", drawn(100'000));

  expect_caught<giving_back<sound, 2, 1, asks::before>>("asks before it counts as free",
                                                        switches(3));
  expect_caught<giving_back<sound, 2, 1, asks::if_the_word_says>>("asks only if the word says so",
                                                                  switches(3));
  expect_caught<giving_back<atomics<fault::missing, "leave_unless">, 2, 1>>("never counts as free",
                                                                            switches(3));
  expect_caught<giving_back<atomics<fault::missing, "add">, 2, 1>>("no word that there is any",
                                                                   switches(3));
  expect_caught<giving_back<atomics<fault::unguarded>, 2, 1>>("no lock", switches(3));
}

TEST(Model, WhatALostDeviceGivesBackIsNeverLeft) {
  constexpr giver device = giver::device;
  expect_sound<giving_back<sound, 2, 2, asks::when_free, device>>(
      "1 lane, a device gives 1 of 2 granules back", switches(3));
  expect_sound<giving_back<sound, 3, 3, asks::when_free, device>>(
      "2 lanes, a device gives 1 of 3 granules back", drawn(100'000));

  expect_caught<giving_back<sound, 2, 2, asks::before, device>>("asks before it counts as free",
                                                                switches(3));
  expect_caught<giving_back<sound, 2, 2, asks::if_the_word_says, device>>(
      "asks only if the word says so", switches(3));
  expect_caught<giving_back<atomics<fault::torn, "take_front">, 2, 2, asks::when_free, device>>(
      "a claim in two steps", switches(3));
}

}  // namespace
