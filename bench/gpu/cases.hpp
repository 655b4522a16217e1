// The cases of the GPU bench, written once for hetmap and its peers.
#pragma once

#include "../kernels.hpp"
#include "../vector_math.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bench::gpu {

struct vec3 {
  float x, y, z;
};

struct axpb_int8 {
  using value = std::int8_t;
  HETMAP_FN std::int8_t operator()(std::int8_t v) const {
    return static_cast<std::int8_t>(3 * v + 1);
  }
};
struct axpb_float3 {
  using value = vec3;
  HETMAP_FN vec3 operator()(vec3 const& v) const {
    return {2.5f * v.x + 1, 2.5f * v.y + 1, 2.5f * v.z + 1};
  }
};
/// Three inputs and next to nothing to compute.
struct fused {
  using value = float;
  HETMAP_FN float operator()(float a, float b, float c) const { return a * b + c; }
};
/// From an index, which is generated: nothing to read.
struct from_index {
  using value = float;
  HETMAP_FN float operator()(std::int32_t i) const { return 2.5f * static_cast<float>(i) + 1; }
};

/// What a map_reduce adds up, of floats and of indices.
struct square {
  HETMAP_FN float operator()(float v) const { return v * v; }
};
struct square_of_index {
  HETMAP_FN float operator()(std::int32_t i) const {
    float const v = 0x1p-16f * static_cast<float>(i);
    return v * v;
  }
};

using axpb_float = axpb<float, vector_math>;
using axpb_double = axpb<double, vector_math>;
using gauss_float = gauss<float, vector_math>;
using black_scholes_float = black_scholes<float, vector_math>;
using black_scholes_double = black_scholes<double, vector_math>;
using greeks_float = greeks<float, vector_math>;
using relu_exp_float = relu_exp<float, vector_math>;
using logistic200_float = logistic200<float, vector_math>;

inline constexpr std::size_t most_inputs = 3;
inline constexpr std::size_t most_outputs = 5;

/// Where a call finds its data. Which sort of memory it is, the name of the contender says.
struct operands {
  std::array<void const*, most_inputs> in{};
  std::array<void*, most_outputs> out{};
  std::size_t elements = 0;
  void* stream = nullptr;
  /// Columns on the device for those who copy by hand.
  std::array<void*, most_inputs> device_in{};
  std::array<void*, most_outputs> device_out{};
  float* value = nullptr;  ///< where the result of a fold goes: host memory
};

/// One way to do one case. Returns when the results are final, or with those of its stream.
using run_function = void (*)(operands const&);

enum class residency : unsigned char { resident, generated, pinned, pageable };
inline constexpr residency residencies[] = {residency::resident, residency::generated,
                                            residency::pinned, residency::pageable};
inline constexpr std::string_view residency_names[] = {"resident", "generated", "pinned",
                                                       "pageable"};

/// What a contender takes: columns on the device, columns in host memory, or none. The outputs of
/// the last are on the device.
enum class input : unsigned char { device, host, generated };

struct contender {
  std::string_view case_name;
  std::string_view name;
  input takes = input::device;
  run_function run = nullptr;
};

struct case_description {
  std::string_view name;
  std::size_t element_bytes;
  unsigned inputs;   ///< where they are not generated
  unsigned outputs;  ///< 0: a fold
};

inline constexpr case_description cases[] = {
    {"axpb", 4, 1, 1},          {"gauss", 4, 1, 1},
    {"axpb_double", 8, 1, 1},   {"axpb_int8", 1, 1, 1},
    {"axpb_float3", 12, 1, 1},  {"fused", 4, 3, 1},
    {"black_scholes", 4, 3, 1}, {"black_scholes_double", 8, 3, 1},
    {"greeks", 4, 3, 5},        {"relu_exp", 4, 1, 1},
    {"logistic200", 4, 1, 1},   {"from_index", 4, 0, 1},
    {"sum_of_squares", 4, 1, 0}};

/// Memory has room for so many columns; cases with more have fewer elements.
inline constexpr unsigned roomy_columns = 4;

/// Whether a case's elements are doubles.
constexpr bool of_doubles(std::string_view case_name) { return case_name.ends_with("_double"); }

/// The cases that map columns, each done by a Calls<kernel, inputs, outputs>.
template <template <class, std::size_t, std::size_t> class Calls>
void add_column_cases(std::vector<contender>& all) {
  Calls<axpb_float, 1, 1>::add(all, "axpb");
  Calls<gauss_float, 1, 1>::add(all, "gauss");
  Calls<axpb_double, 1, 1>::add(all, "axpb_double");
  Calls<axpb_int8, 1, 1>::add(all, "axpb_int8");
  Calls<axpb_float3, 1, 1>::add(all, "axpb_float3");
  Calls<fused, 3, 1>::add(all, "fused");
  Calls<black_scholes_float, 3, 1>::add(all, "black_scholes");
  Calls<black_scholes_double, 3, 1>::add(all, "black_scholes_double");
  Calls<greeks_float, 3, 5>::add(all, "greeks");
  Calls<relu_exp_float, 1, 1>::add(all, "relu_exp");
  Calls<logistic200_float, 1, 1>::add(all, "logistic200");
}

/// What hetmap's file and the peers' files have to offer.
std::vector<contender> hetmap_contenders();
std::vector<contender> peer_contenders();
std::vector<contender> fold_peers();

}  // namespace bench::gpu
