// A loop.
#include "../contender.hpp"

namespace {

struct serial {
  using math = bench::standard_math;

  template <class F, class T, std::size_t K, class... In>
  static void into(std::size_t n, F f, std::array<T*, K> out, In const*... in) {
    bench::loop(0, n, f, out, in...);
  }
  template <class F, class T, std::size_t K, class... In>
  static auto returning(std::size_t n, F f, std::array<T*, K>, In const*... in) {
    return bench::made<std::vector<T>, K>(n, [&](auto out) { into(n, f, out, in...); });
  }
};

}  // namespace

int main(int argc, char** argv) {
  bench::program self{.use_workers = [](unsigned) {}};
  bench::add_all<serial>(self.entries, "serial");
  return bench::run_program(self, argc, argv);
}
