#include "resources.hpp"

#include "../base/forked.hpp"
#include "../base/size_class.hpp"
#include "devices.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace hetmap::core {
namespace {

/// Rings are at least so large, in bytes, on either side, so that small calls of different sizes
/// share one.
constexpr std::size_t smallest_ring = std::size_t{64} << 10;

/// Streams that end together leave what so many of them had.
constexpr std::ptrdiff_t most_kept_of_streams = 2;

/// What a device still works with that nobody waits for.
struct abandoned_resources {
  std::unique_ptr<device_resources> what;
  device::event last;

  /// done: set once it has completed. Returns: whether it will.
  bool ask(bool& done) const noexcept {
    if (is_lost(*what->gpu)) return false;
    status const asked = what->gpu->query(last, done);
    if (asked.what == fault::lost) mark_lost(*what->gpu, asked);
    done = done && asked.ok();
    return asked.what != fault::lost;
  }
};

struct kept_resources {
  process_mutex guard;
  std::vector<std::unique_ptr<device_resources>> all;
  std::vector<abandoned_resources> abandoned;

  /// Given up where there is no memory to note it in.
  void keep(std::unique_ptr<device_resources> used) noexcept {
    try {
      all.push_back(std::move(used));
    } catch (std::bad_alloc const&) {
    }
  }
  /// What has completed is kept; what never will is leaked.
  void take_back() noexcept {
    std::erase_if(abandoned, [this](abandoned_resources& l) {
      bool done = false;
      if (!l.ask(done)) return true;
      if (done) keep(std::move(l.what));
      return done;
    });
  }
};

kept_resources& kept() {
  // Never destroyed: freeing memory of a device while its runtime is torn down is an error.
  static constinit made_once<kept_resources> here;
  return here.get();
}

}  // namespace

device_resources::~device_resources() {
  if (is_lost(*gpu)) return;  // nothing of it may be called any more
  gpu->unpin(pinned);
  gpu->free(memory);
  gpu->unpin(failures);
  for (slot_events const& e : events) {
    gpu->destroy_event(e.in);
    gpu->destroy_event(e.kernel);
    gpu->destroy_event(e.out);
  }
  gpu->destroy(in);
  gpu->destroy(kernels);
  gpu->destroy(out);
}

status device_resources::make() {
  for (device::stream* s : {&in, &kernels, &out})
    if (status const made = gpu->create(*s); !made.ok()) return made;
  for (slot_events& e : events)
    for (device::event* one : {&e.in, &e.kernel, &e.out})
      if (status const made = gpu->create_event(*one); !made.ok()) return made;
  void* words = nullptr;
  status const pinned_words = gpu->pin(words, 2 * ring_slots * sizeof(std::uint64_t));
  failures = static_cast<std::uint64_t*>(words);
  return pinned_words;
}

status device_resources::take_pinned(std::size_t bytes) {
  gpu->unpin(std::exchange(pinned, nullptr));
  pinned_bytes = 0;
  if (bytes == 0) return {};
  if (status const s = gpu->pin(pinned, bytes); !s.ok()) return s;
  pinned_bytes = bytes;
  return {};
}

status device_resources::take_memory(std::size_t bytes) {
  gpu->free(std::exchange(memory, nullptr));
  memory_bytes = 0;
  if (bytes == 0) return {};
  if (status const s = gpu->allocate(memory, bytes); !s.ok()) return s;
  memory_bytes = bytes;
  return {};
}

status device_resources::reserve(std::size_t pinned_wanted, std::size_t memory_wanted) {
  if (pinned_bytes < pinned_wanted)
    if (status const s = take_pinned(size_class(pinned_wanted, smallest_ring)); !s.ok()) return s;
  if (memory_bytes < memory_wanted)
    if (status const s = take_memory(size_class(memory_wanted, smallest_ring)); !s.ok()) return s;
  return {};
}

status device_resources::hold(std::size_t pinned_wanted, std::size_t memory_wanted) {
  if (pinned_bytes != pinned_wanted)
    if (status const s = take_pinned(pinned_wanted); !s.ok()) return s;
  if (memory_bytes != memory_wanted)
    if (status const s = take_memory(memory_wanted); !s.ok()) return s;
  return {};
}

std::unique_ptr<device_resources> lend_resources(device& gpu, status& why, lent_to whom) {
  {
    auto& here = kept();
    std::lock_guard const lock(here.guard);
    here.take_back();
    auto const at = std::find_if(here.all.begin(), here.all.end(),
                                 [&](auto const& r) { return r->gpu == &gpu && r->whom == whom; });
    if (at != here.all.end()) {
      auto found = std::move(*at);
      here.all.erase(at);
      return found;
    }
  }
  auto fresh = std::make_unique<device_resources>(gpu, whom);
  why = fresh->make();
  if (why.ok()) return fresh;
  if (why.what == fault::lost) mark_lost(gpu, why);
  return nullptr;
}

void keep_resources(std::unique_ptr<device_resources> used) noexcept {
  auto& here = kept();
  std::lock_guard const lock(here.guard);
  auto const like_it = std::count_if(here.all.begin(), here.all.end(), [&](auto const& r) {
    return r->gpu == used->gpu && r->whom == used->whom;
  });
  if (used->whom == lent_to::streams && like_it >= most_kept_of_streams) return;
  here.keep(std::move(used));
}

bool abandon_resources(std::unique_ptr<device_resources>& used, device::event last) noexcept {
  auto& here = kept();
  std::lock_guard const lock(here.guard);
  try {
    here.abandoned.push_back({nullptr, last});
  } catch (std::bad_alloc const&) {
    return false;
  }
  here.abandoned.back().what = std::move(used);
  return true;
}

bool works_on_abandoned(device const& gpu) noexcept {
  auto& here = kept();
  std::lock_guard const lock(here.guard);
  here.take_back();
  return std::any_of(here.abandoned.begin(), here.abandoned.end(),
                     [&](abandoned_resources const& l) { return l.what->gpu == &gpu; });
}

void await_abandoned() noexcept {
  auto& here = kept();
  std::lock_guard const lock(here.guard);
  for (abandoned_resources const& l : here.abandoned)
    if (!is_lost(*l.what->gpu))
      if (status const s = l.what->gpu->block_until(l.last); s.what == fault::lost)
        mark_lost(*l.what->gpu, s);
  here.take_back();
}

void release_device_resources() noexcept {
  auto& here = kept();
  std::lock_guard const lock(here.guard);
  here.take_back();
  here.all.clear();
}

}  // namespace hetmap::core
