// Compiled at -O2 for the baseline instruction set, without -ffast-math, and linked to every
// contender: inputs and references cannot differ between them.
#include "cases.hpp"

#include "case_list.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {
namespace {

/// Wide enough that its own errors do not show.
struct wide_math {
  static constexpr bool scalar = true;

  static long double exp(long double x) { return std::exp(x); }
  static long double log(long double x) { return std::log(x); }
  static long double sqrt(long double x) { return std::sqrt(x); }
  static long double erfc(long double x) { return std::erfc(x); }
  static long double sin(long double x) { return std::sin(x); }
  static long double cos(long double x) { return std::cos(x); }
  static long double pow(long double x, long double y) { return std::pow(x, y); }
  static float rint(float x) { return std::rint(x); }
};

/// A well-mixed 64-bit number for each index (splitmix64).
std::uint64_t mixed(std::uint64_t i) {
  i = (i + 1) * 0x9e3779b97f4a7c15u;
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9u;
  i = (i ^ (i >> 27)) * 0x94d049bb133111ebu;
  return i ^ (i >> 31);
}

/// The numbers that an element consists of, and what it is when these are wider.
template <class E>
struct element {
  using number = E;
  using wide = long double;
  static constexpr std::size_t numbers = 1;
};
template <class T, std::size_t N>
struct element<packed<T, N>> {
  using number = T;
  using wide = packed<long double, N>;
  static constexpr std::size_t numbers = N;
};
template <class T>
struct element<std::complex<T>> {
  using number = T;
  using wide = std::complex<long double>;
  static constexpr std::size_t numbers = 2;
};

/// act(number...) of each element in turn, as many numbers as one has.
template <class E, class Act>
void for_each_number(Act act, E const& first, auto const&... others) {
  auto const number = []<class X>(X const& x, std::size_t k) {
    return reinterpret_cast<typename element<X>::number const*>(&x)[k];
  };
  for (std::size_t k = 0; k != element<E>::numbers; ++k)
    act(number(first, k), number(others, k)...);
}

template <class E>
auto widened(E const& x) {
  typename element<E>::wide result;
  auto* to = reinterpret_cast<long double*>(&result);
  for_each_number([&](auto number) { *to++ = static_cast<long double>(number); }, x);
  return result;
}

template <class E>
void fill(void* column, std::size_t count, std::size_t which, span_of_values range) {
  using number = typename element<E>::number;
  auto* const values = static_cast<number*>(column);
  for (std::size_t i = 0; i != count * element<E>::numbers; ++i) {
    double const u = 0x1p-53 * static_cast<double>(mixed(i * most_inputs + which) >> 11);
    values[i] = static_cast<number>(range.low + u * (range.high - range.low));
  }
}

/// Where to look in a table of as many elements.
void fill_indices(void* column, std::size_t count, std::size_t which, span_of_values) {
  auto* const values = static_cast<std::uint32_t*>(column);
  for (std::size_t i = 0; i != count; ++i)
    values[i] = static_cast<std::uint32_t>(mixed(i * most_inputs + which) % count);
}

/// The distance between neighbouring T at x.
template <class T>
long double spacing(long double x) {
  using limits = std::numeric_limits<T>;
  if (limits::is_integer) return 1;
  int const exponent = x == 0 ? limits::min_exponent : std::ilogb(x) + 1;
  return std::ldexp(1.0L, std::max(exponent, limits::min_exponent) - limits::digits);
}

/// Where rounding alone may lead: results lie below 256 in every case, and what cancels in them was
/// not larger.
template <class T>
bool explained_by_rounding(long double got, long double expected) {
  long double const bound = 64 * std::numeric_limits<T>::epsilon();
  return std::abs(got - expected) <= bound * std::max(std::abs(expected), 16.0L);
}

template <class T>
struct sum_of_errors {
  deviation seen;
  long double total = 0;
  std::size_t compared = 0;

  void add(T result, auto right, bool exact) {
    long double const got = result;
    long double const expected = right;
    long double const ulp = std::abs(got - expected) / spacing<T>(expected);
    seen.max_ulp = std::max(seen.max_ulp, static_cast<double>(ulp));
    total += ulp;
    ++compared;
    if (exact ? got != expected : !explained_by_rounding<T>(got, expected)) ++seen.wrong;
  }
  [[nodiscard]] deviation result() {
    seen.mean_ulp = static_cast<double>(total / static_cast<long double>(compared));
    return seen;
  }
};

template <class Act>
void for_some(std::size_t elements, Act act) {
  std::size_t const stride = std::max<std::size_t>(elements / 65536, 1);
  for (std::size_t i = elements - 1;; i -= stride) {
    act(i);
    if (i < stride) break;
  }
}

// -- comparing ---------------------------------------------------------------------------------

/// The kernel that works on wider numbers, which is what results are compared with.
template <class K>
struct wider {
  using type = K;
};
template <template <class, class> class Kernel, class E>
struct wider<Kernel<E, wide_math>> {
  using type = Kernel<typename element<E>::wide, wide_math>;
};
template <class K, state Where>
struct wider<with_state<K, Where>> : wider<K> {};

template <class Result>
auto as_tuple(Result const& r) {
  return std::tuple<Result>(r);
}
template <class... R>
std::tuple<R...> as_tuple(std::tuple<R...> const& r) {
  return r;
}

template <class K, class Inputs = inputs_of<K>, class Outputs = outputs_of<K>>
struct comparison;
template <class K, class... In, class... Out>
struct comparison<K, types<In...>, types<Out...>> {
  static constexpr bool exact = requires { K::exact; };
  using reference = std::conditional_t<exact, K, typename wider<K>::type>;
  using number = typename element<std::tuple_element_t<0, std::tuple<Out...>>>::number;

