// The standard algorithms with std::execution::par_unseq.
//
// std::transform takes one or two inputs and one output. For more, for_each over the first output:
// an element's address is its index. (iota views do not do: libstdc++ takes their iterators for
// single-pass ones and runs serially.)
#include "../contender.hpp"
#include "../workers.hpp"

#include <execution>

namespace {

struct par_unseq {
  using math = bench::standard_math;

  template <class F, class T, class In>
  static void into(std::size_t n, F f, std::array<T*, 1> out, In const* in) {
    std::transform(std::execution::par_unseq, in, in + n, out[0], f);
  }
  template <class F, class T, std::size_t K, class... In>
  static void into(std::size_t n, F f, std::array<T*, K> out, In const*... in) {
    std::for_each(std::execution::par_unseq, out[0], out[0] + n, [=](T& element) {
      bench::map_one(static_cast<std::size_t>(&element - out[0]), f, out, in...);
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
  bench::add_all<par_unseq>(self.entries, "par_unseq");
  return bench::run_program(self, argc, argv);
}
