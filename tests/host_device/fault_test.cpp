// Whatever fails, and whenever: every element of the output is as it was or final, nothing hangs,
// nothing leaks, and the next call knows. Every schedule is drawn from its number and can be had
// again by it.
#include "faults.hpp"
#include "host_device.hpp"
#include "learned.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::backend;
using support::device_traits;
using support::provided_devices;
using support::virtual_device;

/// One call over one failing device, all of it drawn from a number.
class schedule : support::fault_schedule {
 public:
  explicit schedule(std::uint64_t number, std::optional<backend> only = {})
      : fault_schedule(number), only_(only) {}

  void run() {
    virtual_device gpu({.capacity = std::size_t{1} << below(16, 24),
                        .bytes_in_per_second = speed(),
                        .bytes_out_per_second = speed(),
                        .element_nanoseconds = 10.0 / speed() * 1e9,
                        .seed = drawn()});
    draw_faults(gpu);
    late_ = only_ == backend::hybrid && one_in(4);
    std::optional<support::passing_time> passing;
    if (!late_) passing.emplace(gpu);
    std::size_t const n = one_in(10) ? below(0, 3) : below(1, 3000);
    fails_ = one_in(3);
    first_failure_ = fails_ ? static_cast<std::int64_t>(below(0, n + 10)) : -1;
    {
      provided_devices const provider({&gpu});
      bool const pinned_in = one_in(3), pinned_out = one_in(3);
      bool const in_place = one_in(4), resident_in = !in_place && one_in(4);
      column in(gpu, n, resident_in ? where::device : pinned_in ? where::pinned : where::host);
      column out(gpu, n, pinned_out ? where::pinned : where::host);
      for (std::size_t i = 0; i != n; ++i) in.set(i, static_cast<std::int64_t>(i));
      for (std::size_t i = 0; i != n; ++i) out.set(i, old);
      hetmap::options how{.backend = one_in(3) ? backend::automatic : backend::gpu};
      if (only_) how.backend = *only_;
      if (one_in(2)) how.chunk_size = below(1, 700);
      if (in_place)
        check(gpu, how, n, in, in);
      else if (one_in(5))
        check(gpu, how, n, std::views::iota(std::int64_t{0}, static_cast<std::int64_t>(n)), out);
      else
        check(gpu, how, n, in, out);
    }
    support::expect_nothing_left(gpu);
  }

  [[nodiscard]] bool succeeded() const { return succeeded_; }
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  static constexpr std::int64_t old = -12345;
  enum class where { host, pinned, device };

  /// Memory of one place, which the test may read and write.
  class column {
   public:
    column(virtual_device& gpu, std::size_t n, where place) : gpu_(gpu), place_(place) {
      std::size_t const bytes = (n + 1) * sizeof(std::int64_t);
      if (place_ == where::device) base_ = gpu_.bytes().allocate(bytes);
      if (base_ == nullptr && place_ == where::device) place_ = where::host;  // no room there
      if (place_ == where::pinned) base_ = gpu_.bytes().pin(bytes);
      if (place_ == where::host) {
        host_.resize(n + 1);
        base_ = host_.data();
      }
      span_ = {static_cast<std::int64_t*>(base_), n};
    }
    ~column() {
      if (place_ == where::device) gpu_.bytes().free(base_);
      if (place_ == where::pinned) gpu_.bytes().unpin(base_);
    }
    column(column const&) = delete;
    column& operator=(column const&) = delete;

    void set(std::size_t i, std::int64_t v) {
      gpu_.bytes().open();
      span_[i] = v;
      gpu_.bytes().close();
    }
    [[nodiscard]] bool on_device() const { return place_ == where::device; }
    operator std::span<std::int64_t>() const { return span_; }

   private:
    virtual_device& gpu_;
    where place_;
    void* base_ = nullptr;
    std::vector<std::int64_t> host_;
    std::span<std::int64_t> span_;
  };

  double speed() { return one_in(2) ? 1e9 : 1e11; }

