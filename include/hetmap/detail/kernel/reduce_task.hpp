// What a lane runs of a map_reduce: claims of elements, folded leaf by leaf.
#pragma once

#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/kernel/accumulator.hpp>
#include <hetmap/detail/kernel/clones.hpp>
#include <hetmap/detail/kernel/fold.hpp>
#include <hetmap/detail/kernel/fold_rows.hpp>
#include <hetmap/detail/kernel/kept_numbers.hpp>
#include <hetmap/detail/kernel/loop.hpp>
#include <hetmap/detail/kernel/make_numbers.hpp>
#include <hetmap/detail/kernel/reduce_tree.hpp>
#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/seam/gpu_form.hpp>
#include <hetmap/detail/seam/job.hpp>
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

inline namespace HETMAP_TAG {

/// Stands for the folds, under one operation, of values that exist.
template <class T>
struct completed_fold;

/// Folds claims of whole leaves (of any elements, if a leaf is one); of any elements, where there
/// is room for those of leaves that no claim has whole.
template <class T, class Op, class F, class... Src>
struct reduce_task : rows_of_numbers<T, Op, interleaves<Op, T, made_of<F, Src...>>>,
                     kept_numbers<T> {
  using rows = rows_of_numbers<T, Op, interleaves<Op, T, made_of<F, Src...>>>;
  using keeping = kept_numbers<T>;
  using keeping::count;
  using rows::op, rows::leaf, rows::width;
  using outputs = restricted<>;

  using side = side_by_side_fold<T, Op>;
  using made = made_of<F, Src...>;
  static constexpr bool of_numbers = folds_numbers<T, made>;
  static constexpr bool side_by_side = interleaves<Op, T, made>;
  /// Nothing is made: the numbers are folded from where they are. Those of another type are made T
  /// first where leaves are folded in turn.
  static constexpr bool as_they_are = reads_numbers<std::remove_cv_t<F>, Src...> &&
                                      (side_by_side || std::same_as<std::remove_cvref_t<made>, T>);

  F& f;
  std::tuple<Src...> sources;
  std::atomic<subtrees<T, Op>*> lanes{nullptr};
  std::atomic<bool> first_taken{false};
  subtrees<T, Op> first_lane;  // the others' are made when they come

  column no_columns[1 + sizeof...(Src)] = {};
  bool completing = false;  // the leaves that no claim had whole

  reduce_task(F& function, Op& operation, std::size_t leaf_size, Src... src)
      : rows{operation, leaf_size}, f(function), sources(src...) {}
  ~reduce_task() {
    for (auto* lane = lanes.load(); lane != nullptr;) {
      auto* const next = lane->next;
      if (lane != std::addressof(first_lane)) delete lane;
      lane = next;
    }
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

  /// What f returned for all elements.
  template <class Values>
  void begin_with(Values const& made_elsewhere) {
    count = made_elsewhere.size();
    T* const to = room();
    for (std::size_t i = 0; i != count; ++i)
      to[i] = detail::lifted<T>(op, static_cast<std::remove_cvref_t<made>>(made_elsewhere[i]));
  }

  /// All that was folded, in order, after `init`.
  [[nodiscard]] T joined(T init) { return detail::joined_lanes(lanes.load(), op, std::move(init)); }

 private:
  using keeping::room, keeping::leave, keeping::folded, keeping::begun;
  using rows::copy, rows::fold_alone, rows::fold_waiting, rows::group_from, rows::fail_earlier;

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
      // An operation on integers takes a cycle: for long leaves that is less than the way to a
      // buffer.
      until =
          leaf >= 512
              ? fold_leaves(begin, end, at, rest, mine, std::get<I>(sources).at(work.columns[I])...)
              : fold_rows(begin, end, at, rest, mine, std::get<I>(sources).at(work.columns[I])...);
    else if constexpr (of_numbers)
      until = fold_rows(begin, end, at, rest, mine, std::get<I>(sources).at(work.columns[I])...);
    else
      until = fold_leaves(begin, end, at, rest, mine, std::get<I>(sources).at(work.columns[I])...);
    mine.add_several_waiting(op);
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

  /// As detail::make_all.
  template <class Take, class TakeOne, class... Source>
  HETMAP_INLINE std::size_t make_all(std::size_t begin, std::size_t end, std::size_t& at,
                                     recall_check rest, bool may_stop, Take&& take,
                                     TakeOne&& take_one, Source const&... src) {
    return detail::make_all<T, side_by_side>(f, op, begin, end, at, rest, may_stop, take, take_one,
                                             src...);
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
      bool const whole_leaf = i == first && next == last;
      bool const aside = i == first && (next == last || !loose) && next - i >= 2 * width;
      bool const at_once = loose && whole_leaf && !aside;
      // Numbers that are not folded at once wait for their leaf.
      T* waiting = nullptr;
      if (at_once) {
        waiting = mine.room_for(next - i);
      } else if (!aside && loose) {
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
        if (loose) this->mark_folded(i / leaf);
      } else if (aside) {
        keep(one, until);
      } else if (at_once && until == next) {
        mine.add_leaf(i / leaf, fold_alone(waiting, i, i, next, at), op);
        this->mark_folded(i / leaf);
      } else if (at_once) {
        leave(i, waiting, until - i);
      } else if (!loose) {
        fold_waiting(waiting, i, next, at, mine);
      }
      i = until;
      if (rest.asked()) return i;
    }
    return end;
  }

  /// Leaves all there is of a leaf, up to `until`, where complete() finds it.
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

  void* device_slot = nullptr;
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
