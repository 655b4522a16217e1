// What the verbs require of a function, in concepts that read well when they fail, and the adaptors
// that turn one kind of call into another.
#pragma once

#include <hetmap/detail/chunk.hpp>
#include <hetmap/detail/element.hpp>
#include <hetmap/detail/loop.hpp>
#include <hetmap/detail/source.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/error.hpp>
#include <hetmap/kernel.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

template <class F, class Row,
          class = std::make_index_sequence<std::tuple_size<std::remove_cvref_t<Row>>::value>>
inline constexpr bool takes_elements_of = false;
template <class F, class Row, std::size_t... I>
inline constexpr bool takes_elements_of<F, Row, std::index_sequence<I...>> =
    std::invocable<F&, decltype(detail::element<I>(std::declval<Row>()))...>;

template <class Out>
concept writable_array =
    std::ranges::contiguous_range<Out> && std::ranges::sized_range<Out> &&
    !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<Out>>>;

/// The arrays that the elements of a tuple go to.
template <class... T>
struct column_list {
  std::tuple<std::span<T>...> spans;

  template <class... Out>
  explicit column_list(Out&... out)
      : spans(std::span<T>(std::ranges::data(out), std::ranges::size(out))...) {}
};
template <class T>
inline constexpr bool is_column_list = false;
template <class... T>
inline constexpr bool is_column_list<column_list<T...>> = true;

template <class Result, class Columns, class = void>
inline constexpr bool fills_columns = false;
template <class Result, class... T>
  requires tuple_like<Result> &&
               (std::tuple_size<std::remove_cvref_t<Result>>::value == sizeof...(T))
inline constexpr bool fills_columns<Result, column_list<T...>> =
    []<std::size_t... K>(std::index_sequence<K...>) {
      return (std::is_assignable_v<T&, decltype(detail::element<K>(std::declval<Result>()))> &&
              ...);
    }(std::index_sequence_for<T...>{});

/// Becomes the stop token that a function's last parameter is. The header that defines
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

/// What is known of an adaptor, which keeps the function in a member f: every one of them is named
/// here, and nowhere else. `scalar`: why its loops cannot be vectorised, whatever the function.
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

/// The function itself, without what the verbs put around it.
template <class F>
auto const& bare(F const& f) {
  if constexpr (an_adaptor<F>)
    return detail::bare(f.f);
  else
    return f;
}

/// The bytes of a function, where these are all there is to it; null otherwise.
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

/// Whether the type of F, and its address where F is a function pointer, says what it costs. Erased
/// types do not, nor do pointers to member functions and pointers inside a composition.
template <class F>
inline constexpr bool cost_known_by_type = !std::is_member_function_pointer_v<F>;
template <class S>
inline constexpr bool cost_known_by_type<std::function<S>> = false;
template <class F>
inline constexpr bool cost_known_by_type<std::reference_wrapper<F>> = cost_known_by_type<F>;
template <class F, class G>
inline constexpr bool cost_known_by_type<composed<F, G>> =
    cost_known_by_type<F> && cost_known_by_type<G> && !std::is_pointer_v<F> &&
    !std::is_pointer_v<G>;
template <class W>
  requires adaptor_traits<W>::is_adaptor
inline constexpr bool cost_known_by_type<W> =
    cost_known_by_type<typename adaptor_traits<W>::function>;

/// Why a loop that calls F cannot be vectorised, whatever F does; null where that does not show.
template <class F>
inline constexpr char const* scalar_because =
    std::is_function_v<F> || std::is_pointer_v<F> || !cost_known_by_type<F>
        ? "f is called through a pointer"
        : nullptr;
template <class F>
inline constexpr char const* scalar_because<F const> = scalar_because<F>;
template <class F, class G>
inline constexpr char const* scalar_because<composed<F, G>> =
    scalar_because<F> != nullptr ? scalar_because<F> : scalar_because<G>;
template <class F>
inline constexpr char const* scalar_because<std::reference_wrapper<F>> = scalar_because<F>;
template <class W>
  requires adaptor_traits<W>::is_adaptor
inline constexpr char const* scalar_because<W> =
    adaptor_traits<W>::scalar != nullptr ? adaptor_traits<W>::scalar
                                         : scalar_because<typename adaptor_traits<W>::function>;

template <class F>
void const* function_address(F& f) {
  if constexpr (an_adaptor<F>)
    return detail::function_address(f.f);
  else if constexpr (std::is_function_v<F>)
    return reinterpret_cast<void const*>(std::addressof(f));
  else if constexpr (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>)
    return reinterpret_cast<void const*>(f);
  else
    return nullptr;
}

// -- which kernels are remembered ------------------------------------------------------------

template <class F, class... Args>
struct kernel_name {};

/// Where the cost of F over these arguments is learned; null if it cannot be.
template <class F, class... Args>
[[nodiscard]] rate* rate_for(F& f) {
  if constexpr (!cost_known_by_type<std::remove_cv_t<F>>) {
    return nullptr;
  } else {
    // Not a guarded reference: a forked child would wait for a thread that was setting it.
    static constinit std::atomic<rate*> by_type{nullptr};
    void const* const address = detail::function_address(f);
    if (address != nullptr) return &rate_of(typeid(kernel_name<F, Args...>), address);
    rate* known = by_type.load(std::memory_order_acquire);
    if (known == nullptr)
      by_type.store(known = &rate_of(typeid(kernel_name<F, Args...>), nullptr),
                    std::memory_order_release);
    return known;
  }
}

