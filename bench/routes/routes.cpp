// hetmap-bench routes: how far automatic choice is from the best fixed backend, over kernel, size
// and kind of data.
#include "../child.hpp"
#include "../subcommand.hpp"
#include "grid.hpp"
#include "report.hpp"

#include <hetmap/profile.hpp>
#include <hetmap/topology.hpp>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <unistd.h>

namespace bench::routes {
namespace {

void write_files(settings const& asked, std::span<cell const> cells) {
  std::filesystem::path const json = asked.json;
  auto const beside = [&](char const* extension) {
    return std::filesystem::path(json).replace_extension(extension);
  };
  write_text(json, times_json(cells));
  write_text(beside(".regrets.json"), regrets_json(cells));
  write_text(beside(".csv"), times_csv(cells));
  write_text(beside(".gnuplot"), plot_script(cells, beside(".csv"), beside(".svg")));
  std::string const stem = beside("").string();
  fmt::print("written: {}, {}.regrets.json, {}.csv, {}.gnuplot\n", json.string(), stem, stem, stem);
  if (output_of({"gnuplot", beside(".gnuplot").string()}))
    fmt::print("drawn: {}.svg\n", stem);
  else
    fmt::print("no plot: that takes gnuplot (Debian, Ubuntu: apt-get install gnuplot-nox)\n");
}

void run(settings const& asked) {
  if (!asked.first_call.empty()) return print_first_call(asked.first_call);
  if (asked.list) {
    for (auto const& k : kernels()) fmt::print("{}\n", k.what->name);
    return;
  }
  if (hetmap::default_backend() != hetmap::backend::automatic)
    throw std::invalid_argument("HETMAP_BACKEND is set, so that nothing is chosen automatically");
  double load = 0;
  if (getloadavg(&load, 1) != 1) load = 0;
  grid all(asked);
  write_text(asked.json, times_json({}));  // rather now than in half an hour
  auto const began = std::chrono::steady_clock::now();
  all.run();
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K");
  fmt::print("{} workers, level {}; profile: {}\n{:.0f} s; load of the machine before: {:.1f}\n{}",
             hetmap::physical_cores(), hetmap::name(hetmap::isa_level()), hetmap::profile_status(),
             took.count(), load, load > 0.5 ? "The machine was busy: not for comparisons.\n" : "");
  fmt::print("\n{}\n{}\n", regret_table(all.cells()), decision_table(all.cells()));
  if (!all.left_out().empty()) fmt::print("Left out:\n{}\n", all.left_out());
  write_files(asked, all.cells());
}

void add_options(CLI::App& routes, settings& asked) {
  routes
      .add_option("--kernels", asked.kernels,
                  "Regular expressions, with commas between them; default: all")
      ->delimiter(',')
      ->type_name("NAME,...");
  routes
      .add_option(
          "--memory", asked.memories,
          "page_aligned, std_vector, array, generated; default: all, array where there is a GPU")
      ->delimiter(',')
      ->type_name("MEMORY,...");
  routes
      .add_option("--sizes", asked.sizes,
                  "Elements: 4096, or 2^12; default: half decades from 1 to 2^27")
      ->delimiter(',')
      ->type_name("N,...");
  routes
      .add_option("--rounds", asked.rounds,
                  "In each of which everybody takes a turn; fewer where a cell would take too long")
      ->check(CLI::Range(4, 10'000))
      ->capture_default_str();
  routes.add_option("--seconds", asked.seconds, "Most of a cell; larger sizes are left out")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  routes
      .add_option("--memory-limit", asked.gigabytes,
                  "Most of a kernel's columns, in GB; default: half of the machine's")
      ->check(CLI::Range(0.001, 1e5))
      ->type_name("GB");
  routes
      .add_option("--launches", asked.launches,
                  "Processes for each first call, up to 10^6 elements; 0: no first calls")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  routes.add_option("--json", asked.json, "Where the times go; regrets, CSV and plot go beside it")
      ->type_name("FILE")
      ->capture_default_str();
  routes.add_flag("--quick", asked.quick,
                  "Five kernels, four sizes, less time: to see that it works");
  routes.add_flag("--list", asked.list, "The kernels' names");
  routes.add_option("--first-call", asked.first_call)->group("");
}

}  // namespace
}  // namespace bench::routes

namespace bench {

void add_routes(CLI::App& program) {
  CLI::App* const routes = program.add_subcommand("routes",
                                                  "Automatic choice against each backend by name: "
                                                  "regret over kernels, sizes and kinds of data, "
                                                  "first calls, decisions. On two cores all of it "
                                                  "takes about half an hour, --quick some seconds. "
                                                  "A machine that does nothing else, please.");
  auto const asked = std::make_shared<routes::settings>();
  routes::add_options(*routes, *asked);
  routes->callback([routes, asked] {
    if (asked->quick) {
      if (routes->count("--rounds") == 0) asked->rounds = 8;
      if (routes->count("--seconds") == 0) asked->seconds = 0.2;
      if (routes->count("--launches") == 0) asked->launches = 1;
    }
    try {
      routes::run(*asked);
    } catch (std::invalid_argument const& error) {
      throw CLI::ValidationError(error.what());
    }
  });
}

}  // namespace bench
