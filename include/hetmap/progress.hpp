// How far a call has come, and the one terminal bar that shows it.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <cstddef>
#include <string>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// One report of a running call.
struct progress {
  std::size_t done = 0;            ///< elements whose results are final
  std::size_t total = 0;           ///< elements of the call; 0 while its length is unknown
  double elapsed_seconds = 0;      ///< since the call began
  double elements_per_second = 0;  ///< done / elapsed
  double remaining_seconds = 0;    ///< at that rate; 0 while the length is unknown
};

/// Receives reports: never two at once, `done` never decreases, and a call that succeeds reports
/// its total exactly once, last. Otherwise at most ten reports per second. It may run on any
/// worker. What it throws stops the call and becomes the call's own exception.
using progress_callback = std::function<void(progress const&)>;

/// A progress bar on standard error, for programs; silent unless that is a terminal.
///
///     hetmap::terminal_bar bar{"pricing"};
///     hetmap::map_into({.progress = bar.callback()}, out, price, rows);
///
/// Requires: outlives the calls that it is given to.
class HETMAP_API terminal_bar {
 public:
  explicit terminal_bar(std::string label);
  ~terminal_bar();
  terminal_bar(terminal_bar const&) = delete;
  terminal_bar& operator=(terminal_bar const&) = delete;

  /// A callback that draws this bar.
  [[nodiscard]] progress_callback callback();

  /// One line of at most `width` columns: label, bar, share, rate and time left.
  [[nodiscard]] static std::string line(std::string const& label, progress const& p,
                                        std::size_t width);

 private:
  std::string label_;
  bool shown_ = false;
};

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
