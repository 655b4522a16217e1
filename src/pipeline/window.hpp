// The slots of one stream: which are free, being filled, ready or held, and what comes next. Plain
// data and no threads: whoever uses it holds a lock, or is a test.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace hetmap::core {

/// A fixed number of slots through which the input passes a chunk at a time:
///
///     free -> pulling -> computing -> done -> held -> free
///
/// One slot at most is pulling and one held. Elements are numbered from 0 (or from where the stream
/// starts) as they are pulled. A slot is free again only once its chunk has been given back, so the
/// input is never pulled further ahead of what was given back than the slots reach.
class window {
 public:
  /// ordered: chunks are delivered in the order of the input, else in the order in which they are
  /// done.
  window(std::size_t slots, bool ordered);

  /// The index of the first element, of an input that is not read from its beginning.
  ///
  /// Requires: nothing has been pulled.
  void start_at(std::size_t index) noexcept { next_ = index; }

  // -- whoever pulls and computes --

  /// Whether a slot could be filled now.
  [[nodiscard]] bool can_pull() const noexcept {
    return !pulling_ && !ended_ && !closed_ && !free_.empty();
  }
  /// A slot to be filled from element next_index() on. Requires: can_pull().
  [[nodiscard]] std::size_t pull();
  [[nodiscard]] std::size_t next_index() const noexcept { return next_; }
  /// The slot got so many elements; `ended`: there are no more. A slot that got none is free.
  void pulled(std::size_t k, std::size_t count, bool ended);
  /// The slot's results are there.
  void computed(std::size_t k);
  /// The input turned out to fail at `index`, below which it is good: nothing from there on is
  /// delivered.
  void end_at(std::size_t index) noexcept;
  /// No further pulls.
  void close() noexcept { closed_ = true; }

  // -- whoever consumes --

  /// The slot to be delivered next, if it is there yet.
  [[nodiscard]] std::optional<std::size_t> ready() const noexcept;
  /// Holds that slot. Requires: ready(), and nothing is held.
  std::size_t hold();
  /// Frees the slot that is held. Requires: one is.
  void give_back();

  /// Whether nothing more will ever be ready.
  [[nodiscard]] bool finished() const noexcept;
  /// Whether the input has come to its end: it was not closed before.
  [[nodiscard]] bool ended() const noexcept { return ended_; }

  [[nodiscard]] std::size_t begin(std::size_t k) const noexcept { return slots_[k].begin; }
  /// Elements of the slot that are to be delivered.
  [[nodiscard]] std::size_t count(std::size_t k) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  [[nodiscard]] std::size_t free() const noexcept { return free_.size(); }

 private:
  enum class state : unsigned char { free, pulling, computing, done, held };

  struct slot {
    state now = state::free;
    std::size_t begin = 0;
    std::size_t count = 0;
  };

  std::vector<slot> slots_;
  std::vector<std::size_t> free_;   // slots, the last to be taken first: it may still be in a cache
  std::vector<std::size_t> queue_;  // a ring of slots: as pulled if ordered, else as done
  std::size_t front_ = 0;           // of the queue
  std::size_t queued_ = 0;
  std::size_t next_ = 0;
  std::size_t limit_ = static_cast<std::size_t>(-1);
  std::size_t held_ = 0;  // while one is
  bool ordered_;
  bool pulling_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace hetmap::core
