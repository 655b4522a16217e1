// How a call gets to threads that are awake, and how its caller knows that they have left it.
#pragma once

#include "../base/atomics.hpp"

#include <atomic>
#include <cstdint>

namespace hetmap::core {

/// Which of the callers at once has the team.
template <class Atomics>
class basic_turn {
 public:
  /// Returns:  whether it is the caller's now.
  [[nodiscard]] bool take() noexcept { return !taken_.exchange(true, std::memory_order_acquire); }
  void pass_on() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  typename Atomics::template atomic<bool> taken_{false};
};

/// One call after the other, each by a caller whose turn it is, in which members take part.
///
/// One word says which call it is (high half), whether it can be joined, and how many are inside. A
/// member joins by an exchange of the word that it has looked at, so that no call is joined late:
/// closing it changes the word, as does every further call.
template <class Atomics>
class basic_handover {
 public:
  using body_of_lane = void (*)(void* context, unsigned lane);

  /// Members that come from now on call body(context, k), each with its own number k < lanes.
  ///
  /// Requires: the caller's turn, until close() has returned.
  void open(unsigned lanes, body_of_lane body, void* context) noexcept {
    body_ = body;
    context_ = context;
    lanes_ = lanes;
    // Nobody is inside, and nobody joins a closed call: the word is this thread's.
    std::uint64_t const last = word_.load(std::memory_order_relaxed);
    word_.store((last & ~(joinable | inside)) + next_call + joinable, std::memory_order_release);
  }
  /// Nobody joins any more, and all who did have left when this returns.
  ///
  /// wait: called with 0, 1, 2, ... as long as one is inside.
  template <class Wait>
  void close(Wait wait) noexcept {
    word_.fetch_and(~joinable, std::memory_order_relaxed);
    for (unsigned spins = 0; (word_.load(std::memory_order_acquire) & inside) != 0; ++spins)
      wait(spins);
  }

  /// What a member sees of it.
  [[nodiscard]] std::uint64_t look() const noexcept {
    return word_.load(std::memory_order_relaxed);
  }
  /// The number of the call seen.
  [[nodiscard]] static std::uint64_t number_of(std::uint64_t seen) noexcept {
    return seen / next_call;
  }
  [[nodiscard]] static bool is_open(std::uint64_t seen) noexcept { return (seen & joinable) != 0; }

  /// Takes part in the call seen: take_part(body, context), if it has a lane of that number. False
  /// if the word is no longer what was seen.
  template <class TakePart>
  [[nodiscard]] bool join(std::uint64_t seen, unsigned member, TakePart take_part) noexcept {
    if (!word_.compare_exchange_strong(seen, seen + 1, std::memory_order_acquire,
                                       std::memory_order_relaxed))
      return false;
    if (member < lanes_) take_part(static_cast<body_of_lane>(body_), static_cast<void*>(context_));
    word_.fetch_sub(1, std::memory_order_release);
    return true;
  }

 private:
  static constexpr std::uint64_t joinable = std::uint64_t{1} << 31;
  static constexpr std::uint64_t inside = joinable - 1;
  static constexpr std::uint64_t next_call = std::uint64_t{1} << 32;

  typename Atomics::template atomic<std::uint64_t> word_{0};
  typename Atomics::template plain<body_of_lane> body_{nullptr};  // these three are the call's
  typename Atomics::template plain<void*> context_{nullptr};
  typename Atomics::template plain<unsigned> lanes_{0};
};

}  // namespace hetmap::core
