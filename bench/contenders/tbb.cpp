// oneTBB's parallel_for and parallel_reduce as its documentation shows them: a blocked_range, the
// default partitioner, a loop over pointers that do not alias.
#include "../contender.hpp"
#include "../workers.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>

namespace {

struct raw_tbb {
  using math = bench::standard_math;

  template <class F, class... Out, class... In>
  static void into(std::size_t n, F f, std::tuple<Out*...> out, In const*... in) {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, n), [=](auto const& part) {
      bench::loop(part.begin(), part.end(), f, out, in...);
    });
  }
  template <class F, class T, class... In>
  static void in_place(std::size_t n, F f, T* inout, In const*... in) {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, n), [=](auto const& part) {
      bench::loop_in_place(part.begin(), part.end(), f, inout, in...);
    });
  }
  template <class F, class Op, class T, class... In>
  static T fold(std::size_t n, F f, Op op, T init, In const*... in) {
    return tbb::parallel_reduce(
        tbb::blocked_range<std::size_t>(0, n), init,
        [=](auto const& part, T sum) {
          return bench::loop_fold(part.begin(), part.end(), f, op, sum, in...);
        },
        op);
  }
  template <class F, class... Out, class... In>
  static auto returning(std::size_t n, F f, std::tuple<Out*...> kept, In const*... in) {
    return bench::made<bench::std_vector>(n, kept, [&](auto out) { into(n, f, out, in...); });
  }
};

}  // namespace

int main(int argc, char** argv) {
  bench::program self{.use_workers = bench::use_tbb_workers};
  bench::add_all<raw_tbb>(self.entries, "tbb");
  return bench::run_program(self, argc, argv);
}
