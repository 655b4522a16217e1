// A function as an input: its return values, until it returns an empty std::optional.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// The values that f returns, one call per element: a single-pass range that ends when f returns an
/// empty std::optional, or never if f returns another type.
///
///     hetmap::imap(square{}, hetmap::generate([&] { return sensor.next(); }))
///
/// f is called when an element is asked for, never earlier. What it returns need be neither
/// copyable nor assignable. A moved generate takes its current element along.
template <class F>
class generate {
  using returned = std::remove_cvref_t<std::invoke_result_t<F&>>;

  template <class T>
  struct element {
    using type = T;
    static constexpr bool ends = false;
  };
  template <class T>
  struct element<std::optional<T>> {
    using type = T;
    static constexpr bool ends = true;
  };
  using yielded = typename element<returned>::type;
  static constexpr bool ends = element<returned>::ends;

 public:
  /// For the library: elements are never objects of derived classes.
  using yields_exact_objects = void;

  explicit generate(F f) : f_(std::move(f)) {}

  class iterator {
   public:
    using value_type = std::remove_cv_t<yielded>;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit iterator(generate* g) : generate_(g) { generate_->now_.emplace(generate_->f_); }
    iterator(iterator&&) noexcept = default;
    iterator& operator=(iterator&&) noexcept = default;

    [[nodiscard]] yielded&& operator*() const noexcept {
      if constexpr (ends)
        return std::move(*generate_->now_->value);
      else
        return std::move(generate_->now_->value);
    }
    iterator& operator++() {
      generate_->now_.emplace(generate_->f_);
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept {
      if (!generate_->now_.has_value()) return true;  // f has thrown
      if constexpr (ends)
        return !generate_->now_->value.has_value();
      else
        return false;
    }

   private:
    generate* generate_;
  };

  /// Calls f for the first element, or for the next one.
  [[nodiscard]] iterator begin() { return iterator(this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  // The very object that f returns, neither moved nor assigned.
  struct made {
    explicit made(F& f) : value(f()) {}

    returned value;
  };

  F f_;
  std::optional<made> now_;
};

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
