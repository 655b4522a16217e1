// Any bytes as rates that another process left.
#include "base/kept_rates.hpp"
#include "texts.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  read_and_write(data, size, hetmap::core::parse_rates,
                 [](auto const& parsed) { return hetmap::core::rates_text(parsed.rates); });
  return 0;
}
