// The inside of a pool: its workers, and how it ended.
#pragma once

#include "../base/forked.hpp"
#include "workers.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/seam/pipeline.hpp>
#include <hetmap/options.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Why a pool does not run what it is given any more.
enum class pool_end : unsigned char { none, broken, terminated };

/// The streams that run on one pool, which close with it. Streams keep it, since they may outlive
/// the pool.
class pool_streams {
 public:
  /// False once closed.
  [[nodiscard]] bool add(pipeline& stream);
  void remove(pipeline& stream) noexcept;
  void close() noexcept;

 private:
  std::mutex guard_;
  std::vector<pipeline*> open_;
  bool closed_ = false;
};

class pool_core {
 public:
  pool_core(unsigned workers, hetmap::backend where, std::function<void()> initializer,
            std::string name);

  [[nodiscard]] core::workers& threads() noexcept { return threads_; }
  [[nodiscard]] hetmap::backend where() const noexcept { return where_; }
  [[nodiscard]] std::string const& name() const noexcept { return name_; }

  [[nodiscard]] pool_end ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  /// What those get whose work will not be run. Requires: ended.
  [[nodiscard]] std::exception_ptr refusal() const noexcept;
  /// Throws broken_pool_error if that is how it ended, or if its threads are another process's.
  void require_sound() const;
  [[nodiscard]] bool forked() const noexcept { return forks_ != core::fork_count(); }

  [[nodiscard]] std::shared_ptr<pool_streams> const& streams() const noexcept { return streams_; }
  /// No new work, and no further pulls by streams.
  void close() noexcept;

  /// To be requested when it ends.
  void add(stop_hub& hub);
  void remove(stop_hub& hub) noexcept;

  /// Ends it: queued work is failed at once, by the caller.
  void end(pool_end how) noexcept;

 private:
  struct listed_hub {
    stop_hub* hub;
    bool asked;
  };

  static void start_worker(void* self, unsigned number);
  void ask_to_stop() noexcept;

  hetmap::backend where_;
  std::function<void()> initializer_;
  std::string name_;
  unsigned forks_ = core::fork_count();
  std::atomic<pool_end> ended_{pool_end::none};
  std::exception_ptr refusal_;  // written once, before ended_
  std::mutex ending_;
  std::vector<listed_hub> hubs_;  // guarded by ending_
  std::shared_ptr<pool_streams> streams_ = std::make_shared<pool_streams>();
  core::workers threads_;  // last: they use what is above
};

/// Whether the calling thread is a worker of that pool, or of any.
[[nodiscard]] bool is_worker_of(pool_core const* pool) noexcept;
[[nodiscard]] bool is_worker_of_some_pool() noexcept;

/// While one exists, this thread calls callbacks of a pool's futures or stop tokens. The pool's
/// workers may be waiting for these to return, so who joins them there waits for itself.
class callbacks_of {
 public:
  explicit callbacks_of(pool_core const* of) noexcept;
  ~callbacks_of();
  callbacks_of(callbacks_of const&) = delete;
  callbacks_of& operator=(callbacks_of const&) = delete;

  pool_core const* pool;
  callbacks_of* const outer;
};

/// Whether the calling thread must not join that pool: a worker of it, or in such a callback.
[[nodiscard]] bool cannot_join(pool_core const& pool) noexcept;

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
