// Arrays that live on the host and on a GPU, memory of a GPU that is somebody else's, and maps over
// both.
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
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {
struct array_access;
}

/// n elements of T of which there is a copy on the host, on a GPU, or on both. Maps make current
/// what they need and leave results where they were computed, so that a chain of maps on a GPU
/// stays there; host() brings back what is stale.
///
/// Requires: T is trivially copyable.
/// Memory:   n * sizeof(T) on either side, from the first time that it is needed there. What is on
/// a
///           GPU only is gone when that is lost; the option .host_copy prevents it.
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
/// functor runs, that is where they are read.
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

/// Memory of a GPU that is not hetmap's: from Thrust, CuPy, PyTorch or cudaMalloc. Only GPUs map
/// it.
template <class T>
struct device_span {
  using value_type = std::remove_cv_t<T>;

  T* data = nullptr;
  std::size_t size = 0;
  /// Of an output: the stream (a cudaStream_t) that the map is enqueued in. Without one the map
  /// runs in a stream of hetmap's and is waited for.
  std::optional<void*> stream = {};
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
    out.words_ = {array_ref_mark, a.memory_, a.memory_ == nullptr ? nullptr : refer_to(*a.memory_)};
    out.size_ = a.size_;
    return out;
  }
};

template <class T>
inline constexpr bool is_array = false;
template <class T>
inline constexpr bool is_array<array<T>> = true;
template <class T>
inline constexpr bool is_device_span = false;
template <class T>
inline constexpr bool is_device_span<device_span<T>> = true;

template <class... T>
struct device_columns {
  std::tuple<device_span<T>...> spans;
};

template <class T>
concept an_array = is_array<std::remove_cvref_t<T>>;
template <class T>
concept a_device_span = is_device_span<std::remove_cvref_t<T>>;

/// What may stand beside an array or a device_span as an input.
template <class T>
concept beside_arrays = std::ranges::input_range<T> && indexable<T>;

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
held_source<T> source_of_any(array<T> const&) {
  return {};
}
template <class T>
array_source<T const, T const&> source_of_any(device_span<T> const& s) {
  return {s.data};
}
template <beside_arrays R>
auto source_of_any(R& range) {
  return source_of(range);
}

template <class T>
std::size_t length_of_any(array<T> const& a) {
  return a.size();
}
template <class T>
std::size_t length_of_any(device_span<T> const& s) {
  return s.size;
}
template <beside_arrays R>
std::size_t length_of_any(R& range) {
  return length_of(range);
}

template <class T>
array_memory* memory_of(T const&) {
  return nullptr;
}
template <class T>
array_memory* memory_of(array<T> const& a) {
  return array_access::memory(a);
}

template <class T>
struct any_argument {
  using type = argument_t<T>;
};
template <class T>
struct any_argument<array<T>&> {
  using type = T const&;
};
template <class T>
struct any_argument<array<T> const&> {
  using type = T const&;
};
template <class T>
struct any_argument<device_span<T>&> {
  using type = T const&;
};
template <class T>
struct any_argument<device_span<T> const&> {
  using type = T const&;
};
template <class F, class... In>
using any_result_t = std::remove_cvref_t<
    std::invoke_result_t<std::remove_reference_t<F>&, typename any_argument<In&>::type...>>;

template <class... In>
std::size_t shortest_of_any(In&... in) {
  return least(length_of_any(in)...);
}

template <class Submit, class F, class R, class... In>
decltype(auto) with_array_job(Submit&& submit, F& f, array<R> const& out, std::size_t n,
                              In&... in) {
  array_memory* const arrays[] = {memory_of(out), memory_of(in)...};
  return with_job<store::assign>(
      [&](job& j) {
        j.arrays = arrays;
        return submit(j);
      },
      f, n, std::tuple<R*>{nullptr}, source_of_any(in)...);
}

/// The body of map over arrays.
template <class F, class... In>
auto returning_array(settings const& how, F& f, In&... in) {
  using R = any_result_t<F, In...>;
  static_assert(std::is_trivially_copyable_v<R> && !std::is_void_v<R>,
                "hetmap: a map over arrays has trivially copyable results");
  std::size_t const n = shortest_of_any(in...);
  array<R> result(n);
  with_array_job(
      [&](job& j) {
        j.keep_on_host = how.host_copy;
        run(j, how);
      },
      f, result, n, in...);
  return result;
}

