// All cells: kernel by kernel, kind of data by kind of data, sizes ascending.
#pragma once

#include "cell.hpp"
#include "selection.hpp"

#include <span>
#include <string>
#include <vector>

namespace bench::routes {

class grid {
 public:
  /// Throws std::invalid_argument for settings that make no sense.
  explicit grid(settings const& asked);

  void run();

  [[nodiscard]] std::span<cell const> cells() const { return cells_; }
  /// What was not measured, and why: a line each.
  [[nodiscard]] std::string const& left_out() const { return left_out_; }

 private:
  void run(kernel const& k, residency where);
  [[nodiscard]] bool wants_arrays(kernel const& k, operands const& columns) const;
  void leave_out(kernel const& k, residency where, std::size_t above, char const* what);
  [[nodiscard]] std::optional<first_call> first_of(kernel const& k, residency where,
                                                   std::size_t n) const;

  settings const& asked_;
  effort allowed_;
  std::vector<std::size_t> sizes_;
  std::vector<kernel> kernels_;
  std::vector<residency> memories_;
  double bytes_;  ///< most of a kernel's columns
  column_store store_;
  std::vector<cell> cells_;
  std::string left_out_;
};

/// For a process of its own: prints the first call's nanoseconds and a later one's.
///
/// Throws: std::invalid_argument for what is not KERNEL:MEMORY:ELEMENTS.
void print_first_call(std::string const& text);

}  // namespace bench::routes
