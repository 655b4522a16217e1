// Memory of a GPU that is somebody else's, and maps over it.
#pragma once

#include <hetmap/detail/map_call.hpp>
#include <hetmap/detail/reduce_call.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/error.hpp>
#include <hetmap/options.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// Memory of a GPU that is not hetmap's: from Thrust, CuPy, PyTorch or cudaMalloc; managed memory
/// as well. Only GPUs map it.
///
/// Requires: the elements lie in one allocation of the GPU that runs the call (.device), aligned to
///           T, and stay there until the call, or what it enqueued, is over. A span of no elements
///           may begin anywhere.
/// Throws:   every call looks at each of its spans before it launches anything: memory_error if one
///           is null, not aligned, in the memory of the host (pageable or pinned), freed, or ends
///           outside of the GPU's memory; device_unavailable if it is another GPU's; overlap_error.
///           The GPU can be used as before then. What cannot be seen is an error as in any kernel
///           and mostly costs the process the GPU (device_error): an end in another allocation,
///           memory that is freed while it is used, or was and is in use again, a stream that was
///           destroyed, what pointers in f point to.
/// Cost:     asking CUDA about the first and the last element of each span.
template <class T>
struct device_span {
  using value_type = std::remove_cv_t<T>;

  T* data = nullptr;
  std::size_t size = 0;
  /// Of an output: the stream (a cudaStream_t) of that GPU that the map is enqueued in. Without one
  /// the map runs in a stream of hetmap's and is waited for. An input may name the same stream, and
  /// no other.
  std::optional<void*> stream = {};
};

namespace detail {

template <class... T>
struct device_columns {
  std::tuple<device_span<T>...> spans;
};

template <class T>
inline constexpr bool is_device_span = false;
template <class T>
inline constexpr bool is_device_span<device_span<T>> = true;
template <class T>
concept a_device_span = is_device_span<std::remove_cvref_t<T>>;
template <class T>
inline constexpr bool is_device_output = false;
template <class T>
inline constexpr bool is_device_output<device_span<T>> = !std::is_const_v<T>;
template <class... T>
inline constexpr bool is_device_output<device_columns<T...>> = (!std::is_const_v<T> && ...);

/// device_spans among arguments, the first being bit 0.
template <class... Arguments>
[[nodiscard]] constexpr std::uint32_t bits_of_device_spans() {
  std::uint32_t bits = 0, bit = 1;
  for (bool const is_one : {a_device_span<Arguments>...}) {
    if (is_one) bits |= bit;
    bit <<= 1;
  }
  return bits;
}

inline namespace HETMAP_TAG {

template <class T>
struct resident_input<device_span<T>> {
  using value = T;
  static array_source<T const, T const&> source(device_span<T> const& s) { return {s.data}; }
  static std::size_t length(device_span<T> const& s) { return s.size; }
};

inline void only_on_gpu(settings& how) {
  if (how.backend == backend::inherit || how.backend == backend::automatic)
    how.backend = backend::gpu;
  if (how.backend == backend::gpu) return;
  detail::expect_no_index();
  throw device_unavailable(std::string(how.verb) +
                           ": a device_span is a GPU's; leave .backend out, or copy it first");
}

/// The stream that an input names, if it does.
template <class In>
std::optional<void*> stream_of(In const&) {
  return {};
}
template <class T>
std::optional<void*> stream_of(device_span<T> const& in) {
  return in.stream;
}

/// Throws option_error: an input that names another stream than the one that the call runs in would
/// not be waited for.
inline void expect_no_other_stream(char const* verb, std::optional<void*> const& stream,
                                   std::initializer_list<std::optional<void*>> named) {
  for (auto const& other : named)
    if (other && other != stream) {
      detail::expect_no_index();
      throw option_error(std::string(verb).append(
          ": an input names a stream that the call does not run in, which "
          "is that of its output; wait for the input's, and leave it out"));
    }
}

/// The stream that the outputs of a call name, if any does.
inline std::optional<void*> one_stream(char const* verb,
                                       std::initializer_list<std::optional<void*>> named) {
  std::optional<void*> found;
  for (auto const& stream : named) {
    if (found && stream && *found != *stream) {
      detail::expect_no_index();
      throw option_error(std::string(verb).append(": the outputs of one call name two streams"));
    }
    if (stream) found = stream;
  }
  return found;
}

/// The body of map_into over memory of a GPU.
template <bool Columns, class... Out, class F, class... In>
void writing_on_gpu(settings const& asked, std::tuple<device_span<Out>...> const& outputs, F& f,
                    In&... in) {
  settings how = asked;
  std::size_t const n = detail::shortest(in...);
  std::apply(
      [&](auto const&... out) {
        std::size_t const room = detail::least(out.size...);
        if (room < n) refuse_short_output(how.verb, room, n);
        only_on_gpu(how);
        // Lists with names: nvcc loses packs in braces that are arguments.
        std::initializer_list<std::optional<void*>> const of_outputs = {out.stream...};
        auto const stream = detail::one_stream(how.verb, of_outputs);
        std::initializer_list<std::optional<void*>> const of_inputs = {detail::stream_of(in)...};
        detail::expect_no_other_stream(how.verb, stream, of_inputs);
        auto const submit = [&](job& j) {
          j.device_spans = detail::bits_of_device_spans<device_span<Out>..., In...>();
          if (stream)
            detail::run_on_stream(j, how, *stream);
          else
            run(j, how);
        };
        detail::assign<Columns>(how.verb, submit, f, n, std::tuple{out.data...},
                                detail::source_of(in)...);
      },
      outputs);
}
template <class R, class F, class... In>
void writing(settings const& how, device_span<R> const& out, F& f, In&... in) {
  detail::writing_on_gpu<false>(how, std::tuple{out}, f, in...);
}
template <class... R, class F, class... In>
void writing(settings const& how, device_columns<R...> const& out, F& f, In&... in) {
  detail::writing_on_gpu<true>(how, out.spans, f, in...);
}

/// The body of map_reduce over memory of a GPU.
template <class F, class Op, class T, class... In>
  requires(a_device_span<In> || ...)
T reducing(settings const& asked, F& f, Op& op, T init, In&... in) {
  settings how = asked;
  only_on_gpu(how);
  std::size_t const n = detail::shortest(in...);
  detail::expect_no_other_stream(how.verb, std::nullopt, {detail::stream_of(in)...});
  return detail::with_reduce_job(
      nullptr,
      [&](job& j) {
        j.device_spans = detail::bits_of_device_spans<In...>();
        run(j, how);
      },
      f, op, std::move(init), n, leaf_elements(n), detail::source_of(in)...);
}

}  // namespace HETMAP_TAG
}  // namespace detail

