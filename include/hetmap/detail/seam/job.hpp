// The seam between the templates and the compiled core. The core moves chunks around without ever
// knowing an element's type; the templates know types and nothing of threads.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/seam/array_memory.hpp>
#include <hetmap/detail/seam/gpu_form.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/options.hpp>
#include <hetmap/plan.hpp>
#include <hetmap/scratch.hpp>
#include <hetmap/topology.hpp>

#include <cstddef>
#include <cstdint>
#include <typeinfo>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// One input or output as memory. An input that is no array (an iterator, a generator) has a null
/// base; the chunk function finds it in its context.
struct column {
  void* base = nullptr;    ///< element `origin` of the chunk that carries it
  std::size_t bytes = 0;   ///< size, in bytes, of one element
  std::size_t stride = 0;  ///< distance, in bytes, from one element to the next
};

/// A word of the core that changes when the rest of a chunk is recalled (docs/design.md, Cost that
/// changes). A type of its own, so that no store to elements can alias it.
enum class recall : std::uint32_t {};

inline constexpr recall never_recalled{};

/// Consecutive elements of one call, for one worker.
struct chunk {
  std::size_t begin;         ///< first index
  std::size_t end;           ///< one past the last; the function may lower it to where it stopped
  std::size_t origin;        ///< the index that the columns' bases stand for
  column const* columns;     ///< outputs first, then inputs
  hetmap::scratch* scratch;  ///< of the worker that runs the chunk
  void** slot;               ///< the worker's, for the function to keep state in; null at first
  std::size_t failed_at;  ///< set by the function when an exception leaves it: the element's index
  /// Once it has changed, the function ends after the current element and lowers `end`; at least
  /// one element has been computed by then.
  recall const* recalled = &never_recalled;
};

using chunk_function = void (*)(void* context, chunk& work);

/// The clones of one element loop.
struct kernel_code {
  chunk_function by_level[3];   ///< indexed by isa
  chunk_function uncontracted;  ///< for .reproducible; null where this file cannot promise it
  isa floor;                    ///< the level that the file itself was compiled for

  [[nodiscard]] chunk_function at(isa level) const noexcept {
    return by_level[static_cast<int>(level)];
  }
};

/// What has been learned about one kernel: kept by the core, one for each kernel and its argument
/// types.
class rate;

/// The rate kept for that kernel type (and for that function, if the type is only a pointer).
[[nodiscard]] HETMAP_API rate& rate_of(std::type_info const& kernel, void const* function);

/// The memory of a hetmap::array, on the host and on a device.
class array_memory;

/// plan::scalar of functions that are called through a pointer. Compared as a text: libraries have
/// one each.
inline constexpr char called_through_pointer[] = "f is called through a pointer";

/// One input or output as a GPU would need it: memory, or a sequence that is generated.
struct gpu_operand {
  column memory;           ///< null base: generated, an array's, or an output not allocated yet
  std::int64_t first = 0;  ///< generated: element i is first + i in its own type
  bool generated = false;
};

/// What happens to results of a map that are not kept: they are folded where they were computed,
/// and one value per fold_piece of them comes back.
struct gpu_fold {
  gpu_site* site = nullptr;     ///< of the operation
  std::size_t value_bytes = 0;  ///< size, in bytes, of a result and of a value
  /// Takes the value of the piece that begins at that element. Values of several pieces come in
  /// any order, one at a time.
  void (*take)(void* context, std::size_t begin, void const* value) = nullptr;
};

/// One map as a GPU sees it.
struct gpu_work {
  gpu_site* site = nullptr;               ///< null: the only input itself is folded
  gpu_operand const* operands = nullptr;  ///< outputs first, then inputs
  unsigned outputs = 0;
  unsigned inputs = 0;
  gpu_fold const* fold = nullptr;  ///< null: the results are the operands'
};

/// One map as the core sees it. What every map sets comes first and last, so that few bytes in
/// between remain to be cleared: for more than 80 GCC uses a string instruction, which would
/// dominate a small call.
struct job {
  kernel_code const* code = nullptr;           ///< null: to be planned only
  kernel_code const* code_in_place = nullptr;  ///< where an output is an input; null: never is one
  void* context = nullptr;
  column const* columns = nullptr;  ///< outputs first, then inputs
  unsigned outputs = 0;
  unsigned inputs = 0;
  std::size_t count = 0;            ///< elements
  detail::rate* learned = nullptr;  ///< null: nothing is remembered of this kernel

  detail::rate* alike = nullptr;  ///< used until `learned` knows more; null: nothing
  std::size_t exact_chunk = 0;    ///< map_blocks: every boundary is a multiple of it; else 0
  access reads = access::contiguous;
  bool can_be_streamed = false;  ///< results are bytes, which may be computed elsewhere and copied
  bool in_place = false;         ///< an output is an input
  bool keep_on_host = false;     ///< arrays that were written get a host copy at once
  std::uint32_t device_spans = 0;  ///< columns, by bit, that the caller says are a GPU's memory
  /// Destroys the constructed results begin..end of the first column when the call fails; null:
  /// nothing to do.
  void (*discard)(column const& out, std::size_t begin, std::size_t end) noexcept = nullptr;
  array_memory* const* arrays = nullptr;  ///< of each column, null for none; null: no arrays at all
  /// As `functor`, for map_reduce's operation.
  void const* operation = nullptr;
  std::uint32_t operation_bytes = 0;

