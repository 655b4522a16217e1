// Pools: a number of threads of their own, and the verbs that run on them.
//
// The verbs of map.hpp, as members, take the same arguments and promise the same; beside that
//   threads  at most workers() calls of f run at once, and where there is work for that many, that
//            many do: blocking functions are welcome. The caller of a pool never runs f. They are
//            the process's: they may use all of its CPUs, whatever thread made the pool, and block
//            all signals but those that a thread brings upon itself. What f starts on them
//            (threads, programs) inherits that.
//   nesting  a call from a worker of the same pool is run by that worker, with the others' help as
//            they get free: no new threads, no deadlock, and nothing but that call's own work.
//   waiting  a worker that waits, be it for a future, a call on another pool, the end of a pool or
//            a stream, computes nothing meanwhile. Work that waits for the work of other pools,
//            which waits for its own, ends: where all workers of a pool wait, each for something
//            that waits in its turn for what is queued there, a thread more runs that, out of its
//            turn, and ends with it. That happens only where nothing would go on otherwise; there
//            are 512 such threads in the process at most, beyond which, or where the system gives
//            none, the wait throws std::system_error. Waits that could never end, since what is
//            waited for waits for the waiting thread, throw std::logic_error in one of those who
//            wait, unless all have a limit. Only waits in hetmap are seen: work of a pool that
//            blocks otherwise, on a latch say, is taken for work that goes on.
//   options  a call's own win over the pool's; .workers can only lower the number; .deadline is
//            served: when it passes, the call ends as by a stop request (options.hpp), with
//            timeout_error.
// Further exceptions of all verbs: closed_error after close(); broken_pool_error if the initializer
// threw; cancelled_error if terminate() ended the call.
#pragma once

#include <hetmap/array.hpp>
#include <hetmap/detail/map_call.hpp>
#include <hetmap/detail/pool_call.hpp>
#include <hetmap/detail/reduce_call.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/device_span.hpp>
#include <hetmap/future.hpp>
#include <hetmap/imap.hpp>
#include <hetmap/options.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {

// What pools take: ranges, arrays, memory of a GPU.
template <class F, class... In>
concept pool_mappable = stop_mappable<F, In...> || array_mappable<F, In...>;
template <class Out, class F, class... In>
concept pool_mappable_into =
    stop_mappable_into<Out, F, In...> || array_mappable_into<Out, F, In...> ||
    device_span_mappable_into<Out, F, In...>;
template <class F, class Op, class T, class... In>
concept pool_reducible = stop_map_reducible<F, Op, T, In...> || array_reducible<F, Op, T, In...> ||
                         device_span_reducible<F, Op, T, In...>;

inline namespace HETMAP_TAG {
template <class... In>
inline constexpr serves on_pool_serves{.deadline = true, .host_copy = (an_array<In> || ...)};
}  // namespace HETMAP_TAG

}  // namespace detail

/// What a pool is made of.
struct pool_options {
  /// Threads; from 1, more than cores where f blocks. Default: the physical cores.
  std::optional<unsigned> workers = {};
  /// Of calls that do not choose one. serial: one worker at a time a call.
  hetmap::backend backend = hetmap::backend::inherit;
  /// Called once on each worker before its first work, on several at once: the place to bind it to
  /// CPUs, or to let it have signals. Also on a thread that stands in for a worker that waits
  /// (waiting, above; streams, below). If it throws, the pool is broken: its work fails with
  /// broken_pool_error.
  std::function<void()> initializer = {};
  /// The threads' name for debuggers; its first 15 characters.
  std::string name = {};
};

/// A pool owns its threads. The destructor waits until what was submitted is done, as close() and
/// join() do.
class HETMAP_API pool {
  using build = detail::build;

 public:
  /// Throws:   option_error for .workers = 0; device_unavailable; std::system_error if the system
  ///           gives fewer threads.
  explicit pool(pool_options how = {});
  explicit pool(unsigned workers);
  ~pool();
  pool(pool const&) = delete;
  pool& operator=(pool const&) = delete;

  [[nodiscard]] unsigned workers() const noexcept;
  [[nodiscard]] std::string const& name() const noexcept;

