#include "consumer.hpp"

#include "../base/deadline.hpp"
#include "../base/error.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace hetmap::core {

using namespace detail;

namespace {

using clock = std::chrono::steady_clock;

/// Elements after which a function may be believed to be cheap, and what a chunk may take then, in
/// seconds: a consumer that finds nothing ready computes a chunk itself, in its own caches, sooner
/// than it could be woken.
constexpr std::size_t cheap_elements = std::size_t{1} << 20;
constexpr double cheap_chunk_seconds = 2e-3;

std::size_t known_total(stream_job const& work) { return work.total == no_length ? 0 : work.total; }

}  // namespace

stream_consumer::stream_consumer(stream_setup const& of, stream_chunks& chunks,
                                 device_driver& driver, stream_lanes& lanes, early_end& early,
                                 call_record& told)
    : setup_(of),
      chunks_(chunks),
      driver_(driver),
      lanes_(lanes),
      early_(early),
      told_(told),
      reports_(of.how.progress, known_total(of.work)) {}

void stream_consumer::start_at(std::size_t index) noexcept {
  chunks_.window().start_at(index);
  delivered_ = first_ = index;
  may_resume_ = true;
}

void stream_consumer::start() {
  told_.begin(setup_.as_map.job, setup_.how, setup_.chosen, setup_.as_map.job.count);
  if (std::exception_ptr const why = driver_.start()) {
    over_ = true;
    tell(call_end::failure);
    clear_failed_index();
    std::rethrow_exception(why);
  }
  chunks_.make_slots(driver_.slot_memory());
  lanes_.start();
  started_ = true;
}

/// The next results of the held chunk, or the failure that stands in their place; false if nothing
/// of it is left.
bool stream_consumer::next_of_held(segment& out) {
  if (!held_) return false;
  slot& s = chunks_[*held_];
  std::size_t const end = s.begin + held_count_;
  bool const fails = next_failure_ != s.failures.size() && s.failures[next_failure_].at < end;
  std::size_t const to = fails ? s.failures[next_failure_].at : end;
  if (taken_to_ != to) {
    out = {static_cast<std::byte*>(s.columns.front().base) +
               (taken_to_ - s.begin) * s.columns.front().bytes,
           taken_to_, to - taken_to_};
    taken_to_ = to;
    return true;
  }
  if (!fails) return false;
  taken_to_ = to + 1;
  note_failed_index(to);
  std::rethrow_exception(s.failures[next_failure_++].cause);
}

/// Frees the held chunk's slot and reports it.
void stream_consumer::give_back() {
  if (!held_) return;
  std::size_t const count = held_count_;
  chunks_.discard(chunks_[*held_]);
  held_.reset();
  delivered_ += count;
  {
    auto const held = chunks_.locked();
    window& all = chunks_.window();
    all.give_back();
    // While there is something to take, lanes that rest are left to it until half of the slots are
    // free: one wake-up for many chunks.
    if (all.free() * 2 >= all.size()) lanes_.wake();
  }
  try {
    reports_.add(count);
  } catch (...) {
    abandon();
    over_ = true;
    tell(call_end::failure);
    clear_failed_index();
    throw;
  }
}

void stream_consumer::tell(call_end how) noexcept {
  if (!told_.is_open()) return;
  told_.add_done(delivered_ - first_ + (held_ ? held_count_ : 0));
  if (setup_.work.total == no_length) told_.set_elements(delivered_ + (held_ ? held_count_ : 0));
  told_.end_by(how);
  told_.write();
}

void stream_consumer::abandon() noexcept {
  auto const held = chunks_.locked();
  chunks_.give_up();
}

bool stream_consumer::next(segment& out, time_limit const* limit) {
  if (setup_.how.resume && !may_resume_)
    refuse_option(setup_.how.verb, "resume", "streams that end in a sink: imap(...) | sink");
  if (next_of_held(out)) return true;
  give_back();
  if (over_) return false;
  if (!started_) start();
  auto const deadline = moment(limit == nullptr ? 0 : from_now(*limit));
  auto held = chunks_.locked();
  for (;;) {
    if (!early_.stopped()) early_.look();
    if (early_.stopped()) stop();
    if (chunks_.window().ready()) break;
    if (chunks_.window().finished()) {
      held.unlock();
      end();
      return false;
    }
    wait(held, limit != nullptr, deadline);
  }
  held_ = chunks_.window().hold();
  held_count_ = chunks_.window().count(*held_);
  held.unlock();
  taken_to_ = chunks_[*held_].begin;
  next_failure_ = 0;
  return next_of_held(out);
}

/// Ends it because the stop condition says so. The lock is held.
void stream_consumer::stop() {
  chunks_.give_up();
  std::exception_ptr const why = early_.failure();
  tell(why ? call_end::failure : call_end::cancellation);
  clear_failed_index();
  if (why) std::rethrow_exception(why);
  throw cancelled_error(delivered_, known_total(setup_.work));
}

/// Whether it may compute beside the lanes: where the choice is left to the library, the input is
/// read by anybody, and the function has shown that no chunk of it takes long.
bool stream_consumer::may_compute() const noexcept {
  effort const& known = lanes_.costs().in_blocks;
  if (setup_.chosen.asked != backend::automatic || setup_.how.pool != nullptr ||
      setup_.how.chunk_size != 0 || driver_.shares() || !setup_.work.pulls_at_once ||
      known.elements < cheap_elements)
    return false;
  return 1e-9 * static_cast<double>(known.busy.count()) * static_cast<double>(setup_.form.chunk) <
         cheap_chunk_seconds * static_cast<double>(known.elements);
}

/// Lets something happen: computes a chunk where this thread is the one to do so, else waits.
void stream_consumer::wait(stream_chunks::lock& held, bool limited, clock::time_point deadline) {
  bool const computes = !limited && may_compute();
  lanes_.make_way(computes);
  // A worker that waited for its own team could wait for ever.
  workers const* const team = setup_.team;
  if ((computes || team == nullptr || team->own_this_thread()) && lanes_.has_work())
    return lanes_.work_once(held, false);
  lanes_.wake();
  auto const now = clock::now();
  if (limited && now >= deadline) {
    clear_failed_index();
    throw timeout_error(std::string(setup_.how.verb).append(": no result within the time limit"));
  }
  // It looks around now and then: at the stop condition, which cannot wake it, and after the lanes.
  if (now >= next_look_) {
    lanes_.watch();
    next_look_ = now + workers::between_looks;
  }
  stream_lanes::progress next_chunk(lanes_, limited);
  waiting const here(next_chunk);
  chunks_.wait_until(held, std::min(deadline, next_look_));
}

/// Tells why there is nothing more to come.
void stream_consumer::end() {
  failure& failed = chunks_.failed();
  if (failed.cause) {
    abandon();
    over_ = true;
    tell(call_end::failure);
    chunks_.device_failed() ? clear_failed_index() : note_failed_index(failed.at);
    std::rethrow_exception(std::exchange(failed.cause, nullptr));
  }
  if (!chunks_.window().ended()) {
    tell(call_end::abandoned);
    clear_failed_index();
    throw closed_error(std::string(setup_.how.verb)
                           .append(": the stream was closed after ")
                           .append(std::to_string(delivered_))
                           .append(" elements"));
  }
  over_ = true;
  try {
    reports_.finish(delivered_);
  } catch (...) {
    tell(call_end::failure);
    clear_failed_index();
    throw;
  }
  tell(call_end::result);
}

}  // namespace hetmap::core