  /// act(f, in...) with the reference's function and the columns.
  template <class Act>
  static void with_reference(operands const& done, Act act) {
    call_with<reference>::function(done, [&](auto const& f) {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        act(f, static_cast<In const*>(done.in[I])...);
      }(std::index_sequence_for<In...>());
    });
  }

  static deviation of_map(operands const& done, bool) {
    sum_of_errors<number> errors;
    with_reference(done, [&](auto const& f, In const*... in) {
      for_some(done.elements, [&](std::size_t i) {
        auto const expected = [&] {
          if constexpr (exact)
            return as_tuple(f(in[i]...));
          else
            return as_tuple(f(widened(in[i])...));
        }();
        [&]<std::size_t... I>(std::index_sequence<I...>) {
          (for_each_number([&](auto got, auto right) { errors.add(got, right, exact); },
                           static_cast<Out const*>(done.out[I])[i], std::get<I>(expected)),
           ...);
        }(std::index_sequence_for<Out...>());
      });
    });
    return errors.result();
  }

  /// A sum of n numbers may be off by n roundings of it, in whatever order.
  static deviation of_fold(operands const& done, bool)
    requires is_fold<K>
  {
    sum_of_errors<number> errors;
    with_reference(done, [&](auto const& f, In const*... in) {
      long double expected = 0;
      for (std::size_t i = 0; i != done.elements; ++i)
        expected = typename K::reduced_by{}(expected, f(widened(in[i])...));
      auto const got = *static_cast<number const*>(done.out[0]);
      bool const rounded =
          !std::is_integral_v<number> && std::is_same_v<typename K::reduced_by, plus>;
      long double const bound = rounded ? std::numeric_limits<number>::epsilon() *
                                              static_cast<long double>(done.elements) * expected
                                        : 0;
      errors.add(got, expected, true);
      errors.seen.wrong = std::abs(static_cast<long double>(got) - expected) <= bound ? 0 : 1;
    });
    return errors.result();
  }
};

/// The chaotic map doubles a difference at every second step, so the reference is the same float
/// arithmetic, to the bit; -ffast-math gives another orbit, of which only the bounds are known.
deviation compare_orbits(operands const& done, bool fast_math) {
  logistic200<float, wide_math> const step{};
  sum_of_errors<float> errors;
  std::size_t wrong = 0;
  for_some(done.elements, [&](std::size_t i) {
    float const got = static_cast<float const*>(done.out[0])[i];
    float const expected = step(static_cast<float const*>(done.in[0])[i]);
    errors.add(got, expected, false);
    if (fast_math ? !(got >= 0 && got <= 1) : got != expected) ++wrong;
  });
  deviation result = errors.result();
  result.wrong = wrong;
  return result;
}

// -- describing --------------------------------------------------------------------------------

template <class K>
inline constexpr bool is_orbit = false;
template <class T>
inline constexpr bool is_orbit<logistic200<T, wide_math>> = true;
template <class K, state Where>
inline constexpr bool is_orbit<with_state<K, Where>> = is_orbit<K>;

template <class... In, class... Out>
void describe_columns(case_description& c, ranges const& in, types<In...>, types<Out...>) {
  std::size_t k = 0;
  ((c.in[k] = {sizeof(In), fill<In>, in[k]}, ++k), ...);
  k = 0;
  ((c.out[k++].element_bytes = sizeof(Out)), ...);
}

template <class K>
case_description described(std::string const& name, ranges const& in) {
  case_description result{.name = name, .is_fold = is_fold<K>};
  describe_columns(result, in, inputs_of<K>{}, outputs_of<K>{});
  if constexpr (requires { typename K::aside; }) {
    result.aside = {sizeof(typename K::aside), fill<typename K::aside>, in[0]};
    result.in[0].fill = fill_indices;
  }
  if constexpr (is_orbit<K>)
    result.compare = compare_orbits;
  else if constexpr (is_fold<K>)
    result.compare = comparison<K>::of_fold;
  else
    result.compare = comparison<K>::of_map;
  return result;
}

std::vector<case_description> const& cases() {
  static std::vector<case_description> const all = [] {
    std::vector<case_description> found;
    for_each_case<wide_math>(
        [&]<class K, forms How>(of<K, How>, std::string const& name, ranges const& in) {
          found.push_back(described<K>(name, in));
        });
    return found;
  }();
  return all;
}

}  // namespace

std::size_t case_description::bytes(std::size_t elements) const {
  std::size_t found = elements * aside.element_bytes;
  for (auto const& c : in) found += elements * c.element_bytes;
  if (!is_fold)
    for (auto const& c : out) found += elements * c.element_bytes;
  return found;
}

case_description const& find_case(std::string_view name) {
  for (auto const& c : cases())
    if (c.name == name) return c;
  throw std::invalid_argument("there is no case " + std::string(name));
}

}  // namespace bench
