// What tells this machine, and this build of the library, from others: values that were measured on
// one hold on no other.
#pragma once

#include <string>

namespace hetmap::core {

/// Processor, physical cores that this process may use, last-level cache: one line.
[[nodiscard]] std::string this_machine();

/// Version, compiler and how it was compiled: one line.
[[nodiscard]] std::string this_build();

}  // namespace hetmap::core
