// From the verbs of a pool to its workers: calls that hold it, functions kept until a worker comes.
#pragma once

#include <hetmap/detail/kernel/adaptors.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/detail/verb/verb.hpp>
#include <hetmap/future.hpp>
#include <hetmap/options.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// One call on a pool: keeps its threads alive until the call has ended.
class HETMAP_API pool_call {
 public:
  /// Throws:   closed_error, broken_pool_error.
  pool_call(pool_core& pool, settings how);
  ~pool_call();
  pool_call(pool_call const&) = delete;
  pool_call& operator=(pool_call const&) = delete;

  [[nodiscard]] settings const& how() const noexcept { return how_; }

 private:
  settings how_;
  bool held_;
  // What the thread is executing, for those who wait for the end of the pool.
  alignas(void*) std::byte doing_[3 * sizeof(void*)];
};

/// Queues a state that has just been made.
///
/// Throws:   closed_error, broken_pool_error; then the state is done and its reference dropped.
HETMAP_API void post(pool_core& pool, future_state& state, char const* verb);

inline namespace HETMAP_TAG {

/// A function and its arguments, decayed.
template <class F, class... Args>
struct bound_call {
  F f;
  std::tuple<Args...> args;

  template <class G, class... Given>
  explicit bound_call(std::in_place_t, G&& g, Given&&... given)
      : f(std::forward<G>(g)), args(std::forward<Given>(given)...) {}

  decltype(auto) operator()() {
    return detail::without_index([this]() -> decltype(auto) {
      return std::apply(
          [this](Args&... a) -> decltype(auto) {
            return detail::invoke(std::move(f), std::forward<Args>(a)...);
          },
          args);
    });
  }
};

/// A map to be run later: f decayed, lvalue ranges borrowed, rvalues moved in. `Verb` says which.
template <class Verb, class Options, class F, class... In>
struct later_map {
  pool_core* pool;
  settings how;
  Options options;  // a copy: those that `how` points at are gone by then
  F f;
  std::tuple<In...> in;

  template <class G, class... Given>
  later_map(pool_core& p, settings const& s, Options const& o, G&& g, Given&&... given)
      : pool(&p), how(s), options(o), f(std::forward<G>(g)), in(std::forward<Given>(given)...) {}

  auto operator()() {
    pool_call const call(*pool, how.pointing_at(options.stop, options.progress));
    return std::apply(
        [&](auto&... r) { return Verb::template call<collecting<Options>>(call.how(), f, r...); },
        in);
  }
};

/// A function that takes a stop token, submitted: the token is requested when the pool is
/// terminated.
template <class F>
struct stoppable_call {
  F f;
  pool_core* pool;

  template <class... Args>
  decltype(auto) operator()(Args&&... args) {
    stop_hub const hub(settings{.verb = "submit", .pool = pool});
    return detail::invoke(std::move(f), std::forward<Args>(args)..., stop_argument(hub));
  }
};

/// Runs `Call`, made of `args`, on the pool.
template <class Call, class... Args>
[[nodiscard]] auto submitted(pool_core& pool, char const* verb, Args&&... args) {
  using result = kept_result_t<std::invoke_result_t<Call&>>;
  auto* const state = detail::without_index(
      [&] { return new call_state<result, Call>(std::forward<Args>(args)...); });
  future<result> handle(*state);
  detail::post(pool, *state, verb);
  return handle;
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
