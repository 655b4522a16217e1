// OpenMP's parallel for simd, and its reductions. Compiled twice: as it is, and with -ffast-math.
#include "../contender.hpp"

#include <omp.h>

namespace {

struct openmp {
  using math = bench::standard_math;

  template <class F, class... Out, class... In>
  static void into(std::size_t n, F f, std::tuple<Out*...> out, In const*... in) {
#pragma omp parallel for simd
    for (std::size_t i = 0; i < n; ++i) bench::map_one(i, f, out, in...);
  }
  template <class F, class T, class... In>
  static T fold(std::size_t n, F f, bench::plus, T sum, In const*... in) {
#pragma omp parallel for simd reduction(+ : sum)
    for (std::size_t i = 0; i < n; ++i) sum += f(in[i]...);
    return sum;
  }
  template <class F, class T, class... In>
  static T fold(std::size_t n, F f, bench::larger, T largest, In const*... in) {
#pragma omp parallel for simd reduction(max : largest)
    for (std::size_t i = 0; i < n; ++i) {
      T const x = f(in[i]...);
      largest = largest < x ? x : largest;
    }
    return largest;
  }
  template <class F, class... Out, class... In>
  static auto returning(std::size_t n, F f, std::tuple<Out*...> kept, In const*... in) {
    return bench::made<bench::std_vector>(n, kept, [&](auto out) { into(n, f, out, in...); });
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
