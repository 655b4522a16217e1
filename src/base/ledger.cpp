#include "ledger.hpp"

#include <algorithm>
#include <utility>

namespace hetmap::core {

ledger::ledger(std::size_t count, std::size_t granule, unsigned lanes, unsigned owners)
    : regions_(count, granule, lanes, owners), failed_at_(count) {}

/// Room for what will be final, before it is done: a result that could not be kept account of would
/// never be destroyed.
bool ledger::has_room(unsigned lane) noexcept {
  auto& finals = regions_.own(lane);
  if (finals.size() != finals.capacity()) return true;
  try {
    finals.reserve(std::max<std::size_t>(8, 2 * finals.capacity()));
    return true;
  } catch (...) {
    interrupt(std::current_exception());
    return false;
  }
}

range ledger::claim(unsigned lane, std::size_t wanted) noexcept {
  return has_room(lane) ? regions_.claim(lane, wanted) : range{};
}

range ledger::claim_back(unsigned lane, std::size_t wanted) noexcept {
  return has_room(lane) ? regions_.claim_back(wanted) : range{};
}

std::size_t ledger::left() const noexcept { return regions_.left(); }

range ledger::claim_returned(unsigned lane, std::size_t wanted, std::size_t unit) noexcept {
  return returned_.known() && has_room(lane) ? returned_.take(regions_, wanted, unit) : range{};
}

void ledger::give_back(range claimed) {
  if (!claimed.empty()) returned_.add(claimed);
}

void ledger::hold_all() noexcept { regions_.hold_all(); }

bool ledger::any_returned() const noexcept { return returned_.any(regions_); }

bool ledger::any_left() const noexcept { return regions_.any_left() || any_returned(); }

void ledger::finish(unsigned lane, range claimed) {
  if (claimed.empty()) return;
  auto& finals = regions_.own(lane);
  if (!finals.empty() && finals.back().end == claimed.begin)
    finals.back().end = claimed.end;
  else
    finals.push_back(claimed);
}

void ledger::fail(unsigned lane, range claimed, std::size_t at, std::exception_ptr error) {
  finish(lane, {claimed.begin, at});
  std::lock_guard const guard(failure_guard_);
  if (failure_ && at >= failed_at_) return;
  failed_at_ = at;
  failure_ = std::move(error);
  regions_.lower_limit(at);
}

void ledger::close() noexcept {
  std::lock_guard const guard(failure_guard_);
  regions_.lower_limit(0);
}

void ledger::interrupt(std::exception_ptr error) noexcept {
  close();
  std::lock_guard const guard(failure_guard_);
  if (!interruption_) interruption_ = std::move(error);
}

void ledger::begin_anew() noexcept {
  for (unsigned k = 0; k != lanes(); ++k) regions_.own(k).clear();
  returned_.clear();
  failed_at_ = regions_.count();
  failure_ = nullptr;
  regions_.begin_anew();
  if (interruption_) regions_.lower_limit(0);
}

std::size_t ledger::done() const noexcept {
  std::size_t sum = 0;
  each_final([&](range const& r) { sum += r.size(); });
  return sum;
}

std::vector<range> ledger::finals() const {
  std::vector<range> all;
  each_final([&](range const& r) { all.push_back(r); });
  std::sort(all.begin(), all.end(), [](range a, range b) { return a.begin < b.begin; });
  std::vector<range> joined;
  for (range const& r : all) {
    if (!joined.empty() && joined.back().end == r.begin)
      joined.back().end = r.end;
    else
      joined.push_back(r);
  }
  return joined;
}

std::exception_ptr ledger::take_failure() noexcept {
  return std::exchange(failure_ ? failure_ : interruption_, nullptr);
}

std::size_t ledger::failed_at() const noexcept { return failed_at_; }

}  // namespace hetmap::core