/// Throws size_error: an array that is written whole has to have the length of the results.
[[noreturn]] inline void refuse_other_length(char const* verb, std::size_t room, std::size_t n) {
  if (room < n) refuse_short_output(verb, room, n);
  throw size_error(std::string(verb) + ": an array as output has to be as long as the input");
}

inline void only_on_gpu(settings& how) {
  if (how.backend == backend::inherit || how.backend == backend::automatic)
    how.backend = backend::gpu;
  if (how.backend != backend::gpu)
    throw device_unavailable(std::string(how.verb) +
                             ": a device_span is a GPU's; leave .backend out, or copy it first");
}

/// The stream that the outputs of a call name, if any does.
inline std::optional<void*> one_stream(char const* verb,
                                       std::initializer_list<std::optional<void*>> named) {
  std::optional<void*> found;
  for (auto const& stream : named) {
    if (found && stream && *found != *stream)
      throw option_error(std::string(verb).append(": the outputs of one call name two streams"));
    if (stream) found = stream;
  }
  return found;
}

/// The body of map_into over memory of a GPU.
template <bool Columns, class... Out, class F, class... In>
void writing_device_spans(settings const& asked, std::tuple<device_span<Out>...> const& outputs,
                          F& f, In&... in) {
  settings how = asked;
  std::size_t const n = shortest_of_any(in...);
  std::apply(
      [&](auto const&... out) {
        std::size_t const room = least(out.size...);
        if (room < n) refuse_short_output(how.verb, room, n);
        only_on_gpu(how);
        auto const stream = one_stream(how.verb, {out.stream...});
        auto const submit = [&](job const& j) {
          if (stream)
            run_on_stream(j, how, *stream);
          else
            run(j, how);
        };
        assign<Columns>(how.verb, submit, f, n, std::tuple{out.data...}, source_of_any(in)...);
      },
      outputs);
}

/// The body of map_reduce over arrays and device_spans.
template <class F, class Op, class T, class... In>
T reducing_any(settings const& asked, F& f, Op& op, T init, In&... in) {
  using R = any_result_t<F, In...>;
  settings how = asked;
  std::size_t const n = shortest_of_any(in...);
  array_memory* const arrays[] = {memory_of(in)...};
  if constexpr ((a_device_span<In> || ...)) {
    only_on_gpu(how);
    return with_reduce_job(
        arrays, [&](job const& j) { run(j, how); }, f, op, std::move(init), n, leaf_elements(n),
        source_of_any(in)...);
  } else {
    static_assert(std::is_trivially_copyable_v<R>,
                  "hetmap: a map over arrays has trivially copyable results");
    auto const mapped = [&](auto&& use) {
      array<R> values = returning_array(how, f, in...);
      auto const host = values.host();
      return use(host);
    };
    return reducing_indexed(how, arrays, f, op, std::move(init), n, mapped, source_of_any(in)...);
  }
}

}  // namespace HETMAP_TAG
}  // namespace detail

/// F can be applied to the elements of arrays, at least one, beside ranges that can be indexed.
template <class F, class... In>
concept array_mappable =
    (detail::an_array<In> || ...) && ((detail::an_array<In> || detail::beside_arrays<In>)&&...) &&
    std::invocable<std::remove_reference_t<F>&, typename detail::any_argument<In&>::type...>;

/// The same for device_spans, or for generated ranges alone.
template <class F, class... In>
concept device_span_mappable =
    !(detail::unbounded<In> && ...) &&
    ((detail::a_device_span<In> || detail::beside_arrays<In>)&&...) &&
    std::invocable<std::remove_reference_t<F>&, typename detail::any_argument<In&>::type...>;

/// Arrays, or device_spans, perhaps beside ranges, can be map_reduced.
template <class F, class Op, class T, class... In>
concept array_reducible =
    (array_mappable<F, In...> ||
     (device_span_mappable<F, In...> && (detail::a_device_span<In> || ...))) &&
    detail::reduces<std::remove_reference_t<Op>, T,
                    std::invoke_result_t<std::remove_reference_t<F>&,
                                         typename detail::any_argument<In&>::type...>>;

