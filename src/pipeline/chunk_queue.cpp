#include "chunk_queue.hpp"

#include "../gpu/clock.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

namespace hetmap::core {

using namespace detail;

namespace {

std::chrono::nanoseconds now() { return device_time.load()(); }

}  // namespace

chunk_queue::chunk_queue(stream_job const& work, gpu_route route, held_arrays& arrays,
                         unsigned copiers)
    : work_(work),
      route_(std::move(route)),
      arrays_(arrays),
      queue_(*route_.gpu, route_.form, arrays.functor(), {}, route_.columns,
             {.whom = lent_to::streams, .copiers = copiers}),
      operands_(route_.columns.size()) {}

status chunk_queue::make_ready(stream_shape const& form) {
  if (status const s = arrays_.to_device(*route_.gpu, route_.columns); !s.ok()) return s;
  std::size_t const in_flight = std::min(form.window, ring_slots);
  std::size_t const alignment = std::max(slot_alignment_of(work_), slot_alignment);
  auto const layout_for = [&](std::size_t elements) {
    std::size_t const slots = rounded_up(form.window * slot_bytes(work_, elements), slot_alignment);
    return queue_layout{ring_for(route_.columns, in_flight * elements, 1, elements),
                        alignment - slot_alignment + slots};
  };
  if (status const s = queue_.make_ready(std::min(form.chunk, largest_launch), layout_for); !s.ok())
    return s;
  elements_ = queue_.elements();
  slot_bytes_ = slot_bytes(work_, elements_);
  auto const base = reinterpret_cast<std::uintptr_t>(queue_.pinned());
  slots_ = queue_.pinned() + (rounded_up(base, alignment) - base);
  after_failure_.assign(form.window, 0);
  return {};
}

std::size_t chunk_queue::next_part(std::size_t k, slot const& s) const noexcept {
  std::size_t const rest = s.begin + s.count - s.done_to;
  return std::min({rest, queue_.elements(), s.failures.empty() ? rest : after_failure_[k]});
}

status chunk_queue::send(std::size_t k, slot const& s) {
  auto const began = now();
  slot_load next{.begin = s.done_to, .count = next_part(k, s), .exact = !s.failures.empty()};
  status why;
  try {
    work_.gpu->locate(work_.task, s.columns.data(), s.begin, s.count, operands_.data());
    std::size_t const offset = s.done_to - s.begin;
    for (std::size_t c = 0; c != operands_.size(); ++c) {
      column const& m = operands_[c].memory;
      if (m.base != nullptr) next.at[c] = static_cast<std::byte*>(m.base) + offset * m.stride;
    }
    why = queue_.send(next);
  } catch (...) {
    why = {fault::refused, 0, "there is no memory to work with on the host"};
  }
  if (why.ok()) sent_[next.number] = {k, began};
  spent_.busy += now() - began;
  return why;
}

status chunk_queue::take(std::vector<slot>& slots, bool wait, std::optional<chunk_arrival>& out) {
  auto const began = now();
  std::optional<arrived_load> load;
  if (status const s = queue_.take(wait, load); !s.ok() || !load) return s;
  out = note(slots[chunk_of(*load)], *load);
  spent_.busy += now() - began;
  return {};
}

/// Says in its slot what became of a part.
chunk_arrival chunk_queue::note(slot& s, arrived_load const& load) {
  std::size_t const k = chunk_of(load);
  s.done_to += load.good;
  if (load.good != load.count) {
    try {
      s.failures.push_back({s.done_to, std::make_exception_ptr(kernel_error(load.code))});
      ++s.done_to;
    } catch (...) {
      s.input_failure = {s.done_to, std::current_exception()};  // no memory to go on with
    }
    after_failure_[k] = std::max(load.count / 4, block_elements);
  } else {
    after_failure_[k] = load.count * 4;
  }
  spent_.elements += load.good;
  return {k, {load.good, now() - sent_[load.number].at}};
}

void chunk_queue::forget(std::vector<std::size_t>& chunks) {
  for (slot_load const& load : queue_.under_way()) chunks.push_back(chunk_of(load));
  queue_.forget();
}

}  // namespace hetmap::core
