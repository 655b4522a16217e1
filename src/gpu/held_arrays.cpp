#include "held_arrays.hpp"

#include "../cpu/forked.hpp"
#include "array_memory.hpp"

#include <cstring>
#include <mutex>
#include <unordered_set>

namespace hetmap::core {
namespace {

using detail::array_memory;
using detail::host_access;

struct living_arrays {
  process_mutex guard;
  std::unordered_set<array_memory const*> all;
};

living_arrays& living() {
  static constinit made_once<living_arrays> here;  // arrays may outlive any other static object
  return here.get();
}

bool lives(array_memory const* memory) {
  auto& here = living();
  std::lock_guard const lock(here.guard);
  return here.all.contains(memory);
}

}  // namespace

void array_is_born(array_memory& memory) {
  auto& here = living();
  std::lock_guard const lock(here.guard);
  here.all.insert(&memory);
}

void array_dies(array_memory& memory) noexcept {
  auto& here = living();
  std::lock_guard const lock(here.guard);
  here.all.erase(&memory);
}

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
    if (words.mark == detail::array_ref_mark && lives(words.memory))
      references_.push_back({words.memory, &to, at + offsetof(array_ref_words, data)});
  }
}

status held_arrays::to_device(device& gpu, std::vector<located_column>& columns) {
  // A fold has columns of its own before those of the call.
  std::size_t const first = columns.size() - (work_.gpu->outputs + work_.gpu->inputs);
  if (work_.arrays != nullptr)
    for (unsigned k = 0; k != work_.outputs + work_.inputs; ++k) {
      array_memory* const memory = work_.arrays[k];
      if (memory == nullptr) continue;
      void*& base = columns[first + k].memory.base;
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
  return columns;
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
