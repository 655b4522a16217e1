// Exact factorials of a million random integers in 1..99, by 1 to 4 workers. 99! has 518 bits:
// whole numbers of nine 64-bit words are enough, and no library of big integers is needed.
#include "timed.hpp"

#include <hetmap/pool.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

using wide = std::array<std::uint64_t, 9>;  // least significant word first

/// Requires: n < 100.
wide factorial(unsigned n) {
  __extension__ using twice = unsigned __int128;
  wide product{1};
  std::size_t length = 1;
  auto const multiply = [&](std::uint64_t factor) {
    std::uint64_t carry = 0;
    for (std::size_t w = 0; w != length; ++w) {
      twice const p = twice{product[w]} * factor + carry;
      product[w] = static_cast<std::uint64_t>(p);
      carry = static_cast<std::uint64_t>(p >> 64);
    }
    if (carry != 0) product[length++] = carry;
  };
  // Eight factors below 100 fit a word: they are multiplied in together.
  std::uint64_t k = 1;
  for (; k + 7 <= n; k += 8)
    multiply(((k * (k + 1)) * ((k + 2) * (k + 3))) * (((k + 4) * (k + 5)) * ((k + 6) * (k + 7))));
  std::uint64_t rest = 1;
  for (; k <= n; ++k) rest *= k;
  multiply(rest);
  return product;
}

std::string decimal(wide number) {
  __extension__ using twice = unsigned __int128;
  std::string digits;
  do {
    std::uint64_t rest = 0;
    for (std::size_t k = number.size(); k-- != 0;) {
      twice const value = (twice{rest} << 64) | number[k];
      number[k] = static_cast<std::uint64_t>(value / 10);
      rest = static_cast<std::uint64_t>(value % 10);
    }
    digits.insert(digits.begin(), static_cast<char>('0' + rest));
  } while (number != wide{});
  return digits;
}

}  // namespace

int main() {
  require(decimal(factorial(25)) == "15511210043330985984000000", "25!");
  require(decimal(factorial(99)).size() == 156, "99!");
  std::mt19937 random(1);
  std::vector<unsigned> numbers(1'000'000);
  for (unsigned& n : numbers) n = 1 + static_cast<unsigned>(random() % 99);
  for (unsigned const workers : {1u, 2u, 3u, 4u}) {
    hetmap::pool pool{workers};
    timed("10^6 factorials, " + std::to_string(workers) + " workers", [&] {
      auto const factorials = pool.map(factorial, numbers);
      require(factorials[7] == factorial(numbers[7]), "a factorial");
    });
  }
}
