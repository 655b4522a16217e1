// How a verb is called: with options before its arguments or without, by its name or as a member of
// a pool. A verb is an object: no other function is found by its name, it can be passed as a
// function, and its overloads, with the messages for calls that fit none, are here once for all.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/verb/requirements.hpp>
#include <hetmap/options.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

enum class verb_name : unsigned char {
  map,
  map_into,
  starmap,
  starmap_into,
  map_columns,
  map_blocks,
  map_reduce,
  explain,
  imap,
  imap_unordered,
  istarmap,
  istarmap_unordered,
  map_async,
  starmap_async,
};

/// When the results of a verb are ready.
enum class verb_kind : unsigned char {
  waits,    ///< when it returns
  streams,  ///< when they are asked for
  posts,    ///< later: it returns a future
};

template <class How>
concept collecting = std::derived_from<std::remove_cvref_t<How>, collect_options>;

inline namespace HETMAP_TAG {

/// Stands for options that were not given.
struct no_options {};

/// Part of the name of every function template outside of the tagged namespace.
struct build {};

/// A verb: its name as a pool's member, its minimum number of arguments (`least`), whether it can
/// collect errors (`collects`), what it requires of its arguments (fails), and what it does (call).
/// The last two are told whether to collect; settings_for makes the settings from the options.
template <verb_name Verb>
struct verb_body;

/// What verbs that wait for their results have in common.
struct waiting_verb {
  static constexpr verb_kind kind = verb_kind::waits;
  static constexpr std::size_t least = 1;
  static constexpr bool collects = false;

  /// Whether .host_copy is supported.
  template <class... Arguments>
  static constexpr bool host_copy = false;

  static settings settings_for(char const* name, no_options, serves) { return {.verb = name}; }
  template <any_options How>
  static settings settings_for(char const* name, How const& how, serves also) {
    return detail::checked(name, how, also);
  }
};

/// The requirement that a call does not meet: options, if they come first, and arguments.
template <verb_name Verb, class First, class... Rest>
constexpr unmet unmet_by() {
  using body = verb_body<Verb>;
  if constexpr (sizeof...(Rest) + (is_options<First> ? 0 : 1) < body::least)
    return unmet::there_is_no_input;
  else if constexpr (collecting<First> && !body::collects)
    return unmet::this_verb_cannot_collect_errors;
  else if constexpr (is_options<First>)
    return body::template fails<collecting<First>, Rest...>();
  else
    return body::template fails<false, First, Rest...>();
}

}  // namespace HETMAP_TAG

// Braces have no type, so `first` then has its default type.

#ifdef __clang__
#define HETMAP_REFUSAL(name, text) \
  __attribute__((__diagnose_if__(Fails == unmet::name, "hetmap: " text, "error")))
#define HETMAP_REFUSED HETMAP_REQUIREMENTS(HETMAP_REFUSAL)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgcc-compat"
#else
#define HETMAP_REFUSED = delete
#endif

/// Overloads for calls that do not fit, to name the reason.
template <verb_name Verb>
class refusing {
 public:
  template <class First = options, class... Rest, class Build = build,
            unmet Fails = detail::unmet_by<Verb, First, Rest...>()>
    requires(!collecting<First> && Fails != unmet::none)
  void operator()(First&& first, Rest&&... rest) const HETMAP_REFUSED;
  template <class First = collect_options, class... Rest, class Build = build,
            unmet Fails = detail::unmet_by<Verb, First, Rest...>()>
    requires(collecting<First> && Fails != unmet::none)
  void operator()(First&& first, Rest&&... rest) const HETMAP_REFUSED;
};

#ifdef __clang__
#pragma clang diagnostic pop
#endif

/// A verb. Where: whose workers it runs on.
template <verb_name Verb, class Where>
class verb : public refusing<Verb> {
 public:
  template <class... Known>
  explicit constexpr verb(Known... known) noexcept : where_(known...) {}

  using refusing<Verb>::operator();

  template <class First = options, class... Rest, class Build = build>
    requires(!collecting<First> && detail::unmet_by<Verb, First, Rest...>() == unmet::none)
  HETMAP_INLINE auto operator()(First&& first, Rest&&... rest) const {
    if constexpr (is_options<First>)
      return where_.template run<Verb, Build>(first, std::forward<Rest>(rest)...);
    else
      return where_.template run<Verb, Build>(no_options(), std::forward<First>(first),
                                              std::forward<Rest>(rest)...);
  }
  template <class First = collect_options, class... Rest, class Build = build>
    requires(collecting<First> && detail::unmet_by<Verb, First, Rest...>() == unmet::none)
  HETMAP_INLINE auto operator()(First&& first, Rest&&... rest) const {
    return where_.template run<Verb, Build>(first, std::forward<Rest>(rest)...);
  }

 private:
  Where where_;
};

/// A verb that is called for its return value.
template <verb_name Verb, class Where>
class value_verb : public verb<Verb, Where> {
 public:
  using verb<Verb, Where>::verb;
  using refusing<Verb>::operator();

  template <class First = options, class... Rest, class Build = build>
    requires(!collecting<First> && detail::unmet_by<Verb, First, Rest...>() == unmet::none)
  [[nodiscard]] HETMAP_INLINE auto operator()(First&& first, Rest&&... rest) const {
    return verb<Verb, Where>::operator()(std::forward<First>(first), std::forward<Rest>(rest)...);
  }
  template <class First = collect_options, class... Rest, class Build = build>
    requires(collecting<First> && detail::unmet_by<Verb, First, Rest...>() == unmet::none)
  [[nodiscard]] HETMAP_INLINE auto operator()(First&& first, Rest&&... rest) const {
    return verb<Verb, Where>::operator()(std::forward<First>(first), std::forward<Rest>(rest)...);
  }
};

inline namespace HETMAP_TAG {

/// On the process's workers: a free function, under its own name.
struct freely {
  static constexpr std::size_t prefix = sizeof "pool::" - 1;

  template <verb_name Verb, class, class How, class... Arguments>
  HETMAP_INLINE auto run(How const& how, Arguments&&... arguments) const {
    using body = verb_body<Verb>;
    auto const chosen = body::settings_for(
        body::template name<Arguments...> + prefix, how,
        {.host_copy = !collecting<How> && body::template host_copy<Arguments...>});
    return body::template call<collecting<How>>(chosen, std::forward<Arguments>(arguments)...);
  }
};

template <verb_name Verb>
using free_verb = verb<Verb, freely>;
template <verb_name Verb>
using free_value_verb = value_verb<Verb, freely>;

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
