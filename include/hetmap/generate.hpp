// A function as an input: what it returns, until it returns nothing.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {

/// The values that f returns, called once an element: a single-pass range, that ends where f
/// returns an empty std::optional, or never if it returns anything else.
///
///     hetmap::imap(square{}, hetmap::generate([&] { return sensor.next(); }))
///
/// f is called when an element is asked for, and never ahead of that.
template <class F>
class generate {
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
  using returned = element<std::remove_cvref_t<std::invoke_result_t<F&>>>;

 public:
  explicit generate(F f) : f_(std::move(f)) {}

  class iterator {
   public:
    using value_type = typename returned::type;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit iterator(generate* g) : generate_(g) { generate_->step(); }
    iterator(iterator&&) noexcept = default;
    iterator& operator=(iterator&&) noexcept = default;

    [[nodiscard]] value_type&& operator*() const noexcept { return std::move(*generate_->now_); }
    iterator& operator++() {
      generate_->step();
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept {
      return !generate_->now_;
    }

   private:
    generate* generate_;
  };

  /// Calls f for the first element, or for the next that nobody has seen.
  [[nodiscard]] iterator begin() { return iterator(this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  void step() {
    now_.reset();
    if constexpr (returned::ends)
      now_ = f_();
    else
      now_.emplace(f_());
  }

  F f_;
  std::optional<typename returned::type> now_;
};

}  // namespace HETMAP_ABI
}  // namespace hetmap
