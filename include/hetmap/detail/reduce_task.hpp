// What a lane runs of a map_reduce: claims of elements, folded leaf by leaf.
#pragma once

#include <hetmap/detail/chunk.hpp>
#include <hetmap/detail/clones.hpp>
#include <hetmap/detail/fold.hpp>
#include <hetmap/detail/gpu_form.hpp>
#include <hetmap/detail/loop.hpp>
#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/reduce_tree.hpp>
#include <hetmap/detail/source.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/operation.hpp>
#include <hetmap/vector.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Up to so many numbers there is room for what f makes of all of them: claims may end anywhere
/// then, and costly elements are shared one by one.
inline constexpr std::size_t most_kept_numbers = 65536;

inline namespace HETMAP_TAG {

template <class T, class Op, class R>
HETMAP_INLINE T lifted(Op& op, R&& value) {
  if constexpr (std::constructible_from<T, R>)
    return static_cast<T>(std::forward<R>(value));
  else
    return static_cast<T>(detail::call(op, T{}, std::forward<R>(value)));
}
template <class T, class Op, class R>
HETMAP_INLINE T taken_up(Op& op, T&& sum, R&& value) {
  if constexpr (std::constructible_from<T, R>)
    return static_cast<T>(
        detail::call(op, static_cast<T&&>(sum), static_cast<T>(std::forward<R>(value))));
  else
    return static_cast<T>(detail::call(op, static_cast<T&&>(sum), std::forward<R>(value)));
}

/// Puts a new value in the place of one that it was made of. T need not be assignable.
template <class T>
class running {
 public:
  HETMAP_INLINE explicit running(T&& first) : value_(static_cast<T&&>(first)) {}

  [[nodiscard]] HETMAP_INLINE T&& taken() { return static_cast<T&&>(*value_); }
  HETMAP_INLINE void become(T&& next) { value_.emplace(static_cast<T&&>(next)); }

 private:
  std::optional<T> value_;
};
template <class T>
  requires std::is_move_assignable_v<T>
class running<T> {
 public:
  HETMAP_INLINE explicit running(T&& first) : value_(static_cast<T&&>(first)) {}

  [[nodiscard]] HETMAP_INLINE T&& taken() { return static_cast<T&&>(value_); }
  HETMAP_INLINE void become(T&& next) { value_ = static_cast<T&&>(next); }

 private:
  T value_;
};

/// Numbers, made of what f returns: they are made a tile at a time and folded from there, which
/// vectorises. Where their order does not matter, fold_width of them are folded side by side.
template <class T, class R>
inline constexpr bool folds_numbers = std::is_arithmetic_v<T> && std::constructible_from<T, R>;
template <class Op, class T, class R>
inline constexpr bool interleaves = folds_numbers<T, R> && commutative<std::remove_cv_t<Op>, T>;

/// How many leaves are folded at once whose order does matter: in this file's vectors, and few
/// enough for what is made of them to stay in a cache.
template <class T>
inline constexpr std::size_t short_rows = fold_width<T>;
template <class T>
inline constexpr std::size_t long_rows = fold_width<T> / 2;
template <class T>
inline constexpr std::size_t last_rows = fold_width<T> / 8;

/// Whether what is folded are the numbers of an array, as they are.
template <class F, class... Src>
inline constexpr bool reads_numbers = false;
template <class U, class Argument>
inline constexpr bool reads_numbers<std::identity, array_source<U, Argument>> =
    std::is_arithmetic_v<U>;
template <class U>
inline constexpr bool reads_numbers<std::identity, held_source<U>> = std::is_arithmetic_v<U>;

/// What f makes of the elements of these sources.
template <class F, class... Src>
using made_of = std::invoke_result_t<F&, decltype(std::declval<Src const&>().at(
                                             std::declval<column const&>())[std::size_t{}])...>;

/// Stands for the folds, under one operation, of values that have been made.
template <class T>
struct completed_fold;

/// Folds claims of whole leaves (of any elements, if a leaf is one); of any elements, where there
/// is room for those of leaves that no claim has whole.
template <class T, class Op, class F, class... Src>
struct reduce_task {
  using outputs = restricted<>;

  using side = side_by_side_fold<T, Op>;
  using made = made_of<F, Src...>;
  static constexpr bool of_numbers = folds_numbers<T, made>;
  static constexpr bool side_by_side = interleaves<Op, T, made>;
  /// Nothing is made: the numbers are folded from where they are. Those of another type are made T
  /// first where leaves are folded in turn.
  static constexpr bool as_they_are = reads_numbers<std::remove_cv_t<F>, Src...> &&
                                      (side_by_side || std::same_as<std::remove_cvref_t<made>, T>);
  static constexpr std::size_t width = fold_width<T>;

  F& f;
  Op& op;
  std::size_t leaf;
  std::tuple<Src...> sources;
  std::atomic<subtrees<T, Op>*> lanes{nullptr};
  std::atomic<bool> first_taken{false};
  subtrees<T, Op> first_lane;  // the others' are made when they come

  // Where claims may end anywhere: the call's elements (else 0); values of those in leaves that no
  // claim has whole; which leaves are in a subtree, by bit; and how many elements of the others are
  // folded into their first `width` values there.
  std::size_t count = 0;
  std::atomic<vector<T>*> kept{nullptr};
  std::atomic<std::uint32_t> folded{0};
  std::size_t begun[most_kept_numbers / largest_leaf] = {};
  column no_columns[1 + sizeof...(Src)] = {};
  bool completing = false;  // the leaves that no claim had whole

  reduce_task(F& function, Op& operation, std::size_t leaf_size, Src... src)
      : f(function), op(operation), leaf(leaf_size), sources(src...) {}
  ~reduce_task() {
    for (auto* lane = lanes.load(); lane != nullptr;) {
      auto* const next = lane->next;
      if (lane != std::addressof(first_lane)) delete lane;
      lane = next;
    }
    if constexpr (side_by_side) delete kept.load();
  }
  reduce_task(reduce_task const&) = delete;
  reduce_task& operator=(reduce_task const&) = delete;

  /// Takes what a GPU made of one piece: whole leaves, joined by the same tree from there on.
  static void take(void* context, std::size_t begin, void const* value) {
    auto& self = *static_cast<reduce_task*>(context);
    std::array<std::byte, sizeof(T)> bytes;
    std::memcpy(bytes.data(), value, sizeof(T));
    auto const level = static_cast<unsigned>(std::countr_zero(fold_piece / self.leaf));
    self.kept_in(self.device_slot)
        .add({begin / self.leaf, level, std::bit_cast<T>(bytes)}, self.op);
  }

  HETMAP_INLINE void run(chunk& work) {
    std::size_t at = work.begin - work.origin;
    try {
      unpack(work, at, std::index_sequence_for<Src...>{});
    } catch (...) {
      work.failed_at = work.origin + at;
      throw;
    }
  }

  /// What f has made of all elements.
  template <class Values>
  void begin_with(Values const& made_elsewhere) {
    count = made_elsewhere.size();
    T* const to = room();
    for (std::size_t i = 0; i != count; ++i)
      to[i] = detail::lifted<T>(op, static_cast<std::remove_cvref_t<made>>(made_elsewhere[i]));
  }

  [[nodiscard]] bool is_complete() const noexcept {
    return folded.load(std::memory_order_relaxed) == all_leaves();
  }

  /// All that was folded, in order, after `init`.
  [[nodiscard]] T joined(T init) {
    std::vector<placed_node> all;
    for (auto* lane = lanes.load(); lane != nullptr; lane = lane->next) {
      lane->add_waiting(op);
      for (auto& node : lane->nodes()) all.push_back({node.first, std::addressof(node)});
    }
    if (all.size() == 1)
      return T(detail::call(op, std::move(init),
                            std::move(static_cast<tree_node<T>*>(all[0].node)->value)));
    sort_nodes(all.data(), all.size());
    subtrees<T, Op> whole;
    for (auto& [first, node] : all) whole.add(std::move(*static_cast<tree_node<T>*>(node)), op);
    if (whole.nodes().empty()) return init;
    running<T> sum(std::move(whole.nodes().front().value));
    for (std::size_t k = 1; k != whole.nodes().size(); ++k)
      sum.become(T(detail::call(op, sum.taken(), std::move(whole.nodes()[k].value))));
    return T(detail::call(op, std::move(init), sum.taken()));
  }

 private:
  [[nodiscard]] std::uint32_t all_leaves() const noexcept {
    std::size_t const leaves = (count + leaf - 1) / leaf;
    return static_cast<std::uint32_t>((std::uint64_t{1} << leaves) - 1);
  }

  /// Room for the values of all elements.
  [[nodiscard]] __attribute__((__noinline__)) T* room() {
    vector<T>* there = kept.load(std::memory_order_acquire);
    if (there == nullptr) {
      owned<vector<T>> mine(new vector<T>(vector_access::with_room<T>(count)));
      if (kept.compare_exchange_strong(there, mine.get(), std::memory_order_acq_rel))
        there = mine.release();
    }
    return there->data();
  }

  __attribute__((__noinline__)) subtrees<T, Op>& kept_in(void*& slot) {
    if (slot == nullptr) {
      auto* const mine =
          first_taken.exchange(true) ? new subtrees<T, Op> : std::addressof(first_lane);
      mine->next = lanes.load();
      while (!lanes.compare_exchange_weak(mine->next, mine)) {
      }
      slot = mine;
    }
    return *static_cast<subtrees<T, Op>*>(slot);
  }

  template <std::size_t... I>
  HETMAP_INLINE void unpack(chunk& work, std::size_t& at, std::index_sequence<I...>) {
    subtrees<T, Op>& mine = kept_in(*work.slot);
    recall_check rest(work);
    std::size_t const begin = work.begin - work.origin;
    std::size_t const end = work.end - work.origin;
    std::size_t until;
    if constexpr (side_by_side)
      until = completing ? complete(begin, end, at, mine)
                         : fold_side_by_side(begin, end, at, rest, mine,
                                             std::get<I>(sources).at(work.columns[I])...);
    else if constexpr (of_numbers && std::integral<T> && !as_they_are)
      // An operation on integers takes a cycle: of long leaves less than the way to a buffer.
      until =
          leaf >= 512
              ? fold_leaves(begin, end, at, rest, mine, std::get<I>(sources).at(work.columns[I])...)
              : fold_rows(begin, end, at, rest, mine, std::get<I>(sources).at(work.columns[I])...);
    else if constexpr (of_numbers)
      until = fold_rows(begin, end, at, rest, mine, std::get<I>(sources).at(work.columns[I])...);
    else
      until = fold_leaves(begin, end, at, rest, mine, std::get<I>(sources).at(work.columns[I])...);
    mine.add_waiting(op);
    work.end = work.origin + until;
  }

  // -- of anything: leaf by leaf ---------------------------------------------------------------

  template <class... Source>
  HETMAP_INLINE std::size_t fold_leaves(std::size_t begin, std::size_t end, std::size_t& at,
                                        recall_check rest, subtrees<T, Op>& mine,
                                        Source const&... src) {
    for (std::size_t i = begin; i != end;) {
      std::size_t const next = end - i < leaf ? end : i + leaf;
      mine.keep_leaf({i / leaf, 0, fold(i, next, at, src...)}, op);
      i = next;
      if (rest.asked()) return i;
    }
    return end;
  }

  template <class... Source>
  HETMAP_INLINE T fold(std::size_t i, std::size_t end, std::size_t& at, Source const&... src) {
    at = i;
    running<T> sum(detail::lifted<T>(op, detail::call(f, src[i]...)));
    for (++i; i != end; ++i) {
      at = i;
      sum.become(detail::taken_up<T>(op, sum.taken(), detail::call(f, src[i]...)));
    }
    return sum.taken();
  }

  // -- of numbers ------------------------------------------------------------------------------

  /// The next N numbers, or as many as have been made when the rest is wanted back.
  template <std::size_t N, class... Source>
  HETMAP_INLINE std::size_t make(T* tile, std::size_t i, std::size_t& at, recall_check const& rest,
                                 bool may_stop, Source const&... src) {
    for (std::size_t j = 0; j != N; ++j) {
      at = i + j;
      recall const before = rest.seen();
      T const value = detail::lifted<T>(op, detail::call(f, src[i + j]...));
      bool const asked = rest.seen() != before;
      tile[j] = value;
      if (asked && may_stop) return j + 1;
    }
    return N;
  }

  /// Calls take(numbers, i, n) with all numbers from `begin` on, up to tile_widths widths at a
  /// time, with a part of a width only where it stops, and take_one(number, i) with the last few.
  ///
  /// Returns:  one past the last; less than end only if the rest is wanted back and it may stop.
  template <class Take, class TakeOne, class... Source>
  HETMAP_INLINE std::size_t make_all(std::size_t begin, std::size_t end, std::size_t& at,
                                     recall_check rest, bool may_stop, Take&& take,
                                     TakeOne&& take_one, Source const&... src) {
    std::size_t settled = 0;
    if constexpr (std::is_floating_point_v<T>) settled = detail::unknown_zero();
    std::size_t i = begin;
    while (end - i >= width) {
      T tile[tile_widths * width];
      std::size_t const most = (end - i) / width;
      std::size_t const wanted = (most < tile_widths ? most : tile_widths) * width;
      std::size_t n = 0;
      try {
        do {
          std::size_t const more = make<width>(tile + n, i + n, at, rest, may_stop, src...);
          n += more;
          if (more != width) break;
        } while (n != wanted);
      } catch (...) {
        // The operation may fail at one of those before.
        if constexpr (!side_by_side) take(tile + settled, i, at - i);
        throw;
      }
      take(tile + settled, i, n);
      i += n;
      if (may_stop && (n != wanted || rest.asked())) return i;
    }
    while (i != end) {
      T tile[1];
      static_cast<void>(make<1>(tile, i, at, rest, may_stop, src...));
      take_one(tile[settled], i);
      ++i;
      if (may_stop && rest.asked()) return i;
    }
    return end;
  }

  template <class U>
  static HETMAP_INLINE void copy(T* to, U const* from, std::size_t n) {
    std::size_t i = 0;
    for (; i + width <= n; i += width)
      for (std::size_t j = 0; j != width; ++j) to[i + j] = static_cast<T>(from[i + j]);
    for (; i < n; ++i) to[i] = static_cast<T>(from[i]);
  }

  // -- whose order does not matter -------------------------------------------------------------

  template <class... Source>
  HETMAP_INLINE std::size_t fold_side_by_side(std::size_t begin, std::size_t end, std::size_t& at,
                                              recall_check rest, subtrees<T, Op>& mine,
                                              Source const&... src) {
    bool const loose = count != 0;
    for (std::size_t i = begin; i != end;) {
      std::size_t const first = i - i % leaf;
      std::size_t const last = loose && count - first < leaf ? count : first + leaf;
      std::size_t next = last < end ? last : end;
      bool const aside = i == first && (next == last || !loose) && next - i >= 2 * width;
      // Numbers that are not folded at once wait for their leaf.
      T* waiting = nullptr;
      if (!aside && loose) {
        waiting = room() + i;
      } else if (!aside) {
        next = group_from(i, end);
        waiting = mine.room_for(next - i);
      }
      side one(i, next);
      std::size_t until = next;
      if constexpr (as_they_are) {
        auto const* const numbers = (src, ...).data + i;
        if (aside) {
          one.take(op, numbers, i, one.whole - i, at);
          copy(one.left, numbers + (one.whole - i), next - one.whole);
        } else {
          copy(waiting, numbers, next - i);
        }
      } else {
        until = make_all(
            i, next, at, rest, loose,
            [&](T const* numbers, std::size_t k, std::size_t n) {
              if (!aside) {
                copy(waiting + (k - i), numbers, n);
              } else {
                std::size_t const part = n % width;
                if (part != 0) leave(k + n - part, numbers + (n - part), part);
                if (n != part) one.take(op, numbers, k, n - part, at);
              }
            },
            [&](T number, std::size_t k) {
              (aside ? one.left[k - one.whole] : waiting[k - i]) = number;
            },
            src...);
      }
      if (aside && until == next) {
        mine.add_leaf(i / leaf, one.result(op, next, at), op);
        if (loose) folded.fetch_or(std::uint32_t{1} << (i / leaf), std::memory_order_relaxed);
      } else if (aside) {
        keep(one, until);
      } else if (!loose) {
        fold_waiting(waiting, i, next, at, mine);
      }
      i = until;
      if (rest.asked()) return i;
    }
    return end;
  }

  /// Leaves n numbers where complete() finds them.
  __attribute__((__noinline__)) void leave(std::size_t i, T const* numbers, std::size_t n) {
    T* const to = room() + i;
    for (std::size_t j = 0; j != n; ++j) to[j] = numbers[j];
  }

  /// The same with all there is of a leaf, up to `until`.
  __attribute__((__noinline__)) void keep(side const& one, std::size_t until) {
    std::size_t const whole = until < one.whole ? until : one.whole;
    std::size_t const taken = (whole - one.first) / width * width;
    if (taken != 0) leave(one.first, one.sums, width);
    if (until > one.whole) leave(one.whole, one.left, until - one.whole);
    begun[one.first / leaf] = taken;
  }

  /// Folds the leaves that no claim had whole.
  HETMAP_INLINE std::size_t complete(std::size_t begin, std::size_t end, std::size_t& at,
                                     subtrees<T, Op>& mine) {
    std::uint32_t const done = folded.load(std::memory_order_relaxed);
    T const* const numbers = room();
    for (std::size_t i = begin; i != end;) {
      std::size_t const next = end - i < leaf ? end : i + leaf;
      if ((done >> (i / leaf)) % 2 == 0) {
        if (next - i >= 2 * width) {
          side one(i, next);
          std::size_t const taken = begun[i / leaf] != 0 ? begun[i / leaf] : width;
          copy(one.sums, numbers + i, width);
          one.take(op, numbers + i + taken, i + taken, one.whole - i - taken, at);
          copy(one.left, numbers + one.whole, next - one.whole);
          mine.add_leaf(i / leaf, one.result(op, next, at), op);
        } else {
          mine.add_leaf(i / leaf, fold_alone(numbers, 0, i, next, at), op);
        }
      }
      i = next;
    }
    return end;
  }

  // -- whose order matters: from left to right, many leaves at a time --------------------------

  /// The end of what is folded at a time.
  [[nodiscard]] HETMAP_INLINE std::size_t group_from(std::size_t i, std::size_t end) const {
    std::size_t const group = leaf * (leaf < fold_strip ? short_rows<T> : long_rows<T>);
    return end - i < group ? end : i + group;
  }

  /// A leaf from `begin` on, of whose numbers the first that there is stands for element `from`.
  HETMAP_INLINE T fold_alone(T const* numbers, std::size_t from, std::size_t begin, std::size_t end,
                             std::size_t& at) {
    T sum = numbers[begin - from];
    for (std::size_t k = begin + 1; k != end; ++k) {
      at = k;
      sum = static_cast<T>(detail::call(op, T(sum), T(numbers[k - from])));
    }
    at = end - 1;
    return sum;
  }

  template <class... Source>
  HETMAP_INLINE std::size_t fold_rows(std::size_t begin, std::size_t end, std::size_t& at,
                                      recall_check rest, subtrees<T, Op>& mine,
                                      Source const&... src) {
    for (std::size_t i = begin; i != end;) {
      std::size_t next = group_from(i, end);
      if constexpr (as_they_are) {
        fold_waiting((src, ...).data + i, i, next, at, mine);
      } else {
        T* const waiting = mine.room_for(next - i);
        std::size_t until = i;
        try {
          do {
            bool const may_stop = until == i;
            until = make_all(
                until, next, at, rest, may_stop,
                [&](T const* numbers, std::size_t k, std::size_t n) {
                  copy(waiting + (k - i), numbers, n);
                },
                [&](T number, std::size_t k) { waiting[k - i] = number; }, src...);
            // Only whole leaves can be given back.
            std::size_t const whole = until + (leaf - until % leaf) % leaf;
            if (whole < next) next = whole;
          } while (until != next);
        } catch (...) {
          fail_earlier(waiting, i, at, at);
          throw;
        }
        fold_waiting(waiting, i, next, at, mine);
      }
      i = next;
      if (rest.asked()) return i;
    }
    return end;
  }

  /// Folds elements begin..end, of which `values` are the numbers.
  HETMAP_INLINE void fold_waiting(T const* values, std::size_t begin, std::size_t end,
                                  std::size_t& at, subtrees<T, Op>& mine) {
    std::size_t i = begin;
    try {
      if constexpr (side_by_side && 2 * width <= 64) {
      } else if constexpr (side_by_side) {  // others have two widths
        for (; leaf == 64 && end - i >= leaf * long_rows<T>; i += leaf * long_rows<T>) {
          T sums[long_rows<T>];
          detail::fold_long_rows<long_rows<T>>(op, values + (i - begin), 64, sums);
          mine.template add_leaves<long_rows<T>>(i / leaf, sums, op);
        }
      } else if (leaf < fold_strip) {
        for (; end - i >= leaf * short_rows<T>; i += leaf * short_rows<T>) {
          T sums[short_rows<T>];
          detail::fold_rows_of<short_rows<T>>(op, values + (i - begin), leaf, sums);
          mine.template add_leaves<short_rows<T>>(i / leaf, sums, op);
        }
      } else {
        for (; end - i >= leaf * long_rows<T>; i += leaf * long_rows<T>) {
          T sums[long_rows<T>];
          detail::fold_long_rows<long_rows<T>>(op, values + (i - begin), leaf, sums);
          mine.template add_leaves<long_rows<T>>(i / leaf, sums, op);
        }
        for (; end - i >= leaf * last_rows<T>; i += leaf * last_rows<T>) {
          T sums[last_rows<T>];
          detail::fold_long_rows<last_rows<T>>(op, values + (i - begin), leaf, sums);
          mine.template add_leaves<last_rows<T>>(i / leaf, sums, op);
        }
      }
      while (i != end) {
        std::size_t const next = end - i < leaf ? end : i + leaf;
        mine.add_leaf(i / leaf, fold_alone(values, begin, i, next, at), op);
        i = next;
      }
      mine.add_waiting(op);
    } catch (...) {
      at = end - 1;
      fail_earlier(values, begin, end, at);
      throw;
    }
  }

  /// Throws what the operation throws at the first of these elements, if it does in a loop over
  /// them.
  HETMAP_INLINE void fail_earlier(T const* values, std::size_t begin, std::size_t end,
                                  std::size_t& at) {
    std::size_t const last = at;
    if (begin != end) static_cast<void>(fold_alone(values, begin, begin, end, at));
    at = last;
  }

  void* device_slot = nullptr;
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