  /// No new work from now on: closed_error. What was submitted is done, a call that runs goes on.
  /// Any number of times.
  void close() noexcept;
  /// Waits until all work is done and the threads have ended. Any number of times, from any thread.
  ///
  /// Throws:   std::logic_error before close(), and where it would wait for itself: on a worker of
  ///           this pool, in a callback of a future or a stop token of its work, in an input of a
  ///           call on it, and where work of this pool waits for the calling thread.
  /// Waits:    as said; for ever in a callback of a stop token of another pool's work, if work of
  ///           this pool destroys what registered that callback. The destructor of a
  ///           std::stop_callback is not seen waiting; terminate() and the destructor of this pool
  ///           wait there as well: end a pool elsewhere.
  void join();
  /// Closes, cancels what is queued, stops what runs between two elements, and joins: calls of f
  /// that run finish. Waiters get cancelled_error. Where join() would wait for itself, it does not
  /// join.
  void terminate();

  /// f(args...) on a worker: a future of its result. f and the arguments are decay-copied, moved to
  /// the call (std::ref keeps a reference), and gone when the future is ready.
  ///
  /// Throws:   closed_error, broken_pool_error.
  /// Waits:    no.
  /// Memory:   one allocation.
  template <class Build = build, class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
  [[nodiscard]] auto submit(F&& f, Args&&... args) {
    using call = detail::bound_call<std::decay_t<F>, std::decay_t<Args>...>;
    return detail::submitted<call>(*core_, "submit", std::in_place, std::forward<F>(f),
                                   std::forward<Args>(args)...);
  }

  /// The same for an f with a std::stop_token behind its arguments: requested by terminate().
  template <class Build = build, class F, class... Args>
    requires(!std::invocable<std::decay_t<F>, std::decay_t<Args>...>) &&
            std::invocable<std::decay_t<F>, std::decay_t<Args>..., detail::stop_argument>
  [[nodiscard]] auto submit(F&& f, Args&&... args) {
    return submit(detail::stoppable_call<std::decay_t<F>>{std::forward<F>(f), core_},
                  std::forward<Args>(args)...);
  }

  // -- as the free verbs: of ranges (map.hpp), arrays (array.hpp), memory of a GPU
  // (device_span.hpp) --

  template <class Build = build, class F, class... In>
    requires detail::pool_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
  auto map(F&& f, In&&... in) {
    return map(options{}, f, in...);
  }
  template <class Build = build, class F, class... In>
    requires detail::pool_mappable<F, In...>
  auto map(options const& how, F&& f, In&&... in) {
    detail::pool_call const call(*core_,
                                 detail::checked("pool::map", how, detail::on_pool_serves<In...>));
    return detail::returning(call.how(), f, in...);
  }
  template <class Build = build, class F, class... In>
    requires stop_mappable<F, In...>
  auto map(collect_options const& how, F&& f, In&&... in) {
    detail::pool_call const call(*core_, detail::checked("pool::map", how, {.deadline = true}));
    return detail::collecting(call.how(), f, in...);
  }

  template <class Build = build, class Out, class F, class... In>
    requires detail::pool_mappable_into<Out, F, In...> &&
             (!detail::any_options<std::remove_cvref_t<Out>>)
  void map_into(Out&& out, F&& f, In&&... in) {
    map_into(options{}, out, f, in...);
  }
  template <class Build = build, class Out, class F, class... In>
    requires detail::pool_mappable_into<Out, F, In...>
  void map_into(options const& how, Out&& out, F&& f, In&&... in) {
    detail::pool_call const call(
        *core_, detail::checked("pool::map_into", how, detail::on_pool_serves<In...>));
    detail::writing(call.how(), out, f, in...);
  }
  template <class Build = build, class Out, class F, class... In>
    requires stop_mappable_into<Out, detail::collected<std::remove_reference_t<F>>, In...>
  void map_into(collect_options const& how, Out&& out, F&& f, In&&... in) {
    detail::collected<std::remove_reference_t<F>> safe{f};
    detail::pool_call const call(*core_,
                                 detail::checked("pool::map_into", how, {.deadline = true}));
    detail::writing(call.how(), out, safe, in...);
  }

