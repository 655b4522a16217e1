// Other programs, run by a bench.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace bench {

/// What a program writes to its standard output, once it has ended; the standard error is shared.
/// No value if it could not be started, or did not end with status 0. A name without a slash is
/// looked up in PATH.
[[nodiscard]] std::optional<std::string> output_of(std::vector<std::string> words);

/// The path of the program that runs.
[[nodiscard]] std::string own_program();

}  // namespace bench
