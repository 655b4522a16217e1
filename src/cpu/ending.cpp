#include "ending.hpp"

#include "../base/deadline.hpp"
#include "pool_core.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <exception>

namespace hetmap::core {

using clock = std::chrono::steady_clock;

ending::ending(detail::settings const& how)
    : how_(how), possible_(how.stop != nullptr || how.pool != nullptr || how.deadline != 0) {
  deadline_ = moment(how.deadline);
}

ending::cause ending::due() const {
  if (how_.stop != nullptr && how_.stop->stop_requested()) return cause::stop;
  if (how_.pool != nullptr && how_.pool->ended() != detail::pool_end::none) return cause::pool;
  if (how_.deadline != 0 && clock::now() >= deadline_) return cause::deadline;
  return cause::none;
}

void ending::look_closely(ledger& account) noexcept {
  cause why;
  try {
    why = due();
  } catch (...) {
    return account.interrupt(std::current_exception());
  }
  if (why == cause::none) return;
  if (how_.hub != nullptr) how_.hub->request();
  auto expected = cause::none;
  met_.compare_exchange_strong(expected, why);
  if (why == cause::pool && how_.pool->ended() == detail::pool_end::broken)
    account.interrupt(how_.pool->refusal());
  else
    account.close();
}

}  // namespace hetmap::core
