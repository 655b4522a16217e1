// The profile of this machine, taken now.
#include "../base/profile.hpp"
#include "../base/this_machine.hpp"
#include "../cpu/measure_memory.hpp"
#include "../cpu/team.hpp"
#include "../gpu/devices.hpp"
#include "../gpu/measure_gpu.hpp"
#include "measure_teams.hpp"

#include <hetmap/profile.hpp>
#include <hetmap/topology.hpp>

#include <algorithm>
#include <string>

#include <stdlib.h>  // getloadavg: NOLINT(modernize-deprecated-headers)

namespace hetmap {
inline namespace HETMAP_ABI {

namespace {

/// Whoever else is at work leaves less for what is measured.
void note_load(std::string& notes) {
  double load = 0;
  if (getloadavg(&load, 1) == 1 && load > 0.5)
    notes.append("the machine was busy (load average ")
        .append(std::to_string(load))
        .append("): measure again when it is not\n");
}

void add_gpu(machine_profile& to, core::device& gpu) {
  gpu_profile made;
  made.identity = gpu.identity();
  core::status const met = core::measure_gpu(gpu, made.values);
  if (!met.ok()) {
    to.notes.append(made.identity).append(": ").append(met.text).append("\n");
    return;
  }
  core::make_plausible(made.values);
  to.gpus[to.gpu_count++] = std::move(made);
}

}  // namespace

machine_profile calibrate() {
  machine_profile out;
  out.machine = core::this_machine();
  out.build = core::this_build();
  note_load(out.notes);
  unsigned const workers = std::max(1u, std::min(physical_cores(), core::team_concurrency()));
  core::measure_teams(workers, out.cpu, out.notes);
  core::measure_memory(workers, isa_level(), out.cpu);
  core::make_plausible(out.cpu);
  for (core::device* const gpu : core::all_devices(out.notes)) {
    if (out.gpu_count == machine_profile::most_gpus) break;
    // One of several that are the same: one stands for all.
    bool const known =
        std::any_of(out.gpus.begin(), out.gpus.begin() + out.gpu_count,
                    [&](gpu_profile const& g) { return g.identity == gpu->identity(); });
    if (!known) add_gpu(out, *gpu);
  }
  return out;
}

}  // namespace HETMAP_ABI
}  // namespace hetmap
