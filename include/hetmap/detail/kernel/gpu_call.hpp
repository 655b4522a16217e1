// How a call looks to a GPU: which kernel, which signature, which columns.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/kernel/kernel_traits.hpp>
#include <hetmap/detail/kernel/loop.hpp>
#include <hetmap/detail/seam/gpu_form.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

/// The call site of a kernel and a signature.
template <class Kernel, class Signature, form_kind Kind = form_kind::map>
[[nodiscard]] gpu_site& gpu_site_of() {
  // Constant-initialised, so that it needs no guard, for which a forked child could wait forever.
  static constinit gpu_site site{Kind, &typeid(kernel_identity_t<Kernel>), &typeid(Signature)};
  return site;
}

template <class Iterator>
concept counts_up =
    std::integral<std::iter_value_t<Iterator>> &&
    sizeof(std::iter_value_t<Iterator>) <= sizeof(std::int64_t) &&
    (std::same_as<Iterator,
                  std::ranges::iterator_t<std::ranges::iota_view<std::iter_value_t<Iterator>>>> ||
     std::same_as<Iterator, std::ranges::iterator_t<std::ranges::iota_view<
                                std::iter_value_t<Iterator>, std::iter_value_t<Iterator>>>>);

/// Element types that a GPU can hold.
template <class T>
concept gpu_element = std::is_trivially_copyable_v<T> && alignof(T) <= largest_gpu_alignment;

/// What a source is to a GPU: the values that f gets from it, and where they are.
template <class Source>
struct gpu_input {
  static constexpr bool possible = false;
};
template <class T, class Argument>
  requires gpu_element<T>
struct gpu_input<array_source<T, Argument>> {
  static constexpr bool possible = true;
  using value = std::remove_cv_t<T>;
  static gpu_operand operand(array_source<T, Argument> const& s) {
    return {.memory = s.as_column()};
  }
};
template <class Iterator>
  requires counts_up<Iterator>
struct gpu_input<iterator_source<Iterator>> {
  static constexpr bool possible = true;
  using value = std::iter_value_t<Iterator>;
  static gpu_operand operand(iterator_source<Iterator> const& s) {
    return {.memory = {nullptr, sizeof(value), sizeof(value)},
            .first = static_cast<std::int64_t>(*s.first),
            .generated = true};
  }
};

template <class T>
  requires gpu_element<T>
struct gpu_input<held_source<T>> {
  static constexpr bool possible = true;
  using value = T;
  static gpu_operand operand(held_source<T> const& s) { return {.memory = s.as_column()}; }
};

/// A call of F over these sources with results to Out...; `possible` unless something in it cannot
/// be on a GPU, which `why_not` then names.
template <store How, class F, class Outs, class... Src>
struct gpu_description {
  static constexpr bool possible = false;
  static constexpr char const* why_not =
      !(gpu_input<Src>::possible && ...)
          ? "an input is neither an array of trivially copyable elements, aligned to 256 bytes at "
            "most, nor an iota of integers"
          : "the kernel is no trivially copyable functor that can be called as a const object";
};

template <class F>
concept gpu_functor = std::is_class_v<F> && std::is_trivially_copyable_v<F> && !an_adaptor<F>;

/// Whether results R go to elements of types Out... as they are. On the GPU tuples are one column
/// per element.
template <store How, class R, class... Out>
inline constexpr bool keeps_results =
    sizeof...(Out) == 1 && (std::same_as<R, Out> && ...) && !tuple_like<R>;

constexpr char const* why_results_cannot(bool of_tuples, bool fit) {
  return of_tuples
             ? "the kernel's tuples go to a column an element on the GPU: use map_columns, or "
               "columns(...)"
         : !fit ? "the results are not one to eight trivially copyable elements, aligned to 256 "
                  "bytes at most"
                : "the output's elements are of another type than the results";
}
template <store How, class R, class... Out>
  requires(How == store::spread && tuple_like<R> && std::tuple_size<R>::value == sizeof...(Out))
inline constexpr bool keeps_results<How, R, Out...> =
    []<std::size_t... I>(std::index_sequence<I...>) {
      return (std::same_as<std::remove_cvref_t<std::tuple_element_t<I, R>>, Out> && ...);
    }(std::index_sequence_for<Out...>{});

template <class... T>
inline constexpr bool fits_gpu_columns =
    sizeof...(T) >= 1 && sizeof...(T) <= most_gpu_columns && (gpu_element<T> && ...);

template <store How, class F, class... Out, class... Src>
  requires gpu_functor<F> && (gpu_input<Src>::possible && ...) &&
           std::is_invocable_v<F const&, typename gpu_input<Src>::value const&...>
struct gpu_description<How, F, std::tuple<Out...>, Src...> {
  using result =
      std::remove_cvref_t<std::invoke_result_t<F const&, typename gpu_input<Src>::value const&...>>;
  using signature = result(typename gpu_input<Src>::value...);

  static constexpr bool possible = keeps_results<How, result, Out...> && fits_gpu_columns<Out...> &&
                                   sizeof...(Src) <= most_gpu_columns;
  static constexpr char const* why_not = sizeof...(Src) > most_gpu_columns
                                             ? "it has more than eight inputs"
                                             : detail::why_results_cannot(tuple_like<result> &&
                                                                              sizeof...(Out) == 1,
                                                                          fits_gpu_columns<Out...>);

  std::array<gpu_operand, sizeof...(Out) + sizeof...(Src)> operands;
  gpu_work work;

