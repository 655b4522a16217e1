// The one element loop and its clones, one per instruction-set level.
//
// Blocks of a constant number of elements into restricted pointers are what vectorises at plain
// -O2, without a pragma and without asserting that elements are independent: calls of f are never
// interleaved within a thread. Everything here is always_inline, so that it vanishes into the clone
// at every -O level; that gives one element the same bits wherever it stands.
#pragma once

#include <hetmap/detail/chunk.hpp>
#include <hetmap/detail/config.hpp>
#include <hetmap/detail/element.hpp>
#include <hetmap/detail/source.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <cstddef>
#include <new>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

template <class F, class... Args>
HETMAP_INLINE decltype(auto) call(F& f, Args&&... args) {
  if constexpr (std::is_member_pointer_v<std::remove_cv_t<F>>) {
    return detail::invoke(f, std::forward<Args>(args)...);
  } else {
    return f(static_cast<Args&&>(args)...);  // std::forward would stay a call at -O0
  }
}

/// What a chunk's loop looks at to see whether the rest is wanted back.
class recall_check {
 public:
  HETMAP_INLINE explicit recall_check(chunk const& work) : word_(work.recalled), before_(seen()) {}

  /// The word as the compiler knows it: a plain load, of which two with nothing between them that
  /// might write to it are one. So two looks around f's call cost nothing where f is inlined and
  /// calls nothing unknown, and such loops vectorise as if there were none; otherwise they see what
  /// happened while f was blocked or slow.
  [[nodiscard]] HETMAP_INLINE recall seen() const {
#if HETMAP_THREAD_SANITIZER
    recall now;
    __atomic_load(word_, &now, __ATOMIC_RELAXED);
    return now;
#else
    return *word_;
#endif
  }

  /// Whether it has changed since this was made: a load and a comparison. Neither volatile nor
  /// atomic, which would make GCC fetch f's members anew as well: the compiler is only made to
  /// forget where the word is.
  [[nodiscard]] HETMAP_INLINE bool asked() {
    asm("" : "+r"(word_));
    return seen() != before_;
  }

 private:
  recall const* word_;
  recall before_;
};

/// What becomes of a result.
enum class store : unsigned char {
  nowhere,          ///< f returns nothing, or nobody wants it
  assign,           ///< assigned to an element that exists
  construct,        ///< constructed in raw memory
  spread,           ///< a tuple, its elements assigned to one column each
  in_place,         ///< as assign, to the very element it was computed from
  spread_in_place,  ///< as spread, one of the columns being an input
};

/// Whether assigning to raw memory is as good as constructing there, and easier to vectorise.
template <class T>
inline constexpr bool assignable_when_raw =
    std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T> &&
    std::is_trivially_assignable_v<T&, T>;

template <std::size_t... K, class Result, class... Out>
HETMAP_INLINE void put_columns(std::size_t i, std::index_sequence<K...>, Result&& result,
                               Out*... out) {
  (static_cast<void>(out[i] = detail::element<K>(std::forward<Result>(result))), ...);
}

// GCC unrolls the loop over a tile and then warns of elements behind its end, which it cannot see
// are never reached.
#pragma GCC diagnostic push
#if defined __GNUC__ && !defined __clang__
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif

/// The loop over one chunk, for results of types Out....
template <store How, class... Out>
struct element_loop {
  /// Whether the rest was wanted back meanwhile. Asked before a result is stored: what is stored
  /// may be bytes, which could be any word's.
  template <class F, class... Src>
  HETMAP_INLINE static bool one(std::size_t i, recall_check const& rest, F& f, Out*... out,
                                Src const&... src) {
    recall const before = rest.seen();
    if constexpr (How == store::nowhere) {
      static_cast<void>(detail::call(f, src[i]...));
      return rest.seen() != before;
    } else if constexpr (How == store::construct && !(assignable_when_raw<Out> && ...)) {
      (static_cast<void>(::new (static_cast<void*>(out + i)) Out(detail::call(f, src[i]...))), ...);
      return rest.seen() != before;
    } else {
      auto&& result = detail::call(f, src[i]...);
      bool const asked = rest.seen() != before;
      if constexpr (How == store::spread)
        detail::put_columns(i, std::index_sequence_for<Out...>{},
                            static_cast<decltype(result)&&>(result), out...);
      else
        (static_cast<void>(out[i] = static_cast<decltype(result)&&>(result)), ...);
      return asked;
    }
  }

