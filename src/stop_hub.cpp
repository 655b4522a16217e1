// The stop token of one call, for functions that take one.
#include "pool_core.hpp"

#include <hetmap/detail/chunk.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

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
  std::condition_variable_any over;
  std::jthread timer;  // only where there is a deadline
};

stop_hub::stop_hub(settings const& how) : state_(new state) {
  state_->pool = how.pool;
  if (how.stop != nullptr)
    if (void const* const theirs = how.stop->held(typeid(std::stop_token)))
      state_->link.emplace(*static_cast<std::stop_token const*>(theirs), request_of{this});
  if (how.deadline != 0)
    state_->timer = std::jthread([this, at = how.deadline](std::stop_token const& ended) {
      using clock = std::chrono::steady_clock;
      clock::time_point const due(
          std::chrono::duration_cast<clock::duration>(std::chrono::nanoseconds(at)));
      std::unique_lock lock(state_->guard);
      state_->over.wait_until(lock, ended, due, [] { return false; });
      if (!ended.stop_requested()) request();
    });
  if (how.pool != nullptr) how.pool->add(*this);
}

stop_hub::~stop_hub() {
  if (state_->pool != nullptr) state_->pool->remove(*this);
  state_->link.reset();
  if (state_->timer.joinable()) {
    state_->timer.request_stop();
    state_->timer.join();
  }
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