  gpu_description(F const&, std::size_t, std::tuple<Out*...> const& out, Src const&... src)
      : operands(std::apply(
            [&](Out*... o) {
              return std::array<gpu_operand, sizeof...(Out) + sizeof...(Src)>{
                  gpu_operand{.memory = {o, sizeof(Out), sizeof(Out)}}...,
                  gpu_input<Src>::operand(src)...};
            },
            out)),
        work{.site = &detail::gpu_site_of<F, signature>(),
             .operands = operands.data(),
             .outputs = sizeof...(Out),
             .inputs = sizeof...(Src)} {}
};

/// Rows: their elements are columns to the GPU.
template <store How, class F, class... Out, class Row, class Argument>
  requires gpu_functor<std::remove_cv_t<F>> && tuple_like<Row> &&
           takes_elements_of<std::remove_cv_t<F> const, std::remove_cv_t<Row> const&>
struct gpu_description<How, starred<F>, std::tuple<Out...>, array_source<Row, Argument>> {
  using row = std::remove_cv_t<Row>;
  static constexpr std::size_t width = std::tuple_size<row>::value;

  template <std::size_t I>
  using cell = std::remove_cvref_t<std::tuple_element_t<I, row>>;

  template <class Indices>
  struct typed;
  template <std::size_t... I>
  struct typed<std::index_sequence<I...>> {
    using result =
        std::remove_cvref_t<std::invoke_result_t<F const&, decltype(detail::element<I>(
                                                               std::declval<row const&>()))...>>;
    using signature = result(cell<I>...);
    // Elements that are references, or made on request, are not in the row's memory.
    static constexpr bool in_rows =
        (std::is_lvalue_reference_v<decltype(detail::element<I>(std::declval<row const&>()))> &&
         ...) &&
        (!std::is_reference_v<std::tuple_element_t<I, row>> && ...) && fits_gpu_columns<cell<I>...>;
  };
  using types = typed<std::make_index_sequence<width>>;
  static constexpr bool possible = types::in_rows &&
                                   keeps_results<How, typename types::result, Out...> &&
                                   fits_gpu_columns<Out...>;
  static constexpr char const* why_not =
      !types::in_rows
          ? "its rows are not made of one to eight trivially copyable elements, aligned to 256 "
            "bytes at most"
          : detail::why_results_cannot(tuple_like<typename types::result> && sizeof...(Out) == 1,
                                       fits_gpu_columns<Out...>);

  std::array<gpu_operand, sizeof...(Out) + width> operands;
  gpu_work work;

  gpu_description(starred<F> const&, std::size_t n, std::tuple<Out*...> const& out,
                  array_source<Row, Argument> const& rows)
      : operands([&]<std::size_t... I>(std::index_sequence<I...>) {
          return std::apply(
              [&](Out*... o) {
                return std::array<gpu_operand, sizeof...(Out) + width>{
                    gpu_operand{.memory = {o, sizeof(Out), sizeof(Out)}}...,
                    gpu_operand{.memory = {n == 0 ? nullptr : address<I>(rows.data),
                                           sizeof(cell<I>), sizeof(row)}}...};
              },
              out);
        }(std::make_index_sequence<width>{})),
        work{.site = &detail::gpu_site_of<std::remove_cv_t<F>, typename types::signature>(),
             .operands = operands.data(),
             .outputs = sizeof...(Out),
             .inputs = width} {}

 private:
  template <std::size_t I>
  static void* address(row const* first) {
    return const_cast<void*>(static_cast<void const*>(std::addressof(detail::element<I>(*first))));
  }
};

/// A map_reduce by Op into T of F over these sources; otherwise as gpu_description.
template <class T, class Op, class F, class... Src>
struct fold_description {
  static constexpr bool possible = false;
  static constexpr char const* why_not =
      gpu_description<store::assign, F, std::tuple<T>, Src...>::why_not;
};

template <class F, class... Src>
inline constexpr bool reads_what_it_folds = false;
template <class Source>
inline constexpr bool reads_what_it_folds<std::identity, Source> =
    !requires(Source const& s) { s.first; };

template <class T, class Op, class F, class... Src>
  requires gpu_functor<F> && (gpu_input<Src>::possible && ...) &&
           std::is_invocable_v<F const&, typename gpu_input<Src>::value const&...>
struct fold_description<T, Op, F, Src...> {
  using result =
      std::remove_cvref_t<std::invoke_result_t<F const&, typename gpu_input<Src>::value const&...>>;
  using signature = result(typename gpu_input<Src>::value...);
  static constexpr bool folds =
      gpu_functor<Op> && std::is_invocable_r_v<T, Op const&, T const&, T const&>;
  static constexpr bool fits = gpu_element<T> && !tuple_like<T>;

  static constexpr bool possible =
      std::same_as<T, result> && folds && fits && sizeof...(Src) <= most_gpu_columns;
  static constexpr char const* why_not =
      !std::same_as<T, result>
          ? "a GPU folds what the kernel returns, and the accumulator is of another type: have the "
            "kernel return that, with compose(lift, f)"
      : !folds ? "the operation is no trivially copyable functor that can be called as a const "
                 "object"
      : !fits  ? "the accumulator is a tuple, or not trivially copyable, or aligned to more than "
                 "256 bytes"
               : "it has more than eight inputs";

  std::array<gpu_operand, sizeof...(Src)> operands;
  gpu_fold fold;
  gpu_work work;

  fold_description(void (*take)(void*, std::size_t, void const*), Src const&... src)
      : operands{gpu_input<Src>::operand(src)...},
        fold{.site = &detail::gpu_site_of<Op, T(T, T), form_kind::reduce>(),
             .value_bytes = sizeof(T),
             .take = take},
        work{
            .site = reads_what_it_folds<F, Src...> ? nullptr : &detail::gpu_site_of<F, signature>(),
            .operands = operands.data(),
            .outputs = 0,
            .inputs = sizeof...(Src),
            .fold = &fold} {}
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
