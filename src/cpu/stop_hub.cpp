// The stop token of one call, for functions that take one.
#include "../base/thread.hpp"
#include "pool_core.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
namespace {

struct request_of {
  stop_hub* hub;
  void operator()() const noexcept { hub->request(); }
};

}  // namespace

struct stop_hub::state {
  std::stop_source source;
  std::stop_token token = source.get_token();
  pool_core* pool = nullptr;
  std::optional<std::stop_callback<request_of>> link;
  std::mutex guard;
  std::condition_variable ended;
  bool over = false;  // guarded by guard
  std::chrono::steady_clock::time_point due;
  std::optional<core::threads> timer;  // only where there is a deadline

  ~state() { end_timer(); }

  void end_timer() noexcept {
    {
      std::lock_guard const lock(guard);
      over = true;
    }
    ended.notify_one();
    timer.reset();
  }

  /// Requests at the deadline, unless the call has ended by then.
  static void run_timer(void* of, unsigned) {
    auto& hub = *static_cast<stop_hub*>(of);
    state& me = *hub.state_;
    {
      std::unique_lock lock(me.guard);
      if (me.ended.wait_until(lock, me.due, [&] { return me.over; })) return;
    }
    hub.request();
  }
};

stop_hub::stop_hub(settings const& how) : state_(new state) {
  state_->pool = how.pool;
  if (how.stop != nullptr)
    if (void const* const theirs = how.stop->held(typeid(std::stop_token)))
      state_->link.emplace(*static_cast<std::stop_token const*>(theirs), request_of{this});
  if (how.deadline != 0) {
    using clock = std::chrono::steady_clock;
    state_->due = clock::time_point(
        std::chrono::duration_cast<clock::duration>(std::chrono::nanoseconds(how.deadline)));
    auto const& timer = state_->timer.emplace("hetmap timer", 0u, 1u, &state::run_timer, this);
    if (int const refusal = timer.refusal())
      throw std::system_error(refusal, std::generic_category(),
                              "hetmap: the system gave no thread for a deadline");
  }
  if (how.pool != nullptr) how.pool->add(*this);
}

stop_hub::~stop_hub() {
  if (state_->pool != nullptr) state_->pool->remove(*this);
  state_->link.reset();
  state_->end_timer();
}

void const* stop_hub::token(std::type_info const& type) const noexcept {
  return type == typeid(std::stop_token) ? &state_->token : nullptr;
}

void stop_hub::request() noexcept {
  callbacks_of const scope(state_->pool);
  state_->source.request_stop();
}

/// Callbacks may end the pool, or call it: they are run without its lock, and a hub may be gone
/// before they are.
void pool_core::ask_to_stop() noexcept {
  callbacks_of const scope(this);
  for (;;) {
    std::stop_source source(std::nostopstate);
    {
      std::lock_guard const lock(ending_);
      auto const next =
          std::find_if(hubs_.begin(), hubs_.end(), [](listed_hub const& h) { return !h.asked; });
      if (next == hubs_.end()) return;
      next->asked = true;
      source = next->hub->state_->source;
    }
    source.request_stop();
  }
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