  template <class Build = build, class F, class Rows>
    requires stop_starmappable<F, Rows> && (!detail::any_options<std::remove_cvref_t<F>>)
  auto starmap(F&& f, Rows&& rows) {
    return starmap(options{}, f, rows);
  }
  template <class Build = build, class F, class Rows>
    requires stop_starmappable<F, Rows>
  auto starmap(options const& how, F&& f, Rows&& rows) {
    detail::starred<std::remove_reference_t<F>> by_row{f};
    detail::pool_call const call(*core_, detail::checked("pool::starmap", how, {.deadline = true}));
    return detail::returning(call.how(), by_row, rows);
  }
  template <class Build = build, class F, class Rows>
    requires stop_starmappable<F, Rows>
  auto starmap(collect_options const& how, F&& f, Rows&& rows) {
    detail::starred<std::remove_reference_t<F>> by_row{f};
    detail::pool_call const call(*core_, detail::checked("pool::starmap", how, {.deadline = true}));
    return detail::collecting(call.how(), by_row, rows);
  }

  template <class Build = build, class Out, class F, class Rows>
    requires stop_starmappable_into<Out, F, Rows> &&
             (!detail::any_options<std::remove_cvref_t<Out>>)
  void starmap_into(Out&& out, F&& f, Rows&& rows) {
    starmap_into(options{}, out, f, rows);
  }
  template <class Build = build, class Out, class F, class Rows>
    requires stop_starmappable_into<Out, F, Rows>
  void starmap_into(options const& how, Out&& out, F&& f, Rows&& rows) {
    detail::starred<std::remove_reference_t<F>> by_row{f};
    detail::pool_call const call(*core_,
                                 detail::checked("pool::starmap_into", how, {.deadline = true}));
    detail::writing(call.how(), out, by_row, rows);
  }

  template <class Build = build, class Out, class F, class Rows>
    requires stop_starmappable<F, Rows> &&
             stop_mappable_into<Out, detail::collected<detail::starred<std::remove_reference_t<F>>>,
                                Rows>
  void starmap_into(collect_options const& how, Out&& out, F&& f, Rows&& rows) {
    detail::starred<std::remove_reference_t<F>> by_row{f};
    detail::collected<detail::starred<std::remove_reference_t<F>>> safe{by_row};
    detail::pool_call const call(*core_,
                                 detail::checked("pool::starmap_into", how, {.deadline = true}));
    detail::writing(call.how(), out, safe, rows);
  }

  template <class Build = build, class F, class... In>
    requires(mappable<F, In...> || array_mappable<F, In...>) &&
            detail::tuple_like<detail::result_t<F, In...>> &&
            (!detail::any_options<std::remove_cvref_t<F>>)
  auto map_columns(F&& f, In&&... in) {
    return map_columns(options{}, f, in...);
  }
  template <class Build = build, class F, class... In>
    requires(mappable<F, In...> || array_mappable<F, In...>) &&
            detail::tuple_like<detail::result_t<F, In...>>
  auto map_columns(options const& how, F&& f, In&&... in) {
    detail::pool_call const call(
        *core_, detail::checked("pool::map_columns", how, detail::on_pool_serves<In...>));
    return detail::returning_columns(call.how(), f, in...);
  }

  template <class Build = build, class F, class Out, class... In>
    requires block_mappable<F, Out, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
  void map_blocks(F&& f, Out&& out, In&&... in) {
    map_blocks(options{}, f, out, in...);
  }
  template <class Build = build, class F, class Out, class... In>
    requires block_mappable<F, Out, In...>
  void map_blocks(options const& how, F&& f, Out&& out, In&&... in) {
    detail::pool_call const call(*core_,
                                 detail::checked("pool::map_blocks", how, {.deadline = true}));
    detail::by_blocks(call.how(), f, out, in...);
  }

  /// As the free map_reduce: over ranges (reduce.hpp), arrays (array.hpp), memory of a GPU
  /// (device_span.hpp).
  template <class Build = build, class F, class Op, class T, class... In>
    requires detail::pool_reducible<F, Op, T, In...> &&
             (!detail::any_options<std::remove_cvref_t<F>>)
  [[nodiscard]] T map_reduce(F&& f, Op&& op, T init, In&&... in) {
    return map_reduce(options{}, f, op, std::move(init), in...);
  }
  template <class Build = build, class F, class Op, class T, class... In>
    requires detail::pool_reducible<F, Op, T, In...>
  [[nodiscard]] T map_reduce(options const& how, F&& f, Op&& op, T init, In&&... in) {
    detail::pool_call const call(*core_,
                                 detail::checked("pool::map_reduce", how, {.deadline = true}));
    return detail::reducing(call.how(), f, op, std::move(init), in...);
  }

