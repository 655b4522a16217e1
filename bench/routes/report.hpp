// What was measured, as tables, JSON, CSV and a plot.
#pragma once

#include "cell.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace bench::routes {

/// A table with a row per kernel and kind of data: regret, noise, first calls; then the cells with
/// the largest regret.
[[nodiscard]] std::string regret_table(std::span<cell const> cells);

/// How often automatic choice took the fastest backend, and what it cost where it did not.
[[nodiscard]] std::string decision_table(std::span<cell const> cells);

/// A record per cell and contender, in the form that all benches of the project write.
[[nodiscard]] std::string times_json(std::span<cell const> cells);

/// A record per cell: what times_json has no place for.
[[nodiscard]] std::string regrets_json(std::span<cell const> cells);

/// A row per cell, a column per contender, median nanoseconds of a call; empty where there is none.
[[nodiscard]] std::string times_csv(std::span<cell const> cells);

/// The gnuplot script that draws that CSV: a panel per kernel and kind of data, time against
/// elements, a line per backend and automatic choice on top.
[[nodiscard]] std::string plot_script(std::span<cell const> cells, std::filesystem::path const& csv,
                                      std::filesystem::path const& picture);

/// Throws std::runtime_error if the file cannot be written.
void write_text(std::filesystem::path const& path, std::string const& text);

}  // namespace bench::routes
