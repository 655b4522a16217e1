// A call from end to end: plan, execute, account.
#include "run.hpp"

#include "../base/backend.hpp"
#include "../base/block_cache.hpp"
#include "../base/environment.hpp"
#include "../base/error.hpp"
#include "../base/ledger.hpp"
#include "../base/plan.hpp"
#include "../base/rates.hpp"
#include "../base/reporter.hpp"
#include "../base/size_costs.hpp"
#include "../cpu/call.hpp"
#include "../cpu/ending.hpp"
#include "../cpu/executor.hpp"
#include "../cpu/load.hpp"
#include "../cpu/pool_core.hpp"
#include "../cpu/stream.hpp"
#include "../gpu/route.hpp"
#include "call_record.hpp"
#include "machine.hpp"
#include "notes.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/error.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace hetmap {
namespace core {

using namespace detail;

chunk_function code_for(kernel_code const& code, plan const& how, char const* verb) {
  if (!how.reproducible) return code.at(how.level);
  if (code.uncontracted != nullptr) return code.uncontracted;
  clear_failed_index();
  throw option_error(std::string(verb) +
                     ": .reproducible cannot be kept by this file's compiler flags: leave out "
                     "-ffast-math, and under Clang -mfma and -march flags that imply it");
}

namespace {

/// The memory that the ring will take, said before it is taken.
void state_bounds(plan& chosen, gpu_route const& route, settings const& how) {
  if (chosen.elements == 0) return;
  ring_shape const shape = ring_for(route.columns, chosen.elements, chosen.granule, how.chunk_size);
  chosen.device_bytes = shape.all_device_bytes();
  chosen.pinned_bytes = shape.all_pinned_bytes();
}

double known_cost(job const& work) {
  for (rate const* const known : {work.learned, work.alike})
    if (known != nullptr && known->element_nanoseconds() >= 0) return known->element_nanoseconds();
  return -1;
}

/// Whether the CPU runs the call as it runs others of its size: nobody asked for anything else.
bool is_comparable(job const& work, settings const& how) {
  return work.learned != nullptr && how.workers == 0 && how.pool == nullptr && how.chunk_size == 0;
}

/// Fills in what calls like this took as a whole.
void find_whole_calls(job const& work, settings const& how, problem& p) {
  if (!is_comparable(work, how)) return;
  auto const known = work.learned->of_size(work.count).for_plan();
  p.alone_nanoseconds = known.alone;
  p.team_nanoseconds = known.team;
}

}  // namespace

routed_plan decide(job const& work, settings const& how, bool in_words, bool is_whole) {
  backend const asked = backend_of(how);
  gpu_route route = find_route(work, how, asked, in_words || asked == backend::gpu);
  problem p{.asked = asked,
            .elements = work.count,
            .reads = work.reads,
            .workers = how.workers,
            .chunk_size = how.chunk_size,
            .exact_chunk = work.exact_chunk,
            .reproducible = how.reproducible,
            .together = how.pool != nullptr,
            .can_stream = can_be_streamed(work) && stream_for(isa_level()) != nullptr,
            .floor = work.code != nullptr ? work.code->floor : isa::baseline,
            .element_nanoseconds = known_cost(work),
            .gpu = describe(route, work),
            .no_cpu = route.unreachable ? "a range lies in the memory of a GPU" : nullptr};
  for (unsigned k = 0; k != work.outputs; ++k) p.bytes_out += work.columns[k].bytes;
  for (unsigned k = 0; k != work.inputs; ++k) p.bytes_in += work.columns[work.outputs + k].bytes;
  if (is_whole) find_whole_calls(work, how, p);
  machine const here = machine_here(how, route.gpu);
  plan chosen = make_plan(p, here);
  chosen.scalar = work.scalar;
  chosen.notes = notes_on_kernel(work) | (in_words ? notes_on_gpu(work, how, p, here, chosen) : 0);
  if (entry_of(chosen.chosen)->shares_cpu) bring_results_home(route);
  if (in_words || explain_level() != 0) chosen.profile = profile_words(route.gpu);
  if (needs_gpu(chosen.chosen) && route.no_gpu == nullptr) state_bounds(chosen, route, how);
  if (char const* const why = chosen.at(chosen.chosen).unavailable; why != nullptr) {
    clear_failed_index();
    throw device_unavailable(std::string(how.verb) + ": backend " + name(chosen.chosen) + ": " +
                             why);
  }
  return {chosen, std::move(route), most_workers(p, here)};
}

namespace {

std::string late_text(char const* verb, std::size_t done, std::size_t total) {
  std::string text(verb);
  text.append(": the deadline passed after ").append(std::to_string(done));
  if (total != 0) text.append(" of ").append(std::to_string(total));
  return text.append(" elements");
}

/// Learns what a call took as a whole that the CPU has run as planned, alone or with a GPU.
///
/// once: what its elements took, as far as they were claimed once.
void learn_whole_call(call const& c, effort const& once, std::chrono::nanoseconds took,
                      unsigned most_workers) {
  plan const& how = c.how;
  // One whose cost nobody knew has begun with single elements.
  if (!is_comparable(c.work, c.options) || how.element_nanoseconds < 0) return;
  if (how.chosen == backend::hybrid)
    return c.work.learned->on_gpu_of_size(c.work.count).both.learn(c.work.count, took);
  size_costs& size = c.work.learned->of_size(c.work.count);
  // A short call has none of the executor's cost, which could keep it from being one for good.
  if (how.workers == 1)
    size.learn(way::alone, c.work.count, once.elements == c.work.count ? once.busy : took);
  else if (how.workers == most_workers)
    size.learn(way::team, c.work.count, took);
}

/// The end of a part of a call that has `first` elements before it: throws what stopped it, after
/// its results have been destroyed, or learns what it cost.
void conclude(call const& c, std::size_t first, std::size_t total, call_effort const& spent,
              call_record& told) {
  job const& work = c.work;
  ledger& account = c.account;
  std::size_t const done = account.done();
  told.add_done(done);
  // What a device gave back is noted already.
  if (std::size_t const again = spent.again.all.elements; again != 0 && !told.notes.any())
    told.notes.note_fallback(fallback_kind::given_back, again, -1,
                             "claims took far longer than predicted");
  auto failure = account.take_failure();
  if (failure || done != work.count) {
    if (work.discard != nullptr)
      account.each_final([&](range r) { work.discard(work.columns[0], r.begin, r.end); });
    if (account.failed_at() != work.count)
      note_failed_index(first + account.failed_at());
    else
      clear_failed_index();
    if (failure) std::rethrow_exception(std::move(failure));
    bool const late = c.early.met() == ending::cause::deadline;
    told.end_by(late ? call_end::deadline : call_end::cancellation);
    if (!late) throw cancelled_error(first + done, total);
    throw timeout_error(late_text(c.options.verb, first + done, total), first + done, total);
  }
  if (work.learned == nullptr) return;
  if (spent.again.are_slow() && spent.again.all.elements > work.count / 4)
    work.learned->correct(spent.again.all.elements, spent.again.all.busy);
  else
    work.learned->learn(spent.told.elements, spent.told.busy);
}

/// The account of a call: a lane for each worker that it may come to have and for a device beside
/// them, and a region for each lane that claims from the front at once.
ledger account_for(job const& work, routed_plan const& decided, backend_entry const& where) {
  unsigned const workers = decided.chosen.workers;
  // Beside a device one of them begins later, if at all.
  unsigned const at_once = where.shares_cpu ? workers - 1 : workers;
  return {work.count, decided.chosen.granule,
          std::max(at_once, decided.most_workers) + (where.shares_cpu ? 1 : 0),
          where.needs_gpu && !where.shares_cpu ? 1 : at_once};
}

/// Whether the results go to memory that no result has been in. Said once of such memory.
bool is_first_use_of_outputs(job const& work) {
  unsigned fresh = 0;
  for (unsigned k = 0; k != work.outputs; ++k) fresh += first_use(work.columns[k].base) ? 1 : 0;
  return work.outputs != 0 && fresh == work.outputs;
}

/// What is only seen when the call runs: where its results go.
///
/// Returns:  whether that is memory that nothing was in.
bool look_at_outputs(job const& work, plan& chosen) {
  bool const large = chosen.bytes_out * work.count >= large_result_bytes;
  bool const fresh = (large || chosen.past_caches) && is_first_use_of_outputs(work);
  // A page that nobody has touched comes into the caches as the system clears it.
  if (fresh) chosen.past_caches = false;
  chosen.notes |= notes_on_outputs(work, chosen, fresh);
  return fresh;
}

}  // namespace

void run_part(job const& work, settings const& how, std::size_t first, std::size_t total,
              reporter& reports, call_record& told) {
  before_elements so_far;
  // A batch is planned by its elements: the next slow one may be in it, the one after it not.
  bool const is_whole = total == work.count;
  routed_plan decided = decide(work, how, explain_level() > 1, is_whole);
  bool const fresh = look_at_outputs(work, decided.chosen);
  plan const& chosen = decided.chosen;
  chunk_function const code = code_for(*work.code, chosen, how.verb);
  so_far.over = work.count == 0;
  if (so_far.over) return;

  told.begin(work, how, chosen, total);
  backend_entry const& where = *entry_of(chosen.chosen);
  ledger account = account_for(work, decided, where);
  ending early(how);
  call const planned{.work = work,
                     .options = how,
                     .how = chosen,
                     .code = code,
                     .account = account,
                     .reports = reports,
                     .early = early,
                     .notes = told.notes};
  bool const by_itself = is_whole && workers_elsewhere() == 0;
  auto const began = call_record::clock::now();
  call_effort const spent = where.run(planned, decided.route);
  auto const took = call_record::clock::now() - began;
  so_far.over = true;
  conclude(planned, first, total, spent, told);
  bool const as_planned = spent.again.all.elements == 0 && !told.notes.any();
  if (by_itself && as_planned && !fresh && chosen.chosen != backend::gpu)
    learn_whole_call(planned, spent.told, took, decided.most_workers);
}

void run_rest(job const& work, settings const& how, isa level, ledger& account,
              std::optional<call_record::clock::time_point> began) {
  plan all = plan_of(work, {.asked = backend_of(how),
                            .level = level,
                            .workers = account.lanes(),
                            .reason = "predicted to be short, and was not"});
  all.granule = account.granule();
  all.chunk_elements = 0;
  call_record told;
  told.begin(work, how, all, work.count);
  if (began) told.set_beginning(*began);
  reporter none(nullptr, work.count);
  ending early(how);
  call const rest{.work = work,
                  .options = how,
                  .how = all,
                  .code = work.code->at(level),
                  .account = account,
                  .reports = none,
                  .early = early,
                  .notes = told.notes};
  conclude(rest, 0, work.count, execute_on_cpu(rest), told);
  told.end_by(call_end::result);
}

}  // namespace core
}  // namespace hetmap
