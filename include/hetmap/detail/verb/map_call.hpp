// The bodies of map and related verbs over ranges.
#pragma once

#include <hetmap/detail/data/batch.hpp>
#include <hetmap/detail/data/output.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/kernel/adaptors.hpp>
#include <hetmap/detail/kernel/kernel_traits.hpp>
#include <hetmap/detail/kernel/loop.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/detail/verb/map_job.hpp>
#include <hetmap/detail/verb/requirements.hpp>
#include <hetmap/error.hpp>
#include <hetmap/options.hpp>
#include <hetmap/vector.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

/// An input as memory if it is an array; empty for any other.
template <class R>
column array_column(R& range) {
  if constexpr (array_like<R&>)
    return detail::source_of(range).as_column();
  else
    return {};
}

/// Reads inputs that cannot be indexed and maps them a batch at a time.
///
/// launch(batches&, n, sources...) maps one batch; room() says how many more results can be taken.
template <class Room, class Launch, class... In>
void in_batches(settings const& how, Room&& room, Launch&& launch, In&... in) {
  std::size_t const total = detail::shortest(in...);
  batches call(how, knows_length<In...> ? total : 0);
  std::tuple<reader<In>...> readers{reader<In>(in)...};
  constexpr std::size_t limit = detail::least(
      detail::greatest(largest_batch_bytes / (sizeof(typename reader<In>::kept) + ...),
                       first_batch_elements),
      largest_batch_elements);
  std::size_t size = first_batch_elements;
  auto const each = [&](auto&& act) {
    return std::apply([&](auto&... r) { return act(r...); }, readers);
  };
  // Stands on the next element of every input, if there is one. Inputs that can be read again are
  // asked first: an element of another input is lost if the others have no partner for it.
  auto const on_next = [&] {
    return each([](auto&... r) {
      return ((!r.repeatable || r.step()) && ...) && ((r.repeatable || r.step()) && ...);
    });
  };
  for (bool more = true; more; size = std::min(size * 2, limit)) {
    std::size_t const wanted = detail::least(size, room(call.done()), total - call.done());
    std::size_t n = 0;
    std::exception_ptr failure;
    try {
      if (wanted != 0) each([&](auto&... r) { (r.restart(wanted), ...); });
      while (n != wanted && on_next()) {
        each([](auto&... r) { (r.keep(), ...); });
        ++n;
      }
    } catch (...) {
      failure = std::current_exception();  // after the elements before it, as in serial execution
    }
    if (n != 0) each([&](auto&... r) { launch(call, n, r.source()...); });
    bool const full = room(call.done()) == 0;
    more = n != 0 && n == wanted && call.done() != total && !full;
    bool too_many = false;
    try {
      if (failure) std::rethrow_exception(std::move(failure));
      too_many = full && call.done() != total && on_next();
    } catch (...) {
      rethrow_as_failure_of(call.done());
    }
    if (too_many) refuse_short_output(how.verb, call.done(), no_length);
  }
  call.finish();
}

inline constexpr auto unlimited = [](std::size_t) { return no_length; };

/// map for a function that takes a stop token: body(settings, f without that argument).
template <class F, class Body>
auto stoppable(settings const& how, F& f, Body&& body) {
  stop_hub hub(how);
  settings with = how;
  with.hub = &hub;
  with_stop<F> plain{f, &hub};
  return body(with, plain);
}

/// The bodies of map and related verbs, by where the call takes place: here over ranges, others
/// next to array and device_span. f is called with one element of each input; all this has been
/// checked.
template <residence Where>
struct mapping;
/// Those of map_reduce.
template <residence Where>
struct folding;

/// n elements for a map to assign to: raw if that makes no difference.
template <class T>
vector<T> assignable(std::size_t n) {
  if constexpr (assignable_when_raw<T>) {
    auto v = vector_access::with_room<T>(n);
    vector_access::set_size(v, n);
    return v;
  } else {
    return vector<T>(n);
  }
}

template <>
struct mapping<residence::host> {
  /// map and starmap.
  template <class F, class... In>
  static auto returning(settings const& how, F& f, In&... in) {
    if constexpr (needs_stop_token<F, In&...>) {
      return detail::stoppable(how, f,
                               [&](settings const& s, auto& g) { return returning(s, g, in...); });
    } else {
      return returning_plain(how, f, in...);
    }
  }

  /// The same in collect mode.
  template <class F, class... In>
  static auto collecting(settings const& how, F& f, In&... in) {
    if constexpr (needs_stop_token<F, In&...>) {
      return detail::stoppable(how, f,
                               [&](settings const& s, auto& g) { return collecting(s, g, in...); });
    } else {
      collected<F> safe{f};
      return returning(how, safe, in...);
    }
  }

  /// map_into and starmap_into.
  template <class Out, class F, class... In>
  static void writing(settings const& how, Out& out, F& f, In&... in) {
    if constexpr (needs_stop_token<F, In&...>)
      detail::stoppable(how, f, [&](settings const& s, auto& g) { writing(s, out, g, in...); });
    else
      writing_plain(how, out, f, in...);
  }

  /// map_columns.
  template <class F, class... In>
  static auto returning_columns(settings const& how, F& f, In&... in) {
    using row = result_t<F, In&...>;
    std::size_t const n = detail::shortest(in...);
    return [&]<std::size_t... K>(std::index_sequence<K...>) {
      auto result = detail::without_index([&] {
        return std::tuple{
            detail::assignable<std::remove_cvref_t<std::tuple_element_t<K, row>>>(n)...};
      });
      std::apply(
          [&](auto&... v) {
            column_list<typename std::remove_reference_t<decltype(v)>::value_type...> out(v...);
            writing(how, out, f, in...);
          },
          result);
      return result;
    }(std::make_index_sequence<std::tuple_size_v<row>>{});
  }