  // -- as the free streams (imap.hpp), computed by this pool's workers --
  //
  // Closing the pool closes them: what was pulled can still be taken, then comes closed_error. They
  // may outlive the pool. Further exceptions: closed_error, broken_pool_error.
  //
  // A worker that reads an input computes nothing meanwhile. If the input keeps it waiting, and
  // work of the pool waits for a worker, a thread in addition takes its place, initialised as
  // workers are (imap.hpp, in...). No more than workers() calls run at once even so, not counted
  // those that read such an input themselves. That is so of inputs only: a function that blocks
  // until another stream of the pool has come further holds its worker, and where such functions
  // hold all of them the pool stands still. (The free streams get a thread more there.)

  template <class Build = build, class F, class... In>
    requires streamable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
  [[nodiscard]] auto imap(F&& f, In&&... in) {
    return imap(options{}, std::forward<F>(f), std::forward<In>(in)...);
  }
  template <class Build = build, class F, class... In>
    requires streamable<F, In...>
  [[nodiscard]] auto imap(options const& how, F&& f, In&&... in) {
    return detail::streaming<detail::plain<F>>(
        detail::on_pool(*core_, detail::checked_stream("pool::imap", how)), std::forward<F>(f),
        std::forward<In>(in)...);
  }
  template <class Build = build, class F, class... In>
    requires streamable<F, In...>
  [[nodiscard]] auto imap(collect_options const& how, F&& f, In&&... in) {
    return detail::streaming<detail::safe<detail::plain<F>>>(
        detail::on_pool(*core_, detail::checked_stream("pool::imap", how)), std::forward<F>(f),
        std::forward<In>(in)...);
  }

  template <class Build = build, class F, class... In>
    requires streamable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
  [[nodiscard]] auto imap_unordered(F&& f, In&&... in) {
    return imap_unordered(options{}, std::forward<F>(f), std::forward<In>(in)...);
  }
  template <class Build = build, class F, class... In>
    requires streamable<F, In...>
  [[nodiscard]] auto imap_unordered(options const& how, F&& f, In&&... in) {
    return detail::streaming_unordered<detail::plain<F>>(
        detail::on_pool(*core_, detail::checked_stream("pool::imap_unordered", how)),
        std::forward<F>(f), std::forward<In>(in)...);
  }
  template <class Build = build, class F, class... In>
    requires streamable<F, In...>
  [[nodiscard]] auto imap_unordered(collect_options const& how, F&& f, In&&... in) {
    return detail::streaming_unordered<detail::safe<detail::plain<F>>>(
        detail::on_pool(*core_, detail::checked_stream("pool::imap_unordered", how)),
        std::forward<F>(f), std::forward<In>(in)...);
  }

  template <class Build = build, class F, class Rows>
    requires star_streamable<F, Rows> && (!detail::any_options<std::remove_cvref_t<F>>)
  [[nodiscard]] auto istarmap(F&& f, Rows&& rows) {
    return istarmap(options{}, std::forward<F>(f), std::forward<Rows>(rows));
  }
  template <class Build = build, class F, class Rows>
    requires star_streamable<F, Rows>
  [[nodiscard]] auto istarmap(options const& how, F&& f, Rows&& rows) {
    return detail::streaming<detail::by_row<F>>(
        detail::on_pool(*core_, detail::checked_stream("pool::istarmap", how)), std::forward<F>(f),
        std::forward<Rows>(rows));
  }
  template <class Build = build, class F, class Rows>
    requires star_streamable<F, Rows>
  [[nodiscard]] auto istarmap(collect_options const& how, F&& f, Rows&& rows) {
    return detail::streaming<detail::safe<detail::by_row<F>>>(
        detail::on_pool(*core_, detail::checked_stream("pool::istarmap", how)), std::forward<F>(f),
        std::forward<Rows>(rows));
  }

