// What the fuzzers of texts that the library writes have in common.
#pragma once

#include "base/kept_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

/// Any bytes as such a text, as they are and with the checksum that they ought to have: they are
/// refused, or what they hold can be written and read again.
///
/// parse(text): something with an `error`. text_of(parsed): the same as a text.
template <class Parse, class TextOf>
void read_and_write(std::uint8_t const* data, std::size_t size, Parse parse, TextOf text_of) {
  auto const try_one = [&](std::string_view text) {
    auto const read = parse(text);
    if (!read.error.empty()) return;
    std::string const written = text_of(read);
    auto const again = parse(written);
    if (!again.error.empty() || text_of(again) != written) std::abort();
  };
  std::string text(reinterpret_cast<char const*>(data), size);
  try_one(text);
  hetmap::core::add_checksum(text);
  try_one(text);
}