  /// The next N elements, or as many of them as nobody wants back; whether all.
  template <std::size_t N, class F, class... Src>
  HETMAP_INLINE static bool block(std::size_t i, std::size_t& at, recall_check const& rest, F& f,
                                  Out*... out, Src const&... src) {
    for (std::size_t j = 0; j != N; ++j) {
      at = i + j;
      if (one(i + j, rest, f, out..., src...)) return false;
    }
    return true;
  }

  /// `at` follows the element being computed; where f cannot throw or block, nobody reads it and it
  /// is gone.
  ///
  /// Returns:  one past the last element computed.
  template <class F, class... Src>
  HETMAP_INLINE static std::size_t run(std::size_t begin, std::size_t end, std::size_t& at,
                                       recall_check rest, F& f, Out* __restrict... out,
                                       Src... src) {
    std::size_t i = begin;
    // do: what f has in memory is fetched once, before the loop.
    if (end - i >= block_elements) do {
        if (!block<block_elements>(i, at, rest, f, out..., src...)) return at + 1;
        i += block_elements;
        if (rest.asked()) return i;
      } while (end - i >= block_elements);
    if (end - i >= small_block_elements) do {
        if (!block<small_block_elements>(i, at, rest, f, out..., src...)) return at + 1;
        i += small_block_elements;
        if (rest.asked()) return i;
      } while (end - i >= small_block_elements);
    while (i != end) {
      static_cast<void>(one(at = i, rest, f, out..., src...));
      ++i;
      if (rest.asked()) return i;
    }
    return end;
  }
};

#pragma GCC diagnostic pop

/// Size, in bytes, of the piece of results that is computed aside before it is copied out, if that
/// is a block or more: fewer lines than a core can have on their way to memory at once, so that
/// they travel while the next piece is computed (docs/design.md, Stores, for what was measured).
inline constexpr std::size_t tile_bytes = 256;

/// The largest piece.
inline constexpr std::size_t largest_tile_bytes = 4096;

/// Inputs are asked for so many tiles before their turn. The processor does that by itself, but
/// only within a page.
inline constexpr std::size_t tiles_ahead = 6;

/// The loop for outputs that are not written where they are computed: those too large for the
/// caches, which are copied past them, and those that are an input, to which no pointer may be
/// restricted. What was done of a tile when f threw is copied too.
template <class Out>
struct tiled_loop {
  static constexpr bool possible =
      assignable_when_raw<Out> && sizeof(Out) * block_elements <= largest_tile_bytes;

  template <class F, class... Src>
  HETMAP_INLINE static std::size_t run(std::size_t begin, std::size_t end, std::size_t& at,
                                       recall_check rest, F& f, chunk const& work, Out* out,
                                       Src... src) {
    constexpr std::size_t blocks = tile_bytes / (sizeof(Out) * block_elements);
    constexpr std::size_t tile_elements = (blocks == 0 ? 1 : blocks) * block_elements;
    for (std::size_t i = begin; i != end;) {
      alignas(64) Out tile[tile_elements];
      std::size_t const n = end - i < tile_elements ? end - i : tile_elements;
      std::size_t done = 0;
      std::size_t until = n;
      (src.prefetch(i + tiles_ahead * tile_elements, n), ...);
      try {
        until = element_loop<store::assign, Out>::run(0, n, done, rest, f, tile, src.after(i)...);
      } catch (...) {
        work.copy_out(out + i, tile, done * sizeof(Out));
        at = i + done;
        throw;
      }
      work.copy_out(out + i, tile, until * sizeof(Out));
      i += until;
      if (until != n) return i;
    }
    return end;
  }
};

/// The loop whose output is one of its inputs, for types that no tile can hold: element by element,
/// without promises about memory.
template <class Out>
struct element_loop<store::in_place, Out> {
  template <class F, class... Src>
  HETMAP_INLINE static std::size_t run(std::size_t begin, std::size_t end, std::size_t& at,
                                       recall_check rest, F& f, Out* out, Src... src) {
    for (std::size_t i = begin; i != end;) {
      at = i;
      out[i] = detail::call(f, src[i]...);
      ++i;
      if (rest.asked()) return i;
    }
    return end;
  }
};

/// The same for columns.
template <class... Out>
struct element_loop<store::spread_in_place, Out...> {
  template <class F, class... Src>
  HETMAP_INLINE static std::size_t run(std::size_t begin, std::size_t end, std::size_t& at,
                                       recall_check rest, F& f, Out*... out, Src... src) {
    for (std::size_t i = begin; i != end;) {
      at = i;
      detail::put_columns(i, std::index_sequence_for<Out...>{}, detail::call(f, src[i]...), out...);
      ++i;
      if (rest.asked()) return i;
    }
    return end;
  }
};

// -- what the clones run ---------------------------------------------------------------------

