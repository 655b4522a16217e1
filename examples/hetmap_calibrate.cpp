// hetmap-calibrate: measures this machine and writes the profile that plans go by.
#include "support/command_line.hpp"

#include <hetmap/profile.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

#include <fmt/core.h>

#ifdef HETMAP_CALIBRATES_CUDA
#include <hetmap/detail/seam/cuda_half.hpp>
#endif

int main(int argc, char** argv) {
  std::string output = hetmap::profile_path();
  bool dry = false;
  bool show = false;
  CLI::App app{
      "Measures what this machine's cores, memory and GPUs take, which needs them for a few "
      "seconds, "
      "and writes the profile that hetmap's plans go by. HETMAP_PROFILE=FILE makes programs use "
      "another file, HETMAP_PROFILE=off none.",
      "hetmap-calibrate"};
  app.add_option("--output", output, "The file to write; default: where programs look for it")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--dry-run", dry, "Measure and print, write nothing");
  app.add_flag("--show", show, "Measure nothing; say which values programs go by here, and why");

  return examples::run_program(app, argc, argv, [&] {
    if (show) {
      fmt::print("{}\n", hetmap::profile_status());
      std::string const path = hetmap::profile_path();
      if (std::string(hetmap::profile_status()).starts_with("measured"))
        fmt::print("{}", to_string(hetmap::load_profile(path)));
      return;
    }
    if (!dry && output.empty())
      throw std::runtime_error(
          "there is no file to write to: name one by --output, or set HOME and leave out "
          "HETMAP_PROFILE=off");
#ifdef HETMAP_CALIBRATES_CUDA
    hetmap::detail::use_cuda_devices();
#endif
    auto const began = std::chrono::steady_clock::now();
    hetmap::machine_profile const found = hetmap::calibrate();
    std::chrono::duration<double> const taken = std::chrono::steady_clock::now() - began;
    fmt::print("{}measured in {:.1f} s\n", to_string(found), taken.count());
    if (dry) return;
    hetmap::save_profile(found, output);
    fmt::print("wrote {}\n", output);
  });
}
