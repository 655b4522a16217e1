// Any bytes as the front of a .npy file: they are parsed or refused, and what was parsed can be
// written and parsed again.
#include <hetmap/npy.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  namespace npy = hetmap::npy;
  auto const bytes = std::as_bytes(std::span(data, size));
  try {
    npy::header const h = npy::parse_header(bytes);
    if (h.data_offset > size || npy::header_bytes(bytes) != h.data_offset) std::abort();
    std::size_t const n = h.elements();
    for (std::size_t const length : h.shape)
      if (length != 0 && n % length != 0) std::abort();
    auto const text = npy::make_header(h.type, h.shape);
    auto const again = npy::parse_header(std::as_bytes(std::span(text.data(), text.size())));
    if (again.shape != h.shape || !(again.type == h.type) || again.data_offset % 64 != 0)
      std::abort();
  } catch (npy::format_error const&) {
  }
  return 0;
}
