// hetmap-bench: what hetmap measures of itself on this machine, a subcommand each.
#include "subcommand.hpp"

#include <exception>

#include <fmt/core.h>

int main(int argc, char** argv) {
  CLI::App program{"Measures hetmap on this machine.", "hetmap-bench"};
  program.require_subcommand(1);
  for (bench::add_subcommand const add : {bench::add_routes}) add(program);
  try {
    program.parse(argc, argv);
    return 0;
  } catch (CLI::ParseError const& error) {
    // Status 2 is a wrong argument, as in the other benches.
    return program.exit(error) == 0 ? 0 : 2;
  } catch (std::exception const& error) {
    fmt::print(stderr, "{}: {}\n", program.get_name(), error.what());
    return 1;
  }
}
