// The seam of streams: what the compiled core needs to know of one to pull its input, compute it a
// chunk at a time and hand the results over. No element types here, no threads there.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/options.hpp>

#include <cstddef>
#include <exception>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {

inline namespace HETMAP_ABI {
namespace detail {

/// One buffer of a slot.
struct stage {
  std::size_t bytes = 0;      ///< size, in bytes, of an element; 0: no buffer is needed
  std::size_t alignment = 1;  ///< of an element, in bytes
};

/// The result of a pull.
struct pulled {
  std::size_t count = 0;            ///< elements that were read
  bool ended = false;               ///< there are no more
  std::exception_ptr failure = {};  ///< what reading the element after them threw
};

/// Wraps what an input threw while a chunk was computed, to tell it from what the function threw.
struct HETMAP_API input_failure {
  std::exception_ptr cause;
};

/// A chunk of a stream, or a piece of one.
struct stream_piece : chunk {
  /// Becomes true when the function should end after the current block of elements, and set `end`
  /// to where the next begins. Read as an atomic.
  bool const* hurry;
};

/// One stream as a GPU sees it.
struct stream_gpu_work {
  gpu_site* site = nullptr;
  unsigned inputs = 0;            ///< of the kernel; each element of a row is one
  void const* functor = nullptr;  ///< its bytes
  std::size_t functor_bytes = 0;
  /// Says where the output and the inputs of `count` elements from `origin` on lie, given the
  /// columns that a chunk function gets. Null columns: of the whole input, if that is known; what a
  /// slot will hold then has no memory.
  void (*locate)(void* task, column const* columns, std::size_t origin, std::size_t count,
                 gpu_operand* operands) = nullptr;
};

/// One stream as the core sees it.
struct stream_job {
  kernel_code const* code = nullptr;
  void* task = nullptr;   ///< context of the chunk functions; their columns' bases stand for the
                          ///< chunk's origin: the output first, then the inputs
  void* input = nullptr;  ///< context of pull
  /// Reads up to `wanted` elements from `begin` on into the buffers at `inputs`, or points a column
  /// at where they lie. Called by one thread at a time, with `begin` never falling.
  pulled (*pull)(void* input, column* inputs, std::size_t begin, std::size_t wanted) = nullptr;
  /// Destroys the elements that a pull has read; null: nothing to do.
  void (*drop)(column const* inputs, std::size_t count) noexcept = nullptr;
  /// Destroys results begin..end of a column; null: nothing to do.
  void (*discard)(column const& out, std::size_t begin, std::size_t end) noexcept = nullptr;
  stage const* stages = nullptr;  ///< the output's, then one per input
  unsigned inputs = 0;
  std::size_t bytes_read = 0;       ///< size, in bytes, of an element's inputs that are not staged
  std::size_t own_bytes = 0;        ///< size, in bytes, of what the templates keep of the stream
  detail::rate* learned = nullptr;  ///< null: nothing is remembered of this kernel
  std::size_t total = static_cast<std::size_t>(-1);  ///< elements; no_length if not known
  bool pulls_at_once = false;            ///< pull does nothing that could throw or take time
  bool ordered = true;                   ///< chunks are handed over in the order of the input
  stream_gpu_work const* gpu = nullptr;  ///< null: no GPU can compute it
  char const* no_gpu = "";               ///< why, then
};

/// Consecutive results, which stay where they are until the next are asked for.
struct segment {
  void* results = nullptr;
  std::size_t begin = 0;  ///< index of the first
  std::size_t count = 0;
};

/// A stream at work: workers, or a GPU, compute the chunks that are pulled; one consumer takes
/// them.
///
/// Nothing runs before the consumer's first request. Used by one thread at a time, except for
/// close().
class HETMAP_API pipeline {
 public:
  /// Requires: what the job points to stays valid. What the settings point to is copied.
  /// Throws:   option_error; device_unavailable; of a pool closed_error, broken_pool_error.
  pipeline(stream_job const& work, settings const& how);
  /// Waits:    until running calls of the function have returned.
  ~pipeline();
  pipeline(pipeline const&) = delete;
  pipeline& operator=(pipeline const&) = delete;

  /// Gives the last segment back and waits for the next.
  ///
  /// limit:    null for none; zero or less polls.
  /// Returns:  false at the end.
  /// Throws:   what the function threw at an element, when that element's turn comes; what the
  ///           input threw, after everything before it; device_error likewise; timeout_error, after
  ///           which nothing has changed; cancelled_error; closed_error.
  [[nodiscard]] bool next(segment& out, time_limit const* limit = nullptr);

  /// Pulls no more; what has been pulled can still be taken, then comes closed_error. Any thread.
  void close() noexcept;

  /// Starts at element `index` of the input. Requires: nothing has been asked for.
  void start_at(std::size_t index);

  [[nodiscard]] std::size_t memory_bound() const noexcept;
  [[nodiscard]] std::size_t window() const noexcept;
  [[nodiscard]] std::size_t chunk_elements() const noexcept;
  [[nodiscard]] unsigned workers() const noexcept;
  [[nodiscard]] std::size_t total() const noexcept;
  [[nodiscard]] bool resumes() const noexcept;

  struct state;

 private:
  owned<state> state_;
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
