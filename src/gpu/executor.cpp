#include "executor.hpp"

#include "../cpu/math_level.hpp"
#include "clock.hpp"
#include "device_queue.hpp"
#include "devices.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <exception>
#include <optional>

namespace hetmap::core {
namespace {

using namespace detail;

/// What the queue has to know of a map or a fold.
queue_terms terms_for(std::vector<located_column> const& columns, ledger const& account,
                      unsigned copiers) {
  bool const directly_out =
      std::any_of(columns.begin(), columns.end(),
                  [](located_column const& c) { return c.output && c.how == travel::direct; });
  return {.granule = account.granule(),
          .copiers = copiers,
          .checked = directly_out,  // to the caller's own memory
          .ends_at_failure = true};
}

/// Whether an output lies over an input on the device: what is computed over its own input can not
/// be computed again.
bool is_over_inputs(std::vector<located_column> const& columns) {
  for (located_column const& o : columns)
    for (located_column const& i : columns)
      if (o.output && !i.output && o.how == travel::none && !i.generated &&
          o.memory.base == i.memory.base)
        return true;
  return false;
}

/// Whether one of these bytes might be part of an address. Small integers are none, nor are most
/// numbers of floating point: a double's exponent is in the bits that addresses leave zero.
bool may_hold_address(void const* bytes, std::size_t count) {
  constexpr std::uint64_t first = std::uint64_t{1} << 16, last = std::uint64_t{1} << 52;
  auto const* const from = static_cast<std::byte const*>(bytes);
  for (std::size_t k = 0; k + sizeof(std::uint64_t) <= count; k += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + k, sizeof word);
    if (word >= first && word < last) return true;
  }
  return false;
}

/// Whether nothing that a device does for the call refers to what is the caller's or an array's: it
/// may go on when the call has returned.
bool may_outlive_call(gpu_route const& route, held_arrays const& arrays) {
  for (located_column const& c : route.columns)
    if (!c.generated && c.how != travel::staged && c.how != travel::within) return false;
  auto const holds = [](gpu_form const* form, void const* bytes) {
    return form != nullptr && may_hold_address(bytes, form->functor_bytes);
  };
  return !holds(route.form, arrays.functor()) && !holds(route.fold_form, arrays.operation());
}

/// The lane of a call that computes on a device.
class device_lane {
  /// A device that is late is looked at so often.
  static constexpr std::chrono::nanoseconds longest_pause{1'000'000};

 public:
  device_lane(device_part const& part, call const& whole, gpu_route const& route,
              held_arrays const& arrays)
      : part_(part),
        work_(whole.work),
        gpu_(*route.gpu),
        columns_(route.columns),
        how_(whole.how),
        account_(whole.account),
        reports_(whole.reports),
        early_(whole.early),
        notes_(whole.notes),
        queue_(gpu_, route.form, arrays.functor(), {route.fold_form, arrays.operation()}, columns_,
               terms_for(columns_, account_, part.share != nullptr ? 1 : how_.workers)),
        over_inputs_(is_over_inputs(columns_)),
        may_be_abandoned_(part.share != nullptr && may_outlive_call(route, arrays)) {}

  gpu_outcome run(std::size_t chunk_size) {
    gpu_outcome out{.travelled = queue_.travels()};
    began_ = device_time.load()();
    if (may_be_abandoned_ && works_on_abandoned(gpu_))
      return {.how = gpu_end::gave_up,
              .why = {fault::refused, 0, "it still computes what an earlier call did not wait for"},
              .left = account_.left()};
    if (early_.possible() || reports_.wanted() || queue_.folds()) {
      out.why = go_through(chunk_size);  // functions of the user's are called on the way
    } else {
      device_group const all(gpu_);
      out.why = go_through(chunk_size);
    }
    out.elements = computed_;
    out.taken = since_began();
    out.left = late_;
    if (out.why.what == fault::lost) {
      out.how = gpu_end::lost;
      mark_lost(gpu_, out.why);
      note_torn(out.torn);
    } else if (!out.why.ok()) {
      out.how = gpu_end::gave_up;
    }
    if (out.how == gpu_end::gave_up || (out.how == gpu_end::lost && part_.cpu_goes_on)) {
      auto const give_back = [&](range r) {
        account_.give_back(r);
        out.left += r.size();
      };
      for (slot_load const& s : queue_.under_way()) give_back(elements_of(s));
      for (range const& r : again_) give_back(r);
    }
    queue_.forget();
    return out;
  }

