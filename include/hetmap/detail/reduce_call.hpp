// From map_reduce to the core: blocks folded at fixed places, their results joined in a fixed tree.
#pragma once

#include <hetmap/detail/chunk.hpp>
#include <hetmap/detail/fold.hpp>
#include <hetmap/detail/kernel_traits.hpp>
#include <hetmap/detail/loop.hpp>
#include <hetmap/detail/map_call.hpp>
#include <hetmap/detail/source.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {

/// An accumulator of one element's value: T made of it, or T{} with it taken up.
template <class Op, class T, class R>
concept taken_up_by = std::default_initializable<T> && std::invocable<Op&, T, R> &&
                      std::convertible_to<std::invoke_result_t<Op&, T, R>, T>;

template <class Op, class T, class R>
concept reduces = std::move_constructible<T> && std::invocable<Op&, T, T> &&
                  std::convertible_to<std::invoke_result_t<Op&, T, T>, T> && !std::is_void_v<R> &&
                  (std::constructible_from<T, R> || taken_up_by<Op, T, R>);

/// Up to so many numbers are mapped into memory first, and folded from there.
inline constexpr std::size_t most_mapped_first = 65536;

inline constexpr std::size_t largest_leaf = 4096;

/// Elements folded before the tree begins: a function of the number of elements alone, since the
/// bits of the result depend on it. There are enough leaves for costly elements to be spread.
[[nodiscard]] constexpr std::size_t leaf_elements(std::size_t n) noexcept {
  std::size_t leaf = largest_leaf;
  while (leaf > 1 && n / leaf < 1024) leaf /= 2;
  return leaf;
}

/// Leaves first .. first + 2^level of the tree, joined.
template <class T>
struct tree_node {
  std::size_t first;
  unsigned level;
  T value;

  [[nodiscard]] bool is_left_of(tree_node const& right) const noexcept {
    return level == right.level && first + (std::size_t{1} << level) == right.first &&
           (first >> level) % 2 == 0;
  }
};

/// A node among others.
struct placed_node {
  std::size_t first;
  void* node;
};

/// Sorts by `first`.
HETMAP_API void sort_nodes(placed_node* nodes, std::size_t count) noexcept;

