// Whatever fails, and whenever, in a map_reduce on a GPU: every element is folded once and in its
// place, or the call says what failed; nothing leaks.
#include "faults.hpp"
#include "host_device.hpp"
#include "learned.hpp"
#include "support/fold_kernels.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <ranges>
#include <type_traits>
#include <vector>

namespace fold_kernels {

/// x -> a * x + b modulo 2^64, composed: not commutative either, and quick.
struct line {
  std::uint64_t a = 1, b = 0;
  friend bool operator==(line const&, line const&) = default;
};
struct after {
  HETMAP_FN line operator()(line const& f, line const& g) const {
    return {f.a * g.a, f.a * g.b + f.b};
  }
};
struct line_of {
  HETMAP_FN line operator()(std::int64_t i) const {
    auto const v = static_cast<std::uint64_t>(i);
    return {2 * v + 1, v ^ 0x5555};
  }
};

}  // namespace fold_kernels

namespace {

using namespace host_kernels;
using namespace fold_kernels;
using hetmap::backend;
using support::host_fold;
using support::host_form;

constexpr std::size_t piece = hetmap::detail::fold_piece;

/// One call over one failing device, all of it drawn from a number.
class schedule : support::fault_schedule {
 public:
  explicit schedule(std::uint64_t number) : fault_schedule(number, 5) {}

  void run() {
    support::virtual_device gpu({.capacity = std::size_t{1} << below(17, 24), .seed = drawn()});
    draw_faults(gpu);
    std::size_t const n = one_in(10) ? below(0, 3) : below(1, one_in(4) ? 5 * piece : 1000);
    std::int64_t const failing = one_in(4) ? static_cast<std::int64_t>(below(0, n + 10)) : -1;
    hetmap::options how{.backend = one_in(3)   ? backend::automatic
                                   : one_in(3) ? backend::hybrid
                                               : backend::gpu};
    if (one_in(2)) how.chunk_size = below(1, 2 * piece);
    std::optional<support::passing_time> passing;
    // Else the CPU takes over what the device is late with.
    if (how.backend != backend::hybrid || failing >= 0 || !one_in(4)) passing.emplace(gpu);
    {
      support::provided_devices const provider({&gpu});
      auto const x = counted(n);
      if (one_in(4)) {
        fold(gpu, how, n, failing, std::views::iota(std::int64_t{0}, static_cast<std::int64_t>(n)));
      } else if (auto* const there =
                     one_in(3) ? static_cast<std::int64_t*>(gpu.bytes().allocate(8 * n + 8))
                               : nullptr;
                 there != nullptr) {
        gpu.bytes().open();
        std::copy(x.begin(), x.end(), there);
        gpu.bytes().close();
        fold(gpu, how, n, failing, hetmap::device_span<std::int64_t const>{there, n, {}});
        gpu.bytes().free(there);
      } else {
        fold(gpu, how, n, failing, x);
      }
    }
    support::expect_nothing_left(gpu);
  }

  [[nodiscard]] bool succeeded() const { return succeeded_; }
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  /// Of lines, so that a value that is lost, comes twice or in the wrong order is seen.
  void fold(support::virtual_device& gpu, hetmap::options const& how, std::size_t n,
            std::int64_t failing, auto const& input) {
    constexpr bool span = std::is_same_v<std::remove_cvref_t<decltype(input)>,
                                         hetmap::device_span<std::int64_t const>>;
    try {
      if (failing >= 0) {
        fails_from const f{failing, 7};
        auto const sum = hetmap::map_reduce(how, f, wrapping_sum{}, std::int64_t{1}, input);
        EXPECT_GE(failing, static_cast<std::int64_t>(n));
        EXPECT_EQ(sum, 1 + static_cast<std::int64_t>(n * (n - (n != 0))));
      } else {
        line expected;
        for (std::size_t i = 0; i != n; ++i)
          expected = after{}(expected, line_of{}(static_cast<std::int64_t>(i)));
        EXPECT_EQ(hetmap::map_reduce(how, line_of{}, after{}, line{}, input), expected);
      }
      succeeded_ = true;
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), static_cast<int>(failing % 1000));
      EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(failing));
    } catch (hetmap::device_unavailable const&) {
      EXPECT_TRUE(gpu.is_dead() || (span && how.backend == backend::hybrid));
    } catch (hetmap::device_error const& e) {
      lost_ = gpu.is_dead();
      EXPECT_TRUE(span || how.backend == backend::gpu) << e.what();
    }
  }

  bool succeeded_ = false;
  bool lost_ = false;
};

TEST(GpuFoldFaults, LoseNothing) {
  all_forms const forms;
  host_fold<wrapping_sum, std::int64_t> const sums;
  host_fold<after, line> const afters;
  host_form<line_of, line(std::int64_t)> const lines;
  // Under automatic the kernel is believed to be worth it.
  using source = support::source<std::vector<std::int64_t> const>;
  using task =
      hetmap::detail::reduce_task<std::int64_t, wrapping_sum const, fails_from const, source>;
  fails_from const f{};
  support::believe<fails_from const, task>(f, 1e6);
  unsigned succeeded = 0, lost = 0;
  auto const all =
      support::run_schedules<schedule>(0, 1, support::schedules(3000), [&](schedule const& one) {
        succeeded += one.succeeded();
        lost += one.lost();
      });
  if (HasFailure()) return;
  EXPECT_GT(succeeded, all / 5);
  EXPECT_GT(lost, all / 40);
}

}  // namespace