  void check(virtual_device& gpu, hetmap::options const& how, std::size_t n, auto&& input,
             column& output) {
    std::span<std::int64_t> const out = output;
    std::int64_t const step = static_cast<std::int64_t>(below(1, 50));
    bool const over_input = [&] {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(input)>, column>)
        return &input == &output;
      else
        return false;
    }();
    auto const was = [&](std::size_t i) { return over_input ? static_cast<std::int64_t>(i) : old; };
    bool const on_device = [&] {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(input)>, column>)
        return input.on_device();
      else
        return false;
    }();
    auto const call = [&](auto const& f, auto const& result) {
      believe_costly(f, input);
      try {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(input)>, column>)
          hetmap::map_into(how, out, f, std::span<std::int64_t>(input));
        else
          hetmap::map_into(how, out, f, input);
        succeeded_ = true;
        EXPECT_TRUE(!fails_ || first_failure_ >= static_cast<std::int64_t>(n));
        for (std::size_t i = 0; i != n; ++i)
          if (out[i] != result(static_cast<std::int64_t>(i)))
            return ADD_FAILURE() << "element " << i << " is " << out[i], void();
        return;
      } catch (hetmap::kernel_error const& e) {
        EXPECT_TRUE(fails_);
        EXPECT_EQ(e.code(), static_cast<int>(first_failure_ % 1000));
        EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(first_failure_));
        for (std::size_t i = 0; i < static_cast<std::size_t>(first_failure_); ++i)
          if (out[i] != result(static_cast<std::int64_t>(i)))
            return ADD_FAILURE() << "element " << i << " below the failure is " << out[i], void();
      } catch (hetmap::device_unavailable const&) {
        // When the device was opened, or is known to be lost, or it alone reaches the data.
        EXPECT_TRUE(gpu.is_dead() || (how.backend == backend::hybrid && on_device));
      } catch (hetmap::device_error const& e) {
        lost_ = gpu.is_dead();
        EXPECT_TRUE(how.backend == backend::gpu || on_device) << e.what();
        if (lost_) {
          EXPECT_THROW(
              hetmap::map_into({.backend = backend::gpu}, out.first(0), triple{}, out.first(0)),
              hetmap::device_unavailable);
        }
      }
      for (std::size_t i = 0; i != n; ++i)
        if (out[i] != result(static_cast<std::int64_t>(i)) && out[i] != was(i))
          return ADD_FAILURE() << "element " << i << " is torn: " << out[i], void();
    };
    if (fails_)
      call(fails_from{first_failure_, step}, [](std::int64_t v) { return 2 * v; });
    else
      call(triple{}, triple{});
  }

  /// So that automatic takes what it can to the GPU, and the CPU takes over what that is late with
  /// where it is to be.
  template <class F>
  void believe_costly(F const& f, auto const& input) const {
    using in = std::conditional_t<std::is_same_v<std::remove_cvref_t<decltype(input)>, column>,
                                  std::span<std::int64_t>, decltype(input)>;
    support::believe<F const, support::source<in>>(f, late_ ? 1 : 4e6);
  }

  std::optional<backend> only_;
  bool late_ = false;
  bool fails_ = false;
  std::int64_t first_failure_ = -1;
  bool succeeded_ = false;
  bool lost_ = false;
};

class Faults : public testing::TestWithParam<unsigned> {};

TEST_P(Faults, LoseNothing) {
  all_forms const forms;
  unsigned succeeded = 0, lost = 0;
  auto const all = support::run_schedules<schedule>(GetParam(), 4, support::schedules(10'000),
                                                    [&](schedule const& one) {
                                                      succeeded += one.succeeded();
                                                      lost += one.lost();
                                                    });
  if (HasFailure()) return;
  // The schedules are worth something: many calls get through, many devices die.
  EXPECT_GT(succeeded, all / 5);
  EXPECT_GT(lost, all / 20);
}

/// The same, shared with the CPU.
class hybrid_schedule : public schedule {
 public:
  explicit hybrid_schedule(std::uint64_t number) : schedule(number, backend::hybrid) {}
};

TEST_P(Faults, LoseNothingThatIsSharedWithTheCpu) {
  all_forms const forms;
  unsigned succeeded = 0;
  auto const all = support::run_schedules<hybrid_schedule>(
      GetParam(), 4, support::schedules(10'000),
      [&](schedule const& one) { succeeded += one.succeeded(); });
  if (HasFailure()) return;
  // What does not throw the kernel's failure gets through, unless the data was on the device.
  EXPECT_GT(succeeded, all / 3);
}

INSTANTIATE_TEST_SUITE_P(Part, Faults, testing::Range(0u, 4u));

}  // namespace
