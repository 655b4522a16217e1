// A loop.
#include "../contender.hpp"

namespace {

struct serial {
  using math = bench::standard_math;

  template <class F, class... Out, class... In>
  static void into(std::size_t n, F f, std::tuple<Out*...> out, In const*... in) {
    bench::loop(0, n, f, out, in...);
  }
  template <class F, class T, class... In>
  static void in_place(std::size_t n, F f, T* inout, In const*... in) {
    bench::loop_in_place(0, n, f, inout, in...);
  }
  template <class F, class Op, class T, class... In>
  static T fold(std::size_t n, F f, Op op, T init, In const*... in) {
    return bench::loop_fold(0, n, f, op, init, in...);
  }
  template <class F, class... Out, class... In>
  static auto returning(std::size_t n, F f, std::tuple<Out*...> kept, In const*... in) {
    return bench::made<bench::std_vector>(n, kept, [&](auto out) { into(n, f, out, in...); });
  }
};

}  // namespace

int main(int argc, char** argv) {
  bench::program self{.use_workers = [](unsigned) {}};
  bench::add_all<serial>(self.entries, "serial");
  return bench::run_program(self, argc, argv);
}
