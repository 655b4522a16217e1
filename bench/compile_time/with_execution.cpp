// The same with the parallel algorithms of the standard library.
#include <algorithm>
#include <execution>
#include <vector>

struct square {
  float operator()(float x) const { return x * x; }
};

void squares(std::vector<float>& out, std::vector<float> const& in) {
  std::transform(std::execution::par, in.begin(), in.end(), out.begin(), square{});
}
