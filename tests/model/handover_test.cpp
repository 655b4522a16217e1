// Members that join calls as the hot team's do: each lane once, nobody after the call has returned,
// and what both sides wrote seen by the other.
#include "cpu/handover.hpp"

#include "atomics.hpp"
#include "search.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace {

using namespace hetmap::model;
using hetmap::core::basic_handover;
using hetmap::core::basic_turn;

constexpr unsigned most_lanes = 3;

/// A call, as its caller has it on the stack.
template <class Atomics>
struct call {
  typename Atomics::template plain<unsigned> input{0};
  typename Atomics::template plain<unsigned> result[most_lanes]{0, 0, 0};
  unsigned runs[most_lanes]{};
  bool returned = false;

  static void body(void* context, unsigned lane) {
    auto& me = *static_cast<call*>(context);
    require(!me.returned, "a body runs after the call has returned");
    require(++me.runs[lane] == 1, "a lane runs twice");
    me.result[lane] = me.input + lane;
  }
};

/// Callers with Calls calls each of Lanes lanes, and members that look a few times for one.
template <class Atomics, unsigned Callers, unsigned Calls, unsigned Members, unsigned Lanes>
struct team final : model {
  static constexpr unsigned threads = Callers + Members;

  basic_handover<Atomics> handover;
  basic_turn<Atomics> turn;
  call<Atomics> calls[Callers][Calls];

  void thread(unsigned thread) override {
    if (thread >= Callers) return serve(thread - Callers + 1);
    for (auto& c : calls[thread]) run(c);
  }

  // As hot_team::run().
  void run(call<Atomics>& c) {
    c.input = 7;
    bool const mine = turn.take();
    if (mine) {
      handover.open(Lanes, &call<Atomics>::body, &c);
      call<Atomics>::body(&c, 0);
      handover.close([](unsigned) { yield(); });
      turn.pass_on();
    } else {
      call<Atomics>::body(&c, 0);
    }
    c.returned = true;
    for (unsigned lane = 0; lane != most_lanes; ++lane) {
      require(mine || lane == 0 || c.runs[lane] == 0, "a member in a call that has no team");
      require(c.runs[lane] == 0 || c.result[lane] == 7 + lane, "another result");
    }
    require(c.runs[0] == 1, "the caller did not run its own lane");
  }

  // As hot_team::serve().
  void serve(unsigned member) {
    std::uint64_t served = 0;
    for (unsigned looks = 0; looks != Calls + 1; ++looks) {
      std::uint64_t const seen = handover.look();
      if (!handover.is_open(seen) || handover.number_of(seen) == served) continue;
      auto const take_part = [&](auto body, void* context) noexcept {
        require(member < Lanes, "a member that has no lane");
        body(context, member);
      };
      if (handover.join(seen, member, take_part)) served = handover.number_of(seen);
    }
  }
};

TEST(Model, MembersRunEachLaneOnceAndHaveLeftWhenTheCallReturns) {
  expect_sound<team<sound, 1, 1, 1, 2>>("1 call, 1 member", every);
  expect_sound<team<sound, 1, 2, 1, 2>>("2 calls, 1 member", every);
  expect_sound<team<sound, 1, 1, 1, 1>>("1 call of 1 lane, 1 member without", every);
  expect_sound<team<sound, 1, 1, 2, 3>>("1 call, 2 members", every);
  expect_sound<team<sound, 1, 2, 2, 3>>("2 calls, 2 members", switches(4));
  expect_sound<team<sound, 1, 2, 2, 3>>("2 calls, 2 members", drawn(300'000));

  expect_caught<team<atomics<fault::torn, "join">, 1, 2, 2, 3>>("joined in two steps", switches(2));
  expect_caught<team<atomics<fault::torn, "close">, 1, 1, 1, 2>>("closed in two steps",
                                                                 switches(2));
  expect_caught<team<atomics<fault::missing, "close">, 1, 1, 1, 2>>("not closed", switches(2));
  expect_caught<team<atomics<fault::no_release, "open">, 1, 1, 1, 2>>("open orders nothing",
                                                                      switches(2));
  expect_caught<team<atomics<fault::no_acquire, "join">, 1, 1, 1, 2>>("join acquires nothing",
                                                                      switches(2));
  expect_caught<team<atomics<fault::no_release, "join">, 1, 1, 1, 2>>("leaving releases nothing",
                                                                      switches(2));
  expect_caught<team<atomics<fault::no_acquire, "close">, 1, 1, 1, 2>>("close acquires nothing",
                                                                       switches(2));
}

TEST(Model, CallersAtOnceTakeTurns) {
  expect_sound<team<sound, 2, 1, 1, 2>>("2 callers, 1 member", switches(5));
  expect_sound<team<sound, 2, 2, 1, 2>>("2 callers of 2 calls, 1 member", drawn(300'000));

  expect_caught<team<atomics<fault::torn, "take">, 2, 1, 1, 2>>("a turn taken in two steps",
                                                                switches(2));
  expect_caught<team<atomics<fault::no_acquire, "::take">, 2, 1, 1, 2>>("a turn acquires nothing",
                                                                        switches(2));
  expect_caught<team<atomics<fault::no_release, "pass_on">, 2, 1, 1, 2>>("a turn releases nothing",
                                                                         switches(2));
}

}  // namespace
