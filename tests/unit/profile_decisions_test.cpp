// Every value of a profile decides something: four times as much, or a quarter, makes a later
// decision another one. A value without a line here fails.
#include "base/plan.hpp"
#include "base/rates.hpp"
#include "call/short_call.hpp"
#include "cpu/hot_team.hpp"
#include "cpu/measure_memory.hpp"
#include "cpu/stream.hpp"

#include <gtest/gtest.h>
#include <hetmap/profile.hpp>
#include <hetmap/topology.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace hetmap;
using namespace hetmap::core;

machine machine_with(cpu_values const& cpu, gpu_values const& gpu = {}) {
  return {.workers = 8, .concurrency = 8, .cpu = cpu, .measured = true, .gpu = gpu};
}

/// What is decided, as text.
std::string chosen(problem const& p, machine const& m) { return name(make_plan(p, m).chosen); }

/// A short call whose loop counts how often it is called, that is, in how many parts it came.
struct counted {
  static void loop(void* self, detail::chunk&) { ++static_cast<counted*>(self)->parts; }
  std::atomic<unsigned> parts{0};
};

/// Has a member of the hot team awake for as long as it lives, however busy the machine is: it is
/// in a call of another thread's, which does not end.
class held_awake {
 public:
  held_awake() {
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!joined_ && std::chrono::steady_clock::now() < until) {
      shared_hot_team().wake();
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    if (!joined_) released_ = true;
  }
  ~held_awake() {
    released_ = true;
    other_.join();
  }
  held_awake(held_awake const&) = delete;
  held_awake& operator=(held_awake const&) = delete;

  [[nodiscard]] bool is() const { return joined_; }

 private:
  void hold() {
    shared_hot_team().run(
        2,
        [](void* self, unsigned lane) {
          auto& me = *static_cast<held_awake*>(self);
          if (lane != 0) me.joined_ = true;
          while (!me.released_ && (lane != 0 || !me.joined_))
            std::this_thread::sleep_for(std::chrono::microseconds(20));
        },
        this);
  }

  std::atomic<bool> joined_{false};
  std::atomic<bool> released_{false};
  std::thread other_{[this] { hold(); }};
};

