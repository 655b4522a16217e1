#include <hetmap/hetmap.hpp>

#include <iostream>
#include <vector>

struct square {
  HETMAP_FN double operator()(double v) const { return v * v; }
};

int main() {
  std::vector<double> const x{1, 2, 3, 4};
  for (double y : hetmap::map(square{}, x)) std::cout << y << '\n';
}
