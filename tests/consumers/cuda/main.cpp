// The host compiler's half: both files map the same kernel in one program.
#include "kernels.hpp"

#include <hetmap/hetmap.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <span>
#include <vector>

void map_from_host_compiler(float* out, float const* in, unsigned long n) {
  hetmap::map_into({.backend = hetmap::backend::cpu}, std::span(out, n), decay{0.5f},
                   std::span(in, n));
}

int main() {
  std::vector<float> x(10'007);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<float>(i) / 1000 - 5;
  std::vector<float> a(x.size());
  std::vector<float> b(x.size());
  map_from_nvcc(a.data(), x.data(), x.size());
  map_from_host_compiler(b.data(), x.data(), x.size());
  for (std::size_t i = 0; i != x.size(); ++i) {
    double const v = x[i];
    double const exact = std::exp(-0.5 * v) * v * v + 1;
    double const bound = 1e-6 * exact;
    if (std::abs(a[i] - exact) <= bound && std::abs(b[i] - exact) <= bound) continue;
    std::fprintf(stderr, "f(%g): %g by nvcc's file, %g by the host compiler's, exactly %g\n", v,
                 double(a[i]), double(b[i]), exact);
    return 1;
  }
  map_extended_lambda(a.data(), x.data(), x.size(), 3);
  for (std::size_t i = 0; i != x.size(); ++i)
    if (a[i] != 3 * x[i]) {
      std::fprintf(stderr, "the lambda gave %g for %g\n", double(a[i]), double(x[i]));
      return 1;
    }
  // Whether there is a GPU or not, the form of nvcc's file is known to the host compiler's.
  auto const how = hetmap::explain(decay{0.5f}, x);
  char const* const why = how.at(hetmap::backend::gpu).unavailable;
  if (why != nullptr && std::strstr(why, "GPU form") != nullptr) {
    std::fprintf(stderr, "%s\n", why);
    return 1;
  }
  try {
    hetmap::map_into({.backend = hetmap::backend::gpu}, b, decay{0.5f}, x);
    std::printf("the GPU ran it: %g\n", double(b[0]));
  } catch (hetmap::device_unavailable const& e) {
    if (std::strstr(e.what(), "CUDA") == nullptr) {
      std::fprintf(stderr, "the driver's reason is missing: %s\n", e.what());
      return 1;
    }
    std::printf("%s\n", e.what());
  }
  std::printf("%zu elements right in both files\n", x.size());
  return 0;
}
