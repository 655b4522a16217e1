#include "as_map.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace hetmap::core {

using namespace detail;

namespace {

/// Elements that a prediction is made for where the input does not know its length.
constexpr std::size_t supposed_elements = std::size_t{1} << 20;

/// The input of the stream that operand k of its kernel comes from: rows are many operands.
unsigned port_of(stream_job const& work, std::size_t operand) {
  return work.inputs == 1 ? 0 : static_cast<unsigned>(operand) - 1;
}

bool is_kept(stream_job const& work, std::size_t operand) {
  return work.stages[1 + port_of(work, operand)].bytes != 0;
}

}  // namespace

stream_as_map::stream_as_map(stream_job const& work)
    : job{.code = work.code,
          .count = work.total != no_length ? work.total : supposed_elements,
          .learned = work.learned,
          .reads = access::batched,
          .no_gpu = work.no_gpu} {
  if (work.gpu == nullptr) return;
  operands.resize(1 + work.gpu->inputs);
  bool const in_memory = work.stages[1].bytes == 0;
  work.gpu->locate(work.task, nullptr, 0, in_memory ? work.total : 0, operands.data());
  for (std::size_t k = 0; k != operands.size(); ++k) {
    column& memory = operands[k].memory;
    if (k != 0 && is_kept(work, k)) memory.base = operands.data();  // host memory, like the slots
    columns.push_back(memory);
  }
  gpu = {.site = work.gpu->site,
         .operands = operands.data(),
         .outputs = 1,
         .inputs = work.gpu->inputs};
  job.columns = columns.data();
  job.outputs = 1;
  job.inputs = work.gpu->inputs;
  job.functor = work.gpu->functor;
  job.functor_bytes = static_cast<std::uint32_t>(work.gpu->functor_bytes);
  job.gpu = &gpu;
}

void locate_slots(gpu_route& route, stream_job const& work) {
  for (std::size_t k = 0; k != route.columns.size(); ++k) {
    located_column& c = route.columns[k];
    if (k != 0 && !is_kept(work, k)) continue;
    // Rows are kept as rows.
    c.how = c.memory.stride == c.memory.bytes ? travel::direct : travel::staged;
    c.generated = false;
    route.travels = true;
  }
  route.unreachable =
      std::any_of(route.columns.begin(), route.columns.end(),
                  [](located_column const& c) { return c.how == travel::none && !c.generated; });
}

device_demand demand_of(gpu_route const& route) noexcept {
  device_demand out;
  for (located_column const& c : route.columns) {
    if (c.how == travel::none) continue;
    std::size_t const times = c.how == travel::staged ? 2 : 1;  // there, and pinned
    out.columns += times;
    out.element_bytes += times * c.memory.bytes;
    out.widest = std::max(out.widest, c.memory.bytes);
  }
  return out;
}

}  // namespace hetmap::core
