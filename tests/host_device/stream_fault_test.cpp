// Whatever fails, and whenever, in a stream on a GPU: every result comes once and is right, or the
// stream says where it ends; nothing hangs, nothing leaks.
#include "faults.hpp"
#include "host_device.hpp"
#include "learned.hpp"
#include "stream/inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::backend;
using stream_tests::counting_input;
using support::provided_devices;
using support::virtual_device;

/// One stream over one failing device, all of it drawn from a number.
class schedule : support::fault_schedule {
 public:
  explicit schedule(std::uint64_t number) : fault_schedule(number) {}

  void run() {
    virtual_device gpu({.capacity = std::size_t{1} << below(12, 22), .seed = drawn()});
    draw_faults(gpu);
    n_ = one_in(10) ? below(0, 3) : below(1, 2000);
    bool const fails = one_in(3);
    failing_ = {fails ? static_cast<std::int64_t>(below(0, n_ + 10)) : std::int64_t{1} << 40,
                one_in(4) ? 1 : static_cast<std::int64_t>(below(1, 500))};
    how_.backend = one_in(3) ? backend::automatic : backend::gpu;
    if (one_in(2)) how_.chunk_size = below(1, 700);
    if (one_in(2)) how_.window = below(1, 12);
    unordered_ = one_in(3);
    {
      provided_devices const provider({&gpu});
      std::vector<std::int64_t> pageable(n_ + 1);
      std::int64_t* base = pageable.data();
      std::uint64_t const place = below(0, 5);
      if (place == 0) base = static_cast<std::int64_t*>(gpu.bytes().pin((n_ + 1) * sizeof *base));
      void* there = nullptr;
      if (place == 1) there = gpu.bytes().allocate((n_ + 1) * sizeof *base);
      if (there != nullptr) base = static_cast<std::int64_t*>(there);
      gpu.bytes().open();
      std::iota(base, base + n_, 0);
      gpu.bytes().close();
      resident_ = there != nullptr;
      if (place == 2)
        check(gpu, std::views::iota(std::int64_t{0}, static_cast<std::int64_t>(n_)));
      else if (place == 3)
        check(gpu, counting_input(n_));
      else
        check(gpu, std::span<std::int64_t>(base, n_));
      if (place == 0) gpu.bytes().unpin(base);
      gpu.bytes().free(there);
    }
    support::expect_nothing_left(gpu);
  }

  [[nodiscard]] bool whole() const { return whole_; }
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool rescued() const { return rescued_; }
  [[nodiscard]] bool told() const { return told_; }

 private:
  [[nodiscard]] bool fails_at(std::size_t i) const {
    auto const v = static_cast<std::int64_t>(i);
    return v >= failing_.first && (v - failing_.first) % failing_.step == 0;
  }

  /// So that automatic takes what it can to the GPU.
  template <class In>
  static void believe_costly() {
    fails_from f{};
    support::believe<fails_from, support::stream_source<In>>(f, 4e6);
  }

  template <class In>
  void check(virtual_device& gpu, In&& input) {
    believe_costly<In>();
    if (unordered_)
      read(gpu, hetmap::imap_unordered(how_, failing_, std::forward<In>(input)));
    else
      read(gpu, hetmap::imap(how_, failing_, std::forward<In>(input)));
  }

  template <class Stream>
  void read(virtual_device& gpu, Stream stream) {
    std::size_t const stop_at = one_in(8) ? below(0, n_ + 1) : n_ + 1;
    std::vector<bool> seen(n_);
    std::size_t got = 0;
    auto const see = [&](std::size_t i) {
      if (i >= n_ || seen[i]) return ADD_FAILURE() << i << " came twice, or is none", void();
      if (!unordered_ && i != got) ADD_FAILURE() << i << " came after " << got << " others";
      seen[i] = true;
      ++got;
    };
    for (bool more = true; more && got < stop_at && !testing::Test::HasFailure();) {
      more = false;
      try {
        for (auto const chunk : stream.chunks()) {
          for (std::size_t i = 0; i != chunk.size(); ++i) {
            std::size_t const index = chunk.first_index() + i;
            if (fails_at(index)) ADD_FAILURE() << index << " did not fail";
            if (chunk[i] != 2 * static_cast<std::int64_t>(index))
              ADD_FAILURE() << "element " << index << " is " << chunk[i];
            see(index);
          }
          if (got >= stop_at) return;
        }
        whole_ = got == n_;
        EXPECT_EQ(got, n_);
      } catch (hetmap::kernel_error const& e) {
        more = true;
        auto const index = hetmap::failed_index().value_or(n_);
        EXPECT_TRUE(fails_at(index)) << index;
        EXPECT_EQ(e.code(), static_cast<int>(index % 1000));
        see(index);
      } catch (hetmap::device_error const& e) {
        broken_ = true;
        EXPECT_TRUE(how_.backend == backend::gpu || resident_) << e.what();
        EXPECT_EQ(hetmap::failed_index(), std::nullopt);
        EXPECT_EQ(stream.next(), std::nullopt) << "behind its end";
      }
    }
    rescued_ = whole_ && how_.backend == backend::automatic && gpu.is_dead();
    if (rescued_) told_ = tells_of_failover(hetmap::decisions().back());
  }

  static bool tells_of_failover(hetmap::decision const& d) {
    for (unsigned k = 0; k != d.fallback_count; ++k)
      if (d.fallbacks[k].what == hetmap::fallback_kind::failed_over) return true;
    return false;
  }

  std::size_t n_ = 0;
  fails_from failing_{};
  hetmap::options how_;
  bool unordered_ = false;
  bool resident_ = false;
  bool whole_ = false;
  bool broken_ = false;
  bool rescued_ = false;
  bool told_ = false;
};

class StreamFaults : public testing::TestWithParam<unsigned> {};

TEST_P(StreamFaults, LoseNothing) {
  all_forms const forms;
  unsigned whole = 0, broken = 0, rescued = 0, told = 0;
  auto const all = support::run_schedules<schedule>(GetParam(), 2, support::schedules(3000),
                                                    [&](schedule const& one) {
                                                      whole += one.whole();
                                                      broken += one.broken();
                                                      rescued += one.rescued();
                                                      told += one.told();
                                                    });
  if (HasFailure()) return;
  // The schedules are worth something: many streams get through, some only by the CPU's help, many
  // devices die.
  EXPECT_GT(whole, all / 5);
  EXPECT_GT(broken, all / 20);
  EXPECT_GT(rescued, all / 100);
  // All but those whose device died when nothing was left for it.
  EXPECT_GT(told, rescued / 2);
}

INSTANTIATE_TEST_SUITE_P(Part, StreamFaults, testing::Range(0u, 2u));

}  // namespace
