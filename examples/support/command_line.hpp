// What the examples' command lines have in common.
#pragma once

#include "contest.hpp"

#include <hetmap/options.hpp>

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace examples {

/// The options that every example has.
struct common_options {
  hetmap::backend backend = hetmap::backend::inherit;
  unsigned repetitions = 7;
  std::string json = {};  ///< file for the comparison's figures; empty: none
  std::string csv = {};   ///< the same
};

/// Adds --backend.
///
/// Requires: `value` outlives the parsing.
void add_backend_option(CLI::App& app, hetmap::backend& value);

/// Adds --backend, --repetitions, --json and --csv.
///
/// Requires: `values` outlives the parsing.
void add_common_options(CLI::App& app, common_options& values);

/// Parses the command line and runs `body`. What either throws goes to standard error.
///
/// Returns:  the program's exit status: 0 if all went well.
int run_program(CLI::App& app, int argc, char** argv, std::function<void()> const& body);

/// The backends that exist here: serial, cpu, auto, and gpu and hybrid if `probe`, called with
/// each, does not throw device_unavailable. Says on standard output which do not, and why.
[[nodiscard]] std::vector<hetmap::backend> backends_here(
    std::function<void(hetmap::backend)> const& probe);

/// Runs the contest, prints its table and writes the files that were asked for.
///
/// Requires: --repetitions from 1.
void run_contest(contest& race, common_options const& how);

}  // namespace examples
