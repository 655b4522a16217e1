#include "device_share.hpp"

#include <algorithm>
#include <cmath>

namespace hetmap::core {
namespace {

/// From then on what the CPU has taken says more of its speed than what it has cost before: by then
/// every worker has claimed several times.
constexpr std::chrono::nanoseconds telling_time{1'000'000};

/// Elements to begin with, as a share of the call, while nothing is known of one side.
constexpr std::size_t first_share = 16;

/// Nanoseconds that an element costs at least, wherever.
constexpr double least_cost = 1e-4;

}  // namespace

void device_share::arrived(std::size_t elements, nanoseconds at) noexcept {
  if (arrived_ == 0) {
    first_load_ = elements;
    first_at_ = at;
  }
  arrived_ += elements;
  last_at_ = at;
}

double device_share::device_cost() const noexcept {
  // The first load's time is that of filling the ring as well.
  std::size_t const after_first = arrived_ - first_load_;
  if (after_first >= first_load_ && after_first != 0)
    return static_cast<double>((last_at_ - first_at_).count()) / static_cast<double>(after_first);
  if (expected_.on_device >= 0) return expected_.on_device;
  return arrived_ != 0 ? static_cast<double>(last_at_.count()) / static_cast<double>(arrived_) : -1;
}

double device_share::cpu_cost(std::size_t left, std::size_t under_way,
                              nanoseconds now) const noexcept {
  if (expected_.on_cpu >= 0 && now < telling_time) return expected_.on_cpu;
  return cpu_cost_so_far(left, under_way, now);
}

double device_share::cpu_cost_so_far(std::size_t left, std::size_t under_way,
                                     nanoseconds now) const noexcept {
  std::size_t const devices = arrived_ + under_way;
  std::size_t const taken = elements_ - std::min(elements_, left + devices);
  return taken != 0 ? static_cast<double>(now.count()) / static_cast<double>(taken)
                    : expected_.on_cpu;
}

std::size_t device_share::next(std::size_t left, std::size_t under_way,
                               nanoseconds now) const noexcept {
  if (left == 0) return 0;
  double const device = device_cost(), cpu = cpu_cost(left, under_way, now);
  if (device < 0 || cpu < 0)
    return under_way == 0 ? std::max<std::size_t>(elements_ / first_share, 1) : 0;
  double const here = std::max(device, least_cost), there = std::max(cpu, least_cost);
  auto const all = static_cast<double>(left), sent = static_cast<double>(under_way);
  // Both end at once if the device gets so many more: what is under way comes first there.
  double const fair = (all * there - sent * here) / (there + here);
  double const least = static_cast<double>(worthwhile_load.count()) / here;
  double const part = fair / (arrived_ == 0 ? 32 : 8);
  auto const unit = static_cast<double>(granule_);
  double const wanted = std::min(std::ceil(std::max(part, least) / unit) * unit, all);
  double const sending = static_cast<double>(worthwhile_load.count()) / 2;
  if ((sent + wanted) * here + sending >= all * there) return 0;
  return static_cast<std::size_t>(wanted);
}

bool device_share::is_overdue(std::size_t under_way, nanoseconds waited,
                              nanoseconds ended) const noexcept {
  double const cpu = cpu_cost_so_far(0, under_way, ended);
  if (cpu < 0) return false;
  double const each = std::max(device_cost(), 0.0) + cpu;
  return static_cast<double>((waited - worthwhile_load).count()) >
         static_cast<double>(under_way) * each;
}

}  // namespace hetmap::core
