// The one element loop, and the tasks built on it.
//
// Blocks of a constant number of elements into restricted pointers are what vectorises at plain
// -O2, without a pragma and without asserting that elements are independent: calls of f are never
// interleaved within a thread. Everything here is always_inline, so that it is inlined into the
// clone at every -O level; that gives an element the same bits at every position.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/data/element.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/kernel/clones.hpp>
#include <hetmap/detail/seam/job.hpp>
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

/// How a chunk's loop sees whether the rest is recalled.
class recall_check {
 public:
  HETMAP_INLINE explicit recall_check(chunk const& work) : word_(work.recalled), before_(seen()) {}

  /// The word as the compiler knows it: a plain load. Two loads with nothing between them that
  /// might write to it become one. So checks before and after f's call cost nothing if f is inlined
  /// and calls nothing unknown, and such loops vectorise as if there were none; otherwise they see
  /// what happened while f was blocked or slow.
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

/// What is done with a result.
enum class store : unsigned char {
  nowhere,    ///< f returns nothing, or nobody wants it
  assign,     ///< assigned to an element that exists
  construct,  ///< constructed in raw memory
  spread,     ///< a tuple, its elements assigned to one column each
};

/// The largest piece of results, in bytes, that is computed in a local buffer.
inline constexpr std::size_t largest_tile_bytes = 4096;

/// Whether assigning to raw memory is equivalent to constructing there, and easier to vectorise.
template <class T>
inline constexpr bool assignable_when_raw =
    std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T> &&
    std::is_trivially_assignable_v<T&, T>;

/// Whether storing a Result as an Out determines the element entirely: its bytes may then be
/// computed in other memory, whatever that holds, and copied to their destination.
template <class Out, class Result>
inline constexpr bool replaces_bytes =
    !std::is_volatile_v<Out> && std::is_trivially_copyable_v<Out> &&
    std::is_trivially_assignable_v<Out&, Out&> &&
    (std::is_scalar_v<Out> || std::is_trivially_assignable_v<Out&, Result>);

template <class Columns, class Result, class = std::make_index_sequence<0>>
inline constexpr bool replace_bytes = false;
template <class... Out, class Result, std::size_t... K>
inline constexpr bool replace_bytes<std::tuple<Out...>, Result, std::index_sequence<K...>> =
    (replaces_bytes<Out, decltype(detail::element<K>(std::declval<Result>()))> && ...);

/// The same for all elements made from one result.
template <store How, class Result, class... Out>
inline constexpr bool results_are_bytes = false;
template <class Result, class Out>
inline constexpr bool results_are_bytes<store::assign, Result, Out> = replaces_bytes<Out, Result>;
template <class Result, class Out>
inline constexpr bool results_are_bytes<store::construct, Result, Out> =
    !std::is_volatile_v<Out> && std::is_trivially_copyable_v<Out>;
template <class Result, class... Out>
inline constexpr bool results_are_bytes<store::spread, Result, Out...> =
    replace_bytes<std::tuple<Out...>, Result, std::index_sequence_for<Out...>>;

template <std::size_t... K, class Result, class... Out>
HETMAP_INLINE void put_columns(std::size_t i, std::index_sequence<K...>, Result&& result,
                               Out*... out) {
  (static_cast<void>(out[i] = detail::element<K>(std::forward<Result>(result))), ...);
}

// GCC unrolls the loop over a tile and then warns of elements past its end: it cannot see that they
// are never reached.
#pragma GCC diagnostic push
#if defined __GNUC__ && !defined __clang__
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif

/// How a loop goes over a chunk: Loop::block<N> for N elements, Loop::one for what is left.
template <class Loop, class... Out>
struct block_walk {
  /// `at` follows the element being computed; if f cannot throw or block, nothing reads it and it
  /// is optimised away.
  ///
  /// Returns:  one past the last element computed.
  template <class F, class... Src>
  HETMAP_INLINE static std::size_t run(std::size_t begin, std::size_t end, std::size_t& at,
                                       recall_check rest, F& f, Out*... out, Src... src) {
    std::size_t i = begin;
    if constexpr (Loop::has_blocks) {
      // do: f's members are loaded once, before the loop.
      if (end - i >= block_elements) do {
          if (!Loop::template block<block_elements>(i, at, rest, f, out..., src...)) return at + 1;
          i += block_elements;
          if (rest.asked()) return i;
        } while (end - i >= block_elements);
      if (end - i >= small_block_elements) do {
          if (!Loop::template block<small_block_elements>(i, at, rest, f, out..., src...))
            return at + 1;
          i += small_block_elements;
          if (rest.asked()) return i;
        } while (end - i >= small_block_elements);
    }
    while (i != end) {
      static_cast<void>(Loop::one(at = i, rest, f, out..., src...));
      ++i;
      if (rest.asked()) return i;
    }
    return end;
  }
};

/// The loop over one chunk, for results of types Out....
template <store How, class... Out>
struct element_loop : block_walk<element_loop<How, Out...>, Out...> {
  static constexpr bool has_blocks = true;

  /// Whether the rest was recalled meanwhile. Asked before a result is stored: the result may be
  /// bytes, which may alias any word.
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

