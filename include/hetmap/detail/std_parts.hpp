// What hetmap uses of <algorithm>, <functional> and <memory>.
//
// libstdc++ keeps the parts in separate headers, which are self-contained since its own headers
// include them so. The three whole headers bring in parallel algorithms, hash tables and iostreams,
// which every file that includes hetmap would have to parse (docs/design.md, Headers).
#pragma once

#include <hetmap/detail/config.hpp>

#include <string>  // says which library this is
#include <tuple>
#include <type_traits>
#include <utility>

#if defined __GLIBCXX__ && __has_include(<bits/std_function.h>) && __has_include(<bits/stl_function.h>) && \
    __has_include(<bits/refwrap.h>) && __has_include(<bits/invoke.h>) && \
    __has_include(<bits/stl_algobase.h>) && __has_include(<bits/stl_construct.h>) && \
    __has_include(<bits/stl_uninitialized.h>) && __has_include(<bits/ranges_cmp.h>)
#include <bits/invoke.h>
#include <bits/ranges_cmp.h>
#include <bits/refwrap.h>
#include <bits/std_function.h>
#include <bits/stl_algobase.h>
#include <bits/stl_construct.h>
#include <bits/stl_function.h>
#include <bits/stl_uninitialized.h>
#else
#include <algorithm>
#include <functional>
#include <memory>
#endif

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

/// std::invoke.
template <class F, class... Args>
constexpr decltype(auto) invoke(F&& f, Args&&... args) {
  return std::apply(std::forward<F>(f), std::forward_as_tuple(std::forward<Args>(args)...));
}

/// The same for calls with elements: inlined, at -O0 too.
template <class F, class... Args>
HETMAP_INLINE decltype(auto) call(F& f, Args&&... args) {
  if constexpr (std::is_member_pointer_v<std::remove_cv_t<F>>) {
    return detail::invoke(f, std::forward<Args>(args)...);
  } else {
    return f(static_cast<Args&&>(args)...);  // std::forward would stay a call at -O0
  }
}

/// std::min and std::max of several.
template <class T, class... Rest>
constexpr T least(T first, Rest... rest) {
  ((first = rest < first ? rest : first), ...);
  return first;
}
template <class T, class... Rest>
constexpr T greatest(T first, Rest... rest) {
  ((first = first < rest ? rest : first), ...);
  return first;
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
