// What the core calls: a task's loop, compiled once per instruction-set level.
//
// GCC honours `__restrict` on the parameters of a function that is not inlined. In an inlined one
// it honours it only for accesses that are there before other functions are inlined into it. A
// lambda is inlined late: what it reads through its captures could then be the output, and the loop
// stays scalar. So the outputs are parameters of the clones.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/seam/job.hpp>

#include <cstddef>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

/// The pointers that a task's clones get as parameters, each with the promise that nothing else
/// refers to its elements.
template <class... Out>
struct restricted {};

/// The level of this file's own flags.
inline constexpr isa file_level = HETMAP_FILE_LEVEL;

/// Whether this compiler can keep a * b + c uncontracted in one function, whatever the flags.
inline constexpr bool can_be_reproducible = HETMAP_CAN_BE_REPRODUCIBLE;

/// What the clones of a task run.
template <class Task>
struct loop_of {
  using outputs = typename Task::outputs;
  template <class... Out>
  HETMAP_INLINE static void run(Task& task, chunk& work, Out*... out) {
    task.run(work, out...);
  }
};
/// The same if outputs are inputs.
template <class Task>
struct loop_in_place_of {
  using outputs = restricted<>;
  HETMAP_INLINE static void run(Task& task, chunk& work) { task.run_in_place(work); }
};

template <class Task, class Loop, class Outputs = typename Loop::outputs>
struct clones_of;
template <class Task, class Loop, class... Out>
struct clones_of<Task, Loop, restricted<Out...>> {
  HETMAP_CLONE static void baseline(Task& task, chunk& work, Out* __restrict... out) {
    Loop::run(task, work, out...);
  }
  HETMAP_CLONE_UNCONTRACTED static void uncontracted(Task& task, chunk& work,
                                                     Out* __restrict... out) {
    Loop::run(task, work, out...);
  }
#if HETMAP_HAS_X86_CLONES
  HETMAP_CLONE_AVX2 static void avx2(Task& task, chunk& work, Out* __restrict... out) {
    Loop::run(task, work, out...);
  }
  HETMAP_CLONE_AVX512 static void avx512(Task& task, chunk& work, Out* __restrict... out) {
    Loop::run(task, work, out...);
  }
#else
  static constexpr auto avx2 = baseline;
  static constexpr auto avx512 = baseline;
#endif

  static constexpr kernel_code code() {
    chunk_function reproducible = nullptr;
    if constexpr (can_be_reproducible) reproducible = enter<level::uncontracted>;
    return {{enter<level::baseline>, enter<level::avx2>, enter<level::avx512>},
            reproducible,
            file_level};
  }

 private:
  enum class level : unsigned char { baseline, avx2, avx512, uncontracted };

  /// What the core calls: hands the outputs to a clone.
  template <level Which>
  HETMAP_ENTRY static void enter(void* task, chunk& work) {
    go_on<Which>(*static_cast<Task*>(task), work, std::index_sequence_for<Out...>{});
  }
  template <level Which, std::size_t... K>
  HETMAP_INLINE static void go_on(Task& task, chunk& work, std::index_sequence<K...>) {
    if constexpr (Which == level::baseline)
      baseline(task, work, static_cast<Out*>(work.columns[K].base)...);
    else if constexpr (Which == level::avx2)
      avx2(task, work, static_cast<Out*>(work.columns[K].base)...);
    else if constexpr (Which == level::avx512)
      avx512(task, work, static_cast<Out*>(work.columns[K].base)...);
    else
      uncontracted(task, work, static_cast<Out*>(work.columns[K].base)...);
  }
};

template <class Task>
inline constexpr kernel_code code_of = clones_of<Task, loop_of<Task>>::code();
template <class Task>
inline constexpr kernel_code code_in_place_of = clones_of<Task, loop_in_place_of<Task>>::code();

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