  /// The next N elements, or as many as are not recalled; returns whether all.
  template <std::size_t N, class F, class... Src>
  HETMAP_INLINE static bool block(std::size_t i, std::size_t& at, recall_check const& rest, F& f,
                                  Out*... out, Src const&... src) {
    for (std::size_t j = 0; j != N; ++j) {
      at = i + j;
      if (one(i + j, rest, f, out..., src...)) return false;
    }
    return true;
  }
};

/// Raw memory for N results of column K that are copied later.
template <std::size_t K, class Out, std::size_t N>
struct tile {
  alignas(64) unsigned char bytes[N * sizeof(Out)];

  HETMAP_INLINE Out* data() { return reinterpret_cast<Out*>(bytes); }
  HETMAP_INLINE void copy_to(Out* to) {
    if constexpr (std::is_scalar_v<Out> || std::is_empty_v<Out>) {
      for (std::size_t j = 0; j != N; ++j) to[j] = data()[j];
    } else {  // in words, which vectorise whatever the element is made of
      constexpr std::size_t word = 8;
      static_assert(sizeof bytes % word == 0);
      auto* const first = reinterpret_cast<unsigned char*>(to);
      for (std::size_t k = 0; k != sizeof bytes; k += word)
        __builtin_memcpy(first + k, bytes + k, word);
    }
  }
  HETMAP_INLINE void copy_to(Out* to, std::size_t n) {
    __builtin_memcpy(static_cast<void*>(to), bytes, n * sizeof(Out));
  }
};

/// The same loop if some outputs are inputs, so that no pointer may be restricted. A block is
/// computed in a local buffer and then copied; if the compiler unrolls it whole, it stays in
/// registers. What was computed of a block when f threw is copied too.
template <store How, bool Bytes, class... Out>
struct loop_in_place : block_walk<loop_in_place<How, Bytes, Out...>, Out...> {
  /// Whether blocks can be computed in a local buffer; else the loop goes element by element,
  /// without promises about memory.
  static constexpr bool has_blocks =
      Bytes && (sizeof(Out) + ...) * block_elements <= largest_tile_bytes;

  template <class F, class... Src>
  HETMAP_INLINE static bool one(std::size_t i, recall_check const& rest, F& f, Out*... out,
                                Src const&... src) {
    return element_loop<How, Out...>::one(i, rest, f, out..., src...);
  }
  template <std::size_t N, class F, class... Src>
  HETMAP_INLINE static bool block(std::size_t i, std::size_t& at, recall_check const& rest, F& f,
                                  Out*... out, Src const&... src) {
    return block_aside<N>(std::index_sequence_for<Out...>{}, i, at, rest, f, out..., src...);
  }

 private:
  template <std::size_t N, std::size_t... K, class F, class... Src>
  HETMAP_INLINE static bool block_aside(std::index_sequence<K...>, std::size_t i, std::size_t& at,
                                        recall_check const& rest, F& f, Out*... out,
                                        Src const&... src) {
    struct : tile<K, Out, N>... {
    } tiles;
    std::size_t done = 0;
    bool all;
    try {
      all = element_loop<How, Out...>::template block<N>(
          0, done, rest, f, static_cast<tile<K, Out, N>&>(tiles).data()..., src.after(i)...);
    } catch (...) {
      (static_cast<tile<K, Out, N>&>(tiles).copy_to(out + i, done), ...);
      at = i + done;
      throw;
    }
    if (all) {
      (static_cast<tile<K, Out, N>&>(tiles).copy_to(out + i), ...);
    } else {
      (static_cast<tile<K, Out, N>&>(tiles).copy_to(out + i, done + 1), ...);
      at = i + done;
    }
    return all;
  }
};

#pragma GCC diagnostic pop

// -- what the clones run ---------------------------------------------------------------------

/// An element-wise map: F over Src..., results to Out....
template <store How, class F, class Outs, class... Src>
struct element_task;

template <store How, class F, class... Out, class... Src>
struct element_task<How, F, std::tuple<Out...>, Src...> {
  using outputs = restricted<Out...>;
  using result = decltype(detail::call(
      std::declval<F&>(), std::declval<Src const&>().at(std::declval<column const&>())[0]...));

  /// Whether results may be computed elsewhere.
  static constexpr bool bytes = results_are_bytes<How, result, Out...>;

  F& f;
  std::tuple<Src...> sources;

  HETMAP_INLINE void run(chunk& work, Out*... out) {
    with<element_loop<How, Out...>>(work, std::index_sequence_for<Src...>{}, out...);
  }
  HETMAP_INLINE void run_in_place(chunk& work) {
    unpack_in_place(work, std::index_sequence_for<Out...>{});
  }

 private:
  template <std::size_t... O>
  HETMAP_INLINE void unpack_in_place(chunk& work, std::index_sequence<O...>) {
    with<loop_in_place<How, bytes, Out...>>(work, std::index_sequence_for<Src...>{},
                                            static_cast<Out*>(work.columns[O].base)...);
  }

  template <class Loop, std::size_t... I>
  HETMAP_INLINE void with(chunk& work, std::index_sequence<I...>, Out*... out) {
    std::size_t const begin = work.begin - work.origin;
    std::size_t const end = work.end - work.origin;
    std::size_t at = begin;
    try {
      work.end =
          work.origin + Loop::run(begin, end, at, recall_check(work), f, out...,
                                  std::get<I>(sources).at(work.columns[sizeof...(Out) + I])...);
    } catch (...) {
      work.failed_at = work.origin + at;
      throw;
    }
  }
};

/// A block function: f(span of each input..., span of the output[, scratch]), a block at a time.
template <class F, class Out, class... In>
struct block_task {
  using outputs = restricted<>;  // f may be asked to work in place

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

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
