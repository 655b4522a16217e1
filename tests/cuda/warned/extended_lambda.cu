// expect: through a pointer
#include <hetmap/hetmap.hpp>

#include <vector>

void scale(std::vector<float>& out, std::vector<float> const& in, float factor) {
  hetmap::map_into(
      out, [factor] __host__ __device__(float v) { return factor * v; }, in);
}
