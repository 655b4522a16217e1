#include "array_memory.hpp"

#include "../base/error.hpp"
#include "device_blocks.hpp"
#include "devices.hpp"
#include "transfer.hpp"

#include <hetmap/error.hpp>
#include <hetmap/vector.hpp>

#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

namespace hetmap {
namespace core {
namespace {

using detail::array_memory;

/// Every array there is.
struct living_arrays {
  process_mutex guard;
  std::unordered_set<array_memory*> all;
};

living_arrays& living() {
  static constinit made_once<living_arrays> here;  // arrays may outlive any other static object
  return here.get();
}

}  // namespace

bool is_array(array_memory const* memory) {
  auto& here = living();
  std::lock_guard const lock(here.guard);
  return here.all.contains(const_cast<array_memory*>(memory));
}

void bring_refs_home() noexcept {
  auto& here = living();
  std::lock_guard const lock(here.guard);
  for (array_memory* const memory : here.all) {
    try {
      memory->bring_home();
    } catch (...) {
      // Whoever reads it knows; the others have nothing to do with it.
    }
  }
}

}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

array_memory::~array_memory() {
  guard_.leave();
  host_current_ = true;  // nobody will read it: it is not away
  count_if_away();
  if (host_ != nullptr) release_block(host_, bytes(), alignment_);
  if (device_ != nullptr)
    core::give_back_device_block(*gpu_, bytes(), device_, std::move(readers_));
}

void array_memory::count_if_away() noexcept {
  bool const away = referred_to_ && device_current_ && !host_current_;
  if (away == std::exchange(counted_as_away_, away)) return;
  if (away)
    core::refs_away.fetch_add(1, std::memory_order_relaxed);
  else
    core::refs_away.fetch_sub(1, std::memory_order_relaxed);
}

void array_memory::make_room_on_host() {
  if (host_ == nullptr && count_ != 0) host_ = acquire_block(count_, size_, alignment_);
}

void array_memory::fetch() {
  if (host_current_ || !device_current_) {
    host_current_ = true;  // elements that nobody has written are anything
    return;
  }
  std::string why = "it was lost before";
  if (!core::is_lost(*gpu_)) {
    core::status const copied = core::copy_from_device(*gpu_, host_, device_, bytes());
    if (copied.ok()) {
      host_current_ = true;
      return;
    }
    core::clear_failed_index();
    if (copied.what != core::fault::lost)
      throw device_error(std::string("array: cannot be copied from the GPU: ") + copied.text);
    why = copied.text;
  }
  core::clear_failed_index();
  throw device_data_lost("array: its elements were on a GPU only, which is lost (" + why +
                         "); .host_copy keeps a copy on the host");
}

void* array_memory::host(host_access how) {
  std::lock_guard const lock(guard_);
  make_room_on_host();
  if (how == host_access::read || how == host_access::write) fetch();
  if (how == host_access::write || how == host_access::overwrite) {
    host_current_ = true;
    device_current_ = false;
  }
  count_if_away();
  return host_;
}

void const* array_memory::refer() {
  std::lock_guard const lock(guard_);
  make_room_on_host();
  referred_to_ = true;
  count_if_away();
  return host_;
}

void array_memory::bring_home() {
  std::lock_guard const lock(guard_);
  if (!counted_as_away_) return;
  fetch();
  count_if_away();
}

/// Memory on `gpu` to write to: other memory where a launch still reads what there is.
core::status array_memory::move_to(core::device& gpu) {
  if (device_ != nullptr && (gpu_ != &gpu || !readers_.all_complete())) {
    core::give_back_device_block(*gpu_, bytes(), std::exchange(device_, nullptr),
                                 std::exchange(readers_, {}));
    device_current_ = false;
  }
  gpu_ = &gpu;
  return device_ == nullptr ? core::take_device_block(gpu, bytes(), device_) : core::status{};
}

core::status array_memory::device_data(core::device& gpu, void*& data) {
  std::lock_guard const lock(guard_);
  if (!device_current_ || gpu_ != &gpu) {
    make_room_on_host();
    fetch();
    count_if_away();
    if (core::status const room = move_to(gpu); !room.ok()) return room;
    if (core::status const s = core::copy_to_device(gpu, device_, host_, bytes()); !s.ok())
      return s;
    device_current_ = true;
  }
  data = device_;
  return {};
}

core::status array_memory::device_room(core::device& gpu, void*& data) {
  std::lock_guard const lock(guard_);
  core::status const room = move_to(gpu);
  data = device_;
  return room;
}

void array_memory::is_written(core::device* gpu) noexcept {
  std::lock_guard const lock(guard_);
  device_current_ = gpu != nullptr;
  host_current_ = gpu == nullptr;
  count_if_away();
}

void array_memory::is_read_by(core::device const& gpu,
                              std::shared_ptr<core::unwaited_launch> launch) {
  std::lock_guard const lock(guard_);
  if (gpu_ == &gpu) readers_.add(std::move(launch));
}

bool array_memory::on_host() const noexcept {
  std::lock_guard const lock(guard_);
  return host_current_ || !device_current_;
}
bool array_memory::on_device() const noexcept {
  std::lock_guard const lock(guard_);
  return device_current_;
}
bool array_memory::is_on(core::device const& gpu) const noexcept {
  std::lock_guard const lock(guard_);
  return device_current_ && gpu_ == &gpu;
}

array_memory* make_array_memory(std::size_t count, std::size_t size, std::size_t alignment) {
  auto made = std::make_unique<array_memory>(count, size, alignment);
  auto& here = core::living();
  std::lock_guard const lock(here.guard);
  here.all.insert(made.get());
  return made.release();
}

void destroy_array_memory(array_memory* memory) noexcept {
  if (memory == nullptr) return;
  {
    auto& here = core::living();
    std::lock_guard const lock(here.guard);
    here.all.erase(memory);
  }
  delete memory;
}

void* host_data(array_memory& memory, host_access how) { return memory.host(how); }
bool is_on_host(array_memory const& memory) noexcept { return memory.on_host(); }
bool is_on_device(array_memory const& memory) noexcept { return memory.on_device(); }

void const* refer_to(array_memory& memory) {
  core::refs_exist = true;
  return memory.refer();
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
