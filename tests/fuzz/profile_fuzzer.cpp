// Any bytes as a profile: what is read is plausible.
#include "base/profile.hpp"
#include "texts.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  read_and_write(data, size, hetmap::core::parse_profile, [](auto const& parsed) {
    if (!hetmap::core::implausible(parsed.profile).empty()) std::abort();
    return hetmap::core::profile_text(parsed.profile);
  });
  return 0;
}
