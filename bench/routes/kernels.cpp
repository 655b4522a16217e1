#include "kernels.hpp"

#include "../contender.hpp"
#include "../contenders/hetmap_calls.hpp"
#include "gpu_kernels.hpp"

#include <hetmap/array.hpp>

#include <algorithm>
#include <array>
#include <ranges>
#include <stdexcept>
#include <type_traits>

namespace bench::routes {
namespace {

/// The backend is a value, so that all of them run the same code, with the same learned rates.
struct now {
  static inline hetmap::backend where = hetmap::backend::automatic;
  static inline hetmap::plan* asks = nullptr;  ///< set: calls are explained instead of made

  template <class Act>
  static auto call(Act act) {
    return where == hetmap::backend::automatic ? act() : act(hetmap::options{.backend = where});
  }
  /// The plan of hetmap::explain(options, what...).
  static void explain(auto const&... what) {
    *asks = call([&](auto const&... how) { return hetmap::explain(how..., what...); });
  }
};

/// What a loop that asks for plans and calls looks like to `recipe`.
struct over_memory {
  using math = vector_math;
  using calls = hetmap_calls<now>;

  template <class F, class Out, class... In>
  static void into(std::size_t n, F const& f, Out out, In const*... in) {
    if (now::asks != nullptr) return now::explain(f, std::span(in, n)...);
    calls::into(n, f, out, in...);
  }
  template <class F, class Op, class T, class... In>
  static T fold(std::size_t n, F const& f, Op op, T init, In const*... in) {
    if (now::asks != nullptr) {
      now::explain(f, op, init, std::span(in, n)...);
      return init;
    }
    return calls::fold(n, f, op, init, in...);
  }
};

struct over_indices {
  template <class F, class Out, class... In>
  static void into(std::size_t n, F const&, std::tuple<Out*> out, In const*...) {
    of_index<F, In...> const f;
    auto const indices = std::views::iota(std::int32_t{0}, static_cast<std::int32_t>(n));
    if (now::asks != nullptr) return now::explain(f, indices);
    now::call([&](auto const&... how) {
      hetmap::map_into(how..., std::span(std::get<0>(out), n), f, indices);
    });
  }
};

/// Its columns are no elements but hetmap::arrays of them.
struct over_arrays {
  template <class F, class Out, class... In>
  static void into(std::size_t, F const& f, std::tuple<Out*> out, In const*... in) {
    if (now::asks != nullptr) return now::explain(f, array_at(in)...);
    now::call([&](auto const&... how) {
      hetmap::map_into(how...,
                       *static_cast<hetmap::array<Out>*>(static_cast<void*>(std::get<0>(out))), f,
                       array_at(in)...);
    });
  }
  template <class T>
  static hetmap::array<T> const& array_at(T const* where) {
    return *static_cast<hetmap::array<T> const*>(static_cast<void const*>(where));
  }
};

template <class K, class Inputs = inputs_of<K>, class Outputs = outputs_of<K>>
struct held_arrays;
template <class K, class... In, class Out>
struct held_arrays<K, types<In...>, types<Out>> : owner {
  explicit held_arrays(std::size_t n) : in(hetmap::array<In>(n)...), out(n) {}

  static owned_operands make(operands const& host) {
    auto made = std::make_unique<held_arrays>(host.elements);
    operands columns{.elements = host.elements};
    std::size_t k = 0;
    std::apply([&](auto&... a) { ((fill(a, host.in[k]), columns.in[k] = &a, ++k), ...); },
               made->in);
    columns.out[0] = &made->out;
    return {columns, std::move(made)};
  }
  template <class T>
  static void fill(hetmap::array<T>& to, void const* from) {
    std::copy_n(static_cast<T const*>(from), to.size(), to.host().data());
  }

  std::tuple<hetmap::array<In>...> in;
  hetmap::array<Out> out;
};

struct named_residency {
  char const* name;
  residency where;
};
constexpr std::array residencies{named_residency{"page_aligned", residency::page_aligned},
                                 named_residency{"std_vector", residency::std_vector},
                                 named_residency{"array", residency::array},
                                 named_residency{"generated", residency::generated}};

}  // namespace

char const* name(residency where) {
  return std::ranges::find(residencies, where, &named_residency::where)->name;
}

residency residency_from(std::string_view name) {
  for (auto const& r : residencies)
    if (name == r.name) return r.where;
  throw std::invalid_argument("there is no memory " + std::string(name) +
                              ", only page_aligned, std_vector, array, generated");
}

memory memory_of(residency where) {
  return where == residency::std_vector ? memory::std_vector : memory::page_aligned;
}

std::vector<kernel> kernels() {
  std::vector<kernel> found;
  for_each_case<vector_math>(
      [&]<class K, forms How>(of<K, How>, std::string const& name, ranges const&) {
        kernel k{.what = &find_case(name), .host = {.run = recipe<over_memory, K>::into}};
        if constexpr (has_gpu_form<K>) {
          k.array = {.run = recipe<over_arrays, K>::into, .make = held_arrays<K>::make};
          k.generated = {.run = recipe<over_indices, K>::into};
        }
        found.push_back(k);
      });
  return found;
}

void use(hetmap::backend where) { now::where = where; }

hetmap::plan explain(route const& r, operands const& columns) {
  hetmap::plan found;
  use(hetmap::backend::automatic);
  now::asks = &found;
  r.run(columns);
  now::asks = nullptr;
  return found;
}

}  // namespace bench::routes
