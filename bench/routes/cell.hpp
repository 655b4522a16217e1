// One cell of the grid: a kernel, a kind of data and a size, done by every contender in turn.
#pragma once

#include "../column_store.hpp"
#include "kernels.hpp"
#include "regret.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace bench::routes {

struct contender {
  hetmap::backend where;
  std::string name;
  round_times rounds = {};
};

/// A kernel that a process met for the first time, and the same call once it was known.
struct first_call {
  double first_ns = 0;
  double warm_ns = 0;
};

struct cell {
  std::string name;  ///< of its kernel and data, as records are named
  std::size_t elements = 0;
  std::size_t bytes = 0;
  /// The fixed backends that can run the call, one of them a second time under another name, and
  /// automatic choice.
  std::vector<contender> fixed = {};
  contender again;
  contender automatic;
  double regret = 0;
  double noise = 0;      ///< the regret of `again` against itself under its first name
  std::size_t best = 0;  ///< which of `fixed` was the fastest
  /// Which backend automatic choice took most often; inherit: no call of it was recorded.
  hetmap::backend chosen = hetmap::backend::inherit;
  std::optional<first_call> first = {};

  /// What the backend that was chosen took, by name, over the fastest; no value if it is unknown.
  [[nodiscard]] std::optional<double> cost_of_choice() const;
  /// Whether that is no more than what the same backend differs from itself by, or 1%.
  [[nodiscard]] bool is_right_choice(double cost) const;
};

/// KERNEL[/MEMORY], without what goes without saying: page_aligned.
[[nodiscard]] std::string record_name(kernel const& k, residency where);

/// What limits the time of a cell.
struct effort {
  std::size_t rounds = 32;
  std::chrono::nanoseconds most = std::chrono::seconds(1);
};

/// Measures one size. No value if four rounds of all contenders would take far longer than allowed:
/// larger sizes will too.
[[nodiscard]] std::optional<cell> measure(kernel const& k, residency where, operands const& columns,
                                          effort allowed);

/// The first call of this process to a kernel, after others, and what it takes later.
[[nodiscard]] first_call time_first_call(kernel const& k, residency where, operands const& columns,
                                         kernel const& before, operands const& columns_before);

}  // namespace bench::routes