/// F can be applied to the elements of device_spans, perhaps beside ranges that can be indexed, or
/// of generated ranges alone.
template <class F, class... In>
concept device_span_mappable =
    ((detail::a_device_span<In> || detail::indexable<In>)&&...) &&
    !(detail::unbounded<In> && ...) &&
    std::invocable<std::remove_reference_t<F>&, detail::argument_t<In&>...>;

/// The same, with the results in a device_span, or in columns(...) of some.
template <class Out, class F, class... In>
concept device_span_mappable_into =
    detail::is_device_output<std::remove_cvref_t<Out>> && device_span_mappable<F, In...>;

/// device_spans, at least one, perhaps beside ranges, can be map_reduced.
template <class F, class Op, class T, class... In>
concept device_span_reducible =
    std::invocable<std::remove_reference_t<Op>&, T, T> && device_span_mappable<F, In...> &&
    (detail::a_device_span<In> || ...) &&
    detail::reduces<std::remove_reference_t<Op>, T,
                    std::invoke_result_t<std::remove_reference_t<F>&, detail::argument_t<In&>...>>;

inline namespace HETMAP_TAG {

/// Memory of a GPU as the outputs of a function that returns a tuple: map_into(columns(low, high),
/// f, in). The map is enqueued in the stream that they name, one at most.
template <class... T>
  requires(sizeof...(T) > 0)
[[nodiscard]] detail::device_columns<T...> columns(device_span<T> const&... out) {
  return {{out...}};
}

/// map_into over memory of a GPU. `out` may start exactly at an input.
///
/// Throws:   device_unavailable without a GPU or a form of f; what device_span and map_into throw.
///           A CUDA error that the calling thread had pending (cudaGetLastError) may be cleared by
///           a call on a GPU, so look at it before; one that cannot be cleared is thrown as
///           device_error.
/// Waits:    until every element of out is final, and what was enqueued by others before has to be
///           complete. With out.stream for nothing: the map takes its turn in that stream, a
///           failing element and others of the launch may stay as they were, and .stop,
///           .deadline and .progress are not looked at. Memory that is the caller's has to stay
///           until then. A stream that is captured takes the map into its graph; f has no refs
///           then.
template <class Out, class F, class... In>
  requires device_span_mappable_into<Out, F, In...> &&
           (!detail::any_options<std::remove_cvref_t<F>>)
void map_into(Out const& out, F&& f, In&&... in) {
  detail::writing(detail::settings{.verb = "map_into"}, out, f, in...);
}
template <class Out, class F, class... In>
  requires device_span_mappable_into<Out, F, In...>
void map_into(options const& how, Out const& out, F&& f, In&&... in) {
  detail::writing(detail::checked("map_into", how), out, f, in...);
}

/// map_reduce over memory of a GPU, where it is folded; only values come back.
///
/// Throws:   what map_into over memory of a GPU, and map_reduce, throw.
/// Waits:    until the result is there.
/// Memory:   none that stays.
template <class F, class Op, class T, class... In>
  requires device_span_reducible<F, Op, T, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
[[nodiscard]] T map_reduce(F&& f, Op&& op, T init, In&&... in) {
  return detail::reducing(detail::settings{.verb = "map_reduce"}, f, op, std::move(init), in...);
}
template <class F, class Op, class T, class... In>
  requires device_span_reducible<F, Op, T, In...>
[[nodiscard]] T map_reduce(options const& how, F&& f, Op&& op, T init, In&&... in) {
  return detail::reducing(detail::checked("map_reduce", how), f, op, std::move(init), in...);
}

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
