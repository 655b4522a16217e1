// What a device's queue does for whoever feeds it: no result behind a failure gets out, and memory
// that is only kept goes before loads get smaller.
#include "host_device.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace {

using namespace host_kernels;

class DeviceQueue : public support::on_virtual_device {
 protected:
  ~DeviceQueue() override { hetmap::core::release_device_memory(); }
};

TEST_F(DeviceQueue, WritesNothingBehindAFailureToTheCallersMemory) {
  std::size_t const n = 50'000;
  auto* const x = static_cast<std::int64_t*>(gpu().bytes().pin(n * 8));
  auto* const y = static_cast<std::int64_t*>(gpu().bytes().pin(n * 8));
  std::iota(x, x + n, 0);
  for (std::int64_t const first : {0, 1, 777, 24'999, 49'999}) {
    SCOPED_TRACE(first);
    std::fill(y, y + n, -1);
    hetmap::options const how{.backend = hetmap::backend::gpu, .chunk_size = 1000};
    EXPECT_THROW(hetmap::map_into(how, std::span(y, n), fails_from{first, 10'000}, std::span(x, n)),
                 hetmap::kernel_error);
    for (std::size_t i = 0; i != n; ++i)
      ASSERT_EQ(y[i], i < static_cast<std::size_t>(first) ? 2 * x[i] : -1) << i;
  }
  gpu().bytes().unpin(x);
  gpu().bytes().unpin(y);
}

TEST_F(DeviceQueue, GivesUpMemoryThatIsKeptBeforeItHalvesTwice) {
  start({.capacity = std::size_t{5} << 20});
  std::size_t const quarter = std::size_t{1} << 16;  // 4 slots of two columns are 4 MiB
  std::vector<std::int64_t> x(4 * quarter);
  std::iota(x.begin(), x.end(), 0);
  hetmap::options how{.backend = hetmap::backend::gpu, .chunk_size = quarter};
  for (auto const part : hetmap::imap(how, triple{}, x).chunks()) ASSERT_EQ(part.size(), quarter);
  auto const before = gpu().launches();
  how.chunk_size.reset();
  auto const y = hetmap::map(how, triple{}, x);
  EXPECT_LE(gpu().launches() - before, 9u);  // of an eighth each, and what is left over
  for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y[i], triple{}(x[i]));
}

TEST_F(DeviceQueue, GivesUpMemoryThatIsKeptWhereLoadsCannotBeHalved) {
  start({.capacity = std::size_t{5} << 20});
  std::size_t const quarter = std::size_t{1} << 16;
  std::vector<std::int64_t> x(4 * quarter);
  std::iota(x.begin(), x.end(), 0);
  hetmap::options const how{.backend = hetmap::backend::gpu, .chunk_size = quarter};
  for (auto const part : hetmap::imap(how, triple{}, x).chunks()) ASSERT_EQ(part.size(), quarter);
  auto const y = hetmap::map(how, triple{}, x);
  for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y[i], triple{}(x[i]));
}

}  // namespace
