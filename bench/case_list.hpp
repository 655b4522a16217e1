// Every case, once: its kernel, its name, its forms and the range of each input.
//
// A name is KERNEL[/TYPE][/STATE], without what goes without saying: float, no state.
#pragma once

#include "call.hpp"

#include <chrono>
#include <complex>
#include <cstdint>
#include <string>
#include <thread>

namespace bench {

/// A function that waits: what a download or a call of another program looks like.
template <int Milliseconds>
struct sleeping {
  static constexpr bool exact = true;
  HETMAP_FN float operator()(float x) const {
    std::this_thread::sleep_for(std::chrono::milliseconds(Milliseconds));
    return x;
  }
};

/// How a case is measured besides calls to memory that is there: to new memory, given back within
/// the time; to the memory of its first input.
struct forms {
  bool returning = false;
  bool in_place = false;
};

/// Names a kernel, or a type.
template <class K, forms How = {}>
struct of {};

template <class T>
inline constexpr char const* suffix = "";
template <>
inline constexpr char const* suffix<double> = "/double";
template <>
inline constexpr char const* suffix<std::int64_t> = "/int64";

using ranges = std::array<span_of_values, most_inputs>;

/// visit(of<kernel, forms>, name, ranges) for every case.
template <class M, class Visit>
class case_list {
 public:
  explicit case_list(Visit visit) : visit_(visit) {
    constexpr span_of_values money{80, 120}, years{0.25, 2}, around_zero{-3, 3}, unit{0, 1},
        bytes{0, 200}, angles{-100, 100}, bases{0.1, 10};
    constexpr forms returning{.returning = true, .in_place = false},
        in_place{.returning = false, .in_place = true}, every_form{true, true};
    ranges const options{money, money, years};

    one<axpb<float, M>, every_form>("axpb", {unit});
    one<gauss<float, M>, returning>("gauss", {around_zero});
    one<relu_exp<float, M>, returning>("relu_exp", {around_zero});
    one<logistic200<float, M>, returning>("logistic200", {unit});
    one<black_scholes<float, M>, returning>("black_scholes", options);
    one<greeks<float, M>, returning>("greeks", options);
    one<black_scholes<double, M>, returning>("black_scholes_double", options);
    one<sleeping<100>>("sleep100ms", {unit});
    one<sleeping<1>>("sleep1ms", {unit});

    states<axpb<float, M>>("axpb", {unit});
    states<gauss<float, M>>("gauss", {around_zero});
    states<logistic200<float, M>>("logistic200", {unit});
    states<black_scholes<float, M>>("black_scholes", options);

    one<axpb<double, M>, in_place>("axpb/double", {unit});
    typed<float, double>([&]<class T>(of<T>, std::string const& type) {
      constexpr state captured = state::by_value;
      one<copy<T, M>>("copy" + type, {unit});
      one<with_state<mul<T, M>, captured>>("mul" + type, {unit});
      one<add<T, M>, in_place>("add" + type, {unit, unit});
      one<with_state<triad<T, M>, captured>>("triad" + type, {unit, unit});
      one<with_state<nstream<T, M>, captured>, in_place>("nstream" + type, {unit, unit, unit});
    });
    typed<float, double, std::int64_t>([&]<class T>(of<T>, std::string const& type) {
      constexpr span_of_values values = std::is_integral_v<T> ? bytes : unit;
      one<sum<T, M>>("sum" + type, {values});
      one<dot<T, M>>("dot" + type, {values, values});
      one<max<T, M>>("max" + type, {values});
      one<sum_of_squares<T, M>>("sum_of_squares" + type, {values});
    });

    one<scale<std::uint8_t, M>>("scale/1", {bytes});
    one<scale<std::uint16_t, M>>("scale/2", {bytes});
    one<scale<float, M>>("scale/4", {unit});
    one<scale<double, M>>("scale/8", {unit});
    one<scale<packed<float, 3>, M>>("scale/12", {unit});
    one<scale<packed<float, 4>, M>>("scale/16", {unit});
    one<scale<packed<double, 3>, M>>("scale/24", {unit});

    one<convert<std::uint8_t, std::int32_t>>("uint8_to_int32", {bytes});
    one<convert<float, double>>("float_to_double", {unit});
    one<convert<double, float>>("double_to_float", {unit});
    one<convert<std::int32_t, std::uint8_t>>("int32_to_uint8", {bytes});
    one<quantise<float, M>>("quantise", {{{-1, 1}}});
    one<gather<float, M>>("gather", {unit});
    one<complex_multiply<std::complex<float>, M>>("complex_multiply", {unit, unit});
    one<complex_operator<std::complex<float>, M>>("complex_operator", {unit, unit});
    one<complex_operator<std::complex<double>, M>>("complex_operator/double", {unit, unit});
    one<collatz<std::uint32_t, M>>("collatz", {{{0, 1e6}}});
    one<normalise<packed<float, 3>, M>>("normalise", {bases});

    one<exponential<double, M>>("exp/double", {around_zero});
    one<logarithm<double, M>>("log/double", {bases});
    one<error_function<double, M>>("erfc/double", {around_zero});
    one<sine_and_cosine<double, M>>("sincos/double", {angles});
    one<power<double, M>>("pow/double", {bases, around_zero});
  }

 private:
  template <class K, forms How = forms{}>
  void one(std::string const& name, ranges const& in) {
    visit_(of<K, How>{}, name, in);
  }
  template <class K>
  void states(std::string const& name, ranges const& in) {
    one<with_state<K, state::by_value>>(name + "/by_value", in);
    one<with_state<K, state::by_reference>>(name + "/by_reference", in);
    one<with_state<K, state::by_pointer>>(name + "/by_pointer", in);
  }
  template <class... T, class Act>
  static void typed(Act act) {
    (act(of<T>{}, suffix<T>), ...);
  }

  Visit visit_;
};

template <class M, class Visit>
void for_each_case(Visit visit) {
  case_list<M, Visit>{visit};
}

}  // namespace bench
