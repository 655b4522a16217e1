#include "hot_team.hpp"

#include "../base/forked.hpp"
#include "team.hpp"

#include <hetmap/topology.hpp>

#include <chrono>
#include <optional>
#include <thread>

namespace hetmap::core {
namespace {

/// Short calls come often when there is less than this between them.
constexpr std::int64_t often_nanoseconds = 100'000;
/// How long a team keeps away from callers that met.
constexpr std::int64_t crowded_nanoseconds = 1'000'000;
/// Long enough to bridge what a program does between two short calls, short enough not to be
/// missed elsewhere.
constexpr std::int64_t shared_spin_nanoseconds = 50'000;

std::int64_t now() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Whether a call has the process's team that may need it, though it may be asleep.
constinit std::atomic<bool> is_needed{false};

void pause() noexcept {
#if defined __x86_64__
  __builtin_ia32_pause();
#elif defined __aarch64__
  asm volatile("yield");
#endif
}

}  // namespace

hot_team::hot_team(unsigned members, std::int64_t spin_nanoseconds)
    : spin_(spin_nanoseconds), wanted_(members) {}

hot_team::~hot_team() {
  closing_.store(true);
  wakes_.fetch_add(1, std::memory_order_release);
  wakes_.notify_all();
  if (members_) members_->join();
}

bool hot_team::ready(std::int64_t nanoseconds) noexcept {
  std::int64_t const time = now();
  std::int64_t const before = last_.load(std::memory_order_relaxed);
  last_.store(time, std::memory_order_relaxed);
  if (time < crowded_until_.load(std::memory_order_relaxed)) return false;
  if (awake() != 0) return true;
  if (time - before - nanoseconds < often_nanoseconds && wanted_ != 0) wake();
  return false;
}

void hot_team::start() noexcept {
  if (has_started() || wanted_ == 0 || started_.exchange(true)) return;
  try {
    members_.emplace(
        "hetmap short", 1, wanted_,
        [](void* self, unsigned k) { static_cast<hot_team*>(self)->serve(k); }, this);
  } catch (...) {  // calls do without members that are not to be had
  }
}

void hot_team::wake() noexcept {
  start();
  wakes_.fetch_add(1, std::memory_order_release);
  wakes_.notify_all();
}

bool hot_team::run(unsigned lanes, void (*body)(void*, unsigned), void* context) noexcept {
  if (!turn_.take()) {
    crowded_until_.store(now() + crowded_nanoseconds, std::memory_order_relaxed);
    body(context, 0);
    return false;
  }
  run_in_turn(lanes, body, context);
  return true;
}

bool hot_team::run_if_free(unsigned lanes, void (*body)(void*, unsigned), void* context) noexcept {
  if (!turn_.take()) return false;
  is_needed.store(true, std::memory_order_relaxed);
  run_in_turn(lanes, body, context);
  is_needed.store(false, std::memory_order_relaxed);
  return true;
}

void hot_team::run_in_turn(unsigned lanes, void (*body)(void*, unsigned), void* context) noexcept {
  call_.open(lanes, body, context);
  body(context, 0);
  lanes_end others(this);
  std::optional<waiting> late;
  call_.close([&](unsigned spins) {
    if (spins < 10'000) {
      pause();
    } else {
      if (!late) late.emplace(others);
      std::this_thread::yield();
    }
  });
  turn_.pass_on();
}

bool hot_team::join(std::uint64_t call, unsigned member) noexcept {
  return call_.join(call, member, [&](void (*body)(void*, unsigned), void* context) noexcept {
    doing const here(this);
    body(context, member);
  });
}

void hot_team::serve(unsigned member) noexcept {
  std::uint64_t served = 0;
  while (!closing_.load(std::memory_order_relaxed)) {
    unsigned const wakes = wakes_.load(std::memory_order_acquire);
    awake_.fetch_add(1, std::memory_order_relaxed);
    std::int64_t until = now() + spin_;
    for (unsigned spins = 1;; ++spins) {
      std::uint64_t const call = call_.look();
      if (call_.is_open(call) && call_.number_of(call) != served) {
        if (!join(call, member)) continue;
        served = call_.number_of(call);
        until = now() + spin_;
      }
      pause();
      if (spins % 16 == 0 && (now() > until || closing_.load(std::memory_order_relaxed))) break;
    }
    awake_.fetch_sub(1, std::memory_order_relaxed);
    if (!closing_.load(std::memory_order_relaxed)) wakes_.wait(wakes, std::memory_order_acquire);
  }
}

void wake_team_in_need() noexcept {
  if (!is_needed.load(std::memory_order_relaxed)) return;
  try {
    shared_hot_team().wake();
  } catch (...) {  // a forked child without memory for a team of its own
  }
}

hot_team& shared_hot_team() {
  static constinit once_a_process<hot_team> team;
  return team.get([] { return new hot_team(physical_cores() - 1, shared_spin_nanoseconds); });
}

}  // namespace hetmap::core
