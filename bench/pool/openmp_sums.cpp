#include "openmp_sums.hpp"

namespace bench {

std::uint64_t openmp_squares(std::uint64_t n) {
  std::uint64_t sum = 0;
#pragma omp parallel for simd reduction(+ : sum) schedule(static)
  for (std::uint64_t i = 0; i < n; ++i) sum += i * i;
  return sum;
}

float openmp_sum(float const* x, std::size_t n) {
  float sum = 0;
#pragma omp parallel for simd reduction(+ : sum) schedule(static)
  for (std::size_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

}  // namespace bench
