// What the verbs wrap around a function: a stop token after its arguments, a row's elements as its
// arguments, its exceptions caught.
#pragma once

#include <hetmap/detail/data/element.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/error.hpp>
#include <hetmap/kernel.hpp>

#include <concepts>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Converts to the stop token that a function takes as its last parameter. The header of
/// std::stop_token is not included for it: whoever has such a function has included it.
class stop_argument {
 public:
  explicit stop_argument(stop_hub const& hub) noexcept : hub_(&hub) {}

  template <class Token>
    requires(!std::same_as<Token, stop_argument>) && std::copy_constructible<Token> &&
            requires(Token const& t) {
              { t.stop_requested() } -> std::convertible_to<bool>;
              { t.stop_possible() } -> std::convertible_to<bool>;
            }
  operator Token() const {
    auto const* const token = static_cast<Token const*>(hub_->token(typeid(Token)));
    return token != nullptr ? *token : Token();
  }

 private:
  stop_hub const* hub_;
};

template <class F, class Row,
          class = std::make_index_sequence<std::tuple_size<std::remove_cvref_t<Row>>::value>>
inline constexpr bool takes_elements_of = false;
template <class F, class Row, std::size_t... I>
inline constexpr bool takes_elements_of<F, Row, std::index_sequence<I...>> =
    std::invocable<F&, decltype(detail::element<I>(std::declval<Row>()))...>;
template <class F, class Row,
          class = std::make_index_sequence<std::tuple_size<std::remove_cvref_t<Row>>::value>>
inline constexpr bool takes_elements_and_stop = false;
template <class F, class Row, std::size_t... I>
inline constexpr bool takes_elements_and_stop<F, Row, std::index_sequence<I...>> =
    std::invocable<F&, decltype(detail::element<I>(std::declval<Row>()))..., stop_argument>;

inline namespace HETMAP_TAG {

/// f with the call's stop token as its last argument.
template <class F>
struct with_stop {
  F& f;
  stop_hub const* hub;

  template <class... Args>
    requires std::invocable<F&, Args..., stop_argument>
  HETMAP_INLINE decltype(auto) operator()(Args&&... args) const {
    return detail::call(f, std::forward<Args>(args)..., stop_argument(*hub));
  }
};

/// f called with the elements of a row.
template <class F>
struct starred {
  F& f;

  template <class Row>
    requires tuple_like<Row> && takes_elements_of<F, Row>
  HETMAP_INLINE decltype(auto) operator()(Row&& row) const {
    return unpack(std::forward<Row>(row),
                  std::make_index_sequence<std::tuple_size<std::remove_cvref_t<Row>>::value>{});
  }
  template <class Row>
    requires tuple_like<Row> && takes_elements_and_stop<F, Row>
  HETMAP_INLINE decltype(auto) operator()(Row&& row, stop_argument stop) const {
    return unpack(std::forward<Row>(row),
                  std::make_index_sequence<std::tuple_size<std::remove_cvref_t<Row>>::value>{},
                  stop);
  }

 private:
  template <class Row, std::size_t... I, class... Stop>
  HETMAP_INLINE decltype(auto) unpack(Row&& row, std::index_sequence<I...>,
                                      Stop const&... stop) const {
    return detail::call(f, detail::element<I>(std::forward<Row>(row))..., stop...);
  }
};

/// f with its exceptions caught: a value or what was thrown.
template <class F>
struct collected {
  F& f;

  template <class... Args>
    requires std::invocable<F&, Args...>
  auto operator()(Args&&... args) const noexcept
      -> outcome<std::remove_cvref_t<std::invoke_result_t<F&, Args...>>> {
    using R = std::remove_cvref_t<std::invoke_result_t<F&, Args...>>;
    try {
      if constexpr (std::is_void_v<R>) {
        detail::call(f, std::forward<Args>(args)...);
        return outcome<void>();
      } else {
        return outcome<R>(std::in_place,
                          [&]() -> R { return detail::call(f, std::forward<Args>(args)...); });
      }
    } catch (...) {
      return outcome<R>(kept_exception());
    }
  }
};

}  // namespace HETMAP_TAG

// -- what the adaptors are to others ---------------------------------------------------------

/// What is known of an adaptor, which keeps the function in a member f. Adaptors are listed here
/// and nowhere else. `scalar`: why its loops cannot be vectorised, whatever the function.
template <class W>
struct adaptor_traits {
  static constexpr bool is_adaptor = false;
};
template <class F>
struct adaptor_traits<starred<F>> {
  static constexpr bool is_adaptor = true;
  using function = std::remove_cv_t<F>;
  static constexpr char const* scalar = nullptr;
};
template <class F>
struct adaptor_traits<collected<F>> {
  static constexpr bool is_adaptor = true;
  using function = std::remove_cv_t<F>;
  static constexpr char const* scalar = "outcomes are made one by one";
};
template <class F>
struct adaptor_traits<with_stop<F>> {
  static constexpr bool is_adaptor = true;
  using function = std::remove_cv_t<F>;
  static constexpr char const* scalar = "each call is handed a stop token";
};

template <class W>
concept an_adaptor = adaptor_traits<std::remove_cv_t<W>>::is_adaptor;

/// The function itself, without its adaptors.
template <class F>
auto const& bare(F const& f) {
  if constexpr (an_adaptor<F>)
    return detail::bare(f.f);
  else
    return f;
}

/// The bytes of a function if it consists of nothing else; null otherwise.
struct functor_bytes {
  void const* data = nullptr;
  std::uint32_t size = 0;
};
template <class F>
[[nodiscard]] functor_bytes bytes_of(F const& f) {
  using function = std::remove_cvref_t<decltype(detail::bare(f))>;
  if constexpr (std::is_class_v<function> && std::is_trivially_copyable_v<function>)
    return {std::addressof(detail::bare(f)), std::uint32_t{sizeof(function)}};
  else
    return {};
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
