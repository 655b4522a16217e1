// What the verbs call: whole calls, parts of one that comes in batches, and plans.
#include "../base/backend.hpp"
#include "../base/error.hpp"
#include "../base/reporter.hpp"
#include "../gpu/forms.hpp"
#include "run.hpp"
#include "short_call.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/error.hpp>

namespace hetmap {

inline namespace HETMAP_ABI {
namespace detail {

namespace {

void run_long(job const& work, settings const& how, core::call_record& told) {
  core::reporter reports(how.progress, work.count);
  core::run_part(work, how, 0, work.count, reports, told);
  try {
    reports.finish(work.count);
  } catch (...) {
    if (work.discard != nullptr) work.discard(work.columns[0], 0, work.count);
    rethrow_as_failure_of(no_length);
  }
  told.end_by(call_end::result);
}

}  // namespace

void run(job const& work, settings const& how) {
  if (core::run_short(work, how)) return;
  core::call_record told;
  run_long(work, how, told);
}

void run_more(job const& work, settings const& how) {
  if (core::run_short(work, how)) return;
  core::call_record told(core::call_record::silent);
  run_long(work, how, told);
}

plan plan_for(job const& work, settings const& how) { return core::decide(work, how, true).chosen; }

bool may_go_to_gpu(settings const& how) {
  backend const asked = core::backend_of(how);
  if (asked != backend::automatic) return core::needs_gpu(asked);
  return gpu_forms_generation() != 1;  // what it is before the first is registered
}

bool goes_to_gpu(job const& work, settings const& how) {
  backend const asked = core::backend_of(how);
  if (core::needs_gpu(asked)) return true;
  if (asked != backend::automatic || work.gpu == nullptr) return false;
  // Two loads each where there are none, which is the rule.
  gpu_work const& gpu = *work.gpu;
  if (gpu.site != nullptr && find_gpu_form(*gpu.site) == nullptr) return false;
  if (gpu.fold != nullptr && find_gpu_form(*gpu.fold->site) == nullptr) return false;
  return core::needs_gpu(core::decide(work, how, false).chosen.chosen);
}

struct batches::state {
  settings how;
  std::size_t total;
  std::size_t done = 0;
  core::reporter reports;
  core::call_record told;

  state(settings const& h, std::size_t t) : how(h), total(t), reports(h.progress, t) {
    // A backend that is not there is refused before the input is touched.
    core::before_elements so_far;
    static_cast<void>(plan_for(job{.reads = access::batched}, how));
    so_far.over = true;
  }
};

batches::batches(settings const& how, std::size_t total) : state_(new state(how, total)) {}
batches::~batches() = default;

void batches::run(job const& work) {
  core::run_part(work, state_->how, state_->done, state_->total, state_->reports, state_->told);
  state_->done += work.count;
}

std::size_t batches::done() const noexcept { return state_->done; }

void batches::finish() {
  try {
    state_->reports.finish(state_->done);
  } catch (...) {
    rethrow_as_failure_of(no_length);
  }
  state_->told.end_by(call_end::result);
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
