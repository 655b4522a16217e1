#include "devices.hpp"

#include "../base/forked.hpp"
#include "../base/thread.hpp"

#include <hetmap/error.hpp>

#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

namespace hetmap::core {
namespace {

struct known_device {
  device* gpu = nullptr;
  status why{};  // that it could not be opened, or was lost
};

struct known_devices {
  process_mutex guard;
  device_provider* provider = nullptr;
  std::atomic<bool> probed{false};
  std::atomic<unsigned> probed_after_forks{0};
  char const* why_none = "";
  std::vector<known_device> all;
  std::atomic<unsigned> epoch{1};
};

known_devices& known() {
  // Never destroyed: arrays of static duration give their memory back after any destructor here.
  static constinit made_once<known_devices> here;
  return here.get();
}

/// A driver does not survive a fork: a child of a process that had probed its devices has none.
bool forked_after_probe(known_devices const& here) noexcept {
  return here.probed && here.probed_after_forks != fork_count();
}

constexpr char const* no_gpu_half =
    "this program was linked without hetmap's GPU half; link it, or use auto, serial or cpu";

}  // namespace

void set_device_provider(device_provider* provider) noexcept {
  auto& here = known();
  std::lock_guard const guard(here.guard);
  here.provider = provider;
  here.all.clear();
  here.probed = false;
  ++here.epoch;
}

usable_device find_device(std::optional<unsigned> index) {
  auto& here = known();
  std::lock_guard const guard(here.guard);
  if (forked_after_probe(here))
    return {nullptr,
            "a process that was forked after its parent had used the GPU has none; fork "
            "before that, or start a program"};
  if (!here.probed) {
    here.probed_after_forks = fork_count();
    here.why_none = no_gpu_half;
    signals_blocked const handed_on;  // to the driver's threads
    unsigned const count = here.provider != nullptr ? here.provider->count(here.why_none) : 0;
    here.all.assign(count, {});
    here.probed = true;
  }
  if (here.all.empty()) return {nullptr, here.why_none};
  unsigned const k = index.value_or(0);
  if (k >= here.all.size()) {
    std::string text("there is no GPU ");
    text.append(std::to_string(k)).append("; the last is ");
    return {nullptr, text.append(std::to_string(here.all.size() - 1))};
  }
  known_device& wanted = here.all[k];
  if (wanted.gpu == nullptr && wanted.why.ok()) {
    signals_blocked const handed_on;
    wanted.gpu = here.provider->open(k, wanted.why);
  }
  if (wanted.gpu != nullptr && wanted.why.ok()) return {wanted.gpu, {}};
  std::string text("GPU ");
  text.append(std::to_string(k)).append(wanted.gpu != nullptr ? " was lost: " : ": ");
  return {nullptr, text.append(wanted.why.text)};
}

bool devices_unknown() noexcept { return !known().probed; }

void mark_lost(device const& gpu, status why) noexcept {
  auto& here = known();
  std::lock_guard const guard(here.guard);
  for (known_device& k : here.all)
    if (k.gpu == &gpu && k.why.ok()) {
      k.why = why;
      ++here.epoch;
    }
}

bool is_lost(device const& gpu) noexcept {
  auto& here = known();
  if (forked_after_probe(here)) return true;
  std::lock_guard const guard(here.guard);
  for (known_device const& k : here.all)
    if (k.gpu == &gpu) return !k.why.ok();
  return true;
}

unsigned device_epoch() noexcept { return known().epoch; }

std::exception_ptr failure_of(device const& gpu, status why, char const* verb) {
  std::string text(verb);
  text.append(": GPU ").append(std::to_string(gpu.index()));
  if (why.what == fault::lost)
    text.append(" is lost to this process: ").append(why.text);
  else if (why.what == fault::out_of_memory)
    text.append(" is out of memory, even for the smallest part of the call: ").append(why.text);
  else
    text.append(" refused an operation: ").append(why.text);
  return std::make_exception_ptr(device_error(text));
}

}  // namespace hetmap::core
