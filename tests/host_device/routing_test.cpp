// Where automatic sends calls, over links and GPUs of different speed: learned on real calls, in
// virtual time.
#include "host_device.hpp"
#include "learned.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <vector>

namespace {

using namespace host_kernels;
using hetmap::backend;
using support::device_traits;
using support::host_form;

class Routing : public support::on_timed_device {
 protected:
  static constexpr std::size_t n = 100'000;
  std::vector<double> const x = std::vector<double>(n, 1.5);

  /// As if the CPU had been measured before.
  template <class F>
  static void believe(F const& f, double nanoseconds) {
    support::believe<F const, support::source<std::vector<double> const>>(f, nanoseconds);
  }
};

TEST_F(Routing, ACheapMapOverHostMemoryStaysOnTheCpu) {
  with({.bytes_in_per_second = 1e12, .bytes_out_per_second = 1e12});
  costs<0> const f{};
  host_form<costs<0>, double(double)> const form;
  believe(f, 0.1);
  EXPECT_NE(hetmap::explain(f, x).chosen, backend::gpu) << hetmap::explain(f, x);
  hetmap::map(f, x);
  EXPECT_EQ(gpu().launches(), 0u);
}

TEST_F(Routing, ACostlyOneGoesToTheGpu) {
  with({.bytes_in_per_second = 1e11, .bytes_out_per_second = 1e11});
  costs<1> const f{};
  host_form<costs<1>, double(double)> const form;
  believe(f, 1000);
  for (int call = 0; call != 5; ++call) hetmap::map(f, x);
  EXPECT_GE(gpu().launches(), 5u);
  auto const plan = hetmap::explain(f, x);
  EXPECT_EQ(plan.chosen, backend::gpu) << plan;
  EXPECT_GT(plan.gpu_element_nanoseconds, 0);
}

TEST_F(Routing, ASlowLinkIsFoundOutAndLeft) {
  with({.bytes_in_per_second = 1e6, .bytes_out_per_second = 1e6});
  costs<2> const f{};
  host_form<costs<2>, double(double)> const form;
  believe(f, 1000);
  hetmap::map(f, x);
  EXPECT_GE(gpu().launches(), 1u) << "the defaults take it there";
  EXPECT_EQ(hetmap::explain(f, x).chosen, backend::gpu) << "a first call may wait for a compiler";
  hetmap::map(f, x);
  EXPECT_EQ(hetmap::explain(f, x).chosen, backend::cpu) << hetmap::explain(f, x);
  EXPECT_FALSE(hetmap::explain(f, x).says(hetmap::note::gpu_kernel)) << "it is registered";
  auto const before = gpu().launches();
  hetmap::map(f, x);
  EXPECT_EQ(gpu().launches(), before);
}

TEST_F(Routing, AnUnknownKernelIsLearnedOnTheCpuFirst) {
  with({});
  costs<3> const f{};
  host_form<costs<3>, double(double)> const form;
  hetmap::map(f, x);
  EXPECT_EQ(gpu().launches(), 0u);
}

TEST_F(Routing, WhatIsOnTheGpuStaysThereThoughTheMapIsCheap) {
  with({});
  costs<4> const f{};
  host_form<costs<4>, double(double)> const form;
  believe(f, 0.1);
  auto a = hetmap::map({.backend = backend::gpu}, f, hetmap::array<double>(x));
  auto const before = gpu().bytes_out();
  for (int call = 0; call != 3; ++call) a = hetmap::map(f, a);
  EXPECT_EQ(gpu().launches(), 4u);
  EXPECT_EQ(gpu().bytes_out(), before);
}

TEST_F(Routing, ALostGpuCostsNoResultAndIsNotTriedAgain) {
  with({.bytes_in_per_second = 1e11, .bytes_out_per_second = 1e11});
  costs<5> const f{};
  host_form<costs<5>, double(double)> const form;
  believe(f, 1000);
  gpu().strike_with([](support::operation what, std::uint64_t) {
    return what == support::operation::launch ? support::strike::late_lost : support::strike::none;
  });
  for (int call = 0; call != 2; ++call) {
    auto const y = hetmap::map(f, x);
    for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], f(x[i]));
  }
  EXPECT_EQ(gpu().launches(), 1u);
  auto const plan = hetmap::explain(f, x);
  ASSERT_NE(plan.at(backend::gpu).unavailable, nullptr);
  EXPECT_NE(std::string(plan.at(backend::gpu).unavailable).find("lost"), std::string::npos);
}