template <class F, class... In>
using result_t =
    std::remove_cvref_t<std::invoke_result_t<std::remove_reference_t<F>&, argument_t<In>...>>;

// Values and not concepts, for compilers to name in what they say: of a disjunction of concepts GCC
// tells only that it does not hold. With a requirement inside, so that what comes second is looked
// at only if the first does not hold: a generic lambda may be an error with a stop token.

/// F can be called with one element of each range, perhaps with a std::stop_token behind them.
template <class F, class... In>
inline constexpr bool takes_one_element_of_each = requires {
  requires std::invocable<std::remove_reference_t<F>&, argument_t<In>...> ||
               std::invocable<with_stop<std::remove_reference_t<F>>&, argument_t<In>...>;
};

/// F can be called with the elements of a row, perhaps with a std::stop_token behind them.
template <class F, class Rows>
inline constexpr bool takes_the_elements_of_a_row = requires {
  requires takes_elements_of<std::remove_reference_t<F>, argument_t<Rows>> ||
               takes_elements_and_stop<std::remove_reference_t<F>, argument_t<Rows>>;
};

}  // namespace detail

/// F can be applied to one element of each of these ranges, and at least one of them ends.
template <class F, class... In>
concept mappable = sizeof...(In) > 0 && (std::ranges::input_range<In> && ...) &&
                   !(detail::unbounded<In> && ...) && (detail::elements_can_be_kept<In> && ...) &&
                   std::invocable<std::remove_reference_t<F>&, detail::argument_t<In>...>;

/// mappable, perhaps with a std::stop_token as the last argument of F.
template <class F, class... In>
concept stop_mappable =
    sizeof...(In) > 0 && (std::ranges::input_range<In> && ...) && !(detail::unbounded<In> && ...) &&
    (detail::elements_can_be_kept<In> && ...) && detail::takes_one_element_of_each<F, In...>;

namespace detail {
template <class F, class... In>
concept needs_stop = stop_mappable<F, In...> && !mappable<F, In...>;
}

/// mappable, and the results can be assigned to the elements of Out: an array, or columns(...).
template <class Out, class F, class... In>
concept mappable_into =
    mappable<F, In...> &&
    ((detail::writable_array<Out> &&
      std::is_assignable_v<
          std::ranges::range_reference_t<Out>,
          std::invoke_result_t<std::remove_reference_t<F>&, detail::argument_t<In>...>>) ||
     detail::fills_columns<
         std::invoke_result_t<std::remove_reference_t<F>&, detail::argument_t<In>...>,
         std::remove_cvref_t<Out>>);

/// F can be applied to the elements of each row of Rows.
template <class F, class Rows>
concept starmappable =
    std::ranges::input_range<Rows> && !detail::unbounded<Rows> &&
    detail::elements_can_be_kept<Rows> && detail::tuple_like<detail::argument_t<Rows>> &&
    detail::takes_elements_of<std::remove_reference_t<F>, detail::argument_t<Rows>>;

template <class Out, class F, class Rows>
concept starmappable_into =
    starmappable<F, Rows> && mappable_into<Out, detail::starred<std::remove_reference_t<F>>, Rows>;

// The same, perhaps with a std::stop_token as the last argument of F.

namespace detail {

/// The results can be assigned to the elements of Out, an array that is not const or columns(...).
template <class Out, class F, class... In>
inline constexpr bool results_fit_output = requires {
  requires mappable_into<Out, F, In...> ||
               mappable_into<Out, with_stop<std::remove_reference_t<F>>, In...>;
};

}  // namespace detail

template <class Out, class F, class... In>
concept stop_mappable_into = stop_mappable<F, In...> && detail::results_fit_output<Out, F, In...>;

template <class F, class Rows>
concept stop_starmappable =
    std::ranges::input_range<Rows> && !detail::unbounded<Rows> &&
    detail::elements_can_be_kept<Rows> && detail::tuple_like<detail::argument_t<Rows>> &&
    detail::takes_the_elements_of_a_row<F, Rows>;

template <class Out, class F, class Rows>
concept stop_starmappable_into =
    stop_starmappable<F, Rows> &&
    stop_mappable_into<Out, detail::starred<std::remove_reference_t<F>>, Rows>;

/// F takes a span of each input and one of the output, and perhaps a scratch.
template <class F, class Out, class... In>
concept block_mappable =
    sizeof...(In) > 0 && detail::writable_array<Out> && (detail::array_like<In> && ...) &&
    (std::invocable<std::remove_reference_t<F>&,
                    std::span<std::remove_reference_t<std::ranges::range_reference_t<In>>>...,
                    std::span<std::remove_reference_t<std::ranges::range_reference_t<Out>>>> ||
     std::invocable<std::remove_reference_t<F>&,
                    std::span<std::remove_reference_t<std::ranges::range_reference_t<In>>>...,
                    std::span<std::remove_reference_t<std::ranges::range_reference_t<Out>>>,
                    scratch&>);

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
