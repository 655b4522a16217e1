// The verbs of a pool: members that know its core.
#pragma once

#include <hetmap/detail/verb/map_verbs.hpp>
#include <hetmap/detail/verb/pool_call.hpp>
#include <hetmap/detail/verb/reduce_verbs.hpp>
#include <hetmap/detail/verb/requirements.hpp>
#include <hetmap/detail/verb/stream_verbs.hpp>
#include <hetmap/detail/verb/verb.hpp>
#include <hetmap/options.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

/// A verb that waits, as a future of what it returns.
template <verb_name Waiting>
struct posted_verb : waiting_verb {
  using waiting = verb_body<Waiting>;
  static constexpr verb_kind kind = verb_kind::posts;
  static constexpr bool collects = waiting::collects;

  template <class... Arguments>
  static constexpr bool host_copy = waiting::template host_copy<Arguments...>;
  template <bool Collecting, class... Arguments>
  static constexpr unmet fails() {
    return waiting::template fails<Collecting, Arguments...>();
  }
  template <class F, class... In>
  static auto post(pool_core& pool, settings const& how, no_options, F&& f, In&&... in) {
    return post(pool, how, options(), std::forward<F>(f), std::forward<In>(in)...);
  }
  template <any_options Options, class F, class... In>
  static auto post(pool_core& pool, settings const& how, Options const& options, F&& f,
                   In&&... in) {
    using call = later_map<waiting, Options, std::decay_t<F>, In...>;
    return detail::submitted<call>(pool, how.verb, pool, how, options, std::forward<F>(f),
                                   std::forward<In>(in)...);
  }
};

template <>
struct verb_body<verb_name::map_async> : posted_verb<verb_name::map> {
  template <class...>
  static constexpr char const* name = "pool::map_async";
};
template <>
struct verb_body<verb_name::starmap_async> : posted_verb<verb_name::starmap> {
  template <class...>
  static constexpr char const* name = "pool::starmap_async";
};

}  // namespace HETMAP_TAG

/// On the workers of a pool.
class on_pool {
 public:
  explicit on_pool(pool_core* core) noexcept : core_(core) {}

  template <verb_name Verb, class Build, class How, class... Arguments>
  HETMAP_INLINE auto run(How const& how, Arguments&&... arguments) const {
    using body = verb_body<Verb>;
    auto chosen = body::settings_for(
        body::template name<Arguments...>, how,
        {.deadline = true,
         .host_copy = !collecting<How> && body::template host_copy<Arguments...>});
    if constexpr (body::kind == verb_kind::posts) {
      return body::post(*core_, chosen, how, std::forward<Arguments>(arguments)...);
    } else if constexpr (body::kind == verb_kind::waits) {
      pool_call const call(*core_, chosen);
      return body::template call<collecting<How>>(call.how(),
                                                  std::forward<Arguments>(arguments)...);
    } else {
      chosen.pool = core_;
      return body::template call<collecting<How>>(chosen, std::forward<Arguments>(arguments)...);
    }
  }

 private:
  pool_core* core_;
};

#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgcc-compat"
#endif

/// pool::submit.
class submitting_verb {
 public:
  explicit submitting_verb(pool_core* core) noexcept : core_(core) {}

  template <class F, class... Args, class Build = build>
    requires(detail::unmet_by_submit<F, Args...>() == unmet::none)
  [[nodiscard]] auto operator()(F&& f, Args&&... args) const {
    using function = std::decay_t<F>;
    if constexpr (std::invocable<function, std::decay_t<Args>...>) {
      using call = bound_call<function, std::decay_t<Args>...>;
      return detail::submitted<call>(*core_, "submit", std::in_place, std::forward<F>(f),
                                     std::forward<Args>(args)...);
    } else {
      using call = bound_call<stoppable_call<function>, std::decay_t<Args>...>;
      return detail::submitted<call>(*core_, "submit", std::in_place,
                                     stoppable_call<function>{std::forward<F>(f), core_},
                                     std::forward<Args>(args)...);
    }
  }
  template <class F, class... Args, class Build = build,
            unmet Fails = detail::unmet_by_submit<F, Args...>()>
    requires(Fails != unmet::none)
  void operator()(F&& f, Args&&... args) const HETMAP_REFUSED;

 private:
  pool_core* core_;
};

#ifdef __clang__
#pragma clang diagnostic pop
#endif

template <verb_name Verb>
using pool_verb = verb<Verb, on_pool>;
template <verb_name Verb>
using pool_value_verb = value_verb<Verb, on_pool>;

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
