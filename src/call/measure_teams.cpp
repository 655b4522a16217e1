#include "measure_teams.hpp"

#include "../base/ledger.hpp"
#include "../base/median.hpp"
#include "../cpu/hot_team.hpp"
#include "../cpu/team.hpp"
#include "short_call.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <thread>
#include <vector>

namespace hetmap::core {
namespace {

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point began) {
  return std::chrono::duration<double>(clock::now() - began).count();
}

/// A call of which every lane only says that it is there; the caller's waits for another thread's.
class meeting {
 public:
  explicit meeting(std::chrono::microseconds patience) : patience_(patience) {}

  static void body(void* self, unsigned lane) { static_cast<meeting*>(self)->take_part(lane); }

  /// Seconds from the beginning until another thread was there; nothing if none came.
  [[nodiscard]] std::optional<double> met() const {
    std::int64_t const at = met_.load();
    if (at == 0) return std::nullopt;
    return 1e-9 * static_cast<double>(at - began_.time_since_epoch().count());
  }
  [[nodiscard]] clock::time_point began() const noexcept { return began_; }

 private:
  void take_part(unsigned lane) {
    if (std::this_thread::get_id() != caller_) {
      std::int64_t none = 0;
      met_.compare_exchange_strong(none, clock::now().time_since_epoch().count());
      return;
    }
    if (lane != 0) return;
    while (met_.load(std::memory_order_relaxed) == 0 && clock::now() - began_ < patience_) {
    }
  }

  std::chrono::microseconds patience_;
  std::thread::id caller_ = std::this_thread::get_id();
  std::atomic<std::int64_t> met_{0};
  clock::time_point began_ = clock::now();
};

/// The median, if most of the times there was one.
std::optional<double> median_if_most(std::vector<double> const& found, unsigned times) {
  if (found.size() * 2 <= times) return std::nullopt;
  return median(found);
}

void take_over(double& value, std::optional<double> measured) {
  if (measured) value = *measured;
}

/// Until a worker that had time to fall asleep has begun.
std::optional<double> team_wake(unsigned workers) {
  constexpr unsigned times = 40;
  std::vector<double> found;
  for (unsigned k = 0; k != times; ++k) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    meeting call(std::chrono::milliseconds(2));
    run_team(workers, &meeting::body, &call);
    if (auto const met = call.met()) found.push_back(*met);
  }
  return median_if_most(found, times);
}

/// From the beginning of a call to its end, with `run` handing it over, one call after another.
template <class Run>
std::optional<double> hand_over(Run run) {
  constexpr unsigned times = 400;
  std::vector<double> found;
  for (unsigned k = 0; k != times; ++k) {
    meeting call(std::chrono::microseconds(100));
    run(&meeting::body, &call);
    double const taken = seconds_since(call.began());
    if (call.met()) found.push_back(taken);
  }
  return median_if_most(found, times);
}

std::optional<double> hot_hand_over(unsigned workers) {
  constexpr std::int64_t spin_nanoseconds = 20'000'000;
  hot_team team(workers - 1, spin_nanoseconds);
  team.wake();
  for (auto const began = clock::now();
       team.awake() == 0 && clock::now() - began < std::chrono::milliseconds(100);)
    std::this_thread::yield();
  return hand_over([&](auto body, void* call) { team.run(workers, body, call); });
}

/// What eight parts per lane take longer than one.
double hot_division(unsigned workers, double otherwise) {
  auto const nothing = [](void*, detail::chunk&) {};
  detail::kernel_code const code{{nothing, nothing, nothing}, nullptr, isa::baseline};
  detail::column const out{nullptr, sizeof(double), sizeof(double)};
  unsigned const lanes = std::min(workers, 8u);
  detail::job const work{.code = &code,
                         .columns = &out,
                         .outputs = 1,
                         .count = std::size_t{64} * 64 * detail::block_elements};
  detail::settings const how{.verb = "calibrate"};
  std::vector<double> whole, divided;
  shared_hot_team().wake();
  for (unsigned k = 0; k != 400; ++k)
    for (unsigned const parts : {1u, 8u}) {
      auto const began = clock::now();
      run_shared(work, how, lanes, parts, false);
      (parts == 1 ? whole : divided).push_back(seconds_since(began));
    }
  double const more = median(divided) - median(whole);
  return more > 0 ? more : otherwise;
}

/// What a claim costs with all workers at it: nothing is computed.
double claim_cost(unsigned workers) {
  constexpr std::size_t claims_each = 8192;
  struct shared {
    ledger account;
    std::vector<double> cost;
  };
  std::vector<double> found;
  for (unsigned round = 0; round != 9; ++round) {
    constexpr std::size_t grain = detail::block_elements;
    shared all{ledger(claims_each * grain * workers, grain, workers), std::vector<double>(workers)};
    run_team(
        workers,
        [](void* context, unsigned lane) {
          auto& [account, cost] = *static_cast<shared*>(context);
          auto const began = clock::now();
          auto last = began;
          std::size_t claims = 0;
          for (range r = account.claim(lane, grain); !r.empty(); r = account.claim(lane, grain)) {
            account.finish(lane, r);
            last = clock::now();  // as executors do after each
            ++claims;
          }
          if (claims != 0)
            cost[lane] =
                std::chrono::duration<double>(last - began).count() / static_cast<double>(claims);
        },
        &all);
    for (double const c : all.cost)
      if (c != 0) found.push_back(c);
  }
  return median(std::move(found));
}

}  // namespace

void measure_teams(unsigned workers, cpu_values& values) {
  values.claim_cost_seconds = claim_cost(workers);
  if (workers < 2) return;
  take_over(values.team_wake_seconds, team_wake(workers));
  take_over(values.team_hand_over_seconds,
            hand_over([&](auto body, void* call) { run_team(workers, body, call); }));
  auto const hot = hot_hand_over(workers);
  if (!hot) return;  // nobody comes to what is shared
  values.hot_hand_over_seconds = *hot;
  values.hot_division_seconds = hot_division(workers, values.hot_division_seconds);
}

}  // namespace hetmap::core
