// Where a stream's results go: imap(f, x) | hetmap::npy::save("y.npy").
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/error.hpp>
#include <hetmap/stream.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// What a sink learns before the first chunk.
struct sink_start {
  std::optional<std::size_t> total;  ///< elements that will come; empty if not known
  bool resume = false;               ///< keep what an earlier run has written
};

/// Takes results of type R:
///
///     std::size_t open<R>(sink_start)    gets ready; returns how many elements it has already,
///                                        which is 0 unless start.resume
///     write(std::span<R const>)          takes the next elements; by the time it returns they are
///                                        complete
///     finish()                           everything has come
///     abandon() noexcept                 nothing more will come; what was written stays
template <class S, class R>
concept sink_for = requires(S& s, std::span<R const> block, sink_start const& start) {
  { s.template open<R>(start) } -> std::same_as<std::size_t>;
  s.write(block);
  s.finish();
  { s.abandon() } noexcept;
};

/// Sends all results of a stream to a sink.
///
/// Returns:  the number of elements that the sink holds now.
/// Throws:   what the function or the input threw, or the sink (io_error). Every element before it
///           is complete in the sink.
/// Waits:    until the sink has finished.
template <class R, class S>
  requires sink_for<std::remove_reference_t<S>, R>
std::size_t operator|(stream<R>& results, S&& sink) {
  std::size_t const there = detail::without_index([&] {
    return sink.template open<R>({results.total(), results.resumes()});
  });
  std::size_t taken = there;
  try {
    if (results.resumes()) results.start_at(there);
    for (std::span<R const> const block : results.chunks()) {
      detail::without_index([&] { sink.write(block); });
      taken += block.size();
    }
  } catch (...) {
    sink.abandon();
    throw;
  }
  detail::without_index([&] { sink.finish(); });
  return taken;
}
template <class R, class S>
  requires sink_for<std::remove_reference_t<S>, R>
std::size_t operator|(stream<R>&& results, S&& sink) {
  return hetmap::operator|(results, sink);
}

/// A sink that calls f with a span of each chunk's results. It has nothing to resume from.
///
/// Throws, when used: what f throws.
template <class F>
class each {
 public:
  explicit each(F f) : f_(std::move(f)) {}

  template <class R>
    requires std::invocable<F&, std::span<R const>>
  std::size_t open(sink_start const&) {
    return 0;
  }
  template <class R>
  void write(std::span<R const> block) {
    f_(block);
  }
  void finish() {}
  void abandon() noexcept {}

 private:
  F f_;
};

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
