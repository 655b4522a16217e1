// Calibrating a pretended GPU finds what it was given, and calls go by what was found.
#include "host_device.hpp"
#include "learned.hpp"

#include "base/profile.hpp"
#include "base/this_machine.hpp"
#include "cpu/stream.hpp"
#include "gpu/devices.hpp"
#include "gpu/measure_gpu.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>
#include <hetmap/profile.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::backend;
using hetmap::gpu_values;
using support::device_traits;
using support::host_form;
using support::operation;
using support::strike;

class Calibrating : public support::on_timed_device {
 protected:
  ~Calibrating() override { hetmap::use_profile({}); }

  [[nodiscard]] gpu_values measured() {
    EXPECT_EQ(hetmap::core::find_device(std::nullopt).gpu, &gpu());
    gpu_values found;
    hetmap::core::status const met = hetmap::core::measure_gpu(gpu(), found);
    EXPECT_TRUE(met.ok()) << met.text;
    return found;
  }
};

void expect_about(double found, double given) {
  EXPECT_GT(found, 0.9 * given);
  EXPECT_LT(found, 1.1 * given);
}

TEST_F(Calibrating, FindsTheLinksRatesAndTheLaunchsCost) {
  for (device_traits const& given : {device_traits{.bytes_in_per_second = 12e9,
                                    .bytes_out_per_second = 6e9,
                                    .bytes_within_per_second = 800e9,
                                    .latency_nanoseconds = 20'000,
                                    .jitter = 0.1},
                                     device_traits{.bytes_in_per_second = 50e9,
                                     .bytes_out_per_second = 55e9,
                                     .bytes_within_per_second = 3e12,
                                     .latency_nanoseconds = 8'000,
                                     .jitter = 0.1,
                                     .seed = 7},
                                     device_traits{.bytes_in_per_second = 1e9,
                                     .bytes_out_per_second = 1e9,
                                     .bytes_within_per_second = 50e9,
                                     .half_duplex = true,
                                     .latency_nanoseconds = 100'000,
                                     .jitter = 0.1}}) {
    SCOPED_TRACE(given.bytes_in_per_second);
    with(given);
    gpu_values const found = measured();
    double const latency = given.latency_nanoseconds * 1e-9;
    expect_about(found.resident_call_seconds, latency);
    expect_about(found.travelling_call_seconds, 3 * latency);
    expect_about(found.pinned_in_bytes_per_second, given.bytes_in_per_second);
    expect_about(found.pinned_out_bytes_per_second, given.bytes_out_per_second);
    expect_about(found.memory_bytes_per_second, given.bytes_within_per_second);
    // Both ways at once take as long as the slower, or as both of them one after the other.
    double const in = 1 / given.bytes_in_per_second, out = 1 / given.bytes_out_per_second;
    expect_about(found.both_ways_bytes_per_second,
                 2 / (given.half_duplex ? in + out : std::max(in, out)));
    // By way of pinned memory: the staging takes no virtual time.
    EXPECT_GT(found.pageable_in_bytes_per_second, 0.6 * given.bytes_in_per_second);
    EXPECT_LT(found.pageable_in_bytes_per_second, 1.1 * given.bytes_in_per_second);
    EXPECT_GT(found.pageable_out_bytes_per_second, 0.6 * given.bytes_out_per_second);
    EXPECT_LT(found.pageable_out_bytes_per_second, 1.1 * given.bytes_out_per_second);
  }
}

