// What the core has learned of kernels outlives a test: here it is forgotten, or set.
#pragma once

#include "base/rates.hpp"

#include <hetmap/hetmap.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace support {

/// How a call reads an input of this type.
template <class In>
using source = decltype(hetmap::detail::source_of(std::declval<In&>()));
template <class In>
using stream_source = decltype(std::declval<hetmap::detail::port<In, true, true>&>().source());

/// As if F had never met elements from these sources.
template <class F, class... Src>
void forget(F& f) {
  auto* const learned = hetmap::detail::rate_for<F, Src...>(f);
  auto const kernel = learned->kernel();
  auto const function = learned->function();
  std::destroy_at(learned);
  std::construct_at(learned, kernel, function);
}

/// As if the CPU had been measured, and no GPU: an element takes a worker so long.
template <class F, class... Src>
void believe(F& f, double nanoseconds) {
  forget<F, Src...>(f);
  hetmap::detail::rate_for<F, Src...>(f)->learn(
      1'000'000, std::chrono::nanoseconds(static_cast<std::int64_t>(1e6 * nanoseconds)));
}

}  // namespace support
