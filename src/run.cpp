// A call from end to end: plan, execute, account.
#include "run.hpp"

#include "cpu/executor.hpp"
#include "cpu/stream.hpp"
#include "cpu/team.hpp"
#include "environment.hpp"
#include "error.hpp"
#include "ledger.hpp"
#include "plan.hpp"
#include "pool_core.hpp"
#include "rates.hpp"
#include "reporter.hpp"
#include "short_call.hpp"
#include "topology.hpp"

#include <hetmap/detail/chunk.hpp>
#include <hetmap/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace hetmap {
namespace core {

using namespace detail;

chunk_function code_for(kernel_code const& code, plan const& how, char const* verb) {
  if (!how.reproducible) return code.by_level[static_cast<int>(how.level)];
  if (code.uncontracted != nullptr) return code.uncontracted;
  throw option_error(std::string(verb) +
                     ": .reproducible cannot be kept by this file's compiler flags: leave out "
                     "-ffast-math, and under Clang -mfma and -march flags that imply it");
}

namespace {

using clock = std::chrono::steady_clock;

constexpr char const* no_gpu_half = "this build of hetmap has no GPU half; use auto, serial or cpu";

plan planned(job const& work, settings const& how) {
  auto const at_hand = how.pool != nullptr ? how.pool->threads().size() : 0;
  problem p{
      .asked = backend_of(how),
      .elements = work.count,
      .reads = work.reads,
      .workers = how.workers,
      .chunk_size = how.chunk_size,
      .exact_chunk = work.exact_chunk,
      .reproducible = how.reproducible,
      .together = how.pool != nullptr,
      .can_stream = work.can_copy_out && !work.in_place && stream_for(isa_level()) != nullptr,
      .floor = work.code != nullptr ? work.code->floor : isa::baseline,
      .element_nanoseconds = work.learned != nullptr ? work.learned->element_nanoseconds() : -1};
  for (unsigned k = 0; k != work.outputs; ++k) p.bytes_out += work.columns[k].bytes;
  for (unsigned k = 0; k != work.inputs; ++k) p.bytes_in += work.columns[work.outputs + k].bytes;
  plan chosen = make_plan(p, {.workers = at_hand != 0 ? at_hand : hetmap::physical_cores(),
                              .concurrency = at_hand != 0 ? at_hand : team_concurrency(),
                              .level = isa_level(),
                              .cache_bytes = last_level_cache(),
                              .no_gpu = no_gpu_half});
  for (candidate const& c : chosen.candidates)
    if (c.where == chosen.chosen && c.unavailable != nullptr) {
      clear_failed_index();
      throw device_unavailable(std::string(how.verb) + ": backend " + name(c.where) + ": " +
                               c.unavailable);
    }
  return chosen;
}

std::string late_text(char const* verb, std::size_t done, std::size_t total) {
  std::string text(verb);
  text.append(": the deadline passed after ").append(std::to_string(done));
  if (total != 0) text.append(" of ").append(std::to_string(total));
  return text.append(" elements");
}

/// Runs `work` as a part of a call that has `first` elements before it.
void run_part(job const& work, settings const& how, std::size_t first, std::size_t total,
              reporter& reports) {
  plan const chosen = planned(work, how);
  chunk_function const code = code_for(*work.code, chosen, how.verb);
  if (work.count == 0) return;

  auto const began = clock::now();
  ledger account(work.count, chosen.granule, chosen.workers);
  ending early{.stop = how.stop, .pool = how.pool, .hub = how.hub};
  if (how.deadline != 0)
    early.deadline = clock::time_point(
        std::chrono::duration_cast<clock::duration>(std::chrono::nanoseconds(how.deadline)));
  auto ended = ending::cause::none;
  workers* const on = how.pool != nullptr ? &how.pool->threads() : nullptr;
  effort const spent = execute_on_cpu(work, code, chosen, account, reports, on, early, ended);
  std::size_t const done = account.done();
  auto failure = account.take_failure();

  if (failure || done != work.count) {
    if (work.discard != nullptr)
      for (range const& r : account.finals()) work.discard(work.columns[0], r.begin, r.end);
    if (account.failed_at() != work.count)
      note_failed_index(first + account.failed_at());
    else
      clear_failed_index();
    if (failure) std::rethrow_exception(std::move(failure));
    if (ended != ending::cause::deadline) throw cancelled_error(first + done, total);
    throw timeout_error(late_text(how.verb, first + done, total), first + done, total);
  }
  if (work.learned != nullptr) work.learned->learn(spent.elements, spent.busy);
  if (explain_requested()) {
    double const seconds = std::chrono::duration<double>(clock::now() - began).count();
    std::fprintf(stderr, "hetmap: %s: took %.6g s; %s", how.verb, seconds,
                 to_string(chosen).c_str());
  }
}

}  // namespace
}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

void run(job const& work, settings const& how) {
  if (core::run_short(work, how)) return;
  core::reporter reports(how.progress, work.count);
  core::run_part(work, how, 0, work.count, reports);
  try {
    reports.finish(work.count);
  } catch (...) {
    if (work.discard != nullptr) work.discard(work.columns[0], 0, work.count);
    core::clear_failed_index();
    throw;
  }
}

plan plan_for(job const& work, settings const& how) { return core::planned(work, how); }

struct batches::state {
  settings how;
  std::size_t total;
  std::size_t done = 0;
  core::reporter reports;

  state(settings const& h, std::size_t t) : how(h), total(t), reports(h.progress, t) {
    // A backend that is not there is refused before the input is touched.
    static_cast<void>(plan_for(job{.reads = access::batched}, how));
  }
};

batches::batches(settings const& how, std::size_t total)
    : state_(std::make_unique<state>(how, total)) {}
batches::~batches() = default;

void batches::run(job const& work) {
  core::run_part(work, state_->how, state_->done, state_->total, state_->reports);
  state_->done += work.count;
}

std::size_t batches::done() const noexcept { return state_->done; }

void batches::finish() { state_->reports.finish(state_->done); }

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
