#include "transfer.hpp"

#include "../cpu/team.hpp"
#include "devices.hpp"
#include "resources.hpp"
#include "staging.hpp"

#include <algorithm>
#include <memory>

namespace hetmap::core {
namespace {

/// One piece on its way.
struct piece {
  std::size_t begin = 0;
  std::size_t bytes = 0;  // 0: nothing is on its way in this slot
};

void stage(void* to, void const* from, std::size_t bytes) {
  copy_elements({{to, from, 1, 1, 1, bytes}}, std::max(team_concurrency(), 1u));
}

/// Pieces go round through the slots' pinned memory: while one is copied by the device, the next is
/// staged, or the one before it taken out.
class block_copy {
 public:
  block_copy(device& gpu, char* to, char const* from, std::size_t bytes, bool inwards)
      : gpu_(gpu), to_(to), from_(from), bytes_(bytes), inwards_(inwards) {}

  status run() {
    device_group const together(gpu_);
    status why;
    lent_ = lend_resources(gpu_, why);
    if (!lent_) return why;
    try {
      memory_range host{.begin = inwards_ ? from_ : to_, .bytes = bytes_};
      why = gpu_.locate(&host, 1);
      if (why.ok()) why = host.where == place::pinned && host.whole ? directly() : by_pieces();
    } catch (...) {
      why = {fault::refused, 0, "there is no memory to work with on the host"};
    }
    if (!why.ok() && why.what != fault::lost)
      if (status const idle = gpu_.block_until_idle(stream()); !idle.ok()) why = idle;
    if (why.what == fault::lost) mark_lost(gpu_, why);
    keep_resources(std::move(lent_));
    return why;
  }

 private:
  [[nodiscard]] device::stream stream() const { return inwards_ ? lent_->in : lent_->out; }

  status directly() {
    status const done = inwards_ ? gpu_.copy_in(stream(), to_, from_, bytes_)
                                 : gpu_.copy_out(stream(), to_, from_, bytes_);
    return done.ok() ? gpu_.block_until_idle(stream()) : done;
  }

  status by_pieces() {
    std::size_t size = std::min(slot_column_bytes, bytes_);
    status room = lent_->reserve(ring_slots * size, 0);
    while (room.what == fault::out_of_memory && size > 4096) {
      size /= 2;
      room = lent_->reserve(ring_slots * size, 0);
    }
    if (!room.ok()) return room;
    piece slots[ring_slots];
    std::size_t next = 0;
    for (std::size_t turn = 0;; ++turn) {
      std::size_t const k = turn % ring_slots;
      if (status const s = finish(slots[k], k, size); !s.ok()) return s;
      if (next == bytes_) {
        if (std::all_of(slots, slots + ring_slots, [](piece const& p) { return p.bytes == 0; }))
          return {};
        continue;
      }
      piece const p{next, std::min(size, bytes_ - next)};
      next += p.bytes;
      void* const pinned = static_cast<char*>(lent_->pinned) + k * size;
      if (inwards_) stage(pinned, from_ + p.begin, p.bytes);
      status s = inwards_ ? gpu_.copy_in(stream(), to_ + p.begin, pinned, p.bytes)
                          : gpu_.copy_out(stream(), pinned, from_ + p.begin, p.bytes);
      if (s.ok()) s = gpu_.record(lent_->events[k].in, stream());
      if (!s.ok()) return s;
      slots[k] = p;
    }
  }

  status finish(piece& p, std::size_t k, std::size_t size) {
    if (p.bytes == 0) return {};
    if (status const s = gpu_.block_until(lent_->events[k].in); !s.ok()) return s;
    if (!inwards_) stage(to_ + p.begin, static_cast<char*>(lent_->pinned) + k * size, p.bytes);
    p = {};
    return {};
  }

  device& gpu_;
  char* to_;
  char const* from_;
  std::size_t bytes_;
  bool inwards_;
  std::unique_ptr<device_resources> lent_;
};

}  // namespace

status copy_to_device(device& gpu, void* to, void const* from, std::size_t bytes) {
  if (bytes == 0) return {};
  return block_copy(gpu, static_cast<char*>(to), static_cast<char const*>(from), bytes, true).run();
}

status copy_from_device(device& gpu, void* to, void const* from, std::size_t bytes) {
  if (bytes == 0) return {};
  return block_copy(gpu, static_cast<char*>(to), static_cast<char const*>(from), bytes, false)
      .run();
}

}  // namespace hetmap::core