  std::uint32_t functor_bytes = 0;
  /// The bytes of the function if it consists of nothing else; null otherwise. An array_ref among
  /// them is an input as well.
  void const* functor = nullptr;
  gpu_work const* gpu = nullptr;  ///< null: no GPU can run it
  char const* scalar = nullptr;   ///< as plan's
  char const* no_gpu = "only maps over elements of arrays have GPU forms";  ///< why, then
};

/// Runs all of `work` and returns when it is over: plan, execute, account.
///
/// Throws:   what the failing element with the lowest index threw; cancelled_error; option_error;
///           device_unavailable.
HETMAP_API void run(job const& work, settings const& how);

/// The same for what is part of a call that has been run before: no decision of its own.
HETMAP_API void run_more(job const& work, settings const& how);

/// Enqueues `work`, whose columns all lie on a GPU or are generated, in a CUDA stream of that GPU
/// and returns without waiting. An element that calls fail(), and others of the launch, may stay as
/// they were, and nothing is reported.
///
/// Throws:   device_unavailable; device_error if it cannot be launched.
HETMAP_API void run_on_stream(job const& work, settings const& how, void* stream);

/// The plan that run() would follow now. Runs nothing.
[[nodiscard]] HETMAP_API plan plan_for(job const& work, settings const& how);

/// Whether a call with these settings might go to a GPU at all: one was asked for, or kernels are
/// registered. Takes a few nanoseconds, so that short calls can ask before they describe
/// themselves.
[[nodiscard]] HETMAP_API bool may_go_to_gpu(settings const& how);

/// Whether run() would take it to a GPU now.
///
/// Throws:   what run() would, of plans.
[[nodiscard]] HETMAP_API bool goes_to_gpu(job const& work, settings const& how);

/// One call that reaches the core in several jobs, because its input cannot be indexed: indices,
/// progress and the stop token count over all of them.
class HETMAP_API batches {
 public:
  /// total: elements of all jobs together; 0 if unknown.
  batches(settings const& how, std::size_t total);
  ~batches();
  batches(batches const&) = delete;
  batches& operator=(batches const&) = delete;

  /// Runs the next job.
  void run(job const& work);
  /// Elements of the jobs that have run.
  [[nodiscard]] std::size_t done() const noexcept;
  /// Reports success.
  void finish();

 private:
  struct state;
  owned<state> state_;
};

/// The source of a call's stop token: requested when the call's stop condition is met, its deadline
/// passes or its pool is terminated.
class HETMAP_API stop_hub {
 public:
  explicit stop_hub(settings const& how);
  ~stop_hub();
  stop_hub(stop_hub const&) = delete;
  stop_hub& operator=(stop_hub const&) = delete;

  /// The std::stop_token, if that is the type asked for; else null.
  [[nodiscard]] void const* token(std::type_info const& type) const noexcept;
  void request() noexcept;

 private:
  friend class pool_core;
  struct state;
  owned<state> state_;
};

/// The length of an input that does not know it.
inline constexpr std::size_t no_length = static_cast<std::size_t>(-1);

/// Rethrows the exception being handled, as the failure of element `index`; no_length: of none.
[[noreturn]] HETMAP_API void rethrow_as_failure_of(std::size_t index);

/// Throws size_error: an output of `room` elements for `needed` results; no_length for more than
/// that.
[[noreturn]] HETMAP_API void refuse_short_output(char const* verb, std::size_t room,
                                                 std::size_t needed);

/// How the memory of the outputs relates to that of the inputs.
enum class overlap : unsigned char { none, exact };

/// Compares `count` elements of every output with every input and every other output.
///
/// Throws:   overlap_error for memory that overlaps without being the same elements.
[[nodiscard]] HETMAP_API overlap compare_memory(char const* verb, column const* columns,
                                                unsigned outputs, unsigned inputs,
                                                std::size_t count);

/// Whether one output lies apart from all inputs. Most calls need to know only this, and a small
/// one cannot afford a function call for it. False says nothing.
[[nodiscard]] inline bool lies_apart(column const* columns, unsigned inputs, std::size_t count) {
  auto const begin = reinterpret_cast<std::uintptr_t>(columns[0].base);
  auto const end = begin + count * columns[0].bytes;
  for (unsigned k = 1; k <= inputs; ++k) {
    auto const other = reinterpret_cast<std::uintptr_t>(columns[k].base);
    if (other + count * columns[k].bytes > begin && other < end) return false;
  }
  return true;
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
