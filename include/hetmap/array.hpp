// Arrays that live on the host and on a GPU, and maps over them.
#pragma once

#include <hetmap/detail/array_memory.hpp>
#include <hetmap/detail/map_call.hpp>
#include <hetmap/detail/reduce_call.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/error.hpp>
#include <hetmap/options.hpp>
#include <hetmap/plan.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {
struct array_access;
}

/// n elements of T of which there is a copy on the host, on a GPU, or on both. Maps make current
/// what they need and leave results where they were computed, so that a chain of maps on a GPU
/// stays there; host() brings back what is stale.
///
/// Requires: T is trivially copyable. Several threads may map one array at once, on one GPU.
/// Memory:   n * sizeof(T) on either side, from the first time that it is needed there. What is on
///           a GPU only is gone when that is lost; the option .host_copy prevents it.
template <class T>
  requires std::is_trivially_copyable_v<T> && std::same_as<T, std::remove_cv_t<T>>
class array {
 public:
  using value_type = T;

  array() noexcept = default;

  /// n elements of unspecified value.
  explicit array(std::size_t n)
      : memory_(n == 0 ? nullptr : detail::make_array_memory(n, sizeof(T), alignof(T))), size_(n) {}
  array(std::initializer_list<T> values) : array(std::span<T const>(values)) {}

  /// A copy of these elements, on the host.
  template <class R>
    requires std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
             std::same_as<std::ranges::range_value_t<R>, T>
  explicit array(R const& values) : array(static_cast<std::size_t>(std::ranges::size(values))) {
    std::copy(std::ranges::data(values), std::ranges::data(values) + size_,
              at(detail::host_access::overwrite));
  }

  array(array const& other) : array(other.host()) {}
  array(array&& other) noexcept { swap(other); }
  array& operator=(array other) noexcept {
    swap(other);
    return *this;
  }
  ~array() { detail::destroy_array_memory(memory_); }

  void swap(array& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
  }
  friend void swap(array& a, array& b) noexcept { a.swap(b); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// The elements on the host, made current.
  ///
  /// Throws:   device_data_lost if they were on a GPU only that is lost; device_error.
  /// Waits:    for the copy from the GPU, where one is needed.
  [[nodiscard]] std::span<T const> host() const { return {at(detail::host_access::read), size_}; }
  /// The same to write to: the copy on the GPU is stale from then on.
  [[nodiscard]] std::span<T> host() { return {at(detail::host_access::write), size_}; }

  /// Whether reading needs no copy, on the host and on a GPU.
  [[nodiscard]] bool is_on_host() const noexcept {
    return memory_ == nullptr || detail::is_on_host(*memory_);
  }
  [[nodiscard]] bool is_on_device() const noexcept {
    return memory_ != nullptr && detail::is_on_device(*memory_);
  }

 private:
  friend struct detail::array_access;

  T* at(detail::host_access how) const {
    return memory_ == nullptr ? nullptr : static_cast<T*>(detail::host_data(*memory_, how));
  }

  detail::array_memory* memory_ = nullptr;
  std::size_t size_ = 0;
};

template <class R>
array(R const&) -> array<std::ranges::range_value_t<R>>;

/// The elements of an array, to be captured in a functor: gather, stencils, tables. Wherever the
/// functor runs, that is where they are read; on a GPU, if the ref is among the functor's own
/// bytes, and not behind a pointer or a reference.
template <class T>
class array_ref {
 public:
  /// Element i, on whichever side it is called. Requires: i < size().
  [[nodiscard]] HETMAP_FN T const& operator[](std::size_t i) const {
    return static_cast<T const*>(words_.data)[i];
  }
  [[nodiscard]] HETMAP_FN std::size_t size() const { return size_; }

 private:
  friend struct detail::array_access;

