// Where a map_reduce goes that may be folded on a pretended GPU, and why it does not.
#include "gpu_fold.hpp"
#include "learned.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <functional>
#include <list>
#include <string>
#include <vector>

namespace fold_kernels {

/// One a test, so that what one learns does not steer another.
template <int Which>
struct priced {
  HETMAP_FN std::int64_t operator()(std::int64_t v) const { return 2 * v + Which; }
};

}  // namespace fold_kernels

namespace {

using namespace host_kernels;
using namespace fold_kernels;
using hetmap::backend;
using support::host_form;
using support::refusal;

hetmap::options const on_gpu{.backend = backend::gpu};

TEST_F(GpuFold, SaysWhatIsMissing) {
  std::vector<double> const x(100, 1.0);
  for (std::size_t const n : {std::size_t{100}, std::size_t{100'000}}) {
    SCOPED_TRACE(n);
    auto const y = counted(n);
    auto const fold = [&](auto const& f, auto const& op, auto init) {
      return refusal([&] { return hetmap::map_reduce(on_gpu, f, op, init, y); });
    };
    auto const none = fold(triple{}, std::bit_xor<>(), std::int64_t{0});
    EXPECT_SAYS(none, "operation std::bit_xor<void> has no GPU form for long (long, long)");
    EXPECT_SAYS(none, "HETMAP_GPU_REDUCE");
    EXPECT_SAYS(fold(priced<-1>{}, std::plus<>(), std::int64_t{0}), "has no GPU form");
    EXPECT_SAYS(fold(triple{}, std::plus<>(), 0.0), "compose(lift, f)");
    auto const lambda = [](std::int64_t a, std::int64_t b) { return a + b; };
    EXPECT_SAYS(fold(triple{}, lambda, std::int64_t{0}), "unnamed namespace");
    EXPECT_SAYS(fold(triple{}, +lambda, std::int64_t{0}), "the operation is no trivially copyable");
    EXPECT_SAYS(fold([](std::int64_t v) { return v; }, std::plus<>(), std::int64_t{0}),
                "unnamed namespace");
  }
  auto const other =
      refusal([&] { return hetmap::map_reduce(on_gpu, scaled{2}, std::plus<>(), 0.0, x); });
  EXPECT_SAYS(other, "it has one for int64_t(int64_t, int64_t)");
  std::vector<bool> const odd(10);
  EXPECT_SAYS(refusal([&] {
                return hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, odd);
              }),
              "neither an array");
  std::list<std::int64_t> const list(10);
  EXPECT_SAYS(refusal([&] {
                return hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, list);
              }),
              "elements of arrays");
}

TEST_F(GpuFold, ExplainSaysWhyItDoesNotGoThere) {
  auto const x = counted(100'000);
  auto const why = [](hetmap::plan const& p) {
    char const* const text = p.at(backend::gpu).unavailable;
    return std::string(text == nullptr ? "it could" : text);
  };
  EXPECT_EQ(why(hetmap::explain(triple{}, std::plus<>(), std::int64_t{0}, x)), "it could");
  EXPECT_SAYS(why(hetmap::explain(triple{}, std::bit_xor<>(), std::int64_t{0}, x)),
              "operation std::bit_xor<void> has no GPU form");
  EXPECT_SAYS(why(hetmap::explain(triple{}, std::plus<>(), 0.0, x)), "compose(lift, f)");
  EXPECT_SAYS(
      why(hetmap::explain({.reproducible = true}, triple{}, std::plus<>(), std::int64_t{0}, x)),
      "reproducible");
  // What explain says of memory is what the call takes.
  auto const plan = hetmap::explain(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, x);
  hetmap::release_cached_memory();
  gpu().bytes().restart_peaks();
  static_cast<void>(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, x));
  EXPECT_EQ(plan.chosen, backend::gpu);
  EXPECT_GT(plan.device_bytes, 0u);
  EXPECT_LE(gpu().bytes().most_used(), plan.device_bytes + plan.device_bytes / 8);
}

using source = support::source<std::vector<std::int64_t> const>;

/// As if the CPU had been measured before: as a map, and as a fold of many.
template <class F>
void believe_as_map(F const& f, double nanoseconds) {
  support::believe<F const, source>(f, nanoseconds);
}
template <class F, class Op>
void believe(F const& f, Op const&, double nanoseconds) {
  using task = hetmap::detail::reduce_task<std::int64_t, Op const, F const, source>;
  support::believe<F const, task>(f, nanoseconds);
}

TEST_F(GpuFold, GoesThereUnderAutoWhereItPays) {
  std::plus<> const op;
  priced<0> const cheap{};
  priced<1> const costly{};
  priced<2> const few{};
  host_form<priced<0>, std::int64_t(std::int64_t)> const a;
  host_form<priced<1>, std::int64_t(std::int64_t)> const b;
  host_form<priced<2>, std::int64_t(std::int64_t)> const c;
  believe(cheap, op, 0.1);
  believe(costly, op, 1000);
  believe_as_map(few, 10'000);
  auto const x = counted(100'000);
  std::int64_t const twice = 99'999 * 100'000LL;
  EXPECT_EQ(hetmap::map_reduce(cheap, op, std::int64_t{0}, x), twice);
  EXPECT_EQ(gpu().launches(), 0u);
  EXPECT_EQ(hetmap::map_reduce(costly, op, std::int64_t{0}, x), twice + 100'000);
  EXPECT_GT(gpu().launches(), 0u);
  // Few elements are learned of as a map: that is what the CPU makes of them.
  auto const before = gpu().launches();
  auto const some = counted(10'000);
  EXPECT_EQ(hetmap::map_reduce(few, op, std::int64_t{0}, some), 9'999 * 10'000 + 20'000);
  EXPECT_GT(gpu().launches(), before);
}

TEST_F(GpuFold, WhatTheGpuGivesUpTheCpuFoldsUnderAuto) {
  std::plus<> const op;
  priced<3> const f{};
  host_form<priced<3>, std::int64_t(std::int64_t)> const form;
  believe(f, op, 1000);
  auto const x = counted(10 * piece + 5);
  std::int64_t expected = 0;
  for (auto const v : x) expected += f(v);
  int launches = 0;
  gpu().strike_with([&](support::operation what, std::uint64_t) {
    return what == support::operation::launch && ++launches > 8 ? support::strike::refused
                                                                : support::strike::none;
  });
  EXPECT_EQ(hetmap::map_reduce({.chunk_size = piece}, f, op, std::int64_t{0}, x), expected);
  EXPECT_GT(gpu().launches(), 4u) << "some of it was folded there";
  EXPECT_THROW(static_cast<void>(hetmap::map_reduce(on_gpu, f, op, std::int64_t{0}, x)),
               hetmap::device_error);
}

}  // namespace
