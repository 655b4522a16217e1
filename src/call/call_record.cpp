#include "call_record.hpp"

#include "../base/backend.hpp"
#include "../base/decision_log.hpp"
#include "../base/environment.hpp"
#include "../base/rates.hpp"
#include "../base/size_costs.hpp"
#include "../base/thread.hpp"
#include "notes.hpp"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>

namespace hetmap::core {

using namespace detail;

namespace {

std::int64_t nanoseconds(call_record::clock::time_point at) noexcept {
  return std::chrono::nanoseconds(at.time_since_epoch()).count();
}

void describe(job const& work, settings const& how, plan const& chosen, decision& out) noexcept {
  out.verb = how.verb;
  if (work.learned != nullptr) out.kernel = work.learned->kernel();
  out.plan = chosen;
  out.thread = thread_number();
}

/// One write for each call, so that lines of several threads do not mix.
void print(decision const& told, unsigned level) {
  std::string text = "hetmap: " + to_string(told) + '\n';
  if (level > 1) {
    std::string const whole = to_string(told.plan);
    text.append(whole, whole.find('\n') + 1);  // the first line has been said
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

void call_record::begin(job const& work, settings const& how, plan const& chosen,
                        std::size_t total) noexcept {
  if (!begun_) {
    describe(work, how, chosen, told_);
    told_.plan.elements = total;
    callers_text_ = work.no_gpu;
    began_ = clock::now();
    begun_ = true;
  }
  if (total == 0) told_.plan.elements += work.count;
}

void call_record::write() noexcept {
  if (!is_open()) return;
  written_ = true;
  told_.began_nanoseconds = nanoseconds(began_);
  told_.seconds = std::chrono::duration<double>(clock::now() - began_).count();
  notes.tell(told_);
  all_decisions().add(told_, callers_text_);
  try {
    if (unsigned const level = explain_level(); level != 0) print(told_, level);
  } catch (...) {  // no memory to say it with
  }
}

namespace {

constexpr char reason_of_trial[] = "a trial: the other way is measured now and then";

}  // namespace

plan plan_of(job const& work, short_call_facts const& facts) noexcept {
  plan out;
  out.asked = facts.asked;
  bool const by_name = facts.asked != backend::automatic;
  out.chosen = by_name ? facts.asked : facts.workers > 1 ? backend::cpu : backend::serial;
  out.level = facts.level;
  out.elements = work.count;
  for (unsigned k = 0; k != work.outputs; ++k) out.bytes_out += work.columns[k].bytes;
  for (unsigned k = 0; k != work.inputs; ++k) out.bytes_in += work.columns[work.outputs + k].bytes;
  out.reads = work.reads;
  out.workers = facts.workers;
  out.chunk_elements = work.count;
  bool measured = false, tried = false;
  double alone = -1, shared = -1;  // nanoseconds an element
  if (work.learned != nullptr) {
    size_costs const& size = work.learned->of_size(work.count);
    out.element_nanoseconds = work.learned->element_nanoseconds();
    alone = work.learned->nanoseconds_alone(size);
    shared = size.by(way::hot).nanoseconds();
    measured = size.next() == size_costs::choice::alone;
    tried = size.is_trial() && (facts.workers > 1) == (size.next() == size_costs::choice::shared);
  }
  auto next = out.candidates.begin();
  for (backend_entry const& entry : all_backends()) {
    *next = {.where = entry.where};
    if (entry.needs_gpu) next->unavailable = "calls that begin as short ones are the CPU's";
    double const known = entry.where == backend::serial ? alone
                         : entry.where == backend::cpu  ? shared
                                                        : -1;
    if (known >= 0) next->predicted_seconds = known * 1e-9 * static_cast<double>(work.count);
    ++next;
  }
  out.reason = facts.reason != nullptr          ? facts.reason
               : tried                          ? reason_of_trial
               : facts.workers > 1              ? "shared with threads that were still awake"
               : facts.asked == backend::serial ? "asked for by name"
               : measured                       ? "sharing such calls was measured to take longer"
                                                : "predicted to end before a worker could wake up";
  out.scalar = work.scalar;
  out.notes = notes_on_kernel(work);
  return out;
}

namespace {

/// The nanosecond from which the next short call is written down.
constinit std::atomic<std::int64_t> next_short{0};
constexpr std::int64_t between_short = 100'000;

}  // namespace

void record_short_call(job const& work, settings const& how, short_call_facts const& facts,
                       call_record::clock::time_point began, call_record::clock::time_point ended,
                       call_end how_ended) noexcept {
  std::int64_t const now = nanoseconds(ended);
  std::int64_t due = next_short.load(std::memory_order_relaxed);
  if (now < due || work.count == 0 ||
      !next_short.compare_exchange_strong(due, now + between_short, std::memory_order_relaxed))
    return;
  decision told;
  describe(work, how, plan_of(work, facts), told);
  told.began_nanoseconds = nanoseconds(began);
  told.seconds = std::chrono::duration<double>(ended - began).count();
  told.done = how_ended == call_end::result ? work.count : 0;
  told.end = how_ended;
  told.sampled = true;
  all_decisions().add(told, nullptr);
}

}  // namespace hetmap::core
