#include "devices.hpp"

#include "../base/forked.hpp"
#include "../base/thread.hpp"

#include <hetmap/error.hpp>

#include <exception>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace hetmap::core {
namespace {

struct known_device {
  device* gpu = nullptr;
  status why{};  // that it could not be opened, or was lost
};

/// A vendor's devices, as far as anybody has asked for them.
struct known_provider {
  device_provider* of;
  bool probed = false;
  unsigned probed_after_forks = 0;
  char const* why_none = "";
  std::vector<known_device> all{};

  /// A driver does not survive a fork: a child of a process that had probed its devices has none.
  [[nodiscard]] bool forked_after_probe() const noexcept {
    return probed && probed_after_forks != fork_count();
  }

  [[nodiscard]] usable_device find(unsigned index) {
    if (forked_after_probe())
      return none(
          "a process that was forked after its parent had used the GPU has none; fork "
          "before that, or start a program");
    if (!probed) {
      probed_after_forks = fork_count();
      signals_blocked const handed_on;  // to the driver's threads
      all.assign(of->count(why_none), {});
      probed = true;
    }
    if (all.empty()) return none(why_none);
    if (index >= all.size()) {
      std::string text("there is no GPU ");
      text.append(std::to_string(index)).append("; the last is ");
      return none(text.append(std::to_string(all.size() - 1)));
    }
    known_device& wanted = all[index];
    if (wanted.gpu == nullptr && wanted.why.ok()) {
      signals_blocked const handed_on;
      wanted.gpu = of->open(index, wanted.why);
    }
    if (wanted.gpu != nullptr && wanted.why.ok()) return {wanted.gpu, of->vendor()};
    std::string text("GPU ");
    text.append(std::to_string(index)).append(wanted.gpu != nullptr ? " was lost: " : ": ");
    return none(text.append(wanted.why.text));
  }

 private:
  [[nodiscard]] static usable_device none(std::string why) { return {.why_none = std::move(why)}; }
};

struct known_providers {
  process_mutex guard;
  std::vector<known_provider> all;  // in the order of their registration
};

known_providers& known() {
  // Never destroyed: arrays of static duration give their memory back after any destructor here.
  static constinit made_once<known_providers> here;
  return here.get();
}

constexpr char const* no_gpu_half =
    "this program was linked without hetmap's GPU half; link it, or use auto, serial or cpu";

}  // namespace

void register_device_provider(device_provider& provider) {
  auto& here = known();
  std::lock_guard const guard(here.guard);
  here.all.push_back({.of = &provider});
}

void unregister_device_provider(device_provider& provider) noexcept {
  auto& here = known();
  std::lock_guard const guard(here.guard);
  std::erase_if(here.all, [&](known_provider const& k) { return k.of == &provider; });
}

usable_device find_device(std::optional<unsigned> index, vendor_filter const& will_do) {
  auto& here = known();
  std::lock_guard const guard(here.guard);
  std::string why_none;
  for (known_provider& k : here.all) {
    if (!will_do(k.of->vendor())) continue;
    usable_device found = k.find(index.value_or(0));
    if (found.gpu != nullptr) return found;
    why_none.append(why_none.empty() ? "" : "; ").append(found.why_none);
  }
  return {.why_none = why_none.empty() ? no_gpu_half : why_none};
}

std::vector<device*> all_devices(std::string& why) {
  auto& here = known();
  std::lock_guard const guard(here.guard);
  std::vector<device*> usable;
  for (known_provider& k : here.all) {
    unsigned index = 0;
    do {
      usable_device const found = k.find(index);
      if (found.gpu != nullptr)
        usable.push_back(found.gpu);
      else
        why.append(k.of->vendor()).append(": ").append(found.why_none).append("\n");
    } while (++index < k.all.size());
  }
  return usable;
}

void mark_lost(device const& gpu, status why) noexcept {
  auto& here = known();
  std::lock_guard const guard(here.guard);
  for (known_provider& provider : here.all)
    for (known_device& k : provider.all)
      if (k.gpu == &gpu && k.why.ok()) k.why = why;
}

bool is_lost(device const& gpu) noexcept {
  auto& here = known();
  std::lock_guard const guard(here.guard);
  for (known_provider const& provider : here.all)
    for (known_device const& k : provider.all)
      if (k.gpu == &gpu) return provider.forked_after_probe() || !k.why.ok();
  return true;
}

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
