#include "device_lane.hpp"

#include "../gpu/clock.hpp"
#include "../gpu/device_blocks.hpp"
#include "../gpu/devices.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

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

std::chrono::nanoseconds now() { return device_time.load()(); }

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

device_lane::device_lane(stream_job const& work, gpu_route route, held_arrays& arrays,
                         unsigned copiers)
    : work_(work),
      route_(std::move(route)),
      copiers_(copiers),
      arrays_(arrays),
      flow_(*route_.gpu, route_.form, arrays.functor(), {}, route_.columns),
      operands_(route_.columns.size()) {
  under_way_.reserve(ring_slots);
  free_.reserve(ring_slots);
}

device_lane::~device_lane() {
  if (!lent_) return;
  if (!idle() && !is_lost(*route_.gpu))
    if (status const s = settle(); s.what == fault::lost) mark_lost(*route_.gpu, s);
  keep_resources(std::move(lent_));
}

status device_lane::make_ready(stream_shape const& form) {
  status why = arrays_.to_device(*route_.gpu, route_.columns);
  if (!why.ok()) return why;
  lent_ = lend_resources(*route_.gpu, why, lent_to::streams);
  if (!lent_) return why;
  std::size_t const in_flight = std::min(form.window, ring_slots);
  std::size_t const alignment = std::max(slot_alignment_of(work_), slot_alignment);
  elements_ = std::min(form.chunk, largest_launch);
  std::size_t slots_bytes = 0;
  for (;;) {
    ring_ = ring_for(route_.columns, in_flight * elements_, 1, elements_);
    slot_bytes_ = slot_bytes(work_, elements_);
    slots_bytes = rounded_up(form.window * slot_bytes_, slot_alignment);
    why = lent_->hold(alignment - slot_alignment + slots_bytes + in_flight * ring_.pinned_bytes,
                      in_flight * ring_.device_bytes);
    if (why.what != fault::out_of_memory) break;
    release_device_memory();  // what other calls left behind may be all that it takes
    if (elements_ <= block_elements) break;
    elements_ = std::max(elements_ / 2, block_elements);
  }
  if (!why.ok()) return why;
  auto const base = reinterpret_cast<std::uintptr_t>(lent_->pinned);
  slots_ = static_cast<std::byte*>(lent_->pinned) + (rounded_up(base, alignment) - base);
  flow_.use(*lent_, slots_ + slots_bytes, ring_);
  for (std::size_t k = in_flight; k-- != 0;) free_.push_back(k);
  most_ = elements_;
  after_failure_.assign(form.window, 0);
  return {};
}

std::size_t device_lane::next_part(std::size_t k, slot const& s) const noexcept {
  std::size_t const rest = s.begin + s.count - s.done_to;
  return std::min({rest, most_, s.failures.empty() ? rest : after_failure_[k]});
}

status device_lane::send(std::size_t k, slot const& s) {
  auto const began = now();
  part p{.k = k, .exact = !s.failures.empty(), .sent = began, .load = {}};
  p.load.number = free_.back();
  p.load.begin = s.done_to;
  p.load.count = next_part(k, s);
  status why;
  try {
    work_.gpu->locate(work_.task, s.columns.data(), s.begin, s.count, operands_.data());
    std::size_t const offset = s.done_to - s.begin;
    for (std::size_t c = 0; c != operands_.size(); ++c) {
      column const& m = operands_[c].memory;
      if (m.base != nullptr) p.load.at[c] = static_cast<std::byte*>(m.base) + offset * m.stride;
    }
    device_group const together(*route_.gpu);
    why = flow_.enter(p.load, copiers_, p.exact);
    if (why.ok()) why = flow_.copy_out(p.load, p.load.count);
  } catch (...) {
    why = {fault::refused, 0, "there is no memory to work with on the host"};
  }
  if (why.ok()) {
    free_.pop_back();
    under_way_.push_back(p);
  }
  spent_.busy += now() - began;
  return why;
}

status device_lane::take(std::vector<slot>& slots, bool wait, arrival& out) {
  auto const began = now();
  part& p = under_way_.front();
  device& gpu = *route_.gpu;
  device_group const together(gpu);
  if (!wait) {
    bool arrived = false;
    status const s = gpu.query(flow_.copied_out(p.load), arrived);
    if (!s.ok() || !arrived) return s;
  }
  if (status const s = gpu.block_until(flow_.copied_out(p.load)); !s.ok()) return s;
  if (status const s = flow_.judge(p.load, p.exact); !s.ok()) return s;
  std::size_t const good = std::min(p.load.failed, p.load.count);
  if (p.load.repeated) {
    // Beside the element that failed, a fast kernel may have left out others.
    if (status const s = flow_.copy_out(p.load, good); !s.ok()) return s;
    if (status const s = gpu.block_until(flow_.copied_out(p.load)); !s.ok()) return s;
  }
  slot& s = slots[p.k];
  s.done_to += good;
  if (good != p.load.count) {
    try {
      s.failures.push_back({s.done_to, std::make_exception_ptr(kernel_error(p.load.code))});
      ++s.done_to;
    } catch (...) {
      s.input_failure = {s.done_to, std::current_exception()};  // no memory to go on with
    }
    after_failure_[p.k] = std::max(p.load.count / 4, block_elements);
  } else {
    after_failure_[p.k] = p.load.count * 4;
  }
  out = {true, p.k, {good, now() - p.sent}};
  spent_ += {good, now() - began};
  free_.push_back(p.load.number);
  under_way_.erase(under_way_.begin());
  return {};
}

status device_lane::settle() { return flow_.become_idle(); }

bool device_lane::halve() noexcept {
  if (most_ <= block_elements) return false;
  most_ = std::max(most_ / 2, block_elements);
  return true;
}

void device_lane::forget(std::vector<std::size_t>& chunks) {
  for (part const& p : under_way_) {
    chunks.push_back(p.k);
    free_.push_back(p.load.number);
  }
  under_way_.clear();
}

}  // namespace hetmap::core
