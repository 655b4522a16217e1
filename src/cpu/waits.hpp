// Who waits for whom: finds the waits that nothing under way would end, and sees that something
// does.
//
// A thread that others may wait for says what it waits for before it sleeps. If every thread that
// could bring that about waits itself, in a circle, work that lies in a queue is run by a thread
// more; where there is none, the circle is made of nothing but waits, and one of them throws.
#pragma once

#include <hetmap/detail/seam/task.hpp>

#include <exception>

namespace hetmap::core {

using detail::task;
class waiters;

/// Threads with a queue, as those see them who look for what a wait waits for.
class serving_team {
 public:
  /// Threads of it that compute at once, at most.
  [[nodiscard]] virtual unsigned most_at_work() const noexcept = 0;
  /// Has a thread more run the task, which was taken out of the queue. Returns: why there is none.
  [[nodiscard]] virtual std::exception_ptr stand_in(task& item) noexcept = 0;

 protected:
  ~serving_team() = default;
};

/// While one exists, the calling thread is in the midst of `what`: a future's function, a lane of a
/// call. Those who wait for that wait for this thread.
class doing {
 public:
  /// covers: whether `what` is something that comes after this on the same thread; null: nothing
  /// is.
  explicit doing(void const* what,
                 bool (*covers)(void const* list, void const* what) = nullptr) noexcept;
  ~doing();
  doing(doing const&) = delete;
  doing& operator=(doing const&) = delete;

 private:
  friend class waiters;
  friend bool does_only(void const* what) noexcept;
  void const* what_;
  bool (*covers_)(void const*, void const*);
  doing* outer_;
};

/// Whether the calling thread is no team's, and in the midst of that and nothing else.
[[nodiscard]] bool does_only(void const* what) noexcept;

/// What one thread waits for. All is asked under the lock of all waits, while the thread is in its
/// wait or about to be.
struct awaited {
  /// Whether the wait ends by itself some time.
  bool limited = false;

  explicit awaited(bool has_limit = false) : limited(has_limit) {}
  virtual ~awaited() = default;

  /// Whether threads that go on will bring it about.
  [[nodiscard]] virtual bool goes_on(waiters& all) = 0;
  /// Takes something that it needs out of a queue: true, and team and item say what.
  [[nodiscard]] virtual bool take(waiters&, serving_team*& /*team*/, task*& /*item*/) {
    return false;
  }
  /// Wakes the thread to do itself what it waits for, where it may. False: it may not.
  [[nodiscard]] virtual bool run_here(waiters&) { return false; }
  /// Ends the wait with that exception. False: it cannot be ended.
  [[nodiscard]] virtual bool refuse(std::exception_ptr const&) { return false; }
};

/// While one exists, the calling thread waits for `what`, if others may wait for it. Whoever makes
/// the last of the waits that nothing would end sees to it.
///
/// Requires: no lock is held that an `awaited` takes.
class waiting {
 public:
  explicit waiting(awaited& what) noexcept;
  ~waiting();
  waiting(waiting const&) = delete;
  waiting& operator=(waiting const&) = delete;

 private:
  friend class waiters;
  enum class mark : unsigned char { unknown, being_asked, goes_on, stuck };

  awaited& what_;
  serving_team const* team_;  // that the thread belongs to, in the place of a worker
  bool stands_in_;
  doing const* innermost_;
  waiting* previous_ = nullptr;
  waiting* next_ = nullptr;
  bool listed_ = false;
  bool told_ = false;  // to do something about it
  mark mark_ = mark::unknown;
};

/// All threads that wait, with their lock held.
class waiters {
 public:
  /// Whether a thread that does not go on is in the midst of `what`.
  [[nodiscard]] bool hold_up(void const* what);
  /// Whether a worker of `team` goes on, and so will come to what is in its queue.
  [[nodiscard]] bool serve(serving_team const& team);
  /// Whether all threads of `team` go on.
  [[nodiscard]] bool all_go_on(serving_team const& team);
  /// Runs `t` once the lock is free.
  void afterwards(task& t) noexcept;

 private:
  friend class waiting;
  friend class waits_held;
  friend void sync_with_waits() noexcept;
  void add(waiting& w) noexcept;
  void remove(waiting& w) noexcept;
  void settle(waiting& me);
  bool goes_on(waiting& w);
  void judge(bool limits_end);
  bool rescue_one();
  void refuse_one(waiting& me, std::exception_ptr const& why);

  waiting* first_ = nullptr;
  task* later_ = nullptr;
  bool exact_ = false;  // marks are facts: nobody is asked on
};

/// Holds the lock of all waits: pools that have work then do not end before it is free.
class waits_held {
 public:
  waits_held() noexcept;
  /// Runs what was left for afterwards.
  ~waits_held();
  waits_held(waits_held const&) = delete;
  waits_held& operator=(waits_held const&) = delete;

  [[nodiscard]] waiters& all() noexcept { return all_; }

 private:
  waiters& all_;
};

/// Of a thread: whose worker it is, and whether in addition to their number.
struct membership {
  serving_team const* team = nullptr;
  bool stands_in = false;
};
[[nodiscard]] membership& membership_of_this_thread() noexcept;

/// Returns when nobody looks at the waits: what is taken down afterwards, nobody has in hand.
void sync_with_waits() noexcept;

/// Threads in addition, at most, in the process: each serves a wait that goes round through several
/// pools, and those may be nested.
inline constexpr unsigned most_stand_ins = 512;

}  // namespace hetmap::core
