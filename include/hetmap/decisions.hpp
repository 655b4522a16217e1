// What was decided of the last calls of this process, and what became of it: data only.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/plan.hpp>
#include <hetmap/vector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// How elements came to be computed elsewhere, or otherwise, than planned.
enum class fallback_kind : unsigned char {
  given_back,   ///< claims took far longer than predicted: what was left of them was shared anew
  retried,      ///< a device had too little memory for them, and computed them in smaller parts
  failed_over,  ///< a device gave up or was lost: the CPU computed them
};

/// Elements that did not stay where the plan had them.
struct fallback {
  fallback_kind what = fallback_kind::given_back;
  int device = -1;           ///< that gave them up; -1: the CPU
  std::size_t elements = 0;  ///< at that time: those that are given up twice count twice
  char const* why = "";
};

/// How a call ended.
enum class call_end : unsigned char {
  result,        ///< every element is final
  failure,       ///< by an exception of f, of an input, of a callback, or of the library
  cancellation,  ///< by a stop request, or the end of its pool
  deadline,
  abandoned,  ///< a stream that was closed, or destroyed, before its end
};

/// One call of a verb, or one stream, from its plan to its end. Texts are valid until the process
/// ends.
struct decision {
  static constexpr std::size_t most_fallbacks = 4;

  std::uint64_t number = 0;  ///< in the order in which calls ended; what is not kept leaves gaps
  char const* verb = "";     ///< "map"
  char const* kernel = "";   ///< type of f; empty where no cost is learned (std::function, ...)
  /// As it was decided, with every candidate. The elements are those of the whole call; of a stream
  /// whose input does not know its length, as many as were taken.
  hetmap::plan plan{};
  std::size_t done = 0;                ///< elements that became final; of a stream, were taken
  std::int64_t began_nanoseconds = 0;  ///< of std::chrono::steady_clock
  double seconds = 0;  ///< until its end; of a stream with what its consumer did meanwhile
  long thread = 0;     ///< that made the call, as the system numbers them
  call_end end = call_end::failure;
  bool sampled = false;  ///< a short call: few of these are recorded, and only serial is predicted
  unsigned fallback_count = 0;
  std::array<fallback, most_fallbacks> fallbacks{};

  /// The candidate with the lowest predicted time besides the chosen one; null if there is none
  /// with a prediction.
  [[nodiscard]] candidate const* runner_up() const noexcept {
    candidate const* best = nullptr;
    for (candidate const& other : plan.candidates)
      if (other.where != plan.chosen && other.unavailable == nullptr &&
          other.predicted_seconds >= 0 &&
          (best == nullptr || other.predicted_seconds < best->predicted_seconds))
        best = &other;
    return best;
  }
};

/// The last decisions of this process, oldest first: of 256 calls, and of 64 short ones, which are
/// sampled. A forked child begins with none. Calls in CUDA streams of the caller's are not
/// recorded.
///
/// Throws:   std::bad_alloc.
/// Waits:    while a call that ends writes its record down; such calls wait while these are read.
/// Cost:     some 0.1 ms. Recording takes a call about 0.1 us, and allocates nothing.
/// Memory:   the result; the records take 200 KiB of the process's memory once they are all in use.
[[nodiscard]] HETMAP_API vector<decision> decisions();

/// One line: verb, elements, chosen, asked for, predicted and actual time, reason, fallbacks, end.
[[nodiscard]] HETMAP_API std::string to_string(decision const& d);
HETMAP_API std::ostream& operator<<(std::ostream& out, decision const& d);

/// "result", "failure", "cancellation", "deadline", "abandoned".
[[nodiscard]] HETMAP_API char const* name(call_end how) noexcept;

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
