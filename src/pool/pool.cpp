// Pools: their ends, and how work gets in.
#include <hetmap/pool.hpp>

#include "../base/backend.hpp"
#include "../base/error.hpp"
#include "../base/plan.hpp"
#include "../cpu/pool_core.hpp"
#include "../cpu/waits.hpp"
#include "../gpu/devices.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/error.hpp>
#include <hetmap/topology.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
namespace {

thread_local pool_core const* pool_of_this_thread = nullptr;
thread_local callbacks_of* callbacks_of_this_thread = nullptr;

}  // namespace

bool is_worker_of(pool_core const* pool) noexcept {
  return pool != nullptr && pool_of_this_thread == pool;
}
bool is_worker_of_some_pool() noexcept { return pool_of_this_thread != nullptr; }

callbacks_of::callbacks_of(pool_core const* of) noexcept
    : pool(of), outer(std::exchange(callbacks_of_this_thread, this)) {}
callbacks_of::~callbacks_of() { callbacks_of_this_thread = outer; }

bool cannot_join(pool_core const& pool) noexcept {
  if (is_worker_of(&pool)) return true;
  for (auto const* c = callbacks_of_this_thread; c != nullptr; c = c->outer)
    if (c->pool == &pool) return true;
  return false;
}

pool_core::pool_core(unsigned workers, hetmap::backend where, std::function<void()> initializer,
                     std::string name)
    : where_(where),
      initializer_(std::move(initializer)),
      name_(std::move(name)),
      threads_(workers, &start_worker, this, name_.empty() ? "hetmap" : name_.c_str()) {
  if (threads_.size() != workers)
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                            std::string("hetmap: the system gave a pool only ")
                                .append(std::to_string(threads_.size()))
                                .append(" of ")
                                .append(std::to_string(workers))
                                .append(" threads"));
}

void pool_core::start_worker(void* self, unsigned) {
  auto& me = *static_cast<pool_core*>(self);
  pool_of_this_thread = &me;
  if (!me.initializer_) return;
  try {
    me.initializer_();
  } catch (...) {
    me.end(pool_end::broken);
  }
}

namespace {

/// That the initializer threw what is being handled.
std::exception_ptr broken_by_initializer() noexcept {
  auto const cause = std::current_exception();
  return core::exception_from([&] {
    std::string text("hetmap: the pool's initializer threw; its work cannot be run");
    try {
      std::rethrow_exception(cause);
    } catch (std::exception const& e) {
      text.append(" (").append(e.what()).append(")");
    } catch (...) {
    }
    return broken_pool_error(text, cause);
  });
}

}  // namespace

void pool_core::end(pool_end how) noexcept {
  {
    std::lock_guard const lock(ending_);
    if (ended() == pool_end::none) {
      refusal_ = how == pool_end::terminated
                     ? core::exception_from([] { return cancelled_error(0, 0); })
                     : broken_by_initializer();
      ended_.store(how, std::memory_order_release);
    }
  }
  ask_to_stop();
  streams_->close();
  // Run by now, a task only says that it was not.
  while (task* const t = threads_.take()) t->run(*t);
}

void pool_core::close() noexcept {
  streams_->close();
  threads_.close();
}

bool pool_streams::add(pipeline& stream) {
  std::lock_guard const lock(guard_);
  if (!closed_) open_.push_back(&stream);
  return !closed_;
}

void pool_streams::remove(pipeline& stream) noexcept {
  std::lock_guard const lock(guard_);
  std::erase(open_, &stream);
}

void pool_streams::close() noexcept {
  std::lock_guard const lock(guard_);
  closed_ = true;
  for (pipeline* stream : open_) stream->close();
}

void pool_core::add(stop_hub& hub) {
  std::lock_guard const lock(ending_);
  bool const late = ended() != pool_end::none;
  hubs_.push_back({&hub, late});
  if (late) hub.request();  // nobody has its token yet
}

void pool_core::remove(stop_hub& hub) noexcept {
  std::lock_guard const lock(ending_);
  hubs_.erase(
      std::find_if(hubs_.begin(), hubs_.end(), [&](listed_hub const& h) { return h.hub == &hub; }));
}

std::exception_ptr pool_core::refusal() const noexcept { return refusal_; }

