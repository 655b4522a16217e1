// oneTBB's parallel_for as its documentation shows it: a blocked_range, the default partitioner, a
// loop over pointers that do not alias.
#include "../contender.hpp"
#include "../workers.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

namespace {

struct raw_tbb {
  using math = bench::standard_math;

  template <class F, class T, std::size_t K, class... In>
  static void into(std::size_t n, F f, std::array<T*, K> out, In const*... in) {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, n), [=](auto const& part) {
      bench::loop(part.begin(), part.end(), f, out, in...);
    });
  }
  template <class F, class T, std::size_t K, class... In>
  static auto returning(std::size_t n, F f, std::array<T*, K>, In const*... in) {
    return bench::made<std::vector<T>, K>(n, [&](auto out) { into(n, f, out, in...); });
  }
};

}  // namespace

int main(int argc, char** argv) {
  bench::program self{.use_workers = bench::use_tbb_workers};
  bench::add_all<raw_tbb>(self.entries, "tbb");
  return bench::run_program(self, argc, argv);
}
