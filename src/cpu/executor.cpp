#include "executor.hpp"

#include "../plan.hpp"
#include "math_level.hpp"
#include "stream.hpp"
#include "team.hpp"

#include <chrono>
#include <exception>
#include <mutex>

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

  void took(effort const& spent) noexcept {
    if (fixed_) return;
    elements_ = static_cast<std::size_t>(next_pace(elements_, spent, claim_seconds)) + 1;
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
  ending& early;
  // Outputs that are inputs, and those larger than the caches, are computed aside.
  void (*copy_out)(void*, void const*, std::size_t) = how.past_caches ? stream_for(how.level)
                                                      : work.in_place && work.can_copy_out
                                                          ? detail::copy_bytes
                                                          : nullptr;
  std::mutex guard{};
  efforts in_all{};

  void run_lane(unsigned lane) noexcept {
    // What is reproducible uses the algorithms that every processor has.
    math_level_scope const level(how.reproducible ? isa::baseline : how.level);
    scratch memory;
    void* slot = nullptr;
    pace size(how);
    efforts spent_here;
    for (;;) {
      early.look(account);
      range const claimed = account.claim(lane, size.next());
      if (claimed.empty()) break;
      auto const began = clock::now();
      run_claim(lane, claimed, memory, slot);
      effort const spent{claimed.size(), clock::now() - began};
      spent_here.add(spent);
      size.took(spent);
    }
    std::lock_guard const lock(guard);
    in_all += spent_here;
  }

  void run_claim(unsigned lane, range claimed, scratch& memory, void*& slot) noexcept {
    detail::chunk chunk{.begin = claimed.begin,
                        .end = claimed.end,
                        .origin = 0,
                        .columns = work.columns,
                        .scratch = &memory,
                        .copy_out = copy_out,
                        .slot = &slot,
                        .failed_at = claimed.begin};
    try {
      try {
        code(work.context, chunk);
      } catch (...) {
        return account.fail(lane, claimed, chunk.failed_at, std::current_exception());
      }
      if (how.past_caches) finish_stream();
      account.finish(lane, claimed);
      reports.add(claimed.size());
    } catch (...) {
      // Not the function's: the progress callback's, or no memory left to keep account in.
      account.interrupt(std::current_exception());
    }
  }
};

}  // namespace

effort execute_on_cpu(detail::job const& work, detail::chunk_function code, plan const& how,
                      ledger& account, reporter& reports, workers* on, ending& early) {
  call shared{.work = work,
              .code = code,
              .how = how,
              .account = account,
              .reports = reports,
              .early = early};
  auto const lane = [](void* c, unsigned k) { static_cast<call*>(c)->run_lane(k); };
  if (on != nullptr)
    run_team_on(*on, how.workers, lane, &shared);
  else if (how.workers == 1)
    shared.run_lane(0);
  else
    run_team(how.workers, lane, &shared);
  return shared.in_all.told();
}

}  // namespace hetmap::core