  detail::array_ref_words words_;
  std::size_t size_;
};

namespace detail {

struct array_access {
  template <class T>
  static array_memory* memory(array<T> const& a) noexcept {
    return a.memory_;
  }
  template <class T>
  static array_ref<T> ref(array<T> const& a) {
    array_ref<T> out;
    out.words_ = {array_ref_mark, a.memory_,
                  a.memory_ == nullptr ? nullptr : detail::refer_to(*a.memory_)};
    out.size_ = a.size_;
    return out;
  }
};

template <class T>
inline constexpr bool is_array = false;
template <class T>
inline constexpr bool is_array<array<T>> = true;
template <class T>
concept an_array = is_array<std::remove_cvref_t<T>>;

}  // namespace detail

/// A reference to the elements of `a` for a functor. Valid until `a` is written, assigned to, moved
/// from or destroyed; a map that is in a stream by then still reads what there was.
///
/// Cost:     none; the elements move when a map runs the functor, if they have to.
template <class T>
[[nodiscard]] array_ref<T> ref(array<T> const& a) {
  return detail::array_access::ref(a);
}

namespace detail {
inline namespace HETMAP_TAG {

template <class T>
struct resident_input<array<T>> {
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

/// New arrays with what f makes of arrays.
template <store How, class... Out, class F, class... In>
std::tuple<array<Out>...> mapped_arrays(settings const& how, F& f, In&... in) {
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

/// The body of map over arrays.
template <class F, class... In>
  requires(an_array<In> || ...)
auto returning(settings const& how, F& f, In&... in) {
  using R = result_t<F, In&...>;
  static_assert(!std::is_void_v<R>, "hetmap: a map over arrays has results");
  return std::get<0>(detail::mapped_arrays<store::assign, R>(how, f, in...));
}

/// The body of map_columns over arrays.
template <class F, class... In>
  requires(an_array<In> || ...)
auto returning_columns(settings const& how, F& f, In&... in) {
  using row = result_t<F, In&...>;
  return [&]<std::size_t... K>(std::index_sequence<K...>) {
    return detail::mapped_arrays<store::spread,
                                 std::remove_cvref_t<std::tuple_element_t<K, row>>...>(how, f,
                                                                                       in...);
  }(std::make_index_sequence<std::tuple_size_v<row>>{});
}

/// Throws size_error: an array that is written whole has to have the length of the results.
[[noreturn]] inline void refuse_other_length(char const* verb, std::size_t room, std::size_t n) {
  if (room < n) refuse_short_output(verb, room, n);
  detail::expect_no_index();
  throw size_error(std::string(verb) + ": an array as output has to be as long as the input");
}

/// The body of map_into over arrays.
template <class R, class F, class... In>
void writing(settings const& how, array<R>& out, F& f, In&... in) {
  static_assert(std::same_as<R, result_t<F, In&...>>,
                "hetmap: an array as output has elements of f's result type");
  std::size_t const n = detail::shortest(in...);
  if (out.size() != n) detail::refuse_other_length(how.verb, out.size(), n);
  out = detail::returning(how, f, in...);
}

/// The body of map_reduce over arrays.
template <class F, class Op, class T, class... In>
  requires(an_array<In> || ...)
T reducing(settings const& how, F& f, Op& op, T init, In&... in) {
  using R = result_t<F, In&...>;
  static_assert(std::is_trivially_copyable_v<R>,
                "hetmap: a map over arrays has trivially copyable results");
  array_memory* const arrays[] = {detail::memory_of(in)...};
  auto const mapped = [&](auto&& use) {
    array<R> values = detail::returning(how, f, in...);
    auto const host = values.host();
    return use(host);
  };
  return detail::reducing_indexed(how, arrays, f, op, std::move(init), detail::shortest(in...),
                                  mapped, detail::source_of(in)...);
}

/// The body of explain over arrays.
template <class F, class... In>
plan planning_arrays(settings const& how, F& f, In&... in) {
  std::size_t const n = detail::shortest(in...);
  return detail::with_array_job<store::assign>([&](job const& j) { return plan_for(j, how); }, f,
                                               std::tuple{array<result_t<F, In&...>>(n)}, n, in...);
}

}  // namespace HETMAP_TAG
}  // namespace detail

/// F can be applied to the elements of arrays, at least one, beside ranges that can be indexed.
template <class F, class... In>
concept array_mappable =
    (detail::an_array<In> || ...) && ((detail::an_array<In> || detail::indexable<In>)&&...) &&
    std::invocable<std::remove_reference_t<F>&, detail::argument_t<In&>...>;

/// The same, with the results in an array.
template <class Out, class F, class... In>
concept array_mappable_into = detail::an_array<Out> && array_mappable<F, In...>;

/// Arrays, perhaps beside ranges, can be map_reduced.
template <class F, class Op, class T, class... In>
concept array_reducible =
    std::invocable<std::remove_reference_t<Op>&, T, T> && array_mappable<F, In...> &&
    detail::reduces<std::remove_reference_t<Op>, T,
                    std::invoke_result_t<std::remove_reference_t<F>&, detail::argument_t<In&>...>>;

inline namespace HETMAP_TAG {

/// map over arrays: an array of f(in[i]...), which stays where it was computed.
///
/// Requires: f's results are trivially copyable.
/// Throws:   what f throws; device_data_lost, device_error; device_unavailable.
/// Waits:    until every element is final.
/// Cost:     one call of f an element; a copy of every array that is not where the call runs.
/// Memory:   the result, on the side where it is computed.
template <class F, class... In>
  requires array_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
auto map(F&& f, In&&... in) {
  return detail::returning(detail::settings{.verb = "map"}, f, in...);
}
/// .host_copy brings the result back to the host at once as well.
template <class F, class... In>
  requires array_mappable<F, In...>
auto map(options const& how, F&& f, In&&... in) {
  return detail::returning(detail::checked("map", how, {.host_copy = true}), f, in...);
}

/// map for a function that returns a tuple: a std::tuple of one array a column.
///
/// Requires, throws, waits, cost, memory: as map.
template <class F, class... In>
  requires array_mappable<F, In...> && detail::tuple_like<detail::result_t<F, In...>> &&
           (!detail::any_options<std::remove_cvref_t<F>>)
auto map_columns(F&& f, In&&... in) {
  return detail::returning_columns(detail::settings{.verb = "map_columns"}, f, in...);
}
template <class F, class... In>
  requires array_mappable<F, In...> && detail::tuple_like<detail::result_t<F, In...>>
auto map_columns(options const& how, F&& f, In&&... in) {
  return detail::returning_columns(detail::checked("map_columns", how, {.host_copy = true}), f,
                                   in...);
}

/// map, with the result in `out`, which may be an input. When the call throws, `out` is as it was.
///
/// Throws:   as map; size_error unless out is as long as the shortest input.
/// Memory:   that of the result, beside what out had until then.
template <class R, class F, class... In>
  requires array_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
void map_into(array<R>& out, F&& f, In&&... in) {
  detail::writing(detail::settings{.verb = "map_into"}, out, f, in...);
}
template <class R, class F, class... In>
  requires array_mappable<F, In...>
void map_into(options const& how, array<R>& out, F&& f, In&&... in) {
  detail::writing(detail::checked("map_into", how, {.host_copy = true}), out, f, in...);
}

/// map_reduce over arrays. What is on the GPU is folded there, and only values come back.
///
/// Throws:   what map and map_reduce throw.
/// Waits:    until the result is there.
/// Memory:   none that stays.
template <class F, class Op, class T, class... In>
  requires array_reducible<F, Op, T, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
[[nodiscard]] T map_reduce(F&& f, Op&& op, T init, In&&... in) {
  return detail::reducing(detail::settings{.verb = "map_reduce"}, f, op, std::move(init), in...);
}
template <class F, class Op, class T, class... In>
  requires array_reducible<F, Op, T, In...>
[[nodiscard]] T map_reduce(options const& how, F&& f, Op&& op, T init, In&&... in) {
  return detail::reducing(detail::checked("map_reduce", how), f, op, std::move(init), in...);
}

/// The plan that map(f, in...) would follow now.
template <class F, class... In>
  requires array_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
[[nodiscard]] plan explain(F&& f, In&&... in) {
  return detail::planning_arrays(detail::settings{.verb = "map"}, f, in...);
}
template <class F, class... In>
  requires array_mappable<F, In...>
[[nodiscard]] plan explain(options const& how, F&& f, In&&... in) {
  return detail::planning_arrays(detail::checked("map", how, {.host_copy = true}), f, in...);
}

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
