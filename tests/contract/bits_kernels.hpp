// What bits_cases.hpp promises. Included by one file for each optimisation level: everything here
// that compiles to code has internal linkage.
#pragma once

#include "contract/bits_cases.hpp"
#include "support/kernels.hpp"

#include <hetmap/map.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bits {
namespace {

/// A number in 0..1 that depends on the element only.
template <class T>
T uniform(std::size_t column, std::size_t i) {
  std::uint64_t z = (i + 1) * 0x9E3779B97F4A7C15u + column * 0xD1B54A32D192ED03u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return static_cast<T>(static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53);
}

struct from_minus3_to3 {
  template <class T>
  static T value(std::size_t column, std::size_t i) {
    return T(6) * uniform<T>(column, i) - T(3);
  }
};
struct from_0_to1 {
  template <class T>
  static T value(std::size_t column, std::size_t i) {
    return uniform<T>(column, i);
  }
};
/// Spot, strike and years of an option.
struct options_data {
  template <class T>
  static T value(std::size_t column, std::size_t i) {
    T const u = uniform<T>(column, i);
    return column == 2 ? T(0.1) + T(3) * u : T(50) + T(100) * u;
  }
};

template <class T, class Kernel, class Data, std::size_t Inputs, std::size_t Outputs>
std::vector<std::byte> compute(way const& w) {
  std::array<std::vector<T>, Inputs> in;
  for (std::size_t k = 0; k != Inputs; ++k) {
    in[k].resize(w.offset + w.count);
    for (std::size_t i = 0; i != w.count; ++i) in[k][w.offset + i] = Data::template value<T>(k, i);
  }
  std::array<std::vector<T>, Outputs> out;
  for (auto& o : out) o.resize(w.offset + w.count);
  std::size_t const piece = w.piece == 0 ? std::max<std::size_t>(w.count, 1) : w.piece;
  for (std::size_t begin = 0; begin < w.count; begin += piece) {
    std::size_t const n = std::min(piece, w.count - begin);
    auto const part = [&](std::vector<T>& v) { return std::span(v).subspan(w.offset + begin, n); };
    [&]<std::size_t... I, std::size_t... O>(std::index_sequence<I...>, std::index_sequence<O...>) {
      if constexpr (Outputs > 1)
        hetmap::map_into(w.how, hetmap::columns(part(out[O])...), Kernel{}, part(in[I])...);
      else if (w.path == form::in_place)
        hetmap::map_into(w.how, part(in[0]), Kernel{}, part(in[I])...);
      else
        hetmap::map_into(w.how, part(out[0]), Kernel{}, part(in[I])...);
    }(std::make_index_sequence<Inputs>{}, std::make_index_sequence<Outputs>{});
  }
  if (Outputs == 1 && w.path == form::in_place) out[0] = in[0];
  std::vector<std::byte> bytes(Outputs * w.count * sizeof(T));
  for (std::size_t k = 0; k != Outputs && w.count != 0; ++k)
    std::memcpy(bytes.data() + k * w.count * sizeof(T), out[k].data() + w.offset,
                w.count * sizeof(T));
  return bytes;
}

std::vector<test_case> cases() {
  using namespace bench;
  using math = support::vector_math;
  using plain = standard_math;
  using signed_data = from_minus3_to3;
  return {
      {"axpb<float>", compute<float, axpb<float, math>, signed_data, 1, 1>},
      {"axpb<double>", compute<double, axpb<double, math>, signed_data, 1, 1>},
      {"cross<float>", compute<float, support::cross<float>, signed_data, 3, 1>},
      {"cross<double>", compute<double, support::cross<double>, signed_data, 3, 1>},
      {"gauss<float>", compute<float, gauss<float, math>, signed_data, 1, 1>},
      {"gauss<float, standard>", compute<float, gauss<float, plain>, signed_data, 1, 1>},
      {"relu_exp<float>", compute<float, relu_exp<float, math>, signed_data, 1, 1>},
      {"relu_exp<float, standard>", compute<float, relu_exp<float, plain>, signed_data, 1, 1>},
      {"logistic200<float>", compute<float, logistic200<float, math>, from_0_to1, 1, 1>},
      {"black_scholes<float>", compute<float, black_scholes<float, math>, options_data, 3, 1>},
      {"black_scholes<double>", compute<double, black_scholes<double, math>, options_data, 3, 1>},
      {"black_scholes<double, standard>",
       compute<double, black_scholes<double, plain>, options_data, 3, 1>},
      {"greeks<float>", compute<float, greeks<float, math>, options_data, 3, 5>},
  };
}

}  // namespace
}  // namespace bits
