// The stop token of one call, for functions that take one.
#include "pool_core.hpp"

#include <hetmap/detail/chunk.hpp>

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

stop_hub::stop_hub(settings const& how) : state_(std::make_unique<state>()) {
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
  if (how.pool != nullptr) {
    how.pool->add(*this);
    state_->pool = how.pool;
  }
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

void stop_hub::request() noexcept { state_->source.request_stop(); }

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
