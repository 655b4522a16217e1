// A plugin that maps: whatever starts threads is used, and left to itself when it is closed.
#include <hetmap/hetmap.hpp>

#include <ranges>
#include <vector>

extern "C" int use_the_library() {
  std::vector<float> const x(1 << 16, 2);
  auto const twice = [](auto v) { return 2 * v; };
  // Short calls, often: the hot team wakes up.
  for (int k = 0; k != 50; ++k)
    if (hetmap::map(twice, x)[7] != 4) return 1;
  if (hetmap::map({.backend = hetmap::backend::cpu}, twice, std::views::iota(0, 1000))[1] != 2)
    return 2;
  float sum = 0;
  for (float const v : hetmap::imap(twice, x)) sum += v;
  if (sum != 4 << 16) return 3;
  if (hetmap::default_pool().submit([] { return 5; }).get() != 5) return 4;
  static hetmap::pool own(2);
  return own.map_async(twice, x).get()[9] == 4 ? 0 : 5;
}