/// How a call that is predicted to take so long goes with a thread awake: "planned" if it is not
/// short, else its parts. Nothing if no thread comes.
std::string short_call(cpu_values const& cpu, double seconds) {
  machine_profile profile;
  profile.cpu = cpu;
  use_profile(profile);
  // Calls that met keep away for a millisecond.
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  held_awake const awake;
  detail::kernel_code const code{
      {counted::loop, counted::loop, counted::loop}, nullptr, isa::baseline};
  constexpr std::size_t n = 64 * 1024;
  detail::rate learned;
  learned.learn(n, std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
  counted work;
  detail::column const out{&work, 1, 1};
  detail::job const job{.code = &code,
                        .context = &work,
                        .columns = &out,
                        .outputs = 1,
                        .count = n,
                        .learned = &learned};
  bool const is_short = run_short(job, {.verb = "map"});
  use_profile({});
  if (!awake.is()) return "";
  return is_short ? std::to_string(work.parts) + " parts" : "planned";
}

// -- one decision a value -------------------------------------------------------------------------

using cpu_decision = std::string (*)(cpu_values const&);
using gpu_decision = std::string (*)(gpu_values const&);

/// 1e9 elements of 8 bytes in 12.5 ms by eight workers, 20 ms on the GPU.
problem large(std::size_t in, std::size_t out) {
  return {.elements = 1'000'000'000,
          .bytes_in = in,
          .bytes_out = out,
          .element_nanoseconds = 0.1,
          .gpu = {.element_nanoseconds = 0.02}};
}

std::map<std::string, cpu_decision> const by_cpu{
    {"team_wake",
     [](cpu_values const& v) {
       return chosen({.elements = 15'000, .element_nanoseconds = 1}, machine_with(v));
     }},
    {"team_hand_over", [](cpu_values const& v) { return short_call(v, 2e-3); }},
    {"hot_hand_over", [](cpu_values const& v) { return short_call(v, 4e-6); }},
    {"hot_division", [](cpu_values const& v) { return short_call(v, 200e-6); }},
    {"claim_cost",
     [](cpu_values const& v) {
       plan const p =
           make_plan({.elements = 10'000'000, .element_nanoseconds = 1}, machine_with(v));
       return std::to_string(p.chunk_elements);
     }},
    {"read_rate", [](cpu_values const& v) { return chosen(large(8, 0), machine_with(v)); }},
    {"write_rate", [](cpu_values const& v) { return chosen(large(0, 8), machine_with(v)); }},
    {"nontemporal_rate",
     [](cpu_values const& v) {
       problem p = large(0, 8);
       p.can_stream = true;
       return chosen(p, machine_with(v));
     }},
    {"nontemporal_footprint",
     [](cpu_values const& v) {
       problem const p{.elements = 2'500'000, .bytes_in = 8, .bytes_out = 8, .can_stream = true};
       return std::string(make_plan(p, machine_with(v)).past_caches ? "past" : "into");
     }},
    {"tile", [](cpu_values const& v) { return std::to_string(tile_elements(8, 8, tiling_of(v))); }},
    {"tiles_ahead", [](cpu_values const& v) { return std::to_string(tiling_of(v).tiles_ahead); }},
};

/// What 1e6 elements that take eight workers so long would do with such a GPU.
std::string with_gpu(gpu_values const& v, gpu_problem const& gpu, double cpu_seconds,
                     std::size_t elements = 1'000'000) {
  problem const p{.elements = elements,
                  .bytes_in = 8,
                  .bytes_out = 8,
                  .element_nanoseconds = 8e9 * cpu_seconds / static_cast<double>(elements),
                  .gpu = gpu};
  return chosen(p, machine_with({}, v));
}

std::map<std::string, gpu_decision> const by_gpu{
    {"resident_call",
     [](gpu_values const& v) { return with_gpu(v, {.element_nanoseconds = 0.01}, 100e-6, 1000); }},
    {"travelling_call",
     [](gpu_values const& v) {
       return with_gpu(v, {.link_bytes_in = 8, .element_nanoseconds = 0.01}, 100e-6, 1000);
     }},
    {"pinned_in", [](gpu_values const& v) { return with_gpu(v, {.link_bytes_in = 8}, 3e-3); }},
    {"pinned_out", [](gpu_values const& v) { return with_gpu(v, {.link_bytes_out = 8}, 3e-3); }},
    {"pageable_in",
     [](gpu_values const& v) {
       return with_gpu(v, {.link_bytes_in = 8, .staged_bytes_in = 8}, 3e-3);
     }},
    {"pageable_out",
     [](gpu_values const& v) {
       return with_gpu(v, {.link_bytes_out = 8, .staged_bytes_out = 8}, 3e-3);
     }},
    {"both_ways",
     [](gpu_values const& v) {
       return with_gpu(v, {.link_bytes_in = 8, .link_bytes_out = 8}, 5e-3);
     }},
    {"memory_rate",
     [](gpu_values const& v) {
       // Resident, and so cheap that only the GPU's memory counts.
       problem const p{
           .elements = 100'000'000, .bytes_in = 8, .bytes_out = 8, .element_nanoseconds = 2};
       return chosen(p, machine_with({}, v));
     }},
};

/// Whether four times the default, or a quarter of it, is plausible and decides otherwise.
template <class Values, class Decision>
void expect_to_decide(profile_field<Values> const& f, Decision decision) {
  SCOPED_TRACE(f.name);
  Values usual{};
  std::string const before = decision(usual);
  if (before.empty()) GTEST_SKIP() << "no thread comes to help here";
  std::string said = before;
  for (double const factor : {4.0, 0.25}) {
    Values other{};
    other.*f.member *= factor;
    if (!f.is_plausible(other.*f.member)) continue;
    std::string const after = decision(other);
    if (after != before) return;
    said += ", " + after;
  }
  ADD_FAILURE() << "decides nothing: " << said;
}

class CpuValue : public testing::TestWithParam<std::size_t> {};
class GpuValue : public testing::TestWithParam<std::size_t> {};

TEST_P(CpuValue, Decides) {
  auto const& f = cpu_fields()[GetParam()];
  ASSERT_TRUE(by_cpu.contains(f.name)) << f.name << " feeds no decision that is tested";
  bool const shared =
      std::string(f.name).starts_with("hot") || f.name == std::string("team_hand_over");
  if (shared && physical_cores() == 1) GTEST_SKIP() << "nobody to share with";
  expect_to_decide(f, by_cpu.at(f.name));
}
TEST_P(GpuValue, Decides) {
  auto const& f = gpu_fields()[GetParam()];
  ASSERT_TRUE(by_gpu.contains(f.name)) << f.name << " feeds no decision that is tested";
  expect_to_decide(f, by_gpu.at(f.name));
}

INSTANTIATE_TEST_SUITE_P(Profile, CpuValue, testing::Range<std::size_t>(0, cpu_fields().size()),
                         [](auto const& i) { return std::string(cpu_fields()[i.param].name); });
INSTANTIATE_TEST_SUITE_P(Profile, GpuValue, testing::Range<std::size_t>(0, gpu_fields().size()),
                         [](auto const& i) { return std::string(gpu_fields()[i.param].name); });

// -- what is measured -----------------------------------------------------------------------------

TEST(Footprint, IsWhereStreamedStoresGainMost) {
  double const mib = 1 << 20;
  auto const from = [&](std::initializer_list<double> gains) {
    std::vector<stores_timed> times;
    double bytes = mib;
    for (double const gain : gains) {
      times.push_back({bytes, gain, 1});
      bytes *= 2;
    }
    return footprint_from(times.data(), times.size());
  };
  EXPECT_NEAR(from({0.5, 0.6, 2, 2, 2}), 4 * mib / 1.414, 1000);
  EXPECT_NEAR(from({0.5, 0.6, 2, 0.9, 2, 2}), 4 * mib / 1.414, 1000) << "one was interrupted";
  EXPECT_NEAR(from({2, 0.3, 0.9, 2}), 8 * mib / 1.414, 1000) << "what is small loses more";
  EXPECT_EQ(from({2}), mib) << "nothing smaller was measured";
  EXPECT_GT(from({1.05, 1.05}), 1e12) << "that is less than a tenth";
  EXPECT_GT(from({2, 0.4}), 1e12);
  EXPECT_NEAR(from({0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.9, 1.05}), 128 * mib / 1.414, 100'000);
  EXPECT_GT(from({}), 1e12);
}

TEST(UseProfile, RefusesWhatIsNotPlausible) {
  machine_profile wrong;
  wrong.cpu.tiles_ahead = 1e6;
  EXPECT_THROW(use_profile(wrong), std::invalid_argument);
}

}  // namespace
