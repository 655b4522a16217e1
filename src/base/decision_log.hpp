// The last decisions of the process: fixed memory, written to at the end of calls.
#pragma once

#include "forked.hpp"

#include <hetmap/decisions.hpp>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace hetmap::core {

/// Short calls are sampled and come often, so they have room of their own: else they would push the
/// long ones out.
class decision_log {
 public:
  static constexpr std::size_t most_long = 256;
  static constexpr std::size_t most_short = 64;

  // Not defaulted, which would clear all of its memory.
  decision_log() noexcept {}  // NOLINT(modernize-use-equals-default)
  ~decision_log() { guard_.leave(); }
  decision_log(decision_log const&) = delete;
  decision_log& operator=(decision_log const&) = delete;

  /// Numbers the decision and keeps it in place of the oldest of its sort. Texts that lie in the
  /// caller's library, which may be unloaded, are copied: verb, plan.scalar, and one that says why
  /// a candidate is not available.
  ///
  /// what: its kernel is a type's name as the compiler has it, kept with the kernel's cost.
  /// callers_text: that one of the candidates' texts; null if there is none.
  void add(decision const& what, char const* callers_text) noexcept;

  /// What is kept, in the order of its numbers.
  ///
  /// Throws:   std::bad_alloc.
  [[nodiscard]] std::vector<decision> all() const;

 private:
  static constexpr std::size_t verb_bytes = 32;
  static constexpr std::size_t scalar_bytes = 48;
  static constexpr std::size_t callers_bytes = 160;

  /// What is kept: texts of the caller's are cut off where they do not fit.
  struct kept {
    decision what;
    unsigned callers;  // a bit for each candidate whose reason is callers_text
    bool is_scalar;
    char verb[verb_bytes];
    char scalar[scalar_bytes];
    char callers_text[callers_bytes];
  };

  /// Memory for N of them, the oldest overwritten first.
  template <std::size_t N>
  struct ring {
    alignas(kept) std::byte room[N][sizeof(kept)];
    std::uint64_t added = 0;

    [[nodiscard]] std::byte* next() noexcept { return room[added++ % N]; }
    [[nodiscard]] std::size_t size() const noexcept {
      return added < N ? static_cast<std::size_t>(added) : N;
    }
  };

  /// By the compiler's name for them: making it readable takes microseconds.
  using kernel_texts = std::unordered_map<char const*, char const*>;

  [[nodiscard]] static decision with_own_texts(kept const& from, kernel_texts& kernels);
  /// A forked child begins anew. The lock is held.
  void leave_parents() noexcept;

  mutable process_mutex guard_;
  unsigned forks_ = fork_count();
  std::uint64_t number_ = 0;
  ring<most_long> long_;
  ring<most_short> short_;
};

/// The process's own.
[[nodiscard]] decision_log& all_decisions() noexcept;

}  // namespace hetmap::core
