// The arrays that a call works on, columns and refs: made current where the call runs.
#pragma once

#include "../device.hpp"
#include "array_memory.hpp"
#include "columns.hpp"
#include "unwaited.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace hetmap::core {

/// Whether a call on the host has anything to do with arrays.
[[nodiscard]] inline bool holds_arrays(detail::job const& work) noexcept {
  return work.arrays != nullptr || refs_away.load(std::memory_order_relaxed) != 0;
}

/// The arrays of one call.
class held_arrays {
 public:
  explicit held_arrays(detail::job const& work);
  held_arrays(held_arrays const&) = delete;
  held_arrays& operator=(held_arrays const&) = delete;

  /// Makes all inputs current on `gpu` and finds room for the outputs there; sets the columns'
  /// addresses. What functor() and operation() return then refers to the device's memory. Outputs
  /// whose columns travel are the host's: to_host() comes first.
  status to_device(device& gpu, std::vector<located_column>& columns);
  /// The same on the host; returns the columns of the job with the addresses set.
  std::vector<detail::column> to_host();

  [[nodiscard]] void const* functor() const noexcept { return functor_.data(); }
  [[nodiscard]] void const* operation() const noexcept { return operation_.data(); }

  /// The outputs have been written, on `gpu` or, if null, on the host.
  void are_written(device* gpu) noexcept;

  /// Whether results are arrays', and so stay where they are computed.
  [[nodiscard]] bool hold_results() const noexcept;
  /// Whether the only copy of an input is one that its results replace.
  [[nodiscard]] bool results_replace_only_copy() const noexcept;

  /// Whether the functor or the operation has refs in it.
  [[nodiscard]] bool has_refs() const noexcept { return !references_.empty(); }

  /// A launch that nobody waits for reads through the functor's refs.
  void are_read_by(device const& gpu, std::shared_ptr<unwaited_launch> const& launch);

  /// Brings the outputs back to the host as well.
  void keep_on_host();

 private:
  using aligned_bytes = std::vector<std::max_align_t>;

  struct reference {
    detail::array_memory* memory;
    aligned_bytes* holder;
    std::size_t offset;  // of the address among the holder's bytes
  };

  void copy(aligned_bytes& to, void const* from, std::size_t size);
  [[nodiscard]] bool may_point(aligned_bytes const& bytes, std::size_t size) const noexcept;

  detail::job const& work_;
  aligned_bytes functor_;
  aligned_bytes operation_;
  /// Whether the functor may have refs that are not among its bytes: behind a pointer, in an object
  /// that is more than its bytes, in a function's own.
  [[nodiscard]] bool may_hide_refs() const noexcept;

  std::vector<reference> references_;
};

}  // namespace hetmap::core
