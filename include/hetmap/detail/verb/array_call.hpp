// How arrays are read and written, and the bodies of map and map_reduce over them.
#pragma once

#include <hetmap/array.hpp>
#include <hetmap/detail/data/output.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/seam/array_memory.hpp>
#include <hetmap/detail/verb/map_call.hpp>
#include <hetmap/detail/verb/map_job.hpp>
#include <hetmap/detail/verb/reduce_call.hpp>
#include <hetmap/error.hpp>
#include <hetmap/options.hpp>
#include <hetmap/plan.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

template <class R>
struct destination<array<R>> {
  static constexpr residence lies = residence::array;
  template <class Result>
  static constexpr bool takes = std::same_as<R, std::remove_cvref_t<Result>>;
};

inline namespace HETMAP_TAG {

template <class T>
struct resident_input<array<T>> {
  static constexpr residence lies = residence::array;
  using value = T;
  static held_source<T> source(array<T> const&) { return {}; }
  static std::size_t length(array<T> const& a) { return a.size(); }
};

template <class T>
array_memory* memory_of(T const&) {
  return nullptr;
}
template <class T>
array_memory* memory_of(array<T> const& a) {
  return array_access::memory(a);
}

template <store How, class Submit, class F, class... Out, class... In>
decltype(auto) with_array_job(Submit&& submit, F& f, std::tuple<array<Out>...> const& out,
                              std::size_t n, In&... in) {
  return std::apply(
      [&](auto const&... o) {
        array_memory* const arrays[] = {detail::memory_of(o)..., detail::memory_of(in)...};
        return detail::with_job<How>(
            [&](job& j) {
              j.arrays = arrays;
              return submit(j);
            },
            f, n, std::tuple<Out*...>{}, detail::source_of(in)...);
      },
      out);
}

/// Throws size_error: an array that is written whole must have the length of the results.
[[noreturn]] inline void refuse_other_length(char const* verb, std::size_t room, std::size_t n) {
  if (room < n) refuse_short_output(verb, room, n);
  detail::expect_no_index();
  throw size_error(std::string(verb) + ": an array as output has to be as long as the input");
}

template <>
struct mapping<residence::array> {
  template <class F, class... In>
  static auto returning(settings const& how, F& f, In&... in) {
    return std::get<0>(mapped_arrays<store::assign, result_t<F, In&...>>(how, f, in...));
  }

  template <class R, class F, class... In>
  static void writing(settings const& how, array<R>& out, F& f, In&... in) {
    std::size_t const n = detail::shortest(in...);
    if (out.size() != n) detail::refuse_other_length(how.verb, out.size(), n);
    out = returning(how, f, in...);
  }

  template <class F, class... In>
  static auto returning_columns(settings const& how, F& f, In&... in) {
    using row = result_t<F, In&...>;
    return [&]<std::size_t... K>(std::index_sequence<K...>) {
      return mapped_arrays<store::spread, std::remove_cvref_t<std::tuple_element_t<K, row>>...>(
          how, f, in...);
    }(std::make_index_sequence<std::tuple_size_v<row>>{});
  }

  template <class F, class... In>
  static plan planning(settings const& how, F& f, In&... in) {
    std::size_t const n = detail::shortest(in...);
    return detail::with_array_job<store::assign>([&](job const& j) { return plan_for(j, how); }, f,
                                                 std::tuple{array<result_t<F, In&...>>(n)}, n,
                                                 in...);
  }

 private:
  /// New arrays of what f returns for arrays.
  template <store How, class... Out, class F, class... In>
  static std::tuple<array<Out>...> mapped_arrays(settings const& how, F& f, In&... in) {
    static_assert((std::is_trivially_copyable_v<Out> && ...),
                  "hetmap: a map over arrays has trivially copyable results");
    std::size_t const n = detail::shortest(in...);
    std::tuple<array<Out>...> results{array<Out>(n)...};
    detail::with_array_job<How>(
        [&](job& j) {
          j.keep_on_host = how.host_copy;
          run(j, how);
        },
        f, results, n, in...);
    return results;
  }
};

template <>
struct folding<residence::array> {
  template <class F, class Op, class T, class... In>
  static T reducing(settings const& how, F& f, Op& op, T init, In&... in) {
    using R = result_t<F, In&...>;
    array_memory* const arrays[] = {detail::memory_of(in)...};
    auto const mapped = [&](auto&& use) {
      array<R> values = mapping<residence::array>::returning(how, f, in...);
      auto const host = values.host();
      return use(host);
    };
    return detail::reducing_indexed(how, arrays, f, op, std::move(init), detail::shortest(in...),
                                    mapped, detail::source_of(in)...);
  }
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
