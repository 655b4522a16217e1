// Any bytes as rates, as they are and with the checksum that they ought to have: they are refused,
// or can be written and read again.
#include "base/kept_file.hpp"
#include "base/kept_rates.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void parse(std::string_view text) {
  auto const read = hetmap::core::parse_rates(text);
  if (!read.error.empty()) return;
  std::string const written = hetmap::core::rates_text(read.rates);
  auto const again = hetmap::core::parse_rates(written);
  if (!again.error.empty() || hetmap::core::rates_text(again.rates) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string text(reinterpret_cast<char const*>(data), size);
  parse(text);
  hetmap::core::add_checksum(text);
  parse(text);
  return 0;
}
