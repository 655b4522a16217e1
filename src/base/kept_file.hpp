// Small text files that processes leave to one another: read whole, replaced whole, and known to be
// neither cut off nor changed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hetmap::core {

/// What reading a file came to.
struct read_file {
  std::string text{};
  int error = 0;      ///< the system's; 0: none
  std::string why{};  ///< it is nothing to read; empty: it is
};

/// The whole of a regular file, or `largest` bytes and one more, which shows that it is too large;
/// waits for nobody.
[[nodiscard]] read_file read_kept_file(std::string const& path, std::size_t largest);

/// Puts `text` in the place of `path`: all of it or nothing, whoever else writes there. Makes the
/// folders on the way.
///
/// Returns:  the system's error; 0: none.
[[nodiscard]] int write_kept_file(std::string const& path, std::string const& text);

/// Ends a text by a line with the sum of all before it.
void add_checksum(std::string& text);
/// Takes that line off. False: it is not there, or the text is another.
[[nodiscard]] bool take_checksum(std::string_view& text);

}  // namespace hetmap::core
