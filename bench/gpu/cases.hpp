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

using axpb_float = axpb<float, vector_math>;
using axpb_double = axpb<double, vector_math>;
using gauss_float = gauss<float, vector_math>;
using black_scholes_float = black_scholes<float, vector_math>;
using black_scholes_double = black_scholes<double, vector_math>;
using relu_exp_float = relu_exp<float, vector_math>;
using logistic200_float = logistic200<float, vector_math>;

inline constexpr std::size_t most_inputs = 3;

/// Where a call finds its data. Which sort of memory it is, the name of the contender says.
struct operands {
  std::array<void const*, most_inputs> in{};
  void* out = nullptr;
  std::size_t elements = 0;
  void* stream = nullptr;
  /// Columns on the device for those who copy by hand.
  std::array<void*, most_inputs> device_in{};
  void* device_out = nullptr;
};

/// One way to do one case. Returns when the results are final.
using run_function = void (*)(operands const&);

enum class residency : unsigned char { resident, pinned, pageable, generated };
inline constexpr std::string_view residency_names[] = {"resident", "pinned", "pageable",
                                                       "generated"};

struct contender {
  std::string_view case_name;
  std::string_view name;
  bool on_host = false;  ///< takes host memory, pinned or pageable; otherwise the device's
  run_function run = nullptr;
};

struct case_description {
  std::string_view name;
  std::size_t element_bytes;
  unsigned inputs;  ///< 0: generated
};

inline constexpr case_description cases[] = {
    {"axpb", 4, 1},          {"gauss", 4, 1},
    {"axpb_double", 8, 1},   {"axpb_int8", 1, 1},
    {"axpb_float3", 12, 1},  {"fused", 4, 3},
    {"black_scholes", 4, 3}, {"black_scholes_double", 8, 3},
    {"relu_exp", 4, 1},      {"logistic200", 4, 1},
    {"from_index", 4, 0}};

/// Whether a case's elements are doubles.
constexpr bool of_doubles(std::string_view case_name) { return case_name.ends_with("_double"); }

/// The cases that have inputs, each done by a Calls<kernel, inputs>.
template <template <class, std::size_t> class Calls>
void add_column_cases(std::vector<contender>& all) {
  Calls<axpb_float, 1>::add(all, "axpb");
  Calls<gauss_float, 1>::add(all, "gauss");
  Calls<axpb_double, 1>::add(all, "axpb_double");
  Calls<axpb_int8, 1>::add(all, "axpb_int8");
  Calls<axpb_float3, 1>::add(all, "axpb_float3");
  Calls<fused, 3>::add(all, "fused");
  Calls<black_scholes_float, 3>::add(all, "black_scholes");
  Calls<black_scholes_double, 3>::add(all, "black_scholes_double");
  Calls<relu_exp_float, 1>::add(all, "relu_exp");
  Calls<logistic200_float, 1>::add(all, "logistic200");
}

/// What hetmap's file and the peers' file have to offer.
std::vector<contender> hetmap_contenders();
std::vector<contender> peer_contenders();

}  // namespace bench::gpu
