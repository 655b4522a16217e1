#include "size_costs.hpp"

namespace hetmap::core {

size_costs::choice size_costs::better(double alone, double shared) const noexcept {
  choice const now = settled_.load(std::memory_order_relaxed);
  if (now == choice::alone)
    return shared < alone * (1 - gain_to_change) ? choice::shared : choice::alone;
  if (now == choice::shared)
    return alone < shared * (1 - gain_to_change) ? choice::alone : choice::shared;
  return shared < alone ? choice::shared : choice::alone;
}

void size_costs::timed(way w, bool may_share, double alone, double shared,
                       std::size_t elements) noexcept {
  unsigned const calls = calls_.load(std::memory_order_relaxed);
  auto const seconds = [&](way which, double otherwise) {
    double const known = by(which).nanoseconds();
    return known >= 0 ? known * 1e-9 * static_cast<double>(elements) : otherwise;
  };
  alone = seconds(way::alone, alone);
  shared = seconds(way::hot, shared);
  bool const both_known = by(way::alone).is_settled() && by(way::hot).is_settled();
  unsigned const mark = trial_.load(std::memory_order_relaxed);
  unsigned const left = to_try_.load(std::memory_order_relaxed);
  bool trying = left != 0;
  if (trying) {
    choice const tried = next_.load(std::memory_order_relaxed);
    bool const was_it = (w == way::alone) == (tried == choice::alone);
    unsigned const still = was_it ? left - 1 : left;
    trying = still != 0 && static_cast<int>(calls - mark) < 0;
    to_try_.store(static_cast<unsigned char>(trying ? still : 0), std::memory_order_relaxed);
    if (!trying) {
      unsigned const interval = interval_.load(std::memory_order_relaxed);
      trial_.store(calls + interval, std::memory_order_relaxed);
      interval_.store(std::min(2 * interval, longest_interval), std::memory_order_relaxed);
    }
  }
  if (!trying) {
    if (may_share && both_known) settled_.store(better(alone, shared), std::memory_order_relaxed);
    choice const now = settled_.load(std::memory_order_relaxed);
    choice follow = now;
    double const worse = std::max(alone, shared), less = std::min(alone, shared);
    if (left == 0 && may_share && static_cast<int>(calls - mark) >= 0 &&
        worse < most_ratio * less) {
      bool const shares = now == choice::predicted ? shared < alone : now == choice::shared;
      follow = shares ? choice::alone : choice::shared;
      to_try_.store(calls_of_trial, std::memory_order_relaxed);
      trial_.store(calls + longest_trial, std::memory_order_relaxed);
      trying = true;
    }
    next_.store(follow, std::memory_order_relaxed);
  }
  next_timed_.store(trying || calls < first_calls ? calls : calls + between_samples - 1,
                    std::memory_order_relaxed);
}

}  // namespace hetmap::core
