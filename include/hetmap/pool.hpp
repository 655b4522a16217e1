// Pools: a number of threads of their own, and the verbs that run on them.
//
// The verbs of map.hpp, as members, take the same arguments and promise the same. In addition
//   threads  at most workers() calls of f run at once, and if there is work for that many, that
//            many do: blocking functions are welcome. The caller of a pool never runs f. The
//            threads belong to the process: they may use all of its CPUs, whatever thread made the
//            pool, and block all signals except those that a thread brings upon itself. What f
//            starts on them (threads, programs) inherits that.
//   nesting  a call from a worker of the same pool is run by that worker, helped by others as they
//            become free: no new threads, no deadlock, and nothing but that call's own work.
//   waiting  a worker that waits (for a future, a call on another pool, the end of a pool, a
//            stream) computes nothing meanwhile. Work that waits for the work of other pools, which
//            waits for its own, ends: if all workers of a pool wait, each for something that waits
//            in turn for what is queued there, an extra thread runs that, out of turn, and ends
//            with it. That happens only if nothing would go on otherwise. The process has at most
//            512 such threads; beyond that, or if the system refuses one, the wait throws
//            std::system_error. Waits that could never end, because what is waited for waits for
//            the waiting thread, throw std::logic_error in one of the waiting threads, unless all
//            have a limit. Only waits in hetmap are seen: work of a pool that blocks otherwise, say
//            on a latch, is assumed to go on.
//   options  a call's own override the pool's; .workers can only lower the number; .deadline is
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
  /// Threads; at least 1, more than cores if f blocks. Default: the physical cores.
  std::optional<unsigned> workers = {};
  /// Of calls that do not choose one. serial: one worker at a time per call.
  hetmap::backend backend = hetmap::backend::inherit;
  /// Called once on each worker before its first work, on several at once: use it to bind the
  /// worker to CPUs, or to unblock signals. Also called on a thread that stands in for a waiting
  /// worker (waiting, above; streams, below). If it throws, the pool is broken: its work fails with
  /// broken_pool_error.
  std::function<void()> initializer = {};
  /// The threads' name for debuggers; the first 15 characters count.
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

  /// No new work from now on: closed_error. Submitted work is still done, and running calls go on.
  /// May be called any number of times.
  void close() noexcept;
  /// Waits until all work is done and the threads have ended. May be called any number of times,
  /// from any thread.
  ///
  /// Throws:   std::logic_error before close(), and if it would wait for itself: on a worker of
  ///           this pool, in a callback of a future or a stop token of its work, in an input of a
  ///           call on it, and if work of this pool waits for the calling thread.
  /// Waits:    as said; forever in a callback of a stop token of another pool's work, if work of
  ///           this pool destroys what registered that callback. The wait of a std::stop_callback's
  ///           destructor is not seen. terminate() and the destructor of this pool wait there as
  ///           well: end a pool elsewhere.
  void join();
  /// Closes, cancels queued work, stops running work between two elements, and joins: running calls
  /// of f finish. Waiters get cancelled_error. If join() would wait for itself, it does not join.
  void terminate();

  /// f(args...) on a worker: a future of its result. f and the arguments are decay-copied, moved to
  /// the call (std::ref keeps a reference), and gone when the future is ready. If f's last
  /// parameter, after the arguments, is a std::stop_token, terminate() requests it.
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
  // work of the pool waits for a worker, an extra thread stands in for it, initialised as workers
  // are (imap.hpp, in...). Even so at most workers() calls run at once, not counting those that
  // read such an input themselves. This holds for inputs only: a function that blocks until another
  // stream of the pool has advanced holds its worker, and if such functions hold all of them the
  // pool stands still. (The free streams get an extra thread there.)

  detail::pool_value_verb<detail::verb_name::imap> const imap{core_};
  detail::pool_value_verb<detail::verb_name::imap_unordered> const imap_unordered{core_};
  detail::pool_value_verb<detail::verb_name::istarmap> const istarmap{core_};
  detail::pool_value_verb<detail::verb_name::istarmap_unordered> const istarmap_unordered{core_};

  // -- the same without waiting --

  /// map as a future: a worker makes the call, helped by the others. f is decay-copied; an lvalue
  /// range is borrowed until the future is ready, an rvalue moved in.
  ///
  /// Throws:   option_error, closed_error, broken_pool_error; what the map throws is the future's.
  /// Waits:    no.
  detail::pool_value_verb<detail::verb_name::map_async> const map_async{core_};

  /// starmap as a future, by the same rules.
  detail::pool_value_verb<detail::verb_name::starmap_async> const starmap_async{core_};
};

/// The process's pool: one worker per physical core, made when first asked for, alive until the
/// process ends. A forked child gets its own.
[[nodiscard]] HETMAP_API pool& default_pool();

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
