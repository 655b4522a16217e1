// How the library starts its threads.
#pragma once

#include <memory>
#include <vector>

#include <pthread.h>
#include <signal.h>

namespace hetmap::core {

/// Threads that call body(context, k), with k = first, first + 1, and so on. They belong to the
/// process, not to the thread that happens to need them first:
///
/// - Signals are the application's: all are blocked but those that a thread brings upon itself (a
///   fault, SIGTRAP, SIGSYS, SIGABRT).
/// - They may use the CPUs of the process (allowed_cpus()), and are as urgent as its main thread at
///   most, whatever the maker's affinity, scheduling policy and nice value.
/// - They have a name, of 15 characters at most.
///
/// Whatever else Linux hands on is the maker's: the floating-point control words, the memory
/// policy.
class threads {
 public:
  /// Starts `count` of them, or as many as the system gives: size() and refusal() tell.
  ///
  /// Requires: body throws nothing.
  /// Throws:   std::bad_alloc, before any has started.
  threads(char const* name, unsigned first, unsigned count, void (*body)(void* context, unsigned k),
          void* context);

  /// join().
  ~threads();

  threads(threads const&) = delete;
  threads& operator=(threads const&) = delete;

  /// How many were started.
  [[nodiscard]] unsigned size() const noexcept { return static_cast<unsigned>(starts_.size()); }
  /// Why there are not more; 0 if there are all.
  [[nodiscard]] int refusal() const noexcept { return refusal_; }

  /// Waits until all have ended. One caller at a time.
  void join() noexcept;

 private:
  struct kind;
  struct start {
    kind const* of;
    unsigned number;
    pthread_t id;
  };
  static void* run(void* start) noexcept;

  std::unique_ptr<kind const> kind_;
  std::vector<start> starts_;
  bool joined_ = false;
  int refusal_ = 0;
};

/// Runs body(context) on such a thread, for which nobody waits. False: there is none to be had.
[[nodiscard]] bool start_detached(char const* name, void (*body)(void* context),
                                  void* context) noexcept;

/// While one exists, the calling thread has the signal mask that threads of the library have, and
/// so have those that it starts.
class signals_blocked {
 public:
  signals_blocked() noexcept;
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(signals_blocked const&) = delete;
  signals_blocked& operator=(signals_blocked const&) = delete;

 private:
  sigset_t before_;
};

/// The calling thread's number, as the system has it (gettid), which is asked once a thread.
[[nodiscard]] long thread_number() noexcept;

}  // namespace hetmap::core
