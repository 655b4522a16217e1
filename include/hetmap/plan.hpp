// What would run where, and why: data only.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/options.hpp>
#include <hetmap/topology.hpp>

#include <array>
#include <cstddef>
#include <iosfwd>
#include <string>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// How the elements of the inputs are read.
enum class access : unsigned char {
  contiguous,  ///< arrays: the loop vectorises
  indexed,     ///< random access through iterators: any worker reads any element
  batched,     ///< forward and single-pass ranges: read by the caller, a batch at a time
};

/// One backend as the planner sees it.
struct candidate {
  hetmap::backend where = hetmap::backend::inherit;
  /// Predicted time, in seconds, until the last element is final; negative while nothing is known.
  double predicted_seconds = -1;
  /// Why it cannot be chosen; null if it can.
  char const* unavailable = nullptr;
};

/// What the caller could change for a call to gain by it.
enum class note : unsigned char {
  gpu_kernel,       ///< the kernel is not registered for the GPU, which would finish first
  functor,          ///< f is called through a pointer, one element at a time
  vector_math,      ///< f is a function of the C library that hetmap::math has for vectors
  existing_output,  ///< results go to memory that nothing was in yet, which takes page faults
  aligned_output,   ///< results that stay in the caches begin where vectors cross lines
};

/// How many there are.
inline constexpr std::size_t note_count = 5;

/// What to do about it, in words.
[[nodiscard]] HETMAP_API char const* text(note which) noexcept;

/// How one call would run.
struct plan {
  hetmap::backend asked = hetmap::backend::automatic;  ///< by the call or the environment
  hetmap::backend chosen = hetmap::backend::serial;
  isa level = isa::baseline;  ///< of the clone of the element loop
  bool past_caches = false;   ///< non-temporal stores: results exceed the caches
  bool reproducible = false;  ///< the clone without contraction
  access reads = access::contiguous;
  std::size_t elements = 0;        ///< of the whole call
  std::size_t bytes_in = 0;        ///< size, in bytes, of an element's inputs that are in arrays
  std::size_t bytes_out = 0;       ///< size, in bytes, of an element's results
  unsigned workers = 1;            ///< that run f, unless it proves slower than expected
  std::size_t granule = 1;         ///< grain: chunk boundaries are multiples of it, from index 0
  std::size_t chunk_elements = 0;  ///< elements per chunk; 0: found while running
  /// Learned cost of one element on one worker, in nanoseconds; negative while nothing is known.
  double element_nanoseconds = -1;
  /// Learned cost of one element on the GPU, in nanoseconds, including its transfers, if any;
  /// negative while nothing is known.
  double gpu_element_nanoseconds = -1;
  std::size_t link_bytes_in = 0;   ///< size, in bytes, of an element's inputs sent to the GPU
  std::size_t link_bytes_out = 0;  ///< size, in bytes, of an element's results sent back
  /// Upper bounds, in bytes, of the GPU memory that the call takes for transferred data, and of the
  /// pinned memory on the host; 0 unless the GPU was chosen.
  std::size_t device_bytes = 0;
  std::size_t pinned_bytes = 0;
  /// Every backend, once.
  std::array<candidate, detail::backend_count> candidates{};
  /// The rule that decided, in words.
  char const* reason = "";
  /// Why elements are computed one at a time and not as vectors, if the type of f shows it; null:
  /// it does not show, and depends on what f does (see the guide, What makes a loop fast).
  char const* scalar = nullptr;
  /// Which values of the machine the predictions go by, and why no others (profile.hpp); null: not
  /// said.
  char const* profile = nullptr;
  /// A bit for each note that holds: 1 << its number. gpu_kernel is only found by explain() and
  /// under HETMAP_EXPLAIN=2, since it may have to look for a GPU; the last two only when the call
  /// runs, so they are in decisions() and not in explain().
  unsigned notes = 0;

  /// Whether that note holds.
  [[nodiscard]] bool says(note which) const noexcept {
    return (notes >> static_cast<unsigned>(which) & 1u) != 0;
  }

  /// The planner's verdict on that backend. Requires: serial, cpu, gpu or hybrid.
  [[nodiscard]] candidate const& at(hetmap::backend where) const noexcept {
    std::size_t k = 0;
    while (k + 1 != candidates.size() && candidates[k].where != where) ++k;
    return candidates[k];
  }
};

/// The plan as a few lines of text.
[[nodiscard]] HETMAP_API std::string to_string(plan const& p);
HETMAP_API std::ostream& operator<<(std::ostream& out, plan const& p);

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
