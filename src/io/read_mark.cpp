// Which files this process reads. A list that only grows and is walked without a lock: it is in
// order at whatever moment another thread forks.
#include "system.hpp"

#include <hetmap/detail/seam/file.hpp>

#include <atomic>

#include <sys/stat.h>

namespace hetmap {
namespace core {
namespace {

/// Values of entry::state besides those of read_mark::how.
constexpr int unused = 0;
constexpr int being_set = -1;

struct entry {
  std::atomic<int> state{being_set};
  std::atomic<dev_t> device{0};
  std::atomic<ino_t> file{0};
  entry* next = nullptr;
};

/// As many as there were files read at once; never destroyed, since readers may be static objects.
constinit std::atomic<entry*> entries{nullptr};

entry* unused_entry() {
  for (entry* e = entries.load(std::memory_order_acquire); e != nullptr; e = e->next) {
    int expected = unused;
    if (e->state.compare_exchange_strong(expected, being_set, std::memory_order_acquire)) return e;
  }
  auto* const made = new entry;
  made->next = entries.load(std::memory_order_relaxed);
  while (!entries.compare_exchange_weak(made->next, made, std::memory_order_release,
                                        std::memory_order_relaxed)) {
  }
  return made;
}

}  // namespace

bool is_read(dev_t device, ino_t file, bool mapped_too) noexcept {
  constexpr int streamed = static_cast<int>(detail::read_mark::how::streamed);
  constexpr int mapped = static_cast<int>(detail::read_mark::how::mapped);
  for (entry const* e = entries.load(std::memory_order_acquire); e != nullptr; e = e->next) {
    int const state = e->state.load(std::memory_order_acquire);
    if ((state == streamed || (mapped_too && state == mapped)) &&
        e->device.load(std::memory_order_relaxed) == device &&
        e->file.load(std::memory_order_relaxed) == file)
      return true;
  }
  return false;
}

}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

read_mark::read_mark(int descriptor, how as) {
  struct stat s {};
  // Terminals and pipes are read and written at once.
  if (::fstat(descriptor, &s) != 0 || !(S_ISREG(s.st_mode) || S_ISBLK(s.st_mode))) return;
  core::entry* const e = core::unused_entry();
  e->device.store(s.st_dev, std::memory_order_relaxed);
  e->file.store(s.st_ino, std::memory_order_relaxed);
  e->state.store(static_cast<int>(as), std::memory_order_release);
  entry_ = e;
}

read_mark::~read_mark() {
  if (entry_ != nullptr)
    static_cast<core::entry*>(entry_)->state.store(core::unused, std::memory_order_release);
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