inline namespace HETMAP_TAG {

struct nothing {};

/// What one lane has joined so far: complete subtrees, siblings joined where they met. Which
/// subtrees exist in the end depends on the number of leaves only, not on who folded which.
template <class T, class Op>
class subtrees {
  /// Values that lie about until several are joined at once.
  static constexpr bool plain = std::is_trivially_copyable_v<T> && std::is_copy_assignable_v<T> &&
                                std::default_initializable<T> && sizeof(T) <= 64;

 public:
  __attribute__((__noinline__)) void add(tree_node<T> node, Op& op) {
    if (nodes_.empty() || !nodes_.back().is_left_of(node)) {
      nodes_.push_back(std::move(node));
      return;
    }
    tree_node<T>& left = nodes_.back();
    tree_node<T> both{left.first, left.level + 1,
                      joined(std::move(left.value), std::move(node.value), op)};
    nodes_.pop_back();
    add(std::move(both), op);
  }

  /// One leaf of plain values. Several in a row are joined together.
  HETMAP_INLINE void add_leaf(std::size_t leaf, T value, Op& op) {
    if (waiting_ != 0 && leaf != first_waiting_ + waiting_) add_waiting(op);
    if (waiting_ == 0) first_waiting_ = leaf;
    leaves_[waiting_++] = value;
    if ((leaf + 1) % most_waiting == 0) add_waiting(op);
  }
  /// The same out of line, so that the sum stays in registers until it is whole.
  __attribute__((__noinline__)) void keep_leaf(tree_node<T> node, Op& op) {
    if constexpr (plain)
      add_leaf(node.first, node.value, op);
    else
      add(std::move(node), op);
  }
  __attribute__((__noinline__)) void add_waiting(Op& op) {
    if constexpr (plain) {
      std::size_t const n = std::exchange(waiting_, 0);
      if (n == most_waiting)
        add_leaves<most_waiting>(first_waiting_, leaves_, op);
      else
        for (std::size_t k = 0; k != n; ++k) add({first_waiting_ + k, 0, leaves_[k]}, op);
    }
  }

  /// N leaves from `first` on; what they are is changed.
  template <std::size_t N>
  __attribute__((__noinline__)) void add_leaves(std::size_t first, T* leaves, Op& op) {
    if (waiting_ != 0) add_waiting(op);
    if (first % N == 0) {
      detail::join_leaves<N>(op, leaves);
      add({first, static_cast<unsigned>(std::countr_zero(N)), leaves[0]}, op);
    } else {
      for (std::size_t k = 0; k != N; ++k) add({first + k, 0, leaves[k]}, op);
    }
  }

  [[nodiscard]] std::vector<tree_node<T>>& nodes() noexcept { return nodes_; }

  subtrees* next = nullptr;
  /// Room for n numbers that are about to be folded.
  [[nodiscard]] __attribute__((__noinline__)) T* room_for(std::size_t n) {
    if (room_ < n) buffer_ = vector_access::with_room<T>(room_ = n);
    return buffer_.data();
  }

 private:
  static T joined(T&& left, T&& right, Op& op) {
    if constexpr (plain) {
      T both[] = {left, right};
      detail::join_leaves<2>(op, static_cast<T*>(both));
      return both[0];
    } else {
      return T(detail::call(op, std::move(left), std::move(right)));
    }
  }

  std::vector<tree_node<T>> nodes_;
  static constexpr std::size_t most_waiting = 16;
  std::conditional_t<plain, T[most_waiting], nothing> leaves_;
  std::size_t first_waiting_ = 0;
  std::size_t waiting_ = 0;
  std::conditional_t<std::is_arithmetic_v<T>, vector<T>, nothing> buffer_{};
  std::size_t room_ = 0;
};

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

/// So many widths are made before they are folded: the loops are left less often.
inline constexpr std::size_t tile_widths = 4;

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
  std::size_t begun[most_mapped_first / largest_leaf] = {};
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
      to[i] = detail::lifted<T>(op, static_cast<made>(made_elsewhere[i]));
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

  /// A leaf of at least two widths that is being folded, and what is left behind its last width.
  struct side {
    T sums[width];
    T left[width];
    std::size_t first;
    std::size_t whole;  // where that begins

    HETMAP_INLINE side(std::size_t begin, std::size_t end)
        : first(begin), whole(end - (end - begin) % width) {}

    /// Whole widths from i on, up to `whole` at most. More than one are taken in turn where the
    /// sums are at hand.
    template <class U>
    HETMAP_INLINE void take(Op& joins, U const* numbers, std::size_t i, std::size_t n,
                            std::size_t& at) {
      std::size_t k = 0;
      if (i == first) {
        for (std::size_t j = 0; j != width; ++j) sums[j] = static_cast<T>(numbers[j]);
        k = width;
      }
      for (; n - k >= tile_widths * width; k += tile_widths * width)
        for (std::size_t j = 0; j != width; ++j) {
          T sum = sums[j];
          for (std::size_t w = 0; w != tile_widths; ++w) {
            at = i + k + w * width + j;
            sum = static_cast<T>(
                detail::call(joins, T(sum), static_cast<T>(numbers[k + w * width + j])));
          }
          sums[j] = sum;
        }
      for (; k != n; k += width)
        for (std::size_t j = 0; j != width; ++j) {
          at = i + k + j;
          sums[j] = static_cast<T>(detail::call(joins, T(sums[j]), static_cast<T>(numbers[k + j])));
        }
    }
    HETMAP_INLINE T result(Op& joins, std::size_t end, std::size_t& at) {
      detail::join_halves<width>(joins, static_cast<T*>(sums));
      for (std::size_t i = whole; i != end; ++i) {
        at = i;
        sums[0] = static_cast<T>(detail::call(joins, T(sums[0]), T(left[i - whole])));
      }
      return sums[0];
    }
  };

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

template <class T, class Op, class F, class... Src>
using fold_on_gpu = fold_description<T, std::remove_cv_t<Op>, std::remove_cv_t<F>, Src...>;

/// The fold of n elements as the core sees it, but for who runs it.
template <class T, class F, class Op, class... Src>
[[nodiscard]] job reduce_job(array_memory* const* arrays, column const* columns, F& f, Op& op,
                             std::size_t n, std::size_t leaf, Src const&...) {
  job j{.columns = columns,
        .inputs = sizeof...(Src),
        .count = n,
        .learned = detail::rate_for<F, reduce_task<T, Op, F, Src...>>(f),
        .exact_chunk = leaf == 1 ? 0 : leaf,
        .reads = detail::greatest(Src::reads...),
        .arrays = arrays};
  if constexpr (interleaves<Op, T, made_of<F, Src...>>)
    if (n <= most_mapped_first)
      j.alike = detail::rate_for<F, Src...>(f);  // the CPU maps them first
  if constexpr (std::is_class_v<F> && std::is_trivially_copyable_v<F>) {
    j.functor = std::addressof(f);
    j.functor_bytes = sizeof(F);
  }
  if constexpr (std::is_class_v<Op> && std::is_trivially_copyable_v<Op>) {
    j.operation = std::addressof(op);
    j.operation_bytes = sizeof(Op);
  }
  if constexpr (!fold_on_gpu<T, Op, F, Src...>::possible)
    j.no_gpu = fold_on_gpu<T, Op, F, Src...>::why_not;
  return j;
}

/// Calls use(job) with the GPU's side of it as well.
template <class T, class F, class Op, class Use, class... Src>
decltype(auto) with_fold(job j, void (*take)(void*, std::size_t, void const*), Use&& use,
                         Src const&... src) {
  if constexpr (fold_on_gpu<T, Op, F, Src...>::possible) {
    fold_on_gpu<T, Op, F, Src...> const on_gpu(take, src...);
    j.gpu = &on_gpu.work;
    return use(j);
  } else {
    return use(j);
  }
}

/// What act() returns; what it throws is no single element's failure.
template <class Act>
decltype(auto) as_many(Act&& act) {
  try {
    return act();
  } catch (...) {
    rethrow_as_failure_of(no_length);
  }
}

/// Describes the fold of n elements to the core, hands it to `submit`, and joins the outcome.
///
/// arrays: of each input, or null.
template <class Submit, class F, class Op, class T, class... Src>
[[nodiscard]] T with_reduce_job(array_memory* const* arrays, Submit&& submit, F& f, Op& op, T init,
                                std::size_t n, std::size_t leaf, Src... src) {
  using task = reduce_task<T, Op, F, Src...>;
  auto const columns = detail::columns_of(std::tuple<>{}, src...);
  task work(f, op, leaf, src...);
  job j = detail::reduce_job<T>(arrays, columns.data(), f, op, n, leaf, src...);
  j.code = &code_of<task>;
  j.context = std::addressof(work);
  if constexpr (fold_on_gpu<T, Op, F, Src...>::possible)
    detail::with_fold<T, F, Op>(j, task::take, submit, src...);
  else
    submit(j);
  return detail::as_many([&] { return work.joined(std::move(init)); });
}

/// Whether a fold of n elements, few enough for the CPU to keep what f makes of them, is the GPU's.
template <class T, class F, class Op, class... Src>
[[nodiscard]] bool few_go_to_gpu(settings const& how, array_memory* const* arrays, F& f, Op& op,
                                 std::size_t n, Src... src) {
  if (!may_go_to_gpu(how)) return false;
  if constexpr (fold_on_gpu<T, Op, F, Src...>::possible) {
    auto const columns = detail::columns_of(std::tuple<>{}, src...);
    job const j = detail::reduce_job<T>(arrays, columns.data(), f, op, n, leaf_elements(n), src...);
    return detail::with_fold<T, F, Op>(
        j, nullptr, [&](job const& described) { return goes_to_gpu(described, how); }, src...);
  } else {
    return goes_to_gpu(job{}, how);
  }
}

/// The outcome of a fold whose claims might end anywhere, after init.
template <class Task, class Op, class T>
[[nodiscard]] T completed(settings const& how, Task& work, Op& op, T init) {
  if (!work.is_complete()) {
    settings again = how;  // the elements have been reported
    again.progress = nullptr;
    again.workers = 1;
    work.completing = true;
    run(job{.code = &code_of<Task>,
            .context = std::addressof(work),
            .columns = work.no_columns,
            .count = work.count,
            .learned = detail::rate_for<Op, completed_fold<T>>(op),
            .exact_chunk = largest_leaf},
        again);
  }
  return detail::as_many([&] { return work.joined(std::move(init)); });
}

/// A fold of so few numbers that there is room for all, so that claims may end anywhere: costly
/// elements are shared one by one, and the bits are those of leaves that one claim has whole.
template <class F, class Op, class T, class... Src>
[[nodiscard]] T reducing_few(settings const& how, array_memory* const* arrays, F& f, Op& op, T init,
                             std::size_t n, Src... src) {
  using task = reduce_task<T, Op, F, Src...>;
  auto const columns = detail::columns_of(std::tuple<>{}, src...);
  task work(f, op, largest_leaf, src...);
  work.count = n;
  job j = detail::reduce_job<T>(arrays, columns.data(), f, op, n, 1, src...);
  j.code = &code_of<task>;
  j.context = std::addressof(work);
  run(j, how);
  return detail::completed(how, work, op, std::move(init));
}

/// A fold of n elements that can be indexed. mapped(use): use(what f makes of them, in memory).
template <class F, class Op, class T, class Mapped, class... Src>
[[nodiscard]] T reducing_indexed(settings const& how, array_memory* const* arrays, F& f, Op& op,
                                 T init, std::size_t n, Mapped&& mapped, Src... src) {
  auto const submit = [&](job const& j) { run(j, how); };
  if constexpr (interleaves<Op, T, made_of<F, Src...>>) {
    if (n <= most_mapped_first) {
      if (!may_go_to_gpu(how))
        return detail::reducing_few(how, arrays, f, op, std::move(init), n, src...);
      if (detail::few_go_to_gpu<T>(how, arrays, f, op, n, src...))
        return detail::with_reduce_job(arrays, submit, f, op, std::move(init), n, leaf_elements(n),
                                       src...);
      return mapped([&](auto& values) {
        reduce_task<T, Op, F, Src...> work(f, op, largest_leaf, src...);
        work.begin_with(values);
        return detail::completed(how, work, op, std::move(init));
      });
    }
  }
  return detail::with_reduce_job(arrays, submit, f, op, std::move(init), n, leaf_elements(n),
                                 src...);
}

/// The body of map_reduce.
template <class F, class Op, class T, class... In>
  requires mappable<F, In&...>
[[nodiscard]] T reducing(settings const& how, F& f, Op& op, T init, In&... in) {
  using R = result_t<F, In&...>;
  static_assert(!std::floating_point<R> || !std::integral<T> || std::same_as<T, bool>,
                "hetmap: map_reduce's accumulator has the type of init, an integer, and would cut "
                "each of these floating-point results to one: write 0.0, not 0");
  if constexpr ((indexable<In&> && ...)) {
    return detail::reducing_indexed(
        how, nullptr, f, op, std::move(init), detail::shortest(in...),
        [&](auto&& use) {
          auto values = detail::returning(how, f, in...);
          return use(values);
        },
        detail::source_of(in)...);
  } else {
    running<T> sum(std::move(init));
    detail::in_batches(
        how, unlimited,
        [&](batches& call_in_parts, std::size_t n, auto... src) {
          auto const part = [&](job const& j) { call_in_parts.run(j); };
          if constexpr (interleaves<Op, T, R>) {
            auto values = vector_access::with_room<R>(n);
            detail::with_job<store::construct>(part, f, n, std::tuple{values.data()}, src...);
            vector_access::set_size(values, n);
            std::size_t k = call_in_parts.done() - n;
            try {
              for (R& value : values) {
                sum.become(detail::taken_up<T>(op, sum.taken(), std::move(value)));
                ++k;
              }
            } catch (...) {
              rethrow_as_failure_of(k);
            }
          } else {
            sum.become(detail::with_reduce_job(nullptr, part, f, op, sum.taken(), n,
                                               leaf_elements(n), src...));
          }
        },
        in...);
    return sum.taken();
  }
}

template <class F, class Op, class T, class... In>
  requires needs_stop<F, In&...>
[[nodiscard]] T reducing(settings const& how, F& f, Op& op, T init, In&... in) {
  return detail::stoppable(how, f, [&](settings const& s, auto& g) {
    return detail::reducing(s, g, op, std::move(init), in...);
  });
}

/// The body of explain for map_reduce.
template <class F, class Op, class T, class... In>
[[nodiscard]] plan planning_fold(settings const& how, F& f, Op& op, T const&, In&... in) {
  std::size_t const n = detail::shortest(in...);
  if constexpr ((indexable<In&> && ...)) {
    auto const describe = [&](auto... src) {
      auto const columns = detail::columns_of(std::tuple<>{}, src...);
      job j = detail::reduce_job<T>(nullptr, columns.data(), f, op, n, leaf_elements(n), src...);
      j.code = &code_of<reduce_task<T, Op, F, decltype(src)...>>;
      return detail::with_fold<T, F, Op>(
          j, nullptr, [&](job const& described) { return plan_for(described, how); }, src...);
    };
    return describe(detail::source_of(in)...);
  } else {
    return plan_for(job{.count = n == no_length ? 0 : n, .reads = access::batched}, how);
  }
}

}  // namespace HETMAP_TAG
}  // namespace detail

/// F can be applied to one element of each range, and Op joins two of T, which can be made of what
/// F returns. Op comes first: an overload that takes options looks at arguments one place further
/// on, and must not get as far as to call what is no function of elements.
template <class F, class Op, class T, class... In>
concept map_reducible =
    std::invocable<std::remove_reference_t<Op>&, T, T> && mappable<F, In...> &&
    detail::reduces<std::remove_reference_t<Op>, T,
                    std::invoke_result_t<std::remove_reference_t<F>&, detail::argument_t<In>...>>;

namespace detail {

/// Accumulators of type T can be made of the results and joined by Op.
template <class F, class Op, class T, class... In>
inline constexpr bool results_can_be_joined = requires {
  requires map_reducible<F, Op, T, In...> ||
               map_reducible<with_stop<std::remove_reference_t<F>>, Op, T, In...>;
};

}  // namespace detail

/// map_reducible, perhaps with a std::stop_token as the last argument of F.
template <class F, class Op, class T, class... In>
concept stop_map_reducible =
    std::invocable<std::remove_reference_t<Op>&, T, T> && stop_mappable<F, In...> &&
    detail::results_can_be_joined<F, Op, T, In...>;

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