template <store How, class... Out>
inline constexpr bool can_be_tiled = false;
template <store How, class Out>
inline constexpr bool can_be_tiled<How, Out> =
    (How == store::assign || How == store::construct) && tiled_loop<Out>::possible;

/// An element-wise map: F over Src..., results to Out....
template <store How, class F, class Outs, class... Src>
struct element_task;

template <store How, class F, class... Out, class... Src>
struct element_task<How, F, std::tuple<Out...>, Src...> {
  F& f;
  std::tuple<Src...> sources;

  HETMAP_INLINE void run(chunk& work) {
    std::size_t at = work.begin - work.origin;
    try {
      unpack(work, at, std::index_sequence_for<Out...>{}, std::index_sequence_for<Src...>{});
    } catch (...) {
      work.failed_at = work.origin + at;
      throw;
    }
  }

 private:
  template <std::size_t... O, std::size_t... I>
  HETMAP_INLINE void unpack(chunk& work, std::size_t& at, std::index_sequence<O...>,
                            std::index_sequence<I...>) {
    std::size_t const begin = work.begin - work.origin;
    std::size_t const end = work.end - work.origin;
    recall_check rest(work);
    std::size_t until;
    if constexpr (can_be_tiled<How, Out...>)
      if (work.copy_out != nullptr) {
        until = (tiled_loop<Out>::run(begin, end, at, rest, f, work,
                                      static_cast<Out*>(work.columns[O].base),
                                      std::get<I>(sources).at(work.columns[sizeof...(Out) + I])...),
                 ...);
        work.end = work.origin + until;
        return;
      }
    until = element_loop<How, Out...>::run(
        begin, end, at, rest, f, static_cast<Out*>(work.columns[O].base)...,
        std::get<I>(sources).at(work.columns[sizeof...(Out) + I])...);
    work.end = work.origin + until;
  }
};

/// A block function: f(span of each input..., span of the output[, scratch]), a block at a time.
template <class F, class Out, class... In>
struct block_task {
  F& f;
  std::size_t block;

  HETMAP_INLINE void run(chunk& work) { unpack(work, std::index_sequence_for<In...>{}); }

 private:
  template <std::size_t... I>
  HETMAP_INLINE void unpack(chunk& work, std::index_sequence<I...>) {
    recall_check rest(work);
    for (std::size_t b = work.begin; b < work.end;) {
      work.failed_at = b;
      std::size_t const n = work.end - b < block ? work.end - b : block;
      std::size_t const at = b - work.origin;
      if constexpr (std::is_invocable_v<F&, std::span<In>..., std::span<Out>, scratch&>)
        detail::call(f, std::span<In>(static_cast<In*>(work.columns[1 + I].base) + at, n)...,
                     std::span<Out>(static_cast<Out*>(work.columns[0].base) + at, n),
                     *work.scratch);
      else
        detail::call(f, std::span<In>(static_cast<In*>(work.columns[1 + I].base) + at, n)...,
                     std::span<Out>(static_cast<Out*>(work.columns[0].base) + at, n));
      b += n;
      if (rest.asked()) work.end = b;
    }
  }
};

// -- the clones ------------------------------------------------------------------------------

template <class Task>
HETMAP_CLONE void run_baseline(void* task, chunk& work) {
  static_cast<Task*>(task)->run(work);
}
template <class Task>
HETMAP_CLONE_UNCONTRACTED void run_uncontracted(void* task, chunk& work) {
  static_cast<Task*>(task)->run(work);
}

/// The level that this file's own flags amount to.
inline constexpr isa file_level = HETMAP_FILE_LEVEL;

/// Whether this compiler can keep a * b + c uncontracted in one function, whatever the flags.
inline constexpr bool can_be_reproducible = HETMAP_CAN_BE_REPRODUCIBLE;

#if HETMAP_HAS_X86_CLONES
template <class Task>
HETMAP_CLONE_AVX2 void run_avx2(void* task, chunk& work) {
  static_cast<Task*>(task)->run(work);
}
template <class Task>
HETMAP_CLONE_AVX512 void run_avx512(void* task, chunk& work) {
  static_cast<Task*>(task)->run(work);
}
template <class Task>
inline constexpr kernel_code code_of{{run_baseline<Task>, run_avx2<Task>, run_avx512<Task>},
                                     can_be_reproducible ? run_uncontracted<Task> : nullptr,
                                     file_level};
#else
template <class Task>
inline constexpr kernel_code code_of{{run_baseline<Task>, run_baseline<Task>, run_baseline<Task>},
                                     can_be_reproducible ? run_uncontracted<Task> : nullptr,
                                     file_level};
#endif

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
