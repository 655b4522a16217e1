// Any bytes as a profile, as they are and with the checksum that they ought to have: they are
// refused, or every value is plausible and the profile can be written and read again.
#include "base/kept_file.hpp"
#include "base/profile.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void parse(std::string_view text) {
  auto const read = hetmap::core::parse_profile(text);
  if (!read.error.empty()) return;
  if (!hetmap::core::implausible(read.profile).empty()) std::abort();
  std::string const written = hetmap::core::profile_text(read.profile);
  auto const again = hetmap::core::parse_profile(written);
  if (!again.error.empty() || hetmap::core::profile_text(again.profile) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string text(reinterpret_cast<char const*>(data), size);
  parse(text);
  hetmap::core::add_checksum(text);
  parse(text);
  return 0;
}
