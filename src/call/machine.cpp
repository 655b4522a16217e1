#include "machine.hpp"

#include "../base/environment.hpp"
#include "../base/error.hpp"
#include "../base/profile_in_use.hpp"
#include "../base/text.hpp"
#include "../base/topology.hpp"
#include "../cpu/load.hpp"
#include "../cpu/pool_core.hpp"
#include "../cpu/team.hpp"
#include "../gpu/route.hpp"

#include <hetmap/error.hpp>
#include <hetmap/profile.hpp>
#include <hetmap/topology.hpp>

#include <string>

namespace hetmap {
namespace core {

gpu_values values_of(device const* gpu) {
  gpu_values const* const measured =
      gpu != nullptr ? known_profile().of_gpu(gpu->identity()) : nullptr;
  return measured != nullptr ? *measured : gpu_values{};
}

machine machine_here(detail::settings const& how, device const* gpu) {
  profile_in_use const& known = known_profile();
  unsigned const at_hand = how.pool != nullptr ? how.pool->threads().size() : 0;
  machine here{.workers = at_hand != 0 ? at_hand : hetmap::physical_cores(),
               .concurrency = at_hand != 0 ? at_hand : team_concurrency(),
               .busy = at_hand != 0 ? 0 : workers_elsewhere(),
               .level = isa_level(),
               .cache_bytes = last_level_cache(),
               .cpu = known.cpu,
               .measured = known.measured,
               .gpu = values_of(gpu)};
  return here;
}

char const* profile_words(device const* gpu) {
  profile_in_use const& known = known_profile();
  if (!known.measured || gpu == nullptr || known.of_gpu(gpu->identity()) != nullptr)
    return known.status;
  return interned(std::string(known.status) +
                  "; defaults for the GPU, which it does not know: " + gpu->identity());
}

}  // namespace core

inline namespace HETMAP_ABI {

void use_profile(machine_profile const& profile) {
  if (std::string const wrong = core::implausible(profile); !wrong.empty()) {
    core::clear_failed_index();
    throw option_error("use_profile: " + wrong);
  }
  core::put_in_use(profile, "given by use_profile()");
  core::renew_environment();
}

}  // namespace HETMAP_ABI
}  // namespace hetmap
