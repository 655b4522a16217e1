#include "executor.hpp"

#include "../plan.hpp"
#include "math_level.hpp"
#include "stream.hpp"
#include "team.hpp"

#include <algorithm>
#include <atomic>
#include <exception>

namespace hetmap::core {
namespace {

using clock = std::chrono::steady_clock;

/// How many elements to claim next, so that a claim lasts about claim_seconds: from the learned
/// cost where there is one, else from one granule up.
class pace {
 public:
  explicit pace(plan const& how)
      : elements_(how.chunk_elements != 0 ? how.chunk_elements : how.granule),
        fixed_(how.chunk_elements != 0 && how.chunk_elements == how.granule) {}

  [[nodiscard]] std::size_t next() const noexcept { return elements_; }

  void took(std::size_t elements, std::chrono::nanoseconds busy) noexcept {
    if (fixed_) return;
    double const seconds = std::max(1e-9 * static_cast<double>(busy.count()), 1e-9);
    double const fitting = static_cast<double>(elements) * claim_seconds / seconds;
    // One step changes the size eightfold at most: one clock reading is not trusted further.
    elements_ = static_cast<std::size_t>(std::clamp(fitting, static_cast<double>(elements_) / 8,
                                                    static_cast<double>(elements_) * 8)) +
                1;
  }

 private:
  std::size_t elements_;
  bool fixed_;  // the caller chose the size
};

struct call {
  detail::job const& work;
  detail::chunk_function code;
  plan const& how;
  ledger& account;
  reporter& reports;
  std::stop_token const* stop;
  std::atomic<std::chrono::nanoseconds::rep> busy{0};

  void run_lane(unsigned lane) noexcept {
    math_level_scope const level(how.level);
    scratch memory;
    pace size(how);
    std::chrono::nanoseconds mine{0};
    for (;;) {
      if (stop != nullptr && stop->stop_requested()) account.close();
      range const claimed = account.claim(lane, size.next());
      if (claimed.empty()) break;
      auto const began = clock::now();
      run_claim(lane, claimed, memory);
      auto const took = clock::now() - began;
      mine += took;
      size.took(claimed.size(), took);
    }
    busy.fetch_add(mine.count(), std::memory_order_relaxed);
  }

  void run_claim(unsigned lane, range claimed, scratch& memory) noexcept {
    detail::chunk chunk{.begin = claimed.begin,
                        .end = claimed.end,
                        .origin = 0,
                        .columns = work.columns,
                        .scratch = &memory,
                        .copy_past_caches = how.past_caches ? stream_for(how.level) : nullptr,
                        .failed_at = claimed.begin};
    try {
      try {
        code(work.context, chunk);
      } catch (...) {
        return account.fail(lane, claimed, chunk.failed_at, std::current_exception());
      }
      if (chunk.copy_past_caches != nullptr) finish_stream();
      account.finish(lane, claimed);
      reports.add(claimed.size());
    } catch (...) {
      // Not the function's: the progress callback's, or no memory left to keep account in.
      account.interrupt(std::current_exception());
    }
  }
};

}  // namespace

std::chrono::nanoseconds execute_on_cpu(detail::job const& work, detail::chunk_function code,
                                        plan const& how, ledger& account, reporter& reports,
                                        std::stop_token const* stop) {
  call shared{work, code, how, account, reports, stop};
  if (how.workers == 1)
    shared.run_lane(0);
  else
    run_team(
        how.workers, [](void* c, unsigned lane) { static_cast<call*>(c)->run_lane(lane); },
        &shared);
  return std::chrono::nanoseconds(shared.busy.load(std::memory_order_relaxed));
}

}  // namespace hetmap::core
