#include "held_arrays.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hetmap::core {

using detail::array_memory;
using detail::host_access;

held_arrays::held_arrays(detail::job const& work) : work_(work) {
  copy(functor_, work.functor, work.functor_bytes);
  copy(operation_, work.operation, work.operation_bytes);
}

void held_arrays::copy(aligned_bytes& to, void const* from, std::size_t size) {
  if (from == nullptr) return;
  to.resize(size / sizeof(std::max_align_t) + 1);
  std::memcpy(to.data(), from, size);
  if (!refs_exist.load(std::memory_order_relaxed)) return;
  auto const* const bytes = reinterpret_cast<char const*>(to.data());
  using detail::array_ref_words;
  for (std::size_t at = 0; at + sizeof(array_ref_words) <= size; at += alignof(array_ref_words)) {
    array_ref_words words;
    std::memcpy(&words, bytes + at, sizeof words);
    if (words.mark == detail::array_ref_mark && is_array(words.memory))
      references_.push_back({words.memory, &to, at + offsetof(array_ref_words, data)});
  }
}

/// Whether any word, but for those of refs, could be an address of something that holds refs.
bool held_arrays::may_point(aligned_bytes const& bytes, std::size_t size) const noexcept {
  using detail::array_ref_words;
  constexpr std::uint64_t first = 1u << 16, last = std::uint64_t{1} << 57;
  auto const* const from = reinterpret_cast<char const*>(bytes.data());
  auto const is_ref = [&](std::size_t at) {
    return std::any_of(references_.begin(), references_.end(), [&](reference const& r) {
      std::size_t const begin = r.offset - offsetof(array_ref_words, data);
      return r.holder == &bytes && at >= begin && at < begin + sizeof(array_ref_words);
    });
  };
  for (std::size_t at = 0; at + sizeof(void*) <= size; at += alignof(void*)) {
    std::uint64_t word;
    std::memcpy(&word, from + at, sizeof word);
    if (word >= first && word < last && word % alignof(array_ref_words) == 0 && !is_ref(at))
      return true;
  }
  return false;
}

bool held_arrays::may_hide_refs() const noexcept {
  return work_.functor == nullptr || may_point(functor_, work_.functor_bytes) ||
         may_point(operation_, work_.operation_bytes);
}

status held_arrays::to_device(device& gpu, std::vector<located_column>& columns) {
  // A fold has columns of its own before those of the call.
  std::size_t const first = columns.size() - (work_.gpu->outputs + work_.gpu->inputs);
  if (work_.arrays != nullptr)
    for (unsigned k = 0; k != work_.outputs + work_.inputs; ++k) {
      array_memory* const memory = work_.arrays[k];
      if (memory == nullptr) continue;
      void*& base = columns[first + k].memory.base;
      if (k < work_.outputs && columns[first + k].how != travel::none) {
        base = memory->host(detail::host_access::address);
        continue;
      }
      status const s =
          k < work_.outputs ? memory->device_room(gpu, base) : memory->device_data(gpu, base);
      if (!s.ok()) return s;
    }
  for (reference const& r : references_) {
    void* data = nullptr;
    if (status const s = r.memory->device_data(gpu, data); !s.ok()) return s;
    std::memcpy(reinterpret_cast<char*>(r.holder->data()) + r.offset, &data, sizeof data);
  }
  return {};
}

std::vector<detail::column> held_arrays::to_host() {
  std::vector<detail::column> columns(work_.columns, work_.columns + work_.outputs + work_.inputs);
  if (work_.arrays != nullptr)
    for (unsigned k = 0; k != work_.outputs + work_.inputs; ++k)
      if (array_memory* const memory = work_.arrays[k]; memory != nullptr)
        columns[k].base =
            memory->host(k < work_.outputs ? host_access::address : host_access::read);
  for (reference const& r : references_) static_cast<void>(r.memory->host(host_access::read));
  if (refs_away.load(std::memory_order_relaxed) != 0 && may_hide_refs()) bring_refs_home();
  return columns;
}

bool held_arrays::hold_results() const noexcept {
  return work_.arrays != nullptr && std::any_of(work_.arrays, work_.arrays + work_.outputs,
                                                [](array_memory const* a) { return a != nullptr; });
}

bool held_arrays::results_replace_only_copy() const noexcept {
  if (!hold_results()) return false;
  auto const inputs = work_.arrays + work_.outputs;
  return std::any_of(work_.arrays, inputs, [&](array_memory const* a) {
    return a != nullptr && !a->on_host() &&
           std::find(inputs, inputs + work_.inputs, a) != inputs + work_.inputs;
  });
}

void held_arrays::are_written(device* gpu) noexcept {
  if (work_.arrays == nullptr) return;
  for (unsigned k = 0; k != work_.outputs; ++k)
    if (work_.arrays[k] != nullptr) work_.arrays[k]->is_written(gpu);
}

void held_arrays::are_read_by(device const& gpu, std::shared_ptr<unwaited_launch> const& launch) {
  for (reference const& r : references_) r.memory->is_read_by(gpu, launch);
}

void held_arrays::keep_on_host() {
  for (unsigned k = 0; work_.arrays != nullptr && k != work_.outputs; ++k)
    if (work_.arrays[k] != nullptr) static_cast<void>(work_.arrays[k]->host(host_access::read));
}

}  // namespace hetmap::core
