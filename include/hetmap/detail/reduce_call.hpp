// From map_reduce to the core: blocks folded at fixed places, their results joined in a fixed tree.
#pragma once

#include <hetmap/detail/chunk.hpp>
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

/// Whether op(a, b) equals op(b, a) for all values of T, and the loop of a map_reduce may therefore
/// fold every so many-th element together, which vectorises. Specialise it for operations of your
/// own; numbers only are asked.
template <class Op, class T>
inline constexpr bool commutative = false;
template <class T, class U>
inline constexpr bool commutative<std::plus<U>, T> = true;
template <class T, class U>
inline constexpr bool commutative<std::multiplies<U>, T> = true;
template <class T, class U>
inline constexpr bool commutative<std::bit_and<U>, T> = true;
template <class T, class U>
inline constexpr bool commutative<std::bit_or<U>, T> = true;
template <class T, class U>
inline constexpr bool commutative<std::bit_xor<U>, T> = true;

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

/// Elements folded before the tree begins: a function of the number of elements alone, since the
/// bits of the result depend on it. There are enough leaves for costly elements to be spread.
[[nodiscard]] constexpr std::size_t leaf_elements(std::size_t n) noexcept {
  std::size_t leaf = 4096;
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

/// What one lane has joined so far: complete subtrees, siblings joined where they met. Which
/// subtrees exist in the end depends on the number of leaves only, not on who folded which.
template <class T, class Op>
class subtrees {
 public:
  __attribute__((__noinline__)) void add(tree_node<T> node, Op& op) {
    if (nodes_.empty() || !nodes_.back().is_left_of(node)) {
      nodes_.push_back(std::move(node));
      return;
    }
    tree_node<T>& left = nodes_.back();
    tree_node<T> both{left.first, left.level + 1,
                      T(detail::call(op, std::move(left.value), std::move(node.value)))};
    nodes_.pop_back();
    add(std::move(both), op);
  }

  std::vector<tree_node<T>>& nodes() noexcept { return nodes_; }

  subtrees* next = nullptr;

 private:
  std::vector<tree_node<T>> nodes_;
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

/// Numbers whose order does not matter: the loop keeps `fold_width` sums side by side, four vectors
/// at the widest.
template <class Op, class T>
inline constexpr bool interleaves = std::is_arithmetic_v<T> && commutative<std::remove_cv_t<Op>, T>;
template <class T>
inline constexpr std::size_t fold_width = 256 / sizeof(T) < 64 ? 256 / sizeof(T) : 64;

/// Folds claims of whole leaves (of any elements, if a leaf is one).
template <class T, class Op, class F, class... Src>
struct reduce_task {
  using outputs = restricted<>;

  F& f;
  Op& op;
  std::size_t leaf;
  std::tuple<Src...> sources;
  std::atomic<subtrees<T, Op>*> lanes{nullptr};

  reduce_task(F& function, Op& operation, std::size_t leaf_size, Src... src)
      : f(function), op(operation), leaf(leaf_size), sources(src...) {}
  ~reduce_task() {
    for (auto* lane = lanes.load(); lane != nullptr;) delete std::exchange(lane, lane->next);
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

  /// All that was folded, in order, after `init`.
  [[nodiscard]] T joined(T init) {
    std::vector<placed_node> all;
    for (auto* lane = lanes.load(); lane != nullptr; lane = lane->next)
      for (auto& node : lane->nodes()) all.push_back({node.first, std::addressof(node)});
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
  __attribute__((__noinline__)) subtrees<T, Op>& kept_in(void*& slot) {
    if (slot == nullptr) {
      auto* const mine = new subtrees<T, Op>;
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
    std::size_t const end = work.end - work.origin;
    for (std::size_t i = at; i != end;) {
      std::size_t const next = end - i < leaf ? end : i + leaf;
      mine.add({i / leaf, 0, fold(i, next, at, std::get<I>(sources).at(work.columns[I])...)}, op);
      i = next;
      if (!rest.asked()) continue;
      work.end = work.origin + i;
      return;
    }
  }

  template <class... Source>
  HETMAP_INLINE T fold(std::size_t i, std::size_t end, std::size_t& at, Source const&... src) {
    constexpr std::size_t width = fold_width<T>;
    if constexpr (interleaves<Op, T>) {
      if (end - i >= 2 * width) {
        T sums[width];
        for (std::size_t j = 0; j != width; ++j) {
          at = i + j;
          sums[j] = detail::lifted<T>(op, detail::call(f, src[i + j]...));
        }
        for (i += width; end - i >= width; i += width)
          for (std::size_t j = 0; j != width; ++j) {
            at = i + j;
            sums[j] = detail::taken_up<T>(op, std::move(sums[j]), detail::call(f, src[i + j]...));
          }
        for (std::size_t half = width / 2; half != 0; half /= 2)
          for (std::size_t j = 0; j != half; ++j)
            sums[j] =
                static_cast<T>(detail::call(op, std::move(sums[j]), std::move(sums[j + half])));
        for (; i != end; ++i) {
          at = i;
          sums[0] = detail::taken_up<T>(op, std::move(sums[0]), detail::call(f, src[i]...));
        }
        return sums[0];
      }
    }
    at = i;
    running<T> sum(detail::lifted<T>(op, detail::call(f, src[i]...)));
    for (++i; i != end; ++i) {
      at = i;
      sum.become(detail::taken_up<T>(op, sum.taken(), detail::call(f, src[i]...)));
    }
    return sum.taken();
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
  if constexpr (interleaves<Op, T>)
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
  try {
    return work.joined(std::move(init));
  } catch (...) {
    rethrow_as_failure_of(no_length);  // of many at once
  }
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

struct identity {
  template <class V>
  HETMAP_INLINE V&& operator()(V&& value) const {
    return std::forward<V>(value);
  }
};

template <>
inline constexpr bool put_around<identity> = true;

/// A fold of n elements that can be indexed. mapped(use): use(what f makes of them, in memory).
template <class F, class Op, class T, class Mapped, class... Src>
[[nodiscard]] T reducing_indexed(settings const& how, array_memory* const* arrays, F& f, Op& op,
                                 T init, std::size_t n, Mapped&& mapped, Src... src) {
  auto const submit = [&](job const& j) { run(j, how); };
  if constexpr (interleaves<Op, T>) {
    if (n <= most_mapped_first) {
      if (detail::few_go_to_gpu<T>(how, arrays, f, op, n, src...))
        return detail::with_reduce_job(arrays, submit, f, op, std::move(init), n, leaf_elements(n),
                                       src...);
      return mapped([&](auto& values) {
        settings again = how;  // the elements have been reported
        again.progress = nullptr;
        again.workers = 1;
        identity same;
        return detail::with_reduce_job(
            nullptr, [&](job const& j) { run(j, again); }, same, op, std::move(init), n,
            leaf_elements(no_length), detail::source_of(values));
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
          if constexpr (interleaves<Op, T>) {
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
