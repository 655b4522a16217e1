#include "measure_gpu.hpp"

#include "../base/median.hpp"
#include "clock.hpp"
#include "devices.hpp"
#include "transfer.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace hetmap::core {
namespace {

/// Bytes of a large copy, at most: half a millisecond and more of any link, and several slots of
/// those who stage.
constexpr std::size_t large_bytes = std::size_t{32} << 20;
/// What a copy of so few bytes takes is not the link's rate.
constexpr std::size_t small_bytes = 4096;

constexpr unsigned repetitions = 25;

/// Two blocks of the device, two pinned ones, two streams.
class bench {
 public:
  explicit bench(device& gpu) : gpu_(gpu) {}
  ~bench() {
    if (met_.what == fault::lost) return;  // nothing of it can be freed
    for (device::stream s : streams_) gpu_.destroy(s);
    for (void* block : pinned_) gpu_.unpin(block);
    for (void* block : blocks_) gpu_.free(block);
  }
  bench(bench const&) = delete;
  bench& operator=(bench const&) = delete;

  status make() {
    keep(take_all());
    return met_;
  }

  status measure(gpu_values& to) {
    pageable_.resize(bytes_);
    auto const in = [&](std::size_t n) {
      return gpu_.copy_in(streams_[0], blocks_[0], pinned_[0], n);
    };
    auto const out = [&](std::size_t n) {
      return gpu_.copy_out(streams_[1], pinned_[1], blocks_[1], n);
    };
    auto const within = [&](std::size_t n) {
      return gpu_.copy_within(streams_[0], blocks_[1], blocks_[0], n);
    };
    to.resident_call_seconds = seconds([&] { return within(small_bytes); });
    to.travelling_call_seconds = seconds([&] {
      status s = in(small_bytes);
      if (s.ok()) s = within(small_bytes);
      if (s.ok()) s = gpu_.copy_out(streams_[0], pinned_[1], blocks_[1], small_bytes);
      return s;
    });
    to.pinned_in_bytes_per_second = rate(1, in);
    to.pinned_out_bytes_per_second = rate(1, out);
    to.both_ways_bytes_per_second = rate(2, [&](std::size_t n) {
      status const s = in(n);
      return s.ok() ? out(n) : s;
    });
    to.memory_bytes_per_second = rate(2, within);
    to.pageable_in_bytes_per_second = rate(
        1, [&](std::size_t n) { return copy_to_device(gpu_, blocks_[0], pageable_.data(), n); });
    to.pageable_out_bytes_per_second = rate(
        1, [&](std::size_t n) { return copy_from_device(gpu_, pageable_.data(), blocks_[1], n); });
    return met_;
  }

 private:
  status take_all() {
    memory_sizes sizes;
    if (status const s = gpu_.memory(sizes); !s.ok()) return s;
    bytes_ = std::clamp(sizes.free / 4, 2 * small_bytes, large_bytes);
    for (void*& block : blocks_)
      if (status const s = gpu_.allocate(block, bytes_); !s.ok()) return s;
    for (void*& block : pinned_)
      if (status const s = gpu_.pin(block, bytes_); !s.ok()) return s;
    for (device::stream& stream : streams_)
      if (status const s = gpu_.create(stream); !s.ok()) return s;
    return {};
  }

  /// The median time until what `act` enqueues has completed.
  template <class Act>
  double seconds(Act act) {
    std::vector<double> taken;
    for (unsigned k = 0; k != repetitions + 1 && met_.ok(); ++k) {
      auto const began = device_time.load()();
      keep(act());
      for (device::stream s : streams_) keep(gpu_.block_until_idle(s));
      // The first one may have to load or to build something.
      if (k != 0)
        taken.push_back(std::chrono::duration<double>(device_time.load()() - began).count());
    }
    return median(taken);
  }

  /// Bytes a second, of so many times those of copy(bytes): what more bytes take longer.
  template <class Copy>
  double rate(double times, Copy copy) {
    double const small = seconds([&] { return copy(small_bytes); });
    double const large = seconds([&] { return copy(bytes_); });
    return times * static_cast<double>(bytes_ - small_bytes) / std::max(large - small, 1e-9);
  }

  void keep(status s) {
    if (met_.ok()) met_ = s;
  }

  device& gpu_;
  std::size_t bytes_ = 0;
  void* blocks_[2] = {};
  void* pinned_[2] = {};
  device::stream streams_[2] = {};
  std::vector<char> pageable_;
  status met_{};
};

}  // namespace

status measure_gpu(device& gpu, gpu_values& values) {
  bench here(gpu);
  status met = here.make();
  if (met.ok()) met = here.measure(values);
  if (met.what == fault::lost) mark_lost(gpu, met);
  return met;
}

}  // namespace hetmap::core
