// Calls that are enqueued in a stream of the caller's and not waited for.
#include "../error.hpp"
#include "devices.hpp"
#include "held_arrays.hpp"
#include "resources.hpp"
#include "route.hpp"

#include <hetmap/detail/chunk.hpp>
#include <hetmap/error.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>

namespace hetmap {
namespace core {
namespace {

using namespace detail;

struct unread_words {
  std::mutex guard;
  std::map<device*, std::uint64_t*> all;
};

unread_words& words() {
  static unread_words& here = *new unread_words;
  return here;
}

/// A failure word that nobody reads, for launches that nobody waits for; pinned once a device.
status unread_word(device& gpu, std::uint64_t*& word) {
  auto& here = words();
  std::lock_guard const lock(here.guard);
  std::uint64_t*& known = here.all[&gpu];
  if (known == nullptr) {
    void* block = nullptr;
    if (status const s = gpu.pin(block, sizeof(std::uint64_t)); !s.ok()) return s;
    known = static_cast<std::uint64_t*>(block);
    *known = no_failure;
  }
  word = known;
  return {};
}

[[noreturn]] void refuse(char const* verb, std::string const& why) {
  clear_failed_index();
  throw device_unavailable(std::string(verb) + ": " + why);
}

status enqueue(job const& work, gpu_route& route, void* stream) {
  held_arrays arrays(work);
  if (status const s = arrays.to_device(*route.gpu, route.columns); !s.ok()) return s;
  std::uint64_t* word = nullptr;
  if (status const s = unread_word(*route.gpu, word); !s.ok()) return s;
  for (std::size_t begin = 0; begin < work.count; begin += largest_launch) {
    gpu_column columns[2 * most_gpu_columns];
    for (std::size_t k = 0; k != route.columns.size(); ++k) {
      located_column const& c = route.columns[k];
      if (c.generated)
        columns[k].first = c.first + static_cast<std::int64_t>(begin);
      else
        columns[k].base = static_cast<char*>(c.memory.base) + begin * c.memory.bytes;
    }
    status const s = route.gpu->launch(stream, *route.form,
                                       {.functor = arrays.functor(),
                                        .columns = columns,
                                        .count = std::min(work.count - begin, largest_launch),
                                        .failure = word});
    if (!s.ok()) return s;
  }
  return {};
}

}  // namespace

void release_unread_words() noexcept {
  auto& here = words();
  std::lock_guard const lock(here.guard);
  for (auto const& [gpu, word] : here.all)
    if (!is_lost(*gpu)) gpu->unpin(word);
  here.all.clear();
}

}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

void run_on_stream(job const& work, settings const& how, void* stream) {
  core::gpu_route route = core::find_route(work, how, backend::gpu, true);
  if (route.no_gpu != nullptr) core::refuse(how.verb, std::string("backend gpu: ") + route.no_gpu);
  if (route.travels)
    core::refuse(how.verb,
                 "a range beside the device_span is in host memory, which a call on a "
                 "stream does not copy; leave the stream out, or copy it first");
  if (work.count == 0) return;
  core::status const s = core::enqueue(work, route, stream);
  if (s.ok()) return;
  if (s.what == core::fault::lost) core::mark_lost(*route.gpu, s);
  core::clear_failed_index();
  throw device_error(std::string(how.verb) + ": the launch failed: " + s.text);
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