 private:
  static range elements_of(slot_load const& s) { return {s.begin, s.begin + s.count}; }
  [[nodiscard]] std::chrono::nanoseconds since_began() const {
    return device_time.load()() - began_;
  }

  /// All of it, until nothing is under way any more.
  status go_through(std::size_t chunk_size) {
    status why;
    bool ready = false, interrupted = false;
    try {
      why = queue_.make_ready(chunk_size, [this](std::size_t elements) {
        return queue_layout{ring_for(columns_, work_.count, account_.granule(), elements)};
      });
      ready = why.ok();
      if (ready) why = pass_through();
    } catch (...) {
      account_.interrupt(std::current_exception());  // no memory to work with on the host
      interrupted = ready;
    }
    // What is still under way uses the ring and the caller's memory.
    if (why.what != fault::lost && (interrupted || !queue_.idle()))
      if (status const idle = queue_.become_idle(); !idle.ok()) why = idle;
    return why;
  }

  status pass_through() {
    for (;;) {
      early_.look(account_);
      std::optional<arrived_load> arrived;
      if (!queue_.idle())
        if (status const s = queue_.take(false, arrived); !s.ok()) return s;
      if (arrived) {
        account_for(*arrived);
        continue;
      }
      if (range const next = queue_.has_room() ? next_elements() : range{}; !next.empty()) {
        status why = send(next);
        if (why.ok()) continue;
        again_.push_front(next);
        if (why.what == fault::lost) return why;
        auto const account = [this](arrived_load const& s) { account_for(s); };
        if (queue_.recover(why, account) && queue_.idle()) {
          notes_.note_fallback(fallback_kind::retried, next.size(), static_cast<int>(gpu_.index()),
                               why.text);
          continue;
        }
        return why;
      }
      if (queue_.idle() || abandon_late()) return {};
      if (may_be_abandoned_) {
        auto const waited = since_began() - last_moved_;
        device_pause.load()(std::min(waited / 20, longest_pause));
        continue;
      }
      if (status const s = queue_.take(true, arrived); !s.ok()) return s;
      if (arrived) account_for(*arrived);
    }
  }

  /// Gives what is under way to the CPU if the device is late with it and nothing else is left.
  bool abandon_late() {
    if (!may_be_abandoned_ || account_.left() != 0) return false;
    auto const now = since_began();
    if (!ended_) ended_ = now;
    if (!part_.share->is_overdue(elements_under_way(), now - last_moved_, *ended_)) return false;
    std::vector<range> late;
    for (slot_load const& s : queue_.under_way()) late.push_back(elements_of(s));
    if (!queue_.abandon()) return false;
    for (range const& r : late) {
      account_.give_back(r);
      late_ += r.size();
    }
    return true;
  }

  [[nodiscard]] std::size_t elements_under_way() const {
    std::size_t all = 0;
    for (slot_load const& s : queue_.under_way()) all += s.count;
    return all;
  }

  range next_elements() {
    std::size_t const most = queue_.elements();
    while (!again_.empty()) {
      range const r = again_.front();
      again_.pop_front();
      if (r.begin >= queue_.end()) continue;
      if (r.size() <= most) return r;
      again_.push_front({r.begin + most, r.end});
      return {r.begin, r.begin + most};
    }
    range const claimed = part_.share != nullptr ? shared_elements(most) : all_elements(most);
    if (claimed.size() <= most) return claimed;
    again_.push_front(claimed);  // the ledger's pieces can be larger than wanted
    return next_elements();
  }

  range all_elements(std::size_t most) {
    // The ledger rounds down to granules; the last of a call may be a part of one.
    return account_.claim(part_.lane, most + account_.granule() - 1);
  }

  /// From the end that the CPU comes to last.
  range shared_elements(std::size_t most) {
    std::size_t const wanted =
        part_.share->next(account_.left(), elements_under_way(), since_began());
    return wanted != 0 ? account_.claim_back(part_.lane, std::min(wanted, most)) : range{};
  }

