// What ends a call before its elements are done: looked at between claims.
#pragma once

#include "../base/ledger.hpp"

#include <hetmap/options.hpp>

#include <atomic>
#include <chrono>

namespace hetmap::core {

/// One call's stop condition, deadline and pool.
class ending {
 public:
  enum class cause : unsigned char { none, stop, deadline, pool };

  explicit ending(detail::settings const& how);

  /// Whether anything may end it: look() asks the user's stop condition, if there is one.
  [[nodiscard]] bool possible() const noexcept { return possible_; }

  /// Refuses all further claims if it is time to.
  void look(ledger& account) noexcept {
    if (possible_) look_closely(account);
  }

  /// What ended the call, if anything did.
  [[nodiscard]] cause met() const noexcept { return met_.load(); }

 private:
  [[nodiscard]] cause due() const;
  void look_closely(ledger& account) noexcept;

  detail::settings const& how_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  bool possible_;
  std::atomic<cause> met_{cause::none};
};

}  // namespace hetmap::core