  /// explain.
  template <class F, class... In>
  static plan planning(settings const& how, F& f, In&... in) {
    using R = result_t<F, In&...>;
    std::size_t const n = detail::shortest(in...);
    constexpr store kept = std::is_void_v<R> ? store::nowhere : store::construct;
    auto const describe = [&](auto out) {
      if constexpr ((indexable<In&> && ...)) {
        return detail::with_job<kept>([&](job const& j) { return plan_for(j, how); }, f, n, out,
                                      detail::source_of(in)...);
      } else {
        return plan_for(
            job{.count = n == no_length ? 0 : n,
                .learned =
                    detail::rate_for<F, decltype(std::declval<reader<In>&>().source())...>(f),
                .reads = access::batched},
            how);
      }
    };
    if constexpr (std::is_void_v<R>)
      return describe(std::tuple<>{});
    else
      return describe(std::tuple<R*>{nullptr});
  }

 private:
  template <class F, class... In>
  static auto returning_plain(settings const& how, F& f, In&... in) {
    using R = result_t<F, In&...>;
    auto const submit = [&](job const& j) { run(j, how); };
    if constexpr (std::is_void_v<R>) {
      if constexpr ((indexable<In&> && ...))
        detail::with_job<store::nowhere>(submit, f, detail::shortest(in...), std::tuple<>{},
                                         detail::source_of(in)...);
      else
        detail::in_batches(
            how, unlimited,
            [&](batches& call, std::size_t n, auto... src) {
              detail::with_job<store::nowhere>([&](job const& j) { call.run(j); }, f, n,
                                               std::tuple<>{}, src...);
            },
            in...);
    } else if constexpr ((indexable<In&> && ...)) {
      std::size_t const n = detail::shortest(in...);
      auto result = vector_access::with_room<R>(n);
      detail::with_job<store::construct>(submit, f, n, std::tuple{result.data()},
                                         detail::source_of(in)...);
      vector_access::set_size(result, n);
      return result;
    } else {
      static_assert(std::is_move_constructible_v<R> || knows_length<In...>,
                    "hetmap: results that cannot be moved need inputs whose lengths are known");
      std::size_t const total = detail::shortest(in...);
      auto result = vector_access::with_room<R>(total == no_length ? 0 : total);
      detail::in_batches(
          how, unlimited,
          [&](batches& call, std::size_t n, auto... src) {
            std::size_t const done = call.done();
            if constexpr (std::is_move_constructible_v<R>) vector_access::grow(result, done + n);
            detail::with_job<store::construct>([&](job const& j) { call.run(j); }, f, n,
                                               std::tuple{result.data() + done}, src...);
            vector_access::set_size(result, done + n);
          },
          in...);
      return result;
    }
  }

  template <class Out, class F, class... In>
  static void writing_plain(settings const& how, Out& out, F& f, In&... in) {
    constexpr bool columns = is_column_list<std::remove_cv_t<Out>>;
    std::size_t const room = detail::room_of(out);
    std::size_t const n = detail::shortest(in...);
    if (knows_length<In...> && n > room) detail::refuse_short_output(how.verb, room, n);
    if constexpr ((indexable<In&> && ...)) {
      detail::assign<columns>(
          how.verb, [&](job const& j) { run(j, how); }, f, n, detail::pointers_to(out, 0),
          detail::source_of(in)...);
    } else {
      // All at once: a later batch may read what an earlier one has written.
      std::apply(
          [&](auto*... o) {
            std::array const whole{column{o, sizeof *o, sizeof *o}..., detail::array_column(in)...};
            static_cast<void>(detail::compare_memory(how.verb, whole.data(), sizeof...(o),
                                                     sizeof...(In), detail::least(n, room)));
          },
          detail::pointers_to(out, 0));
      detail::in_batches(
          how, [&](std::size_t done) { return room - done; },
          [&](batches& call, std::size_t m, auto... src) {
            detail::assign<columns>(
                how.verb, [&](job const& j) { call.run(j); }, f, m,
                detail::pointers_to(out, call.done()), src...);
          },
          in...);
    }
  }
};

/// Elements in a block of map_blocks, unless the call says otherwise: 16 KiB of floats, so that an
/// input and an output fit the first-level cache together.
inline constexpr std::size_t default_block_elements = 4096;

/// The body of map_blocks.
template <class F, class Out, class... In>
void by_blocks(settings const& how, F& f, Out& out, In&... in) {
  using out_element = std::remove_reference_t<std::ranges::range_reference_t<Out&>>;
  using task =
      block_task<F, out_element, std::remove_reference_t<std::ranges::range_reference_t<In&>>...>;
  std::size_t const n = detail::shortest(in...);
  if (n > detail::room_of(out)) detail::refuse_short_output(how.verb, detail::room_of(out), n);
  auto const columns = detail::columns_of(detail::pointers_to(out, 0), detail::source_of(in)...);
  static_cast<void>(detail::compare_memory(how.verb, columns.data(), 1, sizeof...(In), n));
  task work{f, how.chunk_size != 0 ? how.chunk_size : default_block_elements};
  run(job{.code = &code_of<task>,
          .context = std::addressof(work),
          .columns = columns.data(),
          .outputs = 1,
          .inputs = sizeof...(In),
          .count = n,
          .learned = detail::rate_for<F, task>(f),
          .exact_chunk = work.block,
          .reads = access::contiguous},
      how);
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