TEST_F(Calibrating, OneSpikeMovesNothing) {
  with({.latency_nanoseconds = 20'000, .jitter = 0.01});
  gpu_values const quiet = measured();
  with({.latency_nanoseconds = 20'000, .jitter = 0.01});
  static std::uint64_t asked;
  asked = 0;
  // Once in a while the clock jumps by a tenth of a second.
  hetmap::core::device_time = +[] {
    static std::chrono::nanoseconds lost;
    if (++asked == 1) lost = {};
    if (asked % 16 == 0) lost += std::chrono::milliseconds(100);
    return gpu_time() + lost;
  };
  gpu_values const spiked = measured();
  for (auto const& f : hetmap::core::gpu_fields()) {
    SCOPED_TRACE(f.name);
    expect_about(spiked.*f.member, quiet.*f.member);
  }
}

TEST_F(Calibrating, AFaultLeavesNothingBehind) {
  for (strike const what :
       {strike::out_of_memory, strike::refused, strike::lost, strike::late_lost})
    for (std::uint64_t const at : {0u, 1u, 3u, 5u, 6u, 20u, 300u}) {
      with({});
      gpu().strike_with([=](operation, std::uint64_t n) { return n >= at ? what : strike::none; });
      ASSERT_NE(hetmap::core::find_device(std::nullopt).gpu, nullptr);
      gpu_values found;
      auto const met = hetmap::core::measure_gpu(gpu(), found);
      // What comes too late for such a fault has to be right.
      if (met.ok()) {
        EXPECT_GT(found.pinned_in_bytes_per_second, 1e9);
      }
      EXPECT_EQ(gpu().misuse(), "");
    }
}

TEST_F(Calibrating, CallsGoByWhatWasFound) {
  constexpr std::size_t n = 1'000'000;
  std::vector<double> const x(n, 1.5);
  costs<103> const f{};
  host_form<costs<103>, double(double)> const form;
  for (bool const fast : {true, false}) {
    double const rate = fast ? 50e9 : 0.5e9;
    with({.bytes_in_per_second = rate, .bytes_out_per_second = rate, .jitter = 0.1});
    hetmap::machine_profile profile;
    profile.gpu_count = 1;
    profile.gpus[0] = {gpu().identity(), measured()};
    hetmap::use_profile(profile);
    // 10 ms by one worker; the link takes 0.3 ms, or 32.
    support::believe<costs<103> const, support::source<std::vector<double> const>>(f, 10);
    auto const plan = hetmap::explain({.workers = 1}, f, x);
    EXPECT_EQ(plan.chosen == backend::gpu, fast) << plan;
    EXPECT_STREQ(plan.profile, "given by use_profile()");
    // Another GPU's values are not this one's.
    profile.gpus[0].identity = "another GPU";
    hetmap::use_profile(profile);
    std::string const text = to_string(hetmap::explain(f, x));
    EXPECT_NE(text.find("profile: given by use_profile(); defaults for the GPU"), std::string::npos)
        << text;
  }
}

TEST_F(Calibrating, PageableDataGoesByItsOwnRates) {
  with({});
  std::vector<double> const x(1'000'000, 1.5);
  costs<105> const f{};
  host_form<costs<105>, double(double)> const form;
  support::believe<costs<105> const, support::source<std::vector<double> const>>(f, 10);
  for (double gpu_values::*const slow :
       {&gpu_values::pageable_in_bytes_per_second, &gpu_values::pageable_out_bytes_per_second,
        &gpu_values::pinned_in_bytes_per_second, &gpu_values::pinned_out_bytes_per_second}) {
    hetmap::machine_profile profile;
    profile.gpu_count = 1;
    profile.gpus[0].identity = gpu().identity();
    profile.gpus[0].values.*slow = 1e8;
    hetmap::use_profile(profile);
    auto const plan = hetmap::explain({.workers = 1}, f, x);
    bool const pageable = slow == &gpu_values::pageable_in_bytes_per_second ||
                          slow == &gpu_values::pageable_out_bytes_per_second;
    EXPECT_EQ(plan.chosen != backend::gpu, pageable) << plan;
  }
}

TEST_F(Calibrating, TheCpusValuesReachPlans) {
  std::vector<double> const x(4'000'000, 1.5);
  costs<104> const f{};
  support::believe<costs<104> const, support::source<std::vector<double> const>>(f, 1);
  auto const plan_with = [&](double claim_cost, double footprint) {
    hetmap::machine_profile profile;
    profile.cpu.claim_cost_seconds = claim_cost;
    profile.cpu.nontemporal_footprint_bytes = footprint;
    hetmap::use_profile(profile);
    return hetmap::explain({.backend = backend::cpu}, f, x);
  };
  auto const usual = plan_with(0.1e-6, 1 << 20);
  EXPECT_NEAR(static_cast<double>(usual.chunk_elements), 100e3, 64);
  EXPECT_NEAR(static_cast<double>(plan_with(0.4e-6, 1 << 20).chunk_elements), 400e3, 64);
  EXPECT_FALSE(plan_with(0.1e-6, 1 << 30).past_caches);
  // Sanitized builds have no such stores.
  EXPECT_EQ(usual.past_caches, hetmap::core::stream_for(hetmap::isa_level()) != nullptr);
}

TEST_F(Calibrating, TheWholeMachineIsMeasuredAndKept) {
  with({.bytes_in_per_second = 12e9, .bytes_out_per_second = 12e9, .jitter = 0.1});
  support::virtual_device tiny({.capacity = 100}, 1);
  provider.reset();
  provider = std::make_unique<support::provided_devices>(
      std::vector<hetmap::core::device*>{&tiny, &gpu()});
  hetmap::machine_profile const found = hetmap::calibrate();
  EXPECT_EQ(hetmap::core::implausible(found), "");
  EXPECT_EQ(found.machine, hetmap::core::this_machine());
  ASSERT_EQ(found.gpu_count, 1u) << found.notes;
  EXPECT_NE(found.notes.find("out of memory"), std::string::npos) << found.notes;
  EXPECT_EQ(found.gpus[0].identity, gpu().identity());
  expect_about(found.gpus[0].values.pinned_in_bytes_per_second, 12e9);
  EXPECT_LT(found.cpu.read_bytes_per_second, 1e12) << "it was measured";
  EXPECT_NE(found.cpu.claim_cost_seconds, hetmap::cpu_values{}.claim_cost_seconds);
  support::temporary_folder const folder;
  hetmap::save_profile(found, folder / "profile");
  hetmap::machine_profile kept = found;
  kept.notes.clear();
  EXPECT_EQ(to_string(hetmap::load_profile(folder / "profile")), to_string(kept));
  provider.reset();
}

}  // namespace
