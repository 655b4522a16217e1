#include "executor.hpp"

#include "../cpu/math_level.hpp"
#include "clock.hpp"
#include "device_queue.hpp"
#include "devices.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <optional>

namespace hetmap::core {
namespace {

using namespace detail;

/// What the queue has to know of a map or a fold.
queue_terms terms_for(std::vector<located_column> const& columns, plan const& how,
                      ledger const& account) {
  bool const directly_out =
      std::any_of(columns.begin(), columns.end(),
                  [](located_column const& c) { return c.output && c.how == travel::direct; });
  return {.granule = account.granule(),
          .copiers = how.workers,
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

/// The lane of a call that computes on a device.
class device_lane {
 public:
  /// number: of the lane, in the account.
  device_lane(unsigned number, call const& whole, gpu_route const& route, held_arrays const& arrays)
      : number_(number),
        work_(whole.work),
        gpu_(*route.gpu),
        columns_(route.columns),
        how_(whole.how),
        code_(whole.code),
        account_(whole.account),
        reports_(whole.reports),
        early_(whole.early),
        notes_(whole.notes),
        queue_(gpu_, route.form, arrays.functor(), {route.fold_form, arrays.operation()}, columns_,
               terms_for(columns_, how_, account_)),
        over_inputs_(is_over_inputs(columns_)) {}

  gpu_outcome run(std::size_t chunk_size) {
    gpu_outcome out{.travelled = queue_.travels()};
    auto const began = device_time.load()();
    if (early_.possible() || reports_.wanted() || queue_.folds()) {
      out.why = go_through(chunk_size);  // functions of the user's are called on the way
    } else {
      device_group const all(gpu_);
      out.why = go_through(chunk_size);
    }
    out.elements = computed_;
    out.taken = device_time.load()() - began;
    if (out.why.what == fault::lost) {
      out.how = gpu_end::lost;
      mark_lost(gpu_, out.why);
      repair();
    } else if (!out.why.ok()) {
      out.how = gpu_end::gave_up;
      for (slot_load const& s : queue_.under_way()) account_.give_back(elements_of(s));
      for (range const& r : again_) account_.give_back(r);
    }
    queue_.forget();
    return out;
  }

 private:
  static range elements_of(slot_load const& s) { return {s.begin, s.begin + s.count}; }

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
        if (why.what == fault::lost) return why;
        again_.push_front(next);
        auto const account = [this](arrived_load const& s) { account_for(s); };
        if (queue_.recover(why, account) && queue_.idle()) {
          notes_.note_fallback(fallback_kind::retried, next.size(), static_cast<int>(gpu_.index()),
                               why.text);
          continue;
        }
        return why;
      }
      if (queue_.idle()) return {};
      if (status const s = queue_.take(true, arrived); !s.ok()) return s;
      if (arrived) account_for(*arrived);
    }
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
    // The ledger rounds down to granules; the last of a call may be a part of one.
    range const claimed = account_.claim(number_, most + account_.granule() - 1);
    if (claimed.size() <= most) return claimed;
    again_.push_front(claimed);  // the ledger's pieces can be larger than wanted
    return next_elements();
  }

  status send(range elements) {
    slot_load next{.begin = elements.begin, .count = elements.size(), .exact = over_inputs_};
    for (std::size_t k = 0; k != columns_.size(); ++k) {
      column const& c = columns_[k].memory;
      if (!columns_[k].generated && c.base != nullptr)
        next.at[k] = static_cast<std::byte*>(c.base) + next.begin * c.stride;
    }
    return queue_.send(next);
  }

  /// Makes the results of a load final, or the failure that ends the call.
  void account_for(arrived_load const& s) noexcept {
    bool const fails = s.failed != no_element && s.begin + s.failed == queue_.end();
    if (s.begin >= queue_.end() && !fails) return;
    if (queue_.folds() && s.good == s.count && !take_values(s)) return;
    try {
      if (fails)
        return account_.fail(number_, elements_of(s), s.begin + s.good,
                             std::make_exception_ptr(kernel_error(s.code)));
      account_.finish(number_, {s.begin, s.begin + s.good});
      computed_ += s.good;
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
      account_.fail(number_, all, begin, std::current_exception());
      return false;
    }
  }

  /// The device has died while it was writing to the caller's memory, and what it left there may be
  /// anything: the CPU writes it again.
  void repair() noexcept {
    math_level_scope const level(how_.level);
    scratch memory;
    for (slot_load const& s : queue_.under_way()) {
      std::size_t const n = queue_.good_elements(s);
      if (!s.leaving || n == 0) continue;
      chunk part{.begin = s.begin,
                 .end = s.begin + n,
                 .origin = 0,
                 .columns = work_.columns,
                 .scratch = &memory,
                 .slot = nullptr,
                 .failed_at = s.begin};
      try {
        code_(work_.context, part);
        account_.finish(number_, {part.begin, part.end});
      } catch (...) {
        account_.interrupt(std::current_exception());
      }
    }
  }

  unsigned number_;
  job const& work_;
  device& gpu_;
  std::vector<located_column> const& columns_;
  plan const& how_;
  chunk_function code_;
  ledger& account_;
  reporter& reports_;
  ending& early_;
  call_notes& notes_;
  device_queue queue_;
  bool over_inputs_;
  std::deque<range> again_;  // claimed, and not on their way
  std::size_t computed_ = 0;
};

/// The only lane of a call on a GPU.
constexpr unsigned first_lane = 0;

}  // namespace

gpu_outcome execute_on_gpu(call const& c, gpu_route const& route, held_arrays const& arrays) {
  return device_lane(first_lane, c, route, arrays).run(c.options.chunk_size);
}

}  // namespace hetmap::core
