// How long does a file take to compile that makes one map?
#include <hetmap/hetmap.hpp>

#include <vector>

struct square {
  HETMAP_FN float operator()(float x) const { return x * x; }
};

void squares(std::vector<float>& out, std::vector<float> const& in) {
  hetmap::map_into(out, square{}, in);
}
