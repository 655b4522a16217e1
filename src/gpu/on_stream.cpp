// Calls that are enqueued in a stream of the caller's and not waited for.
#include "../base/error.hpp"
#include "devices.hpp"
#include "held_arrays.hpp"
#include "route.hpp"
#include "unwaited.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/error.hpp>

#include <algorithm>
#include <memory>
#include <string>

namespace hetmap {
namespace core {
namespace {

using namespace detail;

[[noreturn]] void refuse(char const* verb, std::string const& why) {
  clear_failed_index();
  throw device_unavailable(std::string(verb) + ": " + why);
}

status launch(job const& work, gpu_route const& route, void const* functor, void* stream) {
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
                                       {.functor = functor,
                                        .columns = columns,
                                        .count = std::min(work.count - begin, largest_launch)});
    if (!s.ok()) return s;
  }
  return {};
}

status enqueue(job const& work, gpu_route& route, void* stream, char const* verb) {
  device& gpu = *route.gpu;
  device_group const together(gpu);
  bool captured = false;
  if (status const s = gpu.capturing(stream, captured); !s.ok()) return s;
  held_arrays arrays(work);
  if (!arrays.has_refs()) return launch(work, route, arrays.functor(), stream);
  if (captured)
    refuse(verb,
           "the stream is being captured, and f has a hetmap::ref, whose memory may be "
           "another when the graph runs; give f a pointer to memory that stays");
  if (status const s = arrays.to_device(gpu, route.columns); !s.ok()) return s;
  auto const reading = std::make_shared<unwaited_launch>(gpu);
  if (status const s = reading->make(); !s.ok()) return s;
  status const launched = launch(work, route, arrays.functor(), stream);
  if (launched.what == fault::lost) return launched;
  // Also where it failed: parts of the call may have been enqueued.
  status const marked = reading->mark(stream);
  try {
    arrays.are_read_by(gpu, reading);
  } catch (...) {
    static_cast<void>(gpu.block_until_idle(stream));
    throw;
  }
  return launched.ok() ? marked : launched;
}

}  // namespace
}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

void run_on_stream(job const& work, settings const& how, void* stream) {
  core::gpu_route route = core::find_route(work, how, backend::gpu, true);
  if (route.no_gpu != nullptr) core::refuse(how.verb, std::string("backend gpu: ") + route.no_gpu);
  if (how.reproducible) core::refuse(how.verb, "reproducible results are the CPU's");
  if (work.count == 0) return;
  if (route.travels)
    core::refuse(how.verb,
                 "a range beside the device_span is in host memory, which a call on a "
                 "stream does not copy; leave the stream out, or copy it first");
  core::status const s = core::enqueue(work, route, stream, how.verb);
  if (s.ok()) return;
  if (s.what == core::fault::lost) core::mark_lost(*route.gpu, s);
  core::clear_failed_index();
  std::string text(how.verb);
  text.append(": GPU ").append(std::to_string(route.gpu->index()));
  text.append(s.what == core::fault::lost ? " is lost to this process: " : " refused the launch: ");
  text.append(s.text);
  if (s.what == core::fault::refused) text.append(" (the stream has to be one of that GPU's)");
  throw device_error(text);
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
