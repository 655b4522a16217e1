// From a streaming verb to the pipeline: function and inputs, kept together while the stream lives.
#pragma once

#include <hetmap/detail/data/port.hpp>
#include <hetmap/detail/kernel/gpu_call.hpp>
#include <hetmap/detail/kernel/kernel_traits.hpp>
#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/seam/pipeline.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/detail/verb/requirements.hpp>
#include <hetmap/stream.hpp>

#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

/// The element loop of a stream: F over Src..., results constructed in a slot's buffer.
template <class F, class R, class... Src>
struct stream_task {
  using outputs = restricted<R>;

  F& f;
  std::tuple<Src...> sources;

  HETMAP_INLINE void run(chunk& work, R* out) {
    std::size_t at = work.begin - work.origin;
    try {
      unpack(work, at, out, std::index_sequence_for<Src...>{});
    } catch (...) {
      work.failed_at = work.origin + at;
      throw;
    }
  }

 private:
  template <std::size_t... I>
  HETMAP_INLINE void unpack(chunk& work, std::size_t& at, R* out, std::index_sequence<I...>) {
    compute(
        static_cast<stream_piece&>(work), at, out,
        watched_source{detail::place(std::get<I>(sources), work.columns[1 + I], work.origin)}...);
  }

  /// Blocks, then what is left after the last, until told to hurry.
  template <class... Watched>
  HETMAP_INLINE void compute(stream_piece& work, std::size_t& at, R* out, Watched... in) {
    using loop = element_loop<store::construct, R>;
    recall_check const none(work);  // the hurry is the stream's own
    std::size_t const begin = at;
    std::size_t const end = work.end - work.origin;
    std::size_t i = begin;
    auto const goes_on = [&] {
      return i == begin || !__atomic_load_n(work.hurry, __ATOMIC_RELAXED);
    };
    for (; end - i >= block_elements && goes_on(); i += block_elements)
      static_cast<void>(loop::run(i, i + block_elements, at, none, f, out, in...));
    for (; end - i >= small_block_elements && goes_on(); i += small_block_elements)
      static_cast<void>(loop::run(i, i + small_block_elements, at, none, f, out, in...));
    for (; i != end && goes_on(); ++i)
      static_cast<void>(loop::run(i, i + 1, at, none, f, out, in...));
    work.end = work.origin + i;
  }
};

/// The function of a stream: F is T& for a borrowed one, T for one that was moved in.
template <class F>
class plain_function {
 public:
  template <class Given>
  plain_function(std::in_place_t, Given&& f) : f_(static_cast<Given&&>(f)) {}

  auto& called() { return f_; }

 private:
  F f_;
};
/// Called with the elements of a row.
template <class F>
class row_function {
 public:
  template <class Given>
  row_function(std::in_place_t, Given&& f) : f_(static_cast<Given&&>(f)), by_row_{f_} {}
  row_function(row_function const&) = delete;
  row_function& operator=(row_function const&) = delete;

  auto& called() { return by_row_; }

 private:
  F f_;
  starred<std::remove_reference_t<F>> by_row_;
};
/// Its exceptions caught.
template <class Function>
class safe_function {
 public:
  template <class Given>
  safe_function(std::in_place_t which, Given&& f)
      : function_(which, static_cast<Given&&>(f)), safe_{function_.called()} {}
  safe_function(safe_function const&) = delete;
  safe_function& operator=(safe_function const&) = delete;

  auto& called() { return safe_; }

 private:
  Function function_;
  collected<std::remove_reference_t<decltype(std::declval<Function&>().called())>> safe_;
};

template <class Function, class... In>
using stream_result_t =
    result_t<decltype(std::declval<Function&>().called()), std::remove_reference_t<In>&...>;

template <bool Ordered, class Function, class... In>
class stream_body final : public stream_state {
  // Elements that were read from one input are lost if another one ends unexpectedly.
  template <class One>
  using port_of =
      port<One, sizeof...(In) == 1 || knows_length<std::remove_reference_t<In>...>, Ordered>;

  using function = std::remove_reference_t<decltype(std::declval<Function&>().called())>;
  using result = stream_result_t<Function, In...>;
  using task = stream_task<function, result, decltype(std::declval<port_of<In>&>().source())...>;
  using on_gpu = gpu_description<store::construct, std::remove_cv_t<function>, std::tuple<result>,
                                 decltype(std::declval<port_of<In>&>().source())...>;

 public:
  template <class F, class... Given>
  stream_body(settings const& how, F&& f, Given&&... in)
      : function_(std::in_place, static_cast<F&&>(f)),
        ports_{port_of<In>(std::in_place, std::forward<Given>(in))...},
        task_{function_.called(),
              std::apply([](auto&... p) { return std::tuple{p.source()...}; }, ports_)},
        core_(description(), how) {
    work = &core_;
  }

 private:
  static constexpr stage stages[] = {{sizeof(result), alignof(result)}, port_of<In>::buffer()...};

