#include "setup.hpp"

#include "../base/backend.hpp"
#include "../base/environment.hpp"
#include "../cpu/pool_core.hpp"
#include "../gpu/resources.hpp"
#include "../gpu/slot_flow.hpp"
#include "../gpu/staging.hpp"

#include <algorithm>
#include <cstdint>

namespace hetmap::core {
namespace {

using namespace detail;

routed_plan decided_for(stream_as_map const& work, settings how) {
  how.chunk_size = 0;  // chunks are the window's
  return decide(work.job, how, explain_level() > 1);
}

/// A team of its own for a call that asks for more workers than the process has.
std::unique_ptr<workers> own_team(settings const& how) {
  if (how.pool != nullptr || how.backend == backend::serial) return nullptr;
  if (how.workers <= hetmap::physical_cores()) return nullptr;
  return std::make_unique<workers>(how.workers);
}

workers* team_for(plan const& chosen, settings const& how, workers* own) {
  if (how.pool != nullptr) return &how.pool->threads();  // its callers compute nothing
  if (chosen.asked == backend::serial) return nullptr;
  return own != nullptr ? own : &shared_workers();
}

unsigned lanes_of(plan const& chosen, settings const& how, workers const* team) {
  if (team == nullptr || chosen.asked == backend::serial) return 1;
  return how.workers != 0 ? std::min(how.workers, team->size()) : team->size();
}

/// Size, in bytes, of what the stream holds beside its slots.
std::size_t own_bytes(stream_setup const& of, stream_sizes const& sizes) {
  std::size_t const columns = of.as_map.columns.size();
  std::size_t bytes = of.work.own_bytes + sizes.stream + (of.lanes + 1) * sizes.lane +
                      columns * (sizeof(gpu_operand) + sizeof(column)) +
                      of.as_map.job.functor_bytes + 20 * block_overhead;
  if (needs_gpu(of.chosen.chosen))
    bytes += sizes.queue + sizeof(device_resources) +
             ring_slots * (sizeof(slot_load) + sizeof(std::uint64_t) + 64) +
             columns * (2 * sizeof(located_column) + sizeof(gpu_operand) + sizeof(ring_column) +
                        sizeof(element_copy)) +
             slot_alignment + slot_alignment_of(of.work);
  return bytes;
}

/// What it takes on the device beside its slots.
device_demand demand(routed_plan& decided, stream_job const& work) {
  if (!needs_gpu(decided.chosen.chosen)) return {};
  locate_slots(decided.route, work);
  return demand_of(decided.route);
}

}  // namespace

stream_setup::stream_setup(stream_job const& job, detail::settings const& given,
                           stream_sizes const& sizes)
    : work(job),
      stop(given.stop != nullptr ? *given.stop : stop_condition()),
      progress(given.progress != nullptr ? *given.progress : progress_callback()),
      how(given.pointing_at(stop, progress)),
      own(own_team(how)),
      as_map(work),
      decided(decided_for(as_map, how)),
      team(team_for(chosen, how, own.get())),
      lanes(lanes_of(chosen, how, team)),
      form(shape_for(work, how, lanes, own_bytes(*this, sizes), demand(decided, work))),
      code(code_for(*work.code, chosen, how.verb)),
      level(how.reproducible ? isa::baseline : chosen.level) {}

}  // namespace hetmap::core
