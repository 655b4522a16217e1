// What a first program does with hetmap: maps, picks a backend, catches what goes wrong.
#include <hetmap/hetmap.hpp>
#include <hetmap/math.hpp>
#include <hetmap/npy.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace {

int failures = 0;

void expect(bool ok, char const* what) {
  if (ok) return;
  ++failures;
  std::fprintf(stderr, "wrong: %s\n", what);
}

struct square {
  HETMAP_FN double operator()(double v) const { return v * v; }
};

struct hypotenuse {
  HETMAP_FN double operator()(double a, double b) const { return std::sqrt(a * a + b * b); }
};

struct gauss {
  HETMAP_FN double operator()(double v) const { return hetmap::math::exp(-(v * v)); }
};

struct refuses_negative {
  HETMAP_FN int operator()(int v) const {
    if (v < 0) hetmap::fail(7);
    return v + 1;
  }
};

}  // namespace

int main() {
  std::vector<double> x(100'003);
  std::iota(x.begin(), x.end(), -1000.0);

  auto const y = hetmap::map(square{}, x);
  bool same = y.size() == x.size();
  for (std::size_t i = 0; same && i != x.size(); ++i) same = y[i] == x[i] * x[i];
  expect(same, "map equals the serial loop");

  std::vector<double> z(x.size());
  for (auto const where : {hetmap::backend::serial, hetmap::backend::cpu}) {
    hetmap::map_into({.backend = where}, z, hypotenuse{}, x, y);
    same = true;
    for (std::size_t i = 0; same && i != x.size(); ++i) {
      double const exact = std::sqrt(x[i] * x[i] + y[i] * y[i]);
      same = std::abs(z[i] - exact) <= 1e-15 * exact;
    }
    expect(same, "map_into of two ranges equals the serial loop");
  }

  std::vector<double> const near{-1, -0.5, 0, 0.5, 1};
  auto const bell = hetmap::map(gauss{}, near);
  same = true;
  for (std::size_t i = 0; same && i != near.size(); ++i)
    same = std::abs(bell[i] - std::exp(-(near[i] * near[i]))) < 1e-14;
  expect(same, "functions of hetmap::math");

  std::vector<std::tuple<int, long>> const rows{{1, 2}, {3, 4}};
  auto const sums = hetmap::starmap([](int a, long b) { return a + b; }, rows);
  expect(sums.size() == 2 && sums[0] == 3 && sums[1] == 7, "starmap");

  auto const words = hetmap::map([](int i) { return std::string(3, static_cast<char>('a' + i)); },
                                 std::vector{0, 1, 2});
  expect(words.size() == 3 && words[2] == "ccc", "results that are no numbers");

  std::vector<int> const mixed{3, 4, -5, 6, -7};
  try {
    static_cast<void>(hetmap::map(refuses_negative{}, mixed));
    expect(false, "fail() throws");
  } catch (hetmap::kernel_error const& error) {
    expect(error.code() == 7, "the code of fail()");
    expect(hetmap::failed_index() == std::optional<std::size_t>(2), "the lowest failing index");
  }
  try {
    static_cast<void>(hetmap::map({.chunk_size = 0}, square{}, x));
    expect(false, "a chunk size of 0 is refused");
  } catch (hetmap::option_error const&) {
  }
  try {
    static_cast<void>(hetmap::map({.backend = hetmap::backend::gpu}, square{}, x));
    expect(false, "no GPU is no silent choice");
  } catch (hetmap::device_unavailable const&) {
  }

  // Strings and vectors that come out of the library.
  auto const text = hetmap::npy::make_header({'f', 8}, std::vector<std::size_t>{2, 3});
  auto const header = hetmap::npy::parse_header(std::as_bytes(std::span(text)));
  expect(header.shape == std::vector<std::size_t>{2, 3} && header.data_offset == text.size(),
         "a header is read as it was written");

  auto const plan = hetmap::explain(square{}, x);
  expect(plan.elements == x.size(), "explain");
  std::printf("%s%s\n", to_string(plan).c_str(), failures == 0 ? "all right" : "");
  return failures == 0 ? 0 : 1;
}
