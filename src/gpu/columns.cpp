#include "columns.hpp"

#include "../base/error.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace hetmap::core {
namespace {

using namespace detail;

/// From the first byte of `count` elements, at least one, to the last, or to the end of all
/// addresses.
memory_range range_of(column const& c, std::size_t count) {
  std::size_t const left = ~reinterpret_cast<std::uintptr_t>(c.base);
  std::size_t const more = (left - std::min(left, c.bytes)) / c.stride;
  return {.begin = c.base, .bytes = count - 1 <= more ? (count - 1) * c.stride + c.bytes : left};
}

/// A column that has memory of its own, as a message names it.
struct named_column {
  char const* verb;
  device const& gpu;
  bool output;
  bool span;  // the caller says that it is a GPU's memory
  unsigned number;
  void const* address;

  [[nodiscard]] std::string text() const {
    char at[32];
    std::snprintf(at, sizeof at, " (at 0x%llx)",
                  static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(address)));
    std::string out(verb);
    out.append(output ? ": output " : ": input ").append(std::to_string(number));
    return out.append(at);
  }
  [[nodiscard]] std::string of_gpu() const { return "GPU " + std::to_string(gpu.index()); }

  [[noreturn]] void refuse(std::string const& why) const {
    clear_failed_index();
    throw memory_error(text() + why);
  }
  [[noreturn]] void refuse_host() const {
    refuse(" is a device_span and not in the memory of " + of_gpu() +
           ": it was freed, or it is the host's, which is given as a range and copied");
  }
  [[noreturn]] void refuse_foreign(unsigned owner) const {
    clear_failed_index();
    throw device_unavailable(text() + " lies in the memory of GPU " + std::to_string(owner) +
                             " and the call is for " + of_gpu() +
                             "; choose the other one by .device, or copy it first");
  }
};

/// Checks memory that the device's kernels will use where it lies.
void check_resident(column const& c, std::size_t count, std::size_t alignment, bool whole,
                    named_column const& name) {
  if (!whole)
    name.refuse(" has " + std::to_string(count) + " elements of " + std::to_string(c.bytes) +
                " bytes, which end beyond its memory on " + name.of_gpu());
  if (reinterpret_cast<std::uintptr_t>(c.base) % alignment != 0)
    name.refuse(" is not aligned to its elements: " + name.of_gpu() + " needs a multiple of " +
                std::to_string(alignment));
  if (c.stride != c.bytes)
    name.refuse(" is a part of rows in the memory of " + name.of_gpu() +
                ", which takes a column of its own for each element of a row");
}

travel way_of(column const& c, std::size_t count, std::size_t alignment, memory_range const& found,
              named_column const& name) {
  switch (found.where) {
    case place::device: check_resident(c, count, alignment, found.whole, name); return travel::none;
    case place::managed:
      // Threads may stage it like any other host memory.
      if (!name.span) return travel::staged;
      check_resident(c, count, alignment, found.whole, name);
      return travel::none;
    case place::pinned:
      if (name.span) name.refuse_host();
      // Programs may have pinned a part of a larger block.
      return found.whole && c.stride == c.bytes ? travel::direct : travel::staged;
    case place::pageable:
      if (name.span) name.refuse_host();
      return travel::staged;
    case place::foreign: name.refuse_foreign(found.owner);
  }
  return travel::staged;
}

/// What a fold has beside the columns of the call: a value for every piece, and what is folded
/// where a map makes it.
std::vector<located_column> columns_of_fold(gpu_work const& work) {
  std::vector<located_column> out;
  if (work.fold == nullptr) return out;
  column const values{nullptr, work.fold->value_bytes, work.fold->value_bytes};
  out.push_back({.how = travel::staged, .output = true, .memory = values, .every = fold_piece});
  if (work.site != nullptr)
    out.push_back({.how = travel::within, .output = true, .memory = values});
  return out;
}

}  // namespace

status locate_columns(job const& call, gpu_form const& form, device& gpu, char const* verb,
                      std::vector<located_column>& out) {
  gpu_work const& work = *call.gpu;
  out = columns_of_fold(work);
  std::size_t const first = out.size();
  memory_range ranges[2 * most_gpu_columns];
  unsigned asked[2 * most_gpu_columns];
  std::size_t count = 0;
  auto const name_of = [&](unsigned k) {
    bool const output = k < work.outputs;
    return named_column{.verb = verb,
                        .gpu = gpu,
                        .output = output,
                        .span = (call.device_spans >> k & 1) != 0,
                        .number = output ? k : k - work.outputs,
                        .address = work.operands[k].memory.base};
  };
  for (unsigned k = 0; k != work.outputs + work.inputs; ++k) {
    gpu_operand const& o = work.operands[k];
    located_column c{.generated = o.generated,
                     .output = k < work.outputs,
                     .array = call.arrays != nullptr ? call.arrays[k] : nullptr,
                     .memory = o.memory,
                     .first = o.first};
    named_column const name = name_of(k);
    if (call.count == 0) {
      c.generated = true;  // memory of no elements may be anywhere
    } else if (o.memory.base != nullptr) {
      asked[count] = k;
      ranges[count++] = range_of(o.memory, call.count);
    } else if (name.span || (!c.output && !c.generated && c.array == nullptr)) {
      name.refuse(" is null, and the call has " + std::to_string(call.count) + " elements");
    } else if (c.output && c.array == nullptr) {
      c.how = travel::staged;  // a result that is yet to be allocated
    }
    out.push_back(c);
  }
  if (count != 0)
    if (status const s = gpu.locate(ranges, count); !s.ok()) {
      out.clear();
      return s;
    }
  bool host_has_inputs = true;
  for (std::size_t n = 0; n != count; ++n) {
    unsigned const k = asked[n];
    located_column& c = out[first + k];
    c.how = way_of(c.memory, call.count, form.element_alignments[form.outputs - work.outputs + k],
                   ranges[n], name_of(k));
  }
  for (std::size_t k = first; k != out.size(); ++k)
    if (!out[k].output && !out[k].generated && out[k].how == travel::none) host_has_inputs = false;
  // Written directly only where a device that dies over it leaves something to compute it from.
  for (located_column& c : out)
    if (c.output && c.how == travel::direct && (call.in_place || !host_has_inputs))
      c.how = travel::staged;
  return {};
}

ring_shape ring_for(std::vector<located_column> const& columns, std::size_t count,
                    std::size_t granule, std::size_t wanted) {
  std::vector<ring_column> travelling;
  travelling.reserve(columns.size());
  for (located_column const& c : columns)
    travelling.push_back({.how = c.how, .bytes = c.memory.bytes, .every = c.every});
  return make_ring(std::move(travelling), count, granule, wanted, largest_launch);
}

}  // namespace hetmap::core