  stream_job description() {
    stream_job j{
        .code = &code_of<task>,
        .task = std::addressof(task_),
        .input = this,
        .pull = pull,
        .stages = stages,
        .inputs = sizeof...(In),
        .bytes_read = (port_of<In>::bytes_in_place() + ...),
        .own_bytes = sizeof(*this) + sizeof(stream_cursor<result>) + sizeof(stream<result>),
        .learned =
            detail::rate_for<function, decltype(std::declval<port_of<In>&>().source())...>(task_.f),
        .total = std::apply([](auto&... p) { return detail::least(p.length()...); }, ports_),
        .pulls_at_once = (port_of<In>::indexed && ...),
        .ordered = Ordered};
    if constexpr (on_gpu::possible) {
      auto const& called = detail::bare(task_.f);
      gpu_ = {.site = described(task_, nullptr, 0, 0, std::index_sequence_for<In...>()).work.site,
              .inputs = std::tuple_size_v<decltype(on_gpu::operands)> - 1,
              .functor = std::addressof(called),
              .functor_bytes = sizeof called,
              .locate = locate};
      j.gpu = &gpu_;
    } else {
      j.no_gpu = on_gpu::why_not;
    }
    total_ = j.total;
    if constexpr ((port_of<In>::drops || ...)) j.drop = drop;
    if constexpr (!std::is_trivially_destructible_v<result>)
      j.discard = [](column const& out, std::size_t begin, std::size_t end) noexcept {
        std::destroy(static_cast<result*>(out.base) + begin, static_cast<result*>(out.base) + end);
      };
    return j;
  }

  /// Elements from `origin` on as a GPU sees them, in these columns or, without any, where the
  /// whole input lies.
  template <std::size_t... I>
  static on_gpu described(task const& t, column const* columns, std::size_t origin,
                          std::size_t count, std::index_sequence<I...>) {
    if (columns == nullptr)
      return on_gpu(t.f, count, std::tuple<result*>(nullptr), std::get<I>(t.sources)...);
    return on_gpu(t.f, count, std::tuple(static_cast<result*>(columns[0].base)),
                  detail::place(std::get<I>(t.sources), columns[1 + I], origin)...);
  }

  static void locate(void* t, column const* columns, std::size_t origin, std::size_t count,
                     gpu_operand* operands) {
    on_gpu const here = described(*static_cast<task const*>(t), columns, origin, count,
                                  std::index_sequence_for<In...>());
    std::copy(here.operands.begin(), here.operands.end(), operands);
  }

  static pulled pull(void* self, column* inputs, std::size_t begin, std::size_t wanted) {
    auto& me = *static_cast<stream_body*>(self);
    return me.read(inputs, begin, wanted, std::index_sequence_for<In...>{});
  }

  template <std::size_t... I>
  pulled read(column* inputs, std::size_t begin, std::size_t wanted, std::index_sequence<I...>) {
    pulled got;
    if (begin >= total_) return {.ended = true};
    std::size_t const asked = wanted;
    wanted = std::min(wanted, total_ - begin);
    try {
      (std::get<I>(ports_).open(inputs[I], begin), ...);
      ((wanted = std::min(wanted, std::get<I>(ports_).read(wanted))), ...);
      if constexpr (!((port_of<In>::indexed || port_of<In>::bulk) && ...)) {
        while (got.count != wanted && on_next(std::get<I>(ports_)...)) {
          (std::get<I>(ports_).keep(), ...);
          ++got.count;
        }
      } else {
        got.count = wanted;
      }
      got.ended = got.count != asked || begin + asked == total_;
      (void)((got.failure = std::get<I>(ports_).failure(got.count)) || ...);
    } catch (...) {
      got.failure = std::current_exception();
    }
    if constexpr (!(port_of<In>::indexed && ...)) (std::get<I>(ports_).keep_only(got.count), ...);
    return got;
  }

  /// Whether every input has a next element, and stands on it. Inputs that can be read again are
  /// asked first: an element of another input is lost if the others have no partner for it.
  static bool on_next(auto&... ports) {
    return ((!ports.repeatable || ports.step()) && ...) &&
           ((ports.repeatable || ports.step()) && ...);
  }

  static void drop(column const* inputs, std::size_t count) noexcept {
    column const* c = inputs;
    (port_of<In>::drop(*c++, count), ...);
  }

  Function function_;
  std::tuple<port_of<In>...> ports_;
  std::size_t total_ = 0;
  task task_;
  stream_gpu_work gpu_;
  pipeline core_;
};

/// What is kept of a range: a reference to one that is borrowed, or the range itself.
template <class In>
using held_range_t =
    std::conditional_t<std::is_lvalue_reference_v<In>, In, std::remove_cvref_t<In>>;

/// What is kept of a function: pointers are copied, objects are borrowed or moved in like ranges.
template <class F>
using held_function_t =
    std::conditional_t<std::is_lvalue_reference_v<F> && std::is_class_v<std::remove_cvref_t<F>>, F,
                       std::decay_t<F>>;

template <class F>
using plain = plain_function<held_function_t<F>>;
template <class F>
using by_row = row_function<held_function_t<F>>;
template <class Function>
using safe = safe_function<Function>;

/// The body of the streaming verbs.
template <class Function, bool Ordered, class F, class... In>
auto streaming(settings const& how, F&& f, In&&... in) {
  using body = stream_body<Ordered, Function, held_range_t<In>...>;
  using result = stream_result_t<Function, held_range_t<In>...>;
  return detail::without_index([&] {
    return stream<result>(
        detail::owned<stream_state>(new body(how, std::forward<F>(f), std::forward<In>(in)...)));
  });
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
