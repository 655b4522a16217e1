// Texts: how numbers read, names of types, and texts that stay.
#pragma once

#include <string>

namespace hetmap::core {

/// Appends what printf would print, up to 255 characters.
__attribute__((__format__(__printf__, 2, 3))) void add(std::string& out, char const* format, ...);

/// "61.2 us"; "not known" if it is negative.
[[nodiscard]] std::string duration(double seconds);

/// A type's name as it would be written.
[[nodiscard]] std::string demangled(char const* name);

/// The same text, kept until the process ends; each one once.
[[nodiscard]] char const* interned(std::string const& text);

}  // namespace hetmap::core
