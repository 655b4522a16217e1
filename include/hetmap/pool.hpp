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
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/detail/verb/pool_verbs.hpp>
#include <hetmap/device_span.hpp>
#include <hetmap/future.hpp>
#include <hetmap/imap.hpp>
#include <hetmap/options.hpp>

#include <optional>
#include <string>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

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
  detail::pool_core* core_;  // before the verbs, which have it from here

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
  /// the call (std::ref keeps a reference), and gone when the future is ready. A last parameter of
  /// f's behind the arguments that is a std::stop_token is requested by terminate().
  ///
  /// Throws:   closed_error, broken_pool_error.
  /// Waits:    no.
  /// Memory:   one allocation.
  detail::submitting_verb const submit{core_};

  // -- as the free verbs: map.hpp, reduce.hpp --

  detail::pool_verb<detail::verb_name::map> const map{core_};
  detail::pool_verb<detail::verb_name::map_into> const map_into{core_};
  detail::pool_verb<detail::verb_name::starmap> const starmap{core_};
  detail::pool_verb<detail::verb_name::starmap_into> const starmap_into{core_};
  detail::pool_verb<detail::verb_name::map_columns> const map_columns{core_};
  detail::pool_verb<detail::verb_name::map_blocks> const map_blocks{core_};
  detail::pool_value_verb<detail::verb_name::map_reduce> const map_reduce{core_};

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

  detail::pool_value_verb<detail::verb_name::imap> const imap{core_};
  detail::pool_value_verb<detail::verb_name::imap_unordered> const imap_unordered{core_};
  detail::pool_value_verb<detail::verb_name::istarmap> const istarmap{core_};
  detail::pool_value_verb<detail::verb_name::istarmap_unordered> const istarmap_unordered{core_};

  // -- the same without waiting --

  /// map as a future: a worker makes the call, with the others' help. f is decay-copied; an lvalue
  /// range is borrowed until the future is ready, an rvalue moved in.
  ///
  /// Throws:   option_error, closed_error, broken_pool_error; what the map throws is the future's.
  /// Waits:    no.
  detail::pool_value_verb<detail::verb_name::map_async> const map_async{core_};

  /// starmap as a future, by the same rules.
  detail::pool_value_verb<detail::verb_name::starmap_async> const starmap_async{core_};
};

/// The process's pool: one worker a physical core, made when first asked for, there until the
/// process ends. A forked child gets one of its own.
[[nodiscard]] HETMAP_API pool& default_pool();

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
