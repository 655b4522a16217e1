// What the type of a function says of its cost and of its loops, and where its cost is learned.
#pragma once

#include <hetmap/detail/kernel/adaptors.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/kernel.hpp>

#include <atomic>
#include <type_traits>
#include <typeinfo>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Whether the type of F, and its address if F is a function pointer, says what it costs. Erased
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

/// Why a loop that calls F cannot be vectorised, whatever F does; null if the type does not show
/// it.
template <class F>
inline constexpr char const* scalar_because =
    std::is_function_v<F> || std::is_pointer_v<F> || !cost_known_by_type<F> ? called_through_pointer
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

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