  template <class Build = build, class F, class Rows>
    requires star_streamable<F, Rows> && (!detail::any_options<std::remove_cvref_t<F>>)
  [[nodiscard]] auto istarmap_unordered(F&& f, Rows&& rows) {
    return istarmap_unordered(options{}, std::forward<F>(f), std::forward<Rows>(rows));
  }
  template <class Build = build, class F, class Rows>
    requires star_streamable<F, Rows>
  [[nodiscard]] auto istarmap_unordered(options const& how, F&& f, Rows&& rows) {
    return detail::streaming_unordered<detail::by_row<F>>(
        detail::on_pool(*core_, detail::checked_stream("pool::istarmap_unordered", how)),
        std::forward<F>(f), std::forward<Rows>(rows));
  }
  template <class Build = build, class F, class Rows>
    requires star_streamable<F, Rows>
  [[nodiscard]] auto istarmap_unordered(collect_options const& how, F&& f, Rows&& rows) {
    return detail::streaming_unordered<detail::safe<detail::by_row<F>>>(
        detail::on_pool(*core_, detail::checked_stream("pool::istarmap_unordered", how)),
        std::forward<F>(f), std::forward<Rows>(rows));
  }

  // -- the same without waiting --

  /// map as a future: a worker makes the call, with the others' help. f is decay-copied; an lvalue
  /// range is borrowed until the future is ready, an rvalue moved in.
  ///
  /// Throws:   option_error, closed_error, broken_pool_error; what the map throws is the future's.
  /// Waits:    no.
  template <class Build = build, class F, class... In>
    requires detail::pool_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
  [[nodiscard]] auto map_async(F&& f, In&&... in) {
    return later<detail::returning_body>("pool::map_async", options{}, std::forward<F>(f),
                                         std::forward<In>(in)...);
  }
  template <class Build = build, class F, class... In>
    requires detail::pool_mappable<F, In...>
  [[nodiscard]] auto map_async(options const& how, F&& f, In&&... in) {
    return later<detail::returning_body>("pool::map_async", how, std::forward<F>(f),
                                         std::forward<In>(in)...);
  }
  template <class Build = build, class F, class... In>
    requires stop_mappable<F, In...>
  [[nodiscard]] auto map_async(collect_options const& how, F&& f, In&&... in) {
    return later<detail::collecting_body>("pool::map_async", how, std::forward<F>(f),
                                          std::forward<In>(in)...);
  }

  /// starmap as a future, by the same rules.
  template <class Build = build, class F, class Rows>
    requires stop_starmappable<F, Rows> && (!detail::any_options<std::remove_cvref_t<F>>)
  [[nodiscard]] auto starmap_async(F&& f, Rows&& rows) {
    return later<detail::row_body<detail::returning_body>>(
        "pool::starmap_async", options{}, std::forward<F>(f), std::forward<Rows>(rows));
  }
  template <class Build = build, class F, class Rows>
    requires stop_starmappable<F, Rows>
  [[nodiscard]] auto starmap_async(options const& how, F&& f, Rows&& rows) {
    return later<detail::row_body<detail::returning_body>>(
        "pool::starmap_async", how, std::forward<F>(f), std::forward<Rows>(rows));
  }
  template <class Build = build, class F, class Rows>
    requires stop_starmappable<F, Rows>
  [[nodiscard]] auto starmap_async(collect_options const& how, F&& f, Rows&& rows) {
    return later<detail::row_body<detail::collecting_body>>(
        "pool::starmap_async", how, std::forward<F>(f), std::forward<Rows>(rows));
  }

 private:
  template <class Body, class Options, class F, class... In>
  auto later(char const* verb, Options const& how, F&& f, In&&... in) {
    using call = detail::later_map<Body, Options, std::decay_t<F>, In...>;
    return detail::submitted<call>(*core_, verb, *core_,
                                   detail::checked(verb, how, detail::on_pool_serves<In...>), how,
                                   std::forward<F>(f), std::forward<In>(in)...);
  }

  detail::pool_core* core_;
};

/// The process's pool: one worker a physical core, made when first asked for, there until the
/// process ends. A forked child gets one of its own.
[[nodiscard]] HETMAP_API pool& default_pool();

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
