#include "device_blocks.hpp"

#include "../base/forked.hpp"
#include "../base/size_class.hpp"
#include "devices.hpp"
#include "resources.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace hetmap::core {
namespace {

struct kept_block {
  device* gpu;
  std::size_t bytes;
  void* block;
  unwaited_launches readers;
};

struct kept_blocks {
  process_mutex guard;
  std::vector<kept_block> all;
};

kept_blocks& kept() {
  static constinit made_once<kept_blocks> here;
  return here.get();
}

/// What blocks are aligned to at least (device.hpp).
constexpr std::size_t smallest_step = 256;

}  // namespace

status take_device_block(device& gpu, std::size_t bytes, void*& block) noexcept {
  std::size_t const size = size_class(bytes, smallest_step);
  {
    auto& here = kept();
    std::lock_guard const lock(here.guard);
    auto const at = std::find_if(here.all.begin(), here.all.end(), [&](kept_block& k) {
      return k.gpu == &gpu && k.bytes == size && k.readers.all_complete();
    });
    if (at != here.all.end()) {
      block = at->block;
      here.all.erase(at);
      return {};
    }
  }
  status made = gpu.allocate(block, size);
  if (made.what == fault::out_of_memory) {
    release_device_memory();
    made = gpu.allocate(block, size);
  }
  if (made.what == fault::lost) mark_lost(gpu, made);
  return made;
}

void give_back_device_block(device& gpu, std::size_t bytes, void* block,
                            unwaited_launches readers) noexcept {
  if (block == nullptr || is_lost(gpu)) return;
  auto& here = kept();
  std::lock_guard const lock(here.guard);
  try {
    here.all.push_back({&gpu, size_class(bytes, smallest_step), block, {}});
    here.all.back().readers = std::move(readers);
  } catch (...) {
    if (readers.all_complete()) gpu.free(block);
  }
}

void release_device_blocks() noexcept {
  auto& here = kept();
  std::lock_guard const lock(here.guard);
  std::erase_if(here.all, [](kept_block& k) {
    if (is_lost(*k.gpu)) return true;
    if (!k.readers.all_complete()) return false;
    k.gpu->free(k.block);
    return true;
  });
}

void release_device_memory() noexcept {
  release_device_resources();
  release_device_blocks();
}

}  // namespace hetmap::core
