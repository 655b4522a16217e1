// What can go wrong, one type each, and the two ways to examine a failed element.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// An option is out of range or not served by this verb, or an environment variable holds an
/// invalid value. The text names the option and the valid values.
class HETMAP_API option_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
  ~option_error() override;
};

/// An output is shorter than the input.
class HETMAP_API size_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
  ~size_error() override;
};

/// An output overlaps an input, or another output, without starting exactly at it.
class HETMAP_API overlap_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
  ~overlap_error() override;
};

/// Memory that a GPU cannot use in place: null, not aligned to its elements, the host's, or ending
/// beyond its allocation. The text names the argument, its address and what is needed. Nothing was
/// launched, and the GPU can be used as before.
class HETMAP_API memory_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
  ~memory_error() override;
};

/// A backend was asked for by name that this machine or this build cannot offer.
class HETMAP_API device_unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~device_unavailable() override;
};

/// A device failed while a call ran: out of memory even for the smallest piece, a refused launch,
/// an error from which it cannot recover. Every element of the output is either as it was or final.
class HETMAP_API device_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~device_error() override;
};

/// What was asked for lived only in the memory of a device that is lost.
class HETMAP_API device_data_lost : public device_error {
 public:
  using device_error::device_error;
  ~device_data_lost() override;
};

/// A result would not fit in memory. Thrown before the function is called.
class HETMAP_API result_too_large : public std::bad_alloc {
 public:
  /// Sizes, in bytes, of the result that was asked for and of what was available.
  result_too_large(double bytes, double available);
  ~result_too_large() override;

  [[nodiscard]] char const* what() const noexcept override;

 private:
  char text_[192];
};

/// The call was stopped through its stop token before every element was done.
class HETMAP_API cancelled_error : public std::runtime_error {
 public:
  cancelled_error(std::size_t done, std::size_t total);
  ~cancelled_error() override;

  /// Elements whose results are final, and elements of the call.
  [[nodiscard]] std::size_t done() const noexcept { return done_; }
  [[nodiscard]] std::size_t total() const noexcept { return total_; }

 private:
  std::size_t done_;
  std::size_t total_;
};

/// A time limit passed: the deadline of a call, or the limit of a wait. Nothing is lost: waiting
/// again is allowed, and what was waited for goes on.
class HETMAP_API timeout_error : public std::runtime_error {
 public:
  explicit timeout_error(std::string const& what, std::size_t done = 0, std::size_t total = 0);
  ~timeout_error() override;

  /// Elements (of a map) or futures (of a wait) that were done in time, those that were not, and
  /// all of them; 0 if nothing was counted.
  [[nodiscard]] std::size_t done() const noexcept { return done_; }
  [[nodiscard]] std::size_t unfinished() const noexcept { return total_ - done_; }
  [[nodiscard]] std::size_t total() const noexcept { return total_; }

 private:
  std::size_t done_;
  std::size_t total_;
};

/// Something was used after it was closed: a stream that is read on, a pool that is given work.
class HETMAP_API closed_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~closed_error() override;
};

/// A file could not be read or written. The text names the file and why.
class HETMAP_API io_error : public std::runtime_error {
 public:
  io_error(std::string const& text, int code) : std::runtime_error(text), code_(code) {}
  ~io_error() override;

  /// The system's number for it (errno); 0 if the system reports no error.
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

/// The pool's initializer threw on one of its workers, or the pool's threads belong to the process
/// that this one was forked from.
class HETMAP_API broken_pool_error : public std::runtime_error {
 public:
  broken_pool_error(std::string const& what, std::exception_ptr cause);
  ~broken_pool_error() override;

  /// What the initializer threw; null if it did not.
  [[nodiscard]] std::exception_ptr cause() const noexcept { return cause_; }

 private:
  std::exception_ptr cause_;
};

/// A kernel called fail(code).
class HETMAP_API kernel_error : public std::runtime_error {
 public:
  explicit kernel_error(int code);
  ~kernel_error() override;

  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

/// The index of the element that made the latest throwing hetmap call on this thread throw, by its
/// function call or its input: the one that serial execution would have met first. Empty if that
/// exception did not come from an element (an option, a stop request, a sink), or if no call has
/// thrown.
///
/// Calls are those of the verbs, and of pools, futures, streams, sinks, files, arrays and outcomes.
/// What elements of a hetmap::vector throw when they are constructed or copied does not count.
///
/// Waits:    no.
[[nodiscard]] HETMAP_API std::optional<std::size_t> failed_index() noexcept;

namespace detail {

/// An exception that moving does not take away: a failed outcome that was moved from has still
/// failed.
struct lasting_exception {
  std::exception_ptr thrown = {};

