// Squares of ten million numbers: one function, one range in, one vector out.
#include "timed.hpp"

#include <hetmap/pool.hpp>

#include <cstdint>
#include <ranges>
#include <utility>
#include <vector>

int main() {
  constexpr std::int64_t n = 10'000'000;
  hetmap::pool pool{2u};
  auto const square = [](std::int64_t i) { return i * i; };
  auto const power = [](std::int64_t base, int) { return base * base; };

  // The first result of this size waits for 80 MB of new memory from the system; later ones lie
  // where it did.
  timed("map, 10^7 squares", [&] {
    auto const squares = pool.map(square, std::views::iota(std::int64_t{0}, n));
    require(squares[n - 1] == (n - 1) * (n - 1), "squares");
  });

  std::vector<std::pair<std::int64_t, int>> rows;
  for (std::int64_t i = 0; i != 1'000'000; ++i) rows.emplace_back(i, 2);
  timed("starmap, 10^6 powers", [&] {
    auto const powers = pool.starmap(power, rows);
    require(powers[1000] == 1'000'000, "powers");
  });

  timed("map, 10^6 squares, chunks of 1000", [&] {
    auto const squares = pool.map({.chunk_size = 1000}, square,
                                  std::views::iota(std::int64_t{0}, std::int64_t{1'000'000}));
    require(squares[3] == 9, "chunks");
  });
}
