// How device_spans are read and written, and the bodies of map_into and map_reduce over them.
#pragma once

#include <hetmap/detail/data/output.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/detail/verb/map_call.hpp>
#include <hetmap/detail/verb/map_job.hpp>
#include <hetmap/detail/verb/reduce_call.hpp>
#include <hetmap/device_span.hpp>
#include <hetmap/error.hpp>
#include <hetmap/options.hpp>

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
namespace detail {

template <class T>
  requires(!std::is_const_v<T>)
struct destination<device_span<T>> {
  static constexpr residence lies = residence::device;
  template <class R>
  static constexpr bool takes = std::is_assignable_v<T&, R>;
};
template <class... T>
  requires((!std::is_const_v<T>) && ...)
struct destination<device_columns<T...>> {
  static constexpr residence lies = residence::device;
  template <class R>
  static constexpr bool takes = fills_columns<R, T...>;
};

/// The device_spans among arguments; the first argument is bit 0.
template <class... Arguments>
[[nodiscard]] constexpr std::uint32_t bits_of_device_spans() {
  std::uint32_t bits = 0, bit = 1;
  for (bool const is_one : {lies_in<Arguments, residence::device>...}) {
    if (is_one) bits |= bit;
    bit <<= 1;
  }
  return bits;
}

inline namespace HETMAP_TAG {

template <class T>
struct resident_input<device_span<T>> {
  static constexpr residence lies = residence::device;
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

/// The CUDA stream that an input names, if any.
template <class In>
std::optional<void*> stream_of(In const&) {
  return {};
}
template <class T>
std::optional<void*> stream_of(device_span<T> const& in) {
  return in.stream;
}

/// Throws option_error: an input that names another CUDA stream than the call's would not be waited
/// for.
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

/// The CUDA stream that the outputs of a call name, if any.
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

template <>
struct mapping<residence::device> {
  template <class R, class F, class... In>
  static void writing(settings const& how, device_span<R> const& out, F& f, In&... in) {
    writing_on_gpu<false>(how, std::tuple{out}, f, in...);
  }
  template <class... R, class F, class... In>
  static void writing(settings const& how, device_columns<R...> const& out, F& f, In&... in) {
    writing_on_gpu<true>(how, out.spans, f, in...);
  }

 private:
  template <bool Columns, class... Out, class F, class... In>
  static void writing_on_gpu(settings const& asked, std::tuple<device_span<Out>...> const& outputs,
                             F& f, In&... in) {
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
};

template <>
struct folding<residence::device> {
  template <class F, class Op, class T, class... In>
  static T reducing(settings const& asked, F& f, Op& op, T init, In&... in) {
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
};

}  // namespace HETMAP_TAG
}  // namespace detail

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
