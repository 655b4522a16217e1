// How much of a call a device takes next while the CPU works on the same call from the other end. A
// pure function over plain data.
#pragma once

#include <chrono>
#include <cstddef>

namespace hetmap::core {

class device_share {
 public:
  using nanoseconds = std::chrono::nanoseconds;

  /// Time that a load should take a device at least: twenty times what sending one costs.
  static constexpr nanoseconds worthwhile_load{100'000};

  /// What elements of the call are expected to cost, in nanoseconds; negative where nothing is
  /// known of it.
  struct costs {
    double on_device = -1;
    double on_cpu = -1;  ///< all of its workers together
  };

  /// elements: of the call. granule: what claims are multiples of.
  device_share(std::size_t elements, std::size_t granule, costs const& expected)
      : elements_(elements), granule_(granule), expected_(expected) {}

  /// A load of so many elements has come back, `at` after the call began.
  void arrived(std::size_t elements, nanoseconds at) noexcept;

  /// Elements to send next, so that the device ends when the CPU does: an eighth of what the device
  /// will still get, a thirty-second before anything has come back, since the costs may be wrong;
  /// but no less than is worth sending. 0: whatever is left, the CPU ends sooner with it.
  ///
  /// left:  that nobody has claimed. under_way: sent, and not arrived.
  [[nodiscard]] std::size_t next(std::size_t left, std::size_t under_way,
                                 nanoseconds now) const noexcept;

  /// Whether the CPU had better compute what is under way as well, now that nothing else is left:
  /// once the device has had the time that it was expected to take and, beyond that, as long as the
  /// CPU will take. So nobody ever waits longer than twice what the better choice would have cost.
  ///
  /// waited: since a load was sent, or has arrived, the last time.
  /// ended:  when nothing was left to claim, after the call began.
  [[nodiscard]] bool is_overdue(std::size_t under_way, nanoseconds waited,
                                nanoseconds ended) const noexcept;

 private:
  /// What an element costs there, as far as this call tells, else as expected.
  [[nodiscard]] double device_cost() const noexcept;
  [[nodiscard]] double cpu_cost(std::size_t left, std::size_t under_way,
                                nanoseconds now) const noexcept;
  [[nodiscard]] double cpu_cost_so_far(std::size_t left, std::size_t under_way,
                                       nanoseconds now) const noexcept;

  std::size_t elements_;
  std::size_t granule_;
  costs expected_;
  std::size_t arrived_ = 0;
  std::size_t first_load_ = 0;  // elements of the first that arrived
  nanoseconds first_at_{0};
  nanoseconds last_at_{0};
};

}  // namespace hetmap::core
