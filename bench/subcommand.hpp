// hetmap-bench is a program of subcommands. One is a function that adds itself to the command line,
// in a file of its own, and a line in hetmap_bench.cpp.
#pragma once

#include <CLI/CLI.hpp>

namespace bench {

/// Adds a subcommand whose callback does the work; what it throws ends the program with a message.
using add_subcommand = void (*)(CLI::App& program);

/// The regret of automatic choice (routes/routes.cpp).
void add_routes(CLI::App& program);

}  // namespace bench