  lasting_exception() noexcept = default;
  explicit lasting_exception(std::exception_ptr e) noexcept : thrown(std::move(e)) {}
  lasting_exception(lasting_exception const&) noexcept = default;
  lasting_exception& operator=(lasting_exception const&) noexcept = default;
  ~lasting_exception() = default;
};

/// The exception being handled, to be kept. All std::bad_alloc are kept as one: when memory is
/// short, exceptions live in a reserve of the C++ runtime, which ends the process when that is
/// full.
[[nodiscard]] HETMAP_API std::exception_ptr kept_exception() noexcept;

/// Says that the next exception is no element's failure (see failed_index()).
HETMAP_API void expect_no_index() noexcept;

/// Rethrows the exception being handled, as no element's failure.
[[noreturn]] HETMAP_API void rethrow_without_index();
/// The same with a kept exception.
[[noreturn]] HETMAP_API void rethrow_without_index(std::exception_ptr const& kept);

inline namespace HETMAP_TAG {

/// What act() returns; what it throws is no element's failure.
template <class Act>
decltype(auto) without_index(Act&& act) {
  try {
    return act();
  } catch (...) {
    detail::rethrow_without_index();
  }
}

}  // namespace HETMAP_TAG

}  // namespace detail

/// The result of one element in collect mode: a value, or the exception thrown instead.
///
/// After a move it still holds what it held: the exception, or a moved-from value.
/// Memory:   that of std::optional<T> and one pointer.
template <class T>
class outcome {
 public:
  explicit outcome(std::exception_ptr error) noexcept : error_(std::move(error)) {}

  /// Holds make(): the value is built in place, so T need not be movable.
  template <class Make>
  outcome(std::in_place_t, Make&& make) : value_(std::in_place, std::in_place, make) {}

  [[nodiscard]] bool has_value() const noexcept { return error_.thrown == nullptr; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  /// The value. Throws: the element's own exception if there is none.
  [[nodiscard]] T& value() & {
    checked();
    return value_->value;
  }
  [[nodiscard]] T const& value() const& {
    checked();
    return value_->value;
  }
  [[nodiscard]] T&& value() && {
    checked();
    return std::move(value_->value);
  }
  /// The value, or a T made of `other` if there is none.
  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return value_.has_value() ? value_->value : static_cast<T>(std::forward<U>(other));
  }
  template <class U>
  [[nodiscard]] T value_or(U&& other) && {
    return value_.has_value() ? std::move(value_->value) : static_cast<T>(std::forward<U>(other));
  }
  /// The value, unchecked. Requires: has_value().
  [[nodiscard]] T& operator*() & noexcept { return value_->value; }
  [[nodiscard]] T const& operator*() const& noexcept { return value_->value; }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(value_->value); }
  [[nodiscard]] T* operator->() noexcept { return std::addressof(value_->value); }
  [[nodiscard]] T const* operator->() const noexcept { return std::addressof(value_->value); }

  /// The exception, or null if there is a value.
  [[nodiscard]] std::exception_ptr error() const noexcept { return error_.thrown; }

 private:
  // Initialises T with the very object that make() returns. Nothing is converted, as it would be
  // for a T that can be made of anything (std::any).
  struct built {
    template <class Make>
    built(std::in_place_t, Make& make) : value(make()) {}

    T value;
  };

  void checked() const {
    if (!has_value()) detail::rethrow_without_index(error_.thrown);
  }

  detail::lasting_exception error_;
  std::optional<built> value_;
};

/// The outcome of a function that returns nothing: done, or the exception.
template <>
class outcome<void> {
 public:
  outcome() noexcept = default;
  explicit outcome(std::exception_ptr error) noexcept : error_(std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return error_.thrown == nullptr; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (!has_value()) detail::rethrow_without_index(error_.thrown);
  }
  [[nodiscard]] std::exception_ptr error() const noexcept { return error_.thrown; }

 private:
  detail::lasting_exception error_;
};

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
