// The copies of an array and which of them is current.
#pragma once

#include "../base/forked.hpp"
#include "../device.hpp"
#include "unwaited.hpp"

#include <hetmap/detail/seam/array_memory.hpp>

#include <atomic>
#include <cstddef>
#include <memory>

namespace hetmap::core {

/// Whether a ref was ever made: functors need not be searched for any before.
inline std::atomic<bool> refs_exist{false};
/// Arrays that a ref was made of and whose elements are current on a GPU only: a functor that runs
/// on the host must not read them yet.
inline std::atomic<unsigned> refs_away{0};

/// Whether that is an array, and not bytes that look like its address.
[[nodiscard]] bool is_array(detail::array_memory const* memory);
/// Makes current on the host whatever a ref was made of; what is lost stays away.
void bring_refs_home() noexcept;

}  // namespace hetmap::core

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Every function may be called by several threads at once; as with any container, one that writes
/// excludes all others.
class array_memory {
 public:
  array_memory(std::size_t count, std::size_t size, std::size_t alignment)
      : count_(count), size_(size), alignment_(alignment) {}
  ~array_memory();
  array_memory(array_memory const&) = delete;
  array_memory& operator=(array_memory const&) = delete;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return count_ * size_; }

  /// As hetmap::detail::host_data.
  [[nodiscard]] void* host(host_access how);
  /// As hetmap::detail::refer_to.
  [[nodiscard]] void const* refer();
  /// Makes the host copy current if a ref was made of it.
  void bring_home();

  /// The copy on `gpu`, current; what lies on another GPU comes by way of the host.
  ///
  /// Throws:   device_data_lost.
  core::status device_data(core::device& gpu, void*& data);
  /// The copy on `gpu`, to be overwritten; what is current now stays so until is_written().
  core::status device_room(core::device& gpu, void*& data);
  /// All of it has been written there; null: on the host.
  void is_written(core::device* gpu) noexcept;
  /// A launch that nobody waits for reads the copy on `gpu`: its memory stays as it is until then,
  /// whatever becomes of the array.
  void is_read_by(core::device const& gpu, std::shared_ptr<core::unwaited_launch> launch);

  [[nodiscard]] bool on_host() const noexcept;
  [[nodiscard]] bool on_device() const noexcept;
  /// Whether it would have to be copied before that GPU could read it.
  [[nodiscard]] bool is_on(core::device const& gpu) const noexcept;

 private:
  void make_room_on_host();
  void fetch();
  core::status move_to(core::device& gpu);
  /// Counts it among those that are away, or no longer: after any change of what is current.
  void count_if_away() noexcept;

  std::size_t count_;
  std::size_t size_;
  std::size_t alignment_;
  mutable core::process_mutex guard_;
  void* host_ = nullptr;
  bool host_current_ = false;
  core::device* gpu_ = nullptr;  // where the device copy is
  void* device_ = nullptr;
  bool device_current_ = false;
  bool referred_to_ = false;
  bool counted_as_away_ = false;
  core::unwaited_launches readers_;  // of the device copy
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
