// Ways to do the same work, timed against each other.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace examples {

/// Times several ways to do one piece of work, each once in every repetition, so that whatever
/// disturbs the machine meanwhile meets all of them. The first is what the others are compared
/// with.
class contest {
 public:
  /// elements: of one run; bytes: size, in bytes, of all that one run reads and writes.
  contest(std::string name, std::size_t elements, std::size_t bytes);

  /// Takes part from the next run() on.
  void add(std::string name, std::function<void()> work);

  /// Runs every contender once unmeasured, then `repetitions` times in turn.
  ///
  /// Requires: repetitions from 1.
  void run(unsigned repetitions);

  /// Elements per second, median and minimum time and the ratio to the first contender, as lines of
  /// text.
  [[nodiscard]] std::string table() const;
  /// A list of {"case", "elements", "contender", "median_ns", "min_ns", "bytes"}.
  [[nodiscard]] std::string json() const;
  /// The same as comma-separated values under a header.
  [[nodiscard]] std::string csv() const;

 private:
  struct contender {
    std::string name;
    std::function<void()> work;
    std::vector<double> nanoseconds;  // of each repetition, in ascending order once run() is over

    [[nodiscard]] double median() const;
    [[nodiscard]] double minimum() const { return nanoseconds.front(); }
  };

  std::string name_;
  std::size_t elements_;
  std::size_t bytes_;
  std::vector<contender> contenders_;
};

/// Throws std::runtime_error naming the file and why it could not be written.
void write_text(std::string const& path, std::string const& text);

}  // namespace examples
