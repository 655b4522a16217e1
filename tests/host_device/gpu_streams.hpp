// A fixture for streams: one pretended GPU, and inputs that it reads in different ways.
#pragma once

#include "host_device.hpp"

#include <hetmap/hetmap.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace host_kernels {

class GpuStreams : public support::on_virtual_device {
 protected:
  /// So many numbers from 0 on in memory that the device copies from directly.
  std::span<std::int64_t> pinned_numbers(std::size_t n) {
    auto* const base = static_cast<std::int64_t*>(gpu().bytes().pin(n * sizeof(std::int64_t)));
    blocks_.push_back(base);
    std::iota(base, base + n, 0);
    return {base, n};
  }
  ~GpuStreams() override {
    for (void* const block : blocks_) gpu().bytes().unpin(block);
    hetmap::core::release_device_memory();
  }

 private:
  std::vector<void*> blocks_;
};

/// Takes all of it, and compares with f(first), f(first + 1), ...
template <class Stream, class F>
void expect_counted(Stream stream, F const& f, std::size_t n, std::int64_t first = 0) {
  std::size_t at = 0;
  for (auto const chunk : stream.chunks()) {
    ASSERT_EQ(chunk.first_index(), at);
    ASSERT_LE(chunk.size(), stream.chunk_elements());
    for (auto const& v : chunk) {
      ASSERT_EQ(v, f(first + static_cast<std::int64_t>(at))) << at;
      ++at;
    }
  }
  EXPECT_EQ(at, n);
}

}  // namespace host_kernels
