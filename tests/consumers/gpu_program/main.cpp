// Maps on the GPU by name: with one that works, without one the driver's reason is said.
#include "kernels.hpp"

#include <hetmap/hetmap.hpp>

#include <cstdio>
#include <cstring>
#include <vector>

int version_of_the_kernels();

int main() {
  std::vector<double> const x(100000, 3.0);
  try {
    auto const y = hetmap::map({.backend = hetmap::backend::gpu}, square{}, x);
    std::printf("on the GPU: %g\n", y[99999]);
    return y[99999] == 9 ? 0 : 1;
  } catch (hetmap::device_unavailable const& e) {
    std::printf("%s\n", e.what());
    bool const good = std::strstr(e.what(), "CUDA") != nullptr &&
                      hetmap::map(square{}, x)[99999] == 9 && version_of_the_kernels() == 1;
    return good ? 0 : 1;
  }
}
