#include "../base/error.hpp"
#include "../base/kept_file.hpp"
#include "../base/kept_rates.hpp"
#include "../base/rates.hpp"
#include "../base/this_machine.hpp"
#include "../gpu/devices.hpp"

#include <hetmap/error.hpp>
#include <hetmap/rates.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

namespace hetmap {
namespace {

/// Calls go to the first GPU unless another is asked for.
std::string first_gpu() {
  core::usable_device const found = core::find_device(std::nullopt);
  return found.gpu != nullptr ? found.gpu->identity() : "";
}

}  // namespace

inline namespace HETMAP_ABI {

void save_rates(std::string const& path) {
  core::kept_rates rates{.machine = core::this_machine(),
                         .build = core::this_build(),
                         .kernels = detail::rates_to_keep()};
  bool const on_gpu = std::any_of(rates.kernels.begin(), rates.kernels.end(),
                                  [](auto const& k) { return k.values.knows_gpu(); });
  if (on_gpu) rates.gpu = first_gpu();
  int const error = core::write_kept_file(path, core::rates_text(rates));
  if (error == 0) return;
  core::clear_failed_index();
  throw io_error("hetmap: cannot write '" + path + "': " + std::strerror(error), error);
}

loaded_rates load_rates(std::string const& path) {
  auto const ignored = [&](std::string const& why) {
    return loaded_rates{.ignored = "'" + path + "' " + why};
  };
  core::read_file const file = core::read_kept_file(path, core::largest_rates);
  if (!file.why.empty()) return ignored("cannot be read: " + file.why);
  auto [found, wrong] = core::parse_rates(file.text);
  if (!wrong.empty()) return ignored("is damaged: " + wrong);
  if (found.machine != core::this_machine())
    return ignored("is of another machine: " + found.machine + "; this is " + core::this_machine());
  if (found.build != core::this_build())
    return ignored("is of another build: " + found.build + "; this is " + core::this_build());
  bool const same_gpu = !found.gpu.empty() && found.gpu == first_gpu();
  loaded_rates out;
  for (core::kept_kernel& k : found.kernels) {
    if (!same_gpu) k.values.forget_gpu();
    if (detail::take_up_rate(k)) ++out.kernels;
  }
  return out;
}

}  // namespace HETMAP_ABI
}  // namespace hetmap
