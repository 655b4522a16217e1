#include "unknown_call.hpp"

#include "../base/rates.hpp"
#include "../cpu/hot_team.hpp"
#include "../cpu/team.hpp"
#include "call_record.hpp"
#include "run.hpp"
#include "shared_call.hpp"

#include <hetmap/topology.hpp>

#include <algorithm>
#include <cstddef>

namespace hetmap::core {

using namespace detail;

namespace {

/// Larger first calls are the planner's: what a plan takes does not show there, and it knows more
/// of large memory.
constexpr std::size_t most_unknown_elements = 65536;
constexpr std::size_t most_unknown_bytes = std::size_t{1} << 20;

[[nodiscard]] bool is_small(job const& work) noexcept {
  std::size_t bytes = 0;
  for (unsigned k = 0; k != work.outputs + work.inputs; ++k) bytes += work.columns[k].bytes;
  return work.count <= most_unknown_elements && bytes * work.count <= most_unknown_bytes;
}

}  // namespace

bool run_unknown(job const& work, settings const& how, environment const& around) {
  if (work.count == 0 || how.pool != nullptr || how.chunk_size != 0) return false;
  backend const asked = backend_of(how, around.where);
  if (asked != backend::automatic && asked != backend::cpu) return false;
  if (!is_small(work)) return false;
  // Where the data is matters then, which the planner looks at.
  if (work.device_spans != 0 || may_go_to_gpu(how)) return false;
  unsigned const cores = physical_cores();
  unsigned const allowed = std::min(how.workers != 0 ? how.workers : cores, team_concurrency());
  if (allowed > cores) return false;  // the team has no more
  auto const lanes = static_cast<unsigned>(std::min<std::size_t>(allowed, work.count));
  // One worker calls in order, so there is nothing to divide. Where there are several vectors,
  // parts are vectors, or what was learned of a quick kernel would be far too much.
  std::size_t const least = work.count < 2 * small_block_elements ? 1 : small_block_elements;
  std::size_t const parts = std::clamp<std::size_t>(work.count / least, 1, 64);
  auto const parts_a_lane = static_cast<unsigned>(lanes == 1 ? 1 : (parts + lanes - 1) / lanes);

  struct {
    shared_call call;
    hot_team& team;
    thresholds const& limits;
  } begun{{work, lanes, parts_a_lane, lanes == 1 ? 1 : least}, shared_hot_team(), around.limits};
  plan const chosen = plan_of(work, {.asked = asked,
                                     .level = std::max(isa_level(), work.code->floor),
                                     .workers = lanes,
                                     .reason = "cost not known yet: the calling thread begins, and "
                                               "others come once that pays"});
  call_record told;
  told.begin(work, how, chosen, work.count);
  bool const had_team = begun.team.run_if_free(
      lanes,
      [](void* context, unsigned lane) {
        auto& [call, team, limits] = *static_cast<decltype(begun)*>(context);
        lane == 0 ? call.run_first_lane(team, limits) : call.run_lane(lane);
      },
      &begun);
  if (!had_team || begun.call.has_rest()) told.drop();
  if (!had_team) return false;
  told.add_done(begun.call.done());
  begun.call.finish(work, how, told.beginning());
  work.learned->learn(begun.call.told().elements, begun.call.told().busy);
  told.end_by(call_end::result);
  return true;
}

}  // namespace hetmap::core
