// How long calls take, and where that is written.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace bench::gpu {

using seconds = std::chrono::duration<double>;

struct timing {
  double median = 0;  ///< seconds
  double least = 0;
  std::size_t samples = 0;
};

/// A call to warm up and one to see how long it takes, then as many as fit into the budget; short
/// ones are timed several together. Three samples at least, of which the second call is one where
/// it has used up the budget.
timing measure(seconds budget, std::function<void()> const& call);

/// The table on the terminal and the file of JSON objects, one a line.
class report {
 public:
  /// path: of the file; empty for none. Throws std::runtime_error if it cannot be written.
  explicit report(std::string const& path);
  ~report();
  report(report const&) = delete;
  report& operator=(report const&) = delete;

  /// bytes: moved by one call, as the ceiling that it is compared with counts them.
  /// ceiling: in GB/s; 0 for none.
  void add(std::string_view where, std::string_view case_name, std::string_view who,
           std::size_t elements, double bytes, timing const& t, double ceiling);
  void failed(std::string_view where, std::string_view case_name, std::string_view who,
              std::string_view why);

 private:
  std::FILE* file_;
};

}  // namespace bench::gpu
