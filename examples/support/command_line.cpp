#include "command_line.hpp"

#include <hetmap/error.hpp>

#include <exception>

#include <fmt/core.h>

namespace examples {

void add_backend_option(CLI::App& app, hetmap::backend& value) {
  app.add_option_function<std::string>(
         "--backend",
         [&value](std::string const& text) {
           try {
             value = hetmap::backend_from_name(text, "--backend");
           } catch (hetmap::option_error const& error) {
             throw CLI::ValidationError(error.what());
           }
         },
         "Where the result is computed: auto, serial, cpu, gpu or hybrid. Default: "
         "HETMAP_BACKEND, else auto")
      ->type_name("NAME");
}

void add_common_options(CLI::App& app, common_options& values) {
  add_backend_option(app, values.backend);
  app.add_option("--repetitions", values.repetitions,
                 "Repetitions of the comparison with a plain loop; 0: no comparison")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--json", values.json, "Write the comparison's figures to this file as JSON")
      ->type_name("FILE");
  app.add_option("--csv", values.csv, "Write the comparison's figures to this file as CSV")
      ->type_name("FILE");
}

int run_program(CLI::App& app, int argc, char** argv, std::function<void()> const& body) {
  try {
    app.parse(argc, argv);
    body();
    return 0;
  } catch (CLI::ParseError const& error) {
    return app.exit(error);
  } catch (std::exception const& error) {
    fmt::print(stderr, "{}: {}\n", app.get_name(), error.what());
    return 1;
  }
}

std::vector<hetmap::backend> backends_here(std::function<void(hetmap::backend)> const& probe) {
  using hetmap::backend;
  std::vector<backend> here;
  for (backend const b :
       {backend::serial, backend::cpu, backend::automatic, backend::gpu, backend::hybrid}) {
    try {
      probe(b);
      here.push_back(b);
    } catch (hetmap::device_unavailable const& error) {
      fmt::print("not compared: {}\n", error.what());
    }
  }
  return here;
}

void run_contest(contest& race, common_options const& how) {
  race.run(how.repetitions);
  fmt::print("{}", race.table());
  if (!how.json.empty()) write_text(how.json, race.json());
  if (!how.csv.empty()) write_text(how.csv, race.csv());
}

}  // namespace examples
