// What a file for nvcc tells the core about a kernel, its registration: plain data and function
// pointers. Nothing here names CUDA, and the core compiles without it.
#pragma once

#include <hetmap/detail/config.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <typeinfo>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Most elements of one launch, so that an index within it has 32 bits.
inline constexpr std::size_t largest_launch = std::size_t{1} << 31;

/// Most inputs, and most outputs, of one kernel.
inline constexpr unsigned most_gpu_columns = 8;

/// Largest alignment of a kernel's elements, in bytes: what GPU memory is sure to have.
inline constexpr std::size_t largest_gpu_alignment = 256;

/// Elements of a map_reduce that become one value on the GPU, which is copied back. Fixed, so that
/// the bits of a result do not depend on how a call was cut into launches; a multiple of every leaf
/// that the CPU folds (reduce_tree.hpp), so that either can go on where the other gave up.
inline constexpr std::size_t fold_piece = 16384;

/// Threads that fold one piece: what the failure word of such a launch counts in.
inline constexpr std::size_t fold_threads = 256;

/// What a launch's failure word holds if no element failed, and if some did but it is not known
/// which. Anything else is (index within the launch) << 32 | code, of the lowest that failed.
inline constexpr std::uint64_t no_failure = ~std::uint64_t{0};
inline constexpr std::uint64_t some_failure = no_failure - 1;

[[nodiscard]] constexpr std::uint64_t failure_of(std::uint32_t index, int code) noexcept {
  return (std::uint64_t{index} << 32) | static_cast<std::uint32_t>(code);
}
[[nodiscard]] constexpr std::size_t failure_index(std::uint64_t word) noexcept {
  return word >> 32;
}
[[nodiscard]] constexpr int failure_code(std::uint64_t word) noexcept {
  return static_cast<int>(static_cast<std::uint32_t>(word));
}

/// One input or output of a launch.
struct gpu_column {
  /// Element 0, aligned to its type and no further; memory of the device, or pinned memory that it
  /// can reach. Null: an input that is generated, element i being first + i in its own type.
  void* base = nullptr;
  std::int64_t first = 0;
};

/// One launch over consecutive elements.
struct gpu_launch {
  void const* functor = nullptr;        ///< host memory, to be copied before launch() returns
  gpu_column const* columns = nullptr;  ///< outputs first, then inputs; to be copied as well
  std::size_t count = 0;                ///< elements, at least 1, at most largest_launch
  void* stream = nullptr;               ///< the CUDA stream of the work: a cudaStream_t
  std::size_t piece = 0;                ///< reduce: elements that become one value
  /// Pinned memory that the device can reach: no_failure when launch() is called. Read when the
  /// launch has completed. Null: the launch is not waited for, and nothing is read.
  std::uint64_t* failure = nullptr;
  /// The failure word must name the lowest failing element. Otherwise it may stay as it is, as long
  /// as failures() counts the failure; the core then launches again with `exact`.
  bool exact = false;
};

enum class form_kind : unsigned char {
  map,  ///< out...[i] = f(in...[i]) for every i
  /// out[k] = in[k * piece] op in[k * piece + 1] op ..., with operands in this order, in any
  /// grouping that depends only on the number of elements. The index in the failure word is that of
  /// a thread of the lowest piece that failed, whether `exact` or not: fold_threads per piece.
  reduce,
};

/// The registration of one kernel for one signature. Static data of the file that registers it.
struct gpu_form {
  form_kind kind = form_kind::map;
  char const* vendor = nullptr;          ///< whose devices run it: "CUDA"
  char const* kernel = nullptr;          ///< typeid(kernel_identity_t<F>).name()
  char const* signature = nullptr;       ///< typeid(R(A...)).name(), types without const and &
  char const* kernel_text = nullptr;     ///< as written: "square"
  char const* signature_text = nullptr;  ///< as written: "double(double)"
  std::size_t functor_bytes = 0;         ///< sizeof(F)
  unsigned outputs = 0;                  ///< 1, or the elements of a tuple-like R
  unsigned inputs = 0;
  std::size_t const* element_bytes = nullptr;       ///< outputs first, then inputs
  std::size_t const* element_alignments = nullptr;  ///< the same, in bytes

  /// Enqueues the work and returns without waiting. An output may start exactly at an input.
  ///
  /// Returns:  the runtime's own error code; 0 if enqueued.
  int (*launch)(gpu_launch const& work) noexcept = nullptr;

  /// How often device code has called fail() so far, in this file or a larger unit. May count other
  /// launches' calls. Null: only the failure word tells, and is always exact.
  std::uint64_t (*failures)() noexcept = nullptr;
};

/// Registers a kernel, or withdraws it, as the file that holds it is loaded and unloaded. It may be
/// registered twice; the first that is still registered serves its vendor's devices. A kernel whose
/// type is in an unnamed namespace is never found, since two different ones would share its name.
///
/// Waits:    until no look-up is in progress. Not for running calls: unloading running code is an
///           error, as always, but for what a device was late with and nobody waited for.
HETMAP_API void register_gpu_form(gpu_form const& form);
HETMAP_API void unregister_gpu_form(gpu_form const& form) noexcept;

/// Grows with every registration and withdrawal.
[[nodiscard]] HETMAP_API std::uint64_t gpu_forms_generation() noexcept;

/// Keeps a kernel registered for as long as it lives: a static object of the file for nvcc.
class registered_gpu_form {
 public:
  explicit registered_gpu_form(gpu_form const& form) : form_(form) { register_gpu_form(form_); }
  ~registered_gpu_form() { unregister_gpu_form(form_); }
  registered_gpu_form(registered_gpu_form const&) = delete;
  registered_gpu_form& operator=(registered_gpu_form const&) = delete;

 private:
  gpu_form form_;
};

/// What one call site wants, and what it found when it last looked: static data of the call site.
struct gpu_site {
  form_kind kind;
  std::type_info const* kernel;     ///< whose name is as in gpu_form
  std::type_info const* signature;  ///< the same
  std::atomic<gpu_form const*> found{nullptr};
  std::atomic<std::uint64_t> generation{0};  ///< that `found` belongs to; 0: never looked
};

/// A registration that serves a call site now, for whatever vendor's devices; null if none.
///
/// Cost:     two loads while nothing has been registered or withdrawn; else a search under a lock.
[[nodiscard]] HETMAP_API gpu_form const* find_gpu_form(gpu_site& site);

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
