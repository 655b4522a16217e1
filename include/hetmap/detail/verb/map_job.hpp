// From a map to the core: sources and outputs become columns, the function becomes a task, and
// together they become a job.
#pragma once

#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/kernel/adaptors.hpp>
#include <hetmap/detail/kernel/gpu_call.hpp>
#include <hetmap/detail/kernel/kernel_traits.hpp>
#include <hetmap/detail/kernel/loop.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

template <class T>
void destroy_results(column const& out, std::size_t begin, std::size_t end) noexcept {
  std::destroy(static_cast<T*>(out.base) + begin, static_cast<T*>(out.base) + end);
}

template <class... Out, class... Src>
std::array<column, sizeof...(Out) + sizeof...(Src)> columns_of(std::tuple<Out*...> const& out,
                                                               Src const&... src) {
  return std::apply(
      [&](Out*... o) {
        return std::array<column, sizeof...(Out) + sizeof...(Src)>{
            column{const_cast<std::remove_cv_t<Out>*>(o), sizeof(Out), sizeof(Out)}...,
            src.as_column()...};
      },
      out);
}

#ifdef __CUDACC_EXTENDED_LAMBDA__
template <class F>
[[deprecated(
    "hetmap: the host calls an extended lambda through a pointer, for every element anew and some "
    "twenty times as slowly as a functor whose operator() is HETMAP_FN")]] constexpr void
warn_of_extended_lambda() {}
#endif

/// Describes the map of f over n elements to the core and hands the job to `submit`, which may
/// complete it.
template <store How, class Submit, class F, class... Out, class... Src>
decltype(auto) with_job(Submit&& submit, F& f, std::size_t n, std::tuple<Out*...> out, Src... src) {
  using task = element_task<How, F, std::tuple<Out...>, Src...>;
#ifdef __CUDACC_EXTENDED_LAMBDA__
  using function = std::remove_cvref_t<decltype(detail::bare(f))>;
  if constexpr (__nv_is_extended_host_device_lambda_closure_type(function))
    warn_of_extended_lambda<function>();
#endif
  auto const columns = detail::columns_of(out, src...);
  task work{f, {src...}};
  // Before the job: a call after it would keep the compiler from clearing only the job's other
  // bytes.
  rate* const learned = detail::rate_for<F, Src...>(f);
  functor_bytes const functor = detail::bytes_of(f);
  kernel_code const* in_place = nullptr;
  if constexpr ((How == store::assign || How == store::spread) &&
                ((Src::reads == access::contiguous) || ...))
    in_place = &code_in_place_of<task>;
  job j{.code = &code_of<task>,
        .code_in_place = in_place,
        .context = std::addressof(work),
        .columns = columns.data(),
        .outputs = sizeof...(Out),
        .inputs = sizeof...(Src),
        .count = n,
        .learned = learned,
        .reads = detail::greatest(Src::reads...),
        .can_be_streamed = task::bytes,
        .functor_bytes = functor.size,
        .functor = functor.data,
        .scalar = scalar_because<F>};
  if constexpr (How == store::construct)
    if constexpr (!(std::is_trivially_destructible_v<Out> && ...))
      j.discard = destroy_results<Out...>;
  using on_gpu = gpu_description<How, std::remove_cv_t<F>, std::tuple<Out...>, Src...>;
  if constexpr (on_gpu::possible) {
    on_gpu const description(f, n, out, src...);
    j.gpu = &description.work;
    return submit(j);
  } else {
    j.no_gpu = on_gpu::why_not;
    return submit(j);
  }
}

/// A map to existing elements: checks the memory first, and takes the loop that fits it.
template <bool Columns, class Submit, class F, class... Out, class... Src>
void assign(char const* verb, Submit&& submit, F& f, std::size_t n, std::tuple<Out*...> out,
            Src... src) {
  auto const columns = detail::columns_of(out, src...);
  auto const met =
      sizeof...(Out) == 1 && detail::lies_apart(columns.data(), sizeof...(Src), n)
          ? overlap::none
          : detail::compare_memory(verb, columns.data(), sizeof...(Out), sizeof...(Src), n);
  detail::with_job<Columns ? store::spread : store::assign>(
      [&](job& j) {
        if (met == overlap::exact) {
          j.code = j.code_in_place;
          j.in_place = true;
        }
        return submit(j);
      },
      f, n, out, src...);
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