inline namespace HETMAP_TAG {

/// Memory of a GPU as the outputs of a function that returns a tuple: map_into(columns(low, high),
/// f, in). The map is enqueued in the stream that they name, one at most.
template <class... T>
  requires(sizeof...(T) > 0)
[[nodiscard]] detail::device_columns<T...> columns(device_span<T> const&... out) {
  return {{out...}};
}

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
  return detail::returning_array(detail::settings{.verb = "map"}, f, in...);
}
/// .host_copy brings the result back to the host at once as well.
template <class F, class... In>
  requires array_mappable<F, In...>
auto map(options const& how, F&& f, In&&... in) {
  return detail::returning_array(detail::checked("map", how, {.host_copy = true}), f, in...);
}

/// map, with the result in `out`, which may be an input. When the call throws, `out` is as it was.
///
/// Throws:   as map; size_error unless out is as long as the shortest input.
/// Memory:   that of the result, beside what out had until then.
template <class R, class F, class... In>
  requires array_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
void map_into(array<R>& out, F&& f, In&&... in) {
  map_into(options{}, out, f, in...);
}
template <class R, class F, class... In>
  requires array_mappable<F, In...>
void map_into(options const& how, array<R>& out, F&& f, In&&... in) {
  static_assert(std::same_as<R, detail::any_result_t<F, In...>>,
                "hetmap: an array as output has elements of f's result type");
  auto const checked = detail::checked("map_into", how, {.host_copy = true});
  std::size_t const n = detail::shortest_of_any(in...);
  if (out.size() != n) detail::refuse_other_length("map_into", out.size(), n);
  out = detail::returning_array(checked, f, in...);
}

/// map_into over memory of a GPU. `out` may start exactly at an input.
///
/// Throws:   device_unavailable without a GPU or a form of f; what map_into throws.
/// Waits:    until every element of out is final, and what was enqueued by others before has to be
///           complete. With out.stream for nothing: the map takes its turn in that stream, a
///           failing element and others of the launch may stay as they were, and .stop and
///           .progress are not looked at. Memory that is the caller's has to stay until then. A
///           stream that is captured takes the map into its graph; f has no refs then.
template <class R, class F, class... In>
  requires device_span_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
void map_into(device_span<R> out, F&& f, In&&... in) {
  map_into(options{}, out, f, in...);
}
template <class R, class F, class... In>
  requires device_span_mappable<F, In...>
void map_into(options const& how, device_span<R> out, F&& f, In&&... in) {
  detail::writing_device_spans<false>(detail::checked("map_into", how), std::tuple{out}, f, in...);
}
template <class... R, class F, class... In>
  requires device_span_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
void map_into(detail::device_columns<R...> const& out, F&& f, In&&... in) {
  map_into(options{}, out, f, in...);
}
template <class... R, class F, class... In>
  requires device_span_mappable<F, In...>
void map_into(options const& how, detail::device_columns<R...> const& out, F&& f, In&&... in) {
  detail::writing_device_spans<true>(detail::checked("map_into", how), out.spans, f, in...);
}

/// map_reduce over arrays, or over memory of a GPU. What is on the GPU is folded there, and only
/// values come back.
///
/// Throws:   what map and map_reduce throw.
/// Waits:    until the result is there.
/// Memory:   none that stays.
template <class F, class Op, class T, class... In>
  requires array_reducible<F, Op, T, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
[[nodiscard]] T map_reduce(F&& f, Op&& op, T init, In&&... in) {
  return detail::reducing_any(detail::settings{.verb = "map_reduce"}, f, op, std::move(init),
                              in...);
}
template <class F, class Op, class T, class... In>
  requires array_reducible<F, Op, T, In...>
[[nodiscard]] T map_reduce(options const& how, F&& f, Op&& op, T init, In&&... in) {
  return detail::reducing_any(detail::checked("map_reduce", how), f, op, std::move(init), in...);
}

/// The plan that map(f, in...) would follow now.
template <class F, class... In>
  requires array_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
[[nodiscard]] plan explain(F&& f, In&&... in) {
  return explain(options{}, f, in...);
}
template <class F, class... In>
  requires array_mappable<F, In...>
[[nodiscard]] plan explain(options const& how, F&& f, In&&... in) {
  auto const checked = detail::checked("map", how, {.host_copy = true});
  std::size_t const n = detail::shortest_of_any(in...);
  return detail::with_array_job([&](detail::job const& j) { return detail::plan_for(j, checked); },
                                f, array<detail::any_result_t<F, In...>>(n), n, in...);
}

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap
