// The same with a loop: what the compiler takes for <vector> alone.
#include <cstddef>
#include <vector>

void squares(std::vector<float>& out, std::vector<float> const& in) {
  for (std::size_t i = 0; i != in.size(); ++i) out[i] = in[i] * in[i];
}
