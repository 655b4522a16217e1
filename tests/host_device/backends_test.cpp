// What every backend promises, over the core's own table of them, with kernels that run on all: the
// GPU is a simulated one. A backend that is added to the table is tested here without a further
// line.
#include "gpu_fold.hpp"

#include "support/backends.hpp"
#include "support/sizes.hpp"

#include "base/backend.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::backend;

/// Those that run calls, and the choice between them.
std::vector<backend> every_backend() {
  std::vector<backend> out{backend::automatic};
  for (hetmap::core::backend_entry const& entry : hetmap::core::all_backends())
    if (entry.run != nullptr) out.push_back(entry.where);
  return out;
}

class EveryBackend : public support::on_virtual_device,
                     public testing::WithParamInterface<backend> {
 protected:
  [[nodiscard]] static hetmap::options here() { return {.backend = GetParam()}; }

  support::host_fold<std::plus<>, std::int64_t> const plus;
};
INSTANTIATE_TEST_SUITE_P(On, EveryBackend, testing::ValuesIn(every_backend()),
                         support::backend_name);

TEST_P(EveryBackend, HasAnEntryANameAndACandidate) {
  EXPECT_EQ(hetmap::backend_from_name(hetmap::name(GetParam())), GetParam());
  auto const plan = hetmap::explain(here(), triple{}, counted(1000));
  EXPECT_EQ(plan.asked, GetParam());
  EXPECT_EQ(plan.at(plan.chosen).where, plan.chosen);
  EXPECT_EQ(plan.at(plan.chosen).unavailable, nullptr);
  if (GetParam() != backend::automatic) {
    EXPECT_EQ(plan.chosen, GetParam());
  }
  std::vector<backend> listed, known;
  for (auto const& c : plan.candidates) listed.push_back(c.where);
  for (auto const& entry : hetmap::core::all_backends()) known.push_back(entry.where);
  EXPECT_EQ(listed, known);
}

TEST_P(EveryBackend, EqualsTheLoopAtEverySizeAndChunk) {
  for (std::size_t const n : support::edge_sizes())
    for (auto const& chunk : support::chunk_sizes(n)) {
      SCOPED_TRACE(testing::Message() << n << " elements, chunks of " << chunk.value_or(0));
      auto how = here();
      how.chunk_size = chunk;
      auto const x = counted(n);
      auto const y = hetmap::map(how, triple{}, x);
      ASSERT_EQ(y.size(), n);
      for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], triple{}(x[i])) << i;
    }
}

TEST_P(EveryBackend, FillsColumnsFromSeveralInputs) {
  std::vector<double> a(5000), b(5000);
  for (std::size_t i = 0; i != a.size(); ++i) {
    a[i] = static_cast<double>(i * 7919 % 5000);
    b[i] = static_cast<double>(i);
  }
  auto const [low, high] = hetmap::map_columns(here(), minmax{}, a, b);
  for (std::size_t i = 0; i != a.size(); ++i) {
    ASSERT_EQ(low[i], std::min(a[i], b[i]));
    ASSERT_EQ(high[i], std::max(a[i], b[i]));
  }
}

TEST_P(EveryBackend, ComputesInPlace) {
  auto x = counted(9999);
  hetmap::map_into(here(), x, triple{}, x);
  for (std::size_t i = 0; i != x.size(); ++i)
    ASSERT_EQ(x[i], triple{}(static_cast<std::int64_t>(i))) << i;
}

TEST_P(EveryBackend, TheLowestFailureEndsTheCall) {
  auto const x = counted(20'000);
  std::vector<std::int64_t> out(x.size(), -1);
  for (std::int64_t const first : {0, 1, 63, 64, 5000, 19'999}) {
    SCOPED_TRACE(first);
    try {
      hetmap::map_into(here(), out, fails_from{first, 37}, x);
      ADD_FAILURE() << "nothing was thrown";
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), first % 1000);
    }
    EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(first));
    for (std::size_t i = 0; i != static_cast<std::size_t>(first); ++i) ASSERT_EQ(out[i], 2 * x[i]);
  }
}

TEST_P(EveryBackend, AStopRequestEndsTheCall) {
  std::stop_source stop;
  stop.request_stop();
  auto how = here();
  how.stop = stop.get_token();
  EXPECT_THROW(hetmap::map(how, triple{}, counted(10'000)), hetmap::cancelled_error);
  EXPECT_FALSE(hetmap::failed_index());
}

TEST_P(EveryBackend, ProgressEndsWithTheTotal) {
  std::vector<std::size_t> reports;
  auto how = here();
  how.progress = [&](hetmap::progress const& p) {
    EXPECT_EQ(p.total, 10'000u);
    reports.push_back(p.done);
  };
  hetmap::map(how, triple{}, counted(10'000));
  ASSERT_FALSE(reports.empty());
  EXPECT_TRUE(std::is_sorted(reports.begin(), reports.end()));
  EXPECT_EQ(reports.back(), 10'000u);
}

TEST_P(EveryBackend, FoldsNumbers) {
  auto const x = counted(100'003);
  std::int64_t expected = 5;
  for (std::int64_t const v : x) expected += triple{}(v);
  EXPECT_EQ(hetmap::map_reduce(here(), triple{}, std::plus<>(), std::int64_t{5}, x), expected);
}

TEST_P(EveryBackend, StreamsInOrder) {
  auto const x = counted(10'000);
  std::size_t i = 0;
  for (std::int64_t const v : hetmap::imap(here(), triple{}, x)) ASSERT_EQ(v, triple{}(x[i++]));
  EXPECT_EQ(i, x.size());
}

TEST_P(EveryBackend, MapsArrays) {
  hetmap::array<std::int64_t> const x(counted(5000));
  auto const y = hetmap::map(here(), triple{}, x);
  auto const values = y.host();
  for (std::size_t i = 0; i != values.size(); ++i)
    ASSERT_EQ(values[i], triple{}(static_cast<std::int64_t>(i)));
}

TEST_P(EveryBackend, WhatReproducibleTakesAwayIsSaid) {
  auto how = here();
  how.reproducible = true;
  auto const call = [&] { return hetmap::map(how, scaled{0.1}, std::vector<double>(100, 3.0)); };
  if (hetmap::core::needs_gpu(GetParam()))
    EXPECT_THROW(call(), hetmap::device_unavailable);
  else
    EXPECT_EQ(call()[99], 0.1 * 3.0);
}

}  // namespace
