// OpenMP's parallel for simd. Compiled twice: as it is, and with -ffast-math.
#include "../contender.hpp"

#include <omp.h>

namespace {

struct openmp {
  using math = bench::standard_math;

  template <class F, class T, std::size_t K, class... In>
  static void into(std::size_t n, F f, std::array<T*, K> out, In const*... in) {
#pragma omp parallel for simd
    for (std::size_t i = 0; i < n; ++i) bench::map_one(i, f, out, in...);
  }
  template <class F, class T, std::size_t K, class... In>
  static auto returning(std::size_t n, F f, std::array<T*, K>, In const*... in) {
    return bench::made<std::vector<T>, K>(n, [&](auto out) { into(n, f, out, in...); });
  }
};

}  // namespace

int main(int argc, char** argv) {
  bench::program self{
      .use_workers = [](unsigned workers) { omp_set_num_threads(static_cast<int>(workers)); }};
#ifdef __FAST_MATH__
  self.fast_math = true;
  bench::add_all<openmp>(self.entries, "openmp-fast");
#else
  bench::add_all<openmp>(self.entries, "openmp");
#endif
  return bench::run_program(self, argc, argv);
}
