#include "measure_teams.hpp"

#include "../base/ledger.hpp"
#include "../base/median.hpp"
#include "../cpu/hot_team.hpp"
#include "../cpu/team.hpp"
#include "shared_call.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <utility>
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

/// What calls took that another thread came to: that it did not come in time is another process's
/// doing. Nothing if too few of them were.
///
/// once: makes a call and adds what it took if somebody came.
template <class Once>
std::optional<double> seconds_if_met(std::size_t wanted, std::size_t tries, Once once) {
  std::vector<double> found;
  for (std::size_t k = 0; k != tries && found.size() != wanted; ++k) once(found);
  if (found.size() < wanted / 4) return std::nullopt;
  return low_quantile(std::move(found), 10);
}

/// Until a worker that had time to fall asleep has begun.
std::optional<double> team_wake(unsigned workers) {
  return seconds_if_met(40, 100, [&](std::vector<double>& found) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    meeting call(std::chrono::milliseconds(2));
    run_team(workers, &meeting::body, &call);
    if (auto const met = call.met()) found.push_back(*met);
  });
}

/// From the beginning of a call to its end, with `run` handing it over, one call after another.
template <class Run>
std::optional<double> hand_over(Run run) {
  return seconds_if_met(400, 4000, [&](std::vector<double>& found) {
    meeting call(std::chrono::microseconds(100));
    run(&meeting::body, &call);
    double const taken = seconds_since(call.began());
    if (call.met()) found.push_back(taken);
  });
}

/// Some microseconds of work, and whether another thread had a part in it.
struct some_work {
  static void loop(void* self, detail::chunk& work) {
    for (std::size_t i = work.begin; i < work.end; i += 16) asm volatile("" : : : "memory");
    auto& me = *static_cast<some_work*>(self);
    if (std::this_thread::get_id() != me.caller) me.by_others = true;
  }
  static constexpr std::size_t elements = std::size_t{64} * 64 * detail::block_elements;

  std::thread::id caller = std::this_thread::get_id();
  std::atomic<bool> by_others{false};
};

/// What that takes in so many parts per lane, where others take some of them.
std::optional<double> shared_seconds(unsigned lanes, unsigned parts) {
  detail::kernel_code const code{
      {some_work::loop, some_work::loop, some_work::loop}, nullptr, isa::baseline};
  detail::column const out{nullptr, sizeof(double), sizeof(double)};
  detail::settings const how{.verb = "calibrate"};
  return seconds_if_met(400, 4000, [&](std::vector<double>& found) {
    some_work call;
    detail::job const work{.code = &code,
                           .context = &call,
                           .columns = &out,
                           .outputs = 1,
                           .count = some_work::elements};
    shared_hot_team().wake();
    for (auto const woken = clock::now();
         shared_hot_team().awake() == 0 && clock::now() - woken < std::chrono::milliseconds(1);) {
    }
    auto const began = clock::now();
    run_shared(work, how, lanes, parts, false);
    double const taken = seconds_since(began);
    if (call.by_others) found.push_back(taken);
  });
}

/// The same in one thread.
double serial_seconds() {
  std::vector<double> found;
  for (unsigned k = 0; k != 400; ++k) {
    some_work call;
    detail::chunk all{.begin = 0,
                      .end = some_work::elements,
                      .origin = 0,
                      .columns = nullptr,
                      .scratch = nullptr,
                      .slot = nullptr,
                      .failed_at = 0};
    auto const began = clock::now();
    some_work::loop(&call, all);
    found.push_back(seconds_since(began));
  }
  return low_quantile(std::move(found), 10);
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
  return lower_quartile(std::move(found));
}

}  // namespace

void measure_teams(unsigned workers, cpu_values& values, std::string& notes) {
  values.claim_cost_seconds = claim_cost(workers);
  if (workers < 2) return;
  auto const take = [&](double& value, std::optional<double> measured, char const* what) {
    if (measured)
      value = *measured;
    else
      notes.append(what).append(": the default; no other thread came, the machine is too busy\n");
  };
  take(values.team_wake_seconds, team_wake(workers), "team_wake");
  take(values.team_hand_over_seconds,
       hand_over([&](auto body, void* call) { run_team(workers, body, call); }), "team_hand_over");
  unsigned const lanes = std::min(workers, 8u);
  auto const whole = shared_seconds(lanes, 1);
  auto const divided = shared_seconds(lanes, 8);
  auto const beyond = [&](std::optional<double> const& taken, double share) {
    return taken ? std::optional(std::max(*taken - share, 0.0)) : std::nullopt;
  };
  take(values.hot_hand_over_seconds, beyond(whole, serial_seconds() / lanes), "hot_hand_over");
  take(values.hot_division_seconds, whole ? beyond(divided, *whole) : whole, "hot_division");
}

}  // namespace hetmap::core