  status send(range elements) {
    slot_load next{.begin = elements.begin, .count = elements.size(), .exact = over_inputs_};
    for (std::size_t k = 0; k != columns_.size(); ++k) {
      column const& c = columns_[k].memory;
      if (!columns_[k].generated && c.base != nullptr)
        next.at[k] = static_cast<std::byte*>(c.base) + next.begin * c.stride;
    }
    status const sent = queue_.send(next);
    last_moved_ = since_began();
    return sent;
  }

  /// Makes the results of a load final, or the failure that ends the call.
  void account_for(arrived_load const& s) noexcept {
    last_moved_ = since_began();
    bool const fails = s.failed != no_element && s.begin + s.failed == queue_.end();
    if (s.begin >= queue_.end() && !fails) return;
    if (queue_.folds() && s.good == s.count && !take_values(s)) return;
    try {
      if (fails)
        return account_.fail(part_.lane, elements_of(s), s.begin + s.good,
                             std::make_exception_ptr(kernel_error(s.code)));
      account_.finish(part_.lane, {s.begin, s.begin + s.good});
      computed_ += s.good;
      if (part_.share != nullptr) part_.share->arrived(s.good, since_began());
      reports_.add(s.good);
    } catch (...) {
      account_.interrupt(std::current_exception());
    }
  }

  /// Hands the values of a load's pieces over.
  ///
  /// Returns:  whether all could be joined; if not, the call has failed.
  bool take_values(arrived_load const& s) noexcept {
    auto const* value = static_cast<char const*>(queue_.values(s));
    range const all = elements_of(s);
    std::size_t begin = all.begin;
    try {
      for (; begin < all.end; begin += fold_piece, value += columns_[0].memory.bytes)
        work_.gpu->fold->take(work_.context, begin, value);
      return true;
    } catch (...) {
      queue_.end_at(begin);
      account_.fail(part_.lane, all, begin, std::current_exception());
      return false;
    }
  }

  /// The device has died while it was writing to the caller's memory.
  void note_torn(std::vector<range>& torn) const {
    for (slot_load const& s : queue_.under_way())
      if (std::size_t const n = queue_.good_elements(s); s.leaving && n != 0)
        torn.push_back({s.begin, s.begin + n});
  }

  device_part part_;
  job const& work_;
  device& gpu_;
  std::vector<located_column> const& columns_;
  plan const& how_;
  ledger& account_;
  reporter& reports_;
  ending& early_;
  call_notes& notes_;
  device_queue queue_;
  bool over_inputs_;
  std::deque<range> again_;  // claimed, and not on their way
  std::size_t computed_ = 0;
  std::chrono::nanoseconds began_{0};
  // After that:
  std::chrono::nanoseconds last_moved_{0};         // a load was sent, or has arrived
  std::optional<std::chrono::nanoseconds> ended_;  // nothing was left to claim
  bool may_be_abandoned_;
  std::size_t late_ = 0;  // elements that the CPU computes as well
};

/// Computes a range on this thread.
void compute_again(call const& c, range r) {
  scratch memory;
  chunk part{.begin = r.begin,
             .end = r.end,
             .origin = 0,
             .columns = c.work.columns,
             .scratch = &memory,
             .slot = nullptr,
             .failed_at = r.begin};
  c.code(c.work.context, part);
  c.account.finish(0, r);
}

}  // namespace

void write_again(call const& c, std::vector<range> const& torn) noexcept {
  if (torn.empty()) return;
  math_level_scope const level(c.how.level);
  try {
    auto const finals = c.account.finals();
    for (range left : torn) {
      for (range const& f : finals) {
        if (f.end <= left.begin || f.begin >= left.end) continue;
        if (f.begin > left.begin) compute_again(c, {left.begin, f.begin});
        left.begin = std::min(f.end, left.end);
      }
      if (!left.empty()) compute_again(c, left);
    }
  } catch (...) {
    c.account.interrupt(std::current_exception());
  }
}

gpu_outcome execute_on_gpu(call const& c, gpu_route const& route, held_arrays const& arrays,
                           device_part const& part) {
  return device_lane(part, c, route, arrays).run(c.options.chunk_size);
}

}  // namespace hetmap::core