void pool_core::require_sound() const {
  if (forked()) {
    core::clear_failed_index();
    throw broken_pool_error(
        "hetmap: this pool's threads stayed in the process that this one was forked from", nullptr);
  }
  if (ended() == pool_end::broken) {
    core::clear_failed_index();
    std::rethrow_exception(refusal_);
  }
}

namespace {

[[noreturn]] void refuse_closed(char const* verb) {
  core::clear_failed_index();
  throw closed_error(std::string(verb).append(": the pool is closed"));
}

}  // namespace

pool_call::pool_call(pool_core& pool, settings how) : how_(how) {
  pool.require_sound();
  // What a worker does is part of something that was there before the pool was closed.
  held_ = !is_worker_of(&pool);
  if (held_ && !pool.threads().hold()) refuse_closed(how.verb);
  how_.pool = &pool;
  static_assert(sizeof doing_ == sizeof(core::doing));
  if (held_) ::new (static_cast<void*>(doing_)) core::doing(&pool.threads());
}

pool_call::~pool_call() {
  if (!held_) return;
  std::launder(reinterpret_cast<core::doing*>(doing_))->~doing();
  how_.pool->threads().release();
}

void post(pool_core& pool, future_state& state, char const* verb) {
  auto const refuse = [&](std::exception_ptr why) { state.give_up(std::move(why), true); };
  try {
    pool.require_sound();
    if (!pool.threads().hold()) refuse_closed(verb);
  } catch (...) {
    refuse(std::current_exception());
    throw;
  }
  state.belongs_to(pool);
  pool.threads().post(state);
  pool.threads().release();
}

}  // namespace detail

namespace {

/// Throws:   as pool's constructor.
detail::pool_core* core_for(pool_options& how) {
  if (how.workers == 0u) detail::refuse_zero("pool", "workers");
  // A backend that is not there is refused here rather than by the first call.
  if (core::needs_gpu(how.backend)) {
    if (auto const found = core::find_device(std::nullopt); found.gpu == nullptr) {
      core::clear_failed_index();
      throw device_unavailable(std::string("pool: backend ") + name(how.backend) + ": " +
                               found.why_none);
    }
  } else {
    static_cast<void>(detail::plan_for(detail::job{}, {.verb = "pool", .backend = how.backend}));
  }
  return detail::without_index([&] {
    return new detail::pool_core(how.workers.value_or(physical_cores()), how.backend,
                                 std::move(how.initializer), std::move(how.name));
  });
}

}  // namespace

pool::pool(pool_options how) : core_(core_for(how)) {}

pool::pool(unsigned workers) : pool(pool_options{.workers = workers}) {}

pool::~pool() {
  // In a forked child there are no threads to join, and what they held is not to be touched.
  if (core_->forked()) return;
  core_->close();
  if (cannot_join(*core_) || !core_->threads().join()) {
    // Destroyed by its own work, or by what that waits for: it would have to end first.
    // Where no thread is to be had it stays: its own end by themselves.
    static_cast<void>(core::start_detached(
        "hetmap end", [](void* core) { delete static_cast<detail::pool_core*>(core); }, core_));
    return;
  }
  delete core_;
}

unsigned pool::workers() const noexcept { return core_->threads().size(); }
std::string const& pool::name() const noexcept { return core_->name(); }

void pool::close() noexcept {
  if (!core_->forked()) core_->close();
}

void pool::join() {
  if (core_->forked()) return;
  auto const refuse = [](char const* text) {
    core::clear_failed_index();
    throw std::logic_error(text);
  };
  if (!core_->threads().closed())
    refuse("hetmap: pool::join before close(): it would wait for ever");
  if (cannot_join(*core_))
    refuse(
        "hetmap: pool::join by a worker of the pool, or in a callback of its work: it would wait "
        "for itself");
  if (!core_->threads().join())
    refuse(
        "hetmap: pool::join while work of the pool waits for the caller: it would wait for ever");
}

void pool::terminate() {
  if (core_->forked()) return;
  core_->close();
  core_->end(detail::pool_end::terminated);
  // Where it would wait for itself, it does not wait.
  if (!cannot_join(*core_)) static_cast<void>(core_->threads().join());
}

pool& default_pool() {
  static constinit core::once_a_process<pool> shared;
  return shared.get([] { return new pool(pool_options{.name = "hetmap"}); });
}

}  // namespace HETMAP_ABI
}  // namespace hetmap
