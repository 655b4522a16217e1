// The standard algorithms with std::execution::par_unseq.
//
// std::transform takes one or two inputs and one output. For more, for_each over the first output:
// an element's address is its index. (iota views do not do: libstdc++ takes their iterators for
// single-pass ones and runs serially.)
#include "../contender.hpp"
#include "../workers.hpp"

#include <execution>
#include <numeric>

namespace {

struct par_unseq {
  using math = bench::standard_math;

  template <class F, class Out, class In>
  static void into(std::size_t n, F f, std::tuple<Out*> out, In const* in) {
    std::transform(std::execution::par_unseq, in, in + n, std::get<0>(out), f);
  }
  template <class F, class Out, class A, class B>
  static void into(std::size_t n, F f, std::tuple<Out*> out, A const* a, B const* b) {
    std::transform(std::execution::par_unseq, a, a + n, b, std::get<0>(out), f);
  }
  template <class F, class... Out, class... In>
  static void into(std::size_t n, F f, std::tuple<Out*...> out, In const*... in) {
    auto* const first = std::get<0>(out);
    std::for_each(std::execution::par_unseq, first, first + n, [=](auto& element) {
      bench::map_one(static_cast<std::size_t>(&element - first), f, out, in...);
    });
  }
  template <class F, class Op, class T, class In>
  static T fold(std::size_t n, F f, Op op, T init, In const* in) {
    return std::transform_reduce(std::execution::par_unseq, in, in + n, init, op, f);
  }
  template <class F, class Op, class T, class A, class B>
  static T fold(std::size_t n, F f, Op op, T init, A const* a, B const* b) {
    return std::transform_reduce(std::execution::par_unseq, a, a + n, b, init, op, f);
  }
  template <class F, class... Out, class... In>
  static auto returning(std::size_t n, F f, std::tuple<Out*...> kept, In const*... in) {
    return bench::made<bench::std_vector>(n, kept, [&](auto out) { into(n, f, out, in...); });
  }
};

}  // namespace

int main(int argc, char** argv) {
  bench::program self{.use_workers = bench::use_tbb_workers};
  bench::add_all<par_unseq>(self.entries, "par_unseq");
  return bench::run_program(self, argc, argv);
}
