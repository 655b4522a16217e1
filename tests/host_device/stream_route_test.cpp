// Streams on a pretended GPU: when they go there, on whose behalf, and how they are ended.
#include "gpu_streams.hpp"
#include "learned.hpp"
#include "stream/inputs.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cstdlib>
#include <list>
#include <ranges>
#include <stop_token>
#include <string>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::backend;
using stream_tests::counting_input;
using support::refusal;

hetmap::options const on_gpu{.backend = backend::gpu};

TEST_F(GpuStreams, SayWhatIsMissingBeforeTheInputIsTouched) {
  counting_input input;
  EXPECT_SAYS(refusal([&] { return hetmap::imap(on_gpu, formless_for_integers{}, input); }),
              "no GPU form");
  EXPECT_EQ(input.pulled(), 0u);
  std::list<std::int64_t> const list(10);
  EXPECT_SAYS(refusal([&] { return hetmap::imap(on_gpu, triple{}, list); }), "neither an array");
  EXPECT_SAYS(refusal([&] {
                return hetmap::imap({.backend = backend::gpu, .errors = hetmap::collect}, triple{},
                                    counted(10));
              }),
              "trivially copyable functor");
  EXPECT_SAYS(refusal([&] {
                return hetmap::imap({.backend = backend::gpu, .reproducible = true}, triple{},
                                    counted(10));
              }),
              "reproducible");
  EXPECT_SAYS(refusal([&] {
                return hetmap::imap({.backend = backend::gpu, .device = 2}, triple{}, counted(10));
              }),
              "no GPU 2");
  EXPECT_EQ(gpu().launches(), 0u);
}

TEST_F(GpuStreams, RunOnTheDeviceOfThatIndex) {
  support::virtual_device second({}, 1);
  support::host_form<asks_where, int(int)> const form;
  provider.reset();
  {
    support::provided_devices two({&gpu(), &second});
    auto how = on_gpu;
    how.device = 1;
    EXPECT_EQ(hetmap::imap(how, asks_where{}, std::views::iota(0)).next(), 1);
    EXPECT_EQ(gpu().launches(), 0u);
  }
  EXPECT_EQ(second.misuse(), "");
}

TEST_F(GpuStreams, GoThereOnTheirOwnOnlyWhereItIsKnownToPay) {
  using source = support::source<std::vector<double> const>;
  costs<20> const f{};
  support::forget<costs<20> const, source>(f);
  support::host_form<costs<20>, double(double)> const form;
  std::vector<double> const x(100'000, 1.5);
  auto const sum = [&] {
    double s = 0;
    for (double const v : hetmap::imap(f, x)) s += v;
    return s;
  };
  double const expected = 100'000 * f(1.5);
  EXPECT_EQ(sum(), expected);
  EXPECT_EQ(gpu().launches(), 0u) << "its cost is not known";
  support::believe<costs<20> const, source>(f, 1000);
  EXPECT_EQ(sum(), expected);
  EXPECT_GT(gpu().launches(), 0u);
  auto* const rate = hetmap::detail::rate_for<costs<20> const, source>(f);
  EXPECT_GT(rate->on_gpu(true).nanoseconds(), 0) << "and is learned";
  costs<21> const cheap{};
  support::host_form<costs<21>, double(double)> const other;
  support::believe<costs<21> const, source>(cheap, 0.1);
  auto const before = gpu().launches();
  for (double const v : hetmap::imap(cheap, x)) ASSERT_EQ(v, cheap(1.5));
  EXPECT_EQ(gpu().launches(), before);
}

TEST_F(GpuStreams, OfAPool) {
  auto const x = counted(20'000);
  hetmap::pool pool{{.workers = 2, .backend = backend::gpu}};
  expect_counted(pool.imap({.chunk_size = 300}, triple{}, x), triple{}, x.size());
  EXPECT_GT(gpu().launches(), 60u);
  // From inside a function of the pool, whose only worker then drives the device.
  hetmap::pool one(1);
  auto const sums = one.map(
      [&](std::int64_t n) {
        std::int64_t sum = 0;
        for (std::int64_t const v : one.imap({.backend = backend::gpu, .chunk_size = 10}, triple{},
                                             counting_input(static_cast<std::size_t>(n))))
          sum += v;
        return sum;
      },
      std::vector<std::int64_t>{0, 1, 1000});
  EXPECT_EQ(sums[2], 3 * 499'500 + 1000);
  auto s = pool.imap({.chunk_size = 10, .window = 4}, triple{}, std::views::iota(std::int64_t{0}));
  ASSERT_EQ(s.next(), 1);
  pool.close();
  EXPECT_THROW(while (s.next()){}, hetmap::closed_error);
}

TEST_F(GpuStreams, CloseAndStop) {
  auto s = hetmap::imap({.backend = backend::gpu, .chunk_size = 10, .window = 4}, triple{},
                        std::views::iota(std::int64_t{0}));
  ASSERT_EQ(s.next(), triple{}(0));
  s.close();
  std::size_t got = 1;
  try {
    while (s.next()) ++got;
    FAIL() << "ended in silence";
  } catch (hetmap::closed_error const&) {
    EXPECT_LE(got, 50u);
    EXPECT_GE(got, 10u);
  }
  std::stop_source stop;
  auto t = hetmap::imap({.backend = backend::gpu, .stop = stop.get_token()}, triple{},
                        std::views::iota(std::int64_t{0}));
  ASSERT_EQ(t.next(), triple{}(0));
  stop.request_stop();
  EXPECT_THROW(while (t.next()){}, hetmap::cancelled_error);
}

TEST_F(GpuStreams, AreStoppedAtRandomMoments) {
  char const* const text = std::getenv("HETMAP_TEST_STOPS");
  unsigned const times = text != nullptr ? static_cast<unsigned>(std::atoi(text)) : 200;
  for (unsigned k = 0; k != times; ++k) {
    counting_input input;
    hetmap::options const how{
        .backend = backend::gpu, .chunk_size = 1 + k % 9, .window = 1 + k % 5};
    auto s = k % 2 == 0 ? hetmap::imap(how, triple{}, input)
                        : hetmap::imap_unordered(how, triple{}, input);
    for (std::size_t i = 0, take = k * 7919 % 83; i != take; ++i) {
      auto const v = s.next();
      ASSERT_TRUE(v);
      if (k % 2 == 0) {
        ASSERT_EQ(*v, triple{}(static_cast<std::int64_t>(i)));
      }
    }
    if (k % 3 == 0) s.close();
  }
}

}  // namespace
