// From map_reduce to the core: blocks folded at fixed indices, their results joined in a fixed
// tree.
#pragma once

#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/kernel/kernel_traits.hpp>
#include <hetmap/detail/kernel/reduce_task.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/detail/verb/map_call.hpp>
#include <hetmap/detail/verb/requirements.hpp>

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {

inline namespace HETMAP_TAG {

template <class T, class Op, class F, class... Src>
using fold_on_gpu = fold_description<T, std::remove_cv_t<Op>, std::remove_cv_t<F>, Src...>;

/// The fold of n elements as the core sees it, except who runs it.
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
    if (n <= most_kept_numbers)
      j.alike = detail::rate_for<F, Src...>(f);  // the CPU maps them first
  functor_bytes const functor = detail::bytes_of(f), operation = detail::bytes_of(op);
  j.functor = functor.data;
  j.functor_bytes = functor.size;
  j.operation = operation.data;
  j.operation_bytes = operation.size;
  if constexpr (!fold_on_gpu<T, Op, F, Src...>::possible)
    j.no_gpu = fold_on_gpu<T, Op, F, Src...>::why_not;
  return j;
}

/// Calls use(job) with its GPU half as well.
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

/// Whether the GPU takes a fold of n elements, few enough for the CPU to keep what f returns for
/// them.
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
    run_more(job{.code = &code_of<Task>,
                 .context = std::addressof(work),
                 .columns = work.no_columns,
                 .count = work.count,
                 .learned = detail::rate_for<Op, completed_fold<T>>(op),
                 .exact_chunk = largest_leaf},
             again);
  }
  return detail::as_many([&] { return work.joined(std::move(init)); });
}

/// A fold of few enough numbers to keep all, so that claims may end anywhere: costly elements are
/// shared one by one, and the bits are the same as for leaves that one claim has whole.
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

/// A fold of n elements that can be indexed. mapped(use): use(what f returns for them, in memory).
template <class F, class Op, class T, class Mapped, class... Src>
[[nodiscard]] T reducing_indexed(settings const& how, array_memory* const* arrays, F& f, Op& op,
                                 T init, std::size_t n, Mapped&& mapped, Src... src) {
  auto const submit = [&](job const& j) { run(j, how); };
  if constexpr (interleaves<Op, T, made_of<F, Src...>>) {
    if (n <= most_kept_numbers) {
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

template <>
struct folding<residence::host> {
  template <class F, class Op, class T, class... In>
  static T reducing(settings const& how, F& f, Op& op, T init, In&... in) {
    if constexpr (needs_stop_token<F, In&...>)
      return detail::stoppable(how, f, [&](settings const& s, auto& g) {
        return reducing(s, g, op, std::move(init), in...);
      });
    else
      return reducing_plain(how, f, op, std::move(init), in...);
  }

  /// explain.
  template <class F, class Op, class T, class... In>
  static plan planning(settings const& how, F& f, Op& op, T const&, In&... in) {
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

 private:
  template <class F, class Op, class T, class... In>
  static T reducing_plain(settings const& how, F& f, Op& op, T init, In&... in) {
    using R = result_t<F, In&...>;
    static_assert(
        !std::floating_point<R> || !std::integral<T> || std::same_as<T, bool>,
        "hetmap: map_reduce's accumulator has the type of init, an integer, and would cut "
        "each of these floating-point results to one: write 0.0, not 0");
    if constexpr ((indexable<In&> && ...)) {
      return detail::reducing_indexed(
          how, nullptr, f, op, std::move(init), detail::shortest(in...),
          [&](auto&& use) {
            auto values = mapping<residence::host>::returning(how, f, in...);
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
};

}  // namespace HETMAP_TAG
}  // namespace detail

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