TEST_F(Routing, ARegistrationIsAdvisedWhereItWouldHelp) {
  using hetmap::note;
  with({});
  costs<7> const f{};
  EXPECT_FALSE(hetmap::explain(f, x).says(note::gpu_kernel)) << "its cost is not known";
  believe(f, 1000);
  auto const p = hetmap::explain(f, x);
  EXPECT_TRUE(p.says(note::gpu_kernel)) << p;
  EXPECT_NE(to_string(p).find("HETMAP_GPU_KERNEL the GPU is predicted"), std::string::npos);
  EXPECT_FALSE(hetmap::explain({.backend = backend::cpu}, f, x).says(note::gpu_kernel));
  EXPECT_FALSE(hetmap::explain(f, std::vector<double>(10)).says(note::gpu_kernel));
  {
    host_form<costs<7>, double(double)> const form;
    EXPECT_FALSE(hetmap::explain(f, x).says(note::gpu_kernel)) << "it has one";
  }
  believe(f, 0.1);
  EXPECT_FALSE(hetmap::explain(f, x).says(note::gpu_kernel)) << "the link takes longer";
}

TEST(RoutingWithoutDevices, NoRegistrationIsAdvised) {
  costs<8> const f{};
  std::vector<double> const x(100'000, 1.5);
  support::believe<costs<8> const, support::source<std::vector<double> const>>(f, 1000);
  EXPECT_FALSE(hetmap::explain(f, x).says(hetmap::note::gpu_kernel));
}

TEST_F(Routing, WhatIsTriedAgainInSmallerPartsIsSaid) {
  with({.bytes_in_per_second = 1e11, .bytes_out_per_second = 1e11});
  costs<9> const f{};
  host_form<costs<9>, double(double)> const form;
  believe(f, 1000);
  gpu().strike_with([left = 1](support::operation what, std::uint64_t) mutable {
    bool const now = what == support::operation::launch && left-- > 0;
    return now ? support::strike::out_of_memory : support::strike::none;
  });
  auto const y = hetmap::map(f, x);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], f(x[i]));
  auto const told = hetmap::decisions().back();
  EXPECT_EQ(told.end, hetmap::call_end::result);
  ASSERT_EQ(told.fallback_count, 1u);
  EXPECT_EQ(told.fallbacks[0].what, hetmap::fallback_kind::retried);
  EXPECT_GT(told.fallbacks[0].elements, 0u);
  EXPECT_NE(to_string(told).find("elements again in smaller parts ("), std::string::npos);
}

TEST_F(Routing, OutOfMemoryEndsOnTheCpuUnderAutoAndInAnExceptionUnderGpu) {
  with({.capacity = 256});
  costs<6> const f{};
  host_form<costs<6>, double(double)> const form;
  believe(f, 1000);
  auto const y = hetmap::map(f, x);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], f(x[i]));
  EXPECT_EQ(gpu().launches(), 0u);
  auto const told = hetmap::decisions().back();
  EXPECT_EQ(told.plan.chosen, backend::gpu);
  EXPECT_EQ(told.end, hetmap::call_end::result);
  ASSERT_EQ(told.fallback_count, 1u);
  EXPECT_EQ(told.fallbacks[0].what, hetmap::fallback_kind::failed_over);
  EXPECT_EQ(told.fallbacks[0].elements, n);
  EXPECT_EQ(told.fallbacks[0].device, 0);
  EXPECT_NE(to_string(told).find("GPU 0: 100000 elements left to the CPU ("), std::string::npos);
  try {
    hetmap::map({.backend = backend::gpu}, f, x);
    FAIL();
  } catch (hetmap::device_error const& e) {
    EXPECT_NE(std::string(e.what()).find("out of memory"), std::string::npos) << e.what();
  }
}

}  // namespace
