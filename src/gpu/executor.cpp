#include "executor.hpp"

#include "../cpu/math_level.hpp"
#include "clock.hpp"
#include "device_blocks.hpp"
#include "devices.hpp"
#include "resources.hpp"
#include "slot_flow.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <string>

namespace hetmap::core {
namespace {

using namespace detail;

char* at(void* base, std::size_t bytes) { return static_cast<char*>(base) + bytes; }

/// One call on its way through the ring.
class ring_run {
 public:
  ring_run(call const& whole, gpu_route const& route, held_arrays const& arrays)
      : work_(whole.work),
        gpu_(*route.gpu),
        columns_(route.columns),
        how_(whole.how),
        code_(whole.code),
        account_(whole.account),
        reports_(whole.reports),
        early_(whole.early),
        flow_(gpu_, route.form, arrays.functor(), {route.fold_form, arrays.operation()}, columns_) {
    for (located_column const& c : columns_)
      if (c.output && c.how == travel::direct) directly_out_ = true;
    // What is computed over its own input can not be computed again.
    for (located_column const& o : columns_)
      for (located_column const& i : columns_)
        if (o.output && !i.output && o.how == travel::none && !i.generated &&
            o.memory.base == i.memory.base)
          over_inputs_ = true;
  }

  gpu_outcome run(std::size_t chunk_size) {
    gpu_outcome out{.travelled = flow_.travels()};
    auto const began = device_time.load()();
    if (early_.possible() || reports_.wanted() || flow_.folds()) {
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
      for (slot const& s : busy_) account_.give_back(s.elements());
      for (range const& r : again_) account_.give_back(r);
    }
    if (lent_) keep_resources(std::move(lent_));
    return out;
  }

 private:
  /// All of it, until nothing is under way any more.
  status go_through(std::size_t chunk_size) {
    status why;
    bool ready = false, interrupted = false;
    try {
      why = make_ready(chunk_size);
      ready = why.ok();
      if (ready) why = pass_through();
    } catch (...) {
      account_.interrupt(std::current_exception());  // no memory to work with on the host
      interrupted = ready;
    }
    // What is still under way uses the ring and the caller's memory.
    if (why.what != fault::lost && (interrupted || !busy_.empty()))
      if (status const idle = flow_.become_idle(); !idle.ok()) why = idle;
    return why;
  }

  struct slot : slot_load {
    bool leaving = false;  // its results are being copied out, after they were found good

    [[nodiscard]] range elements() const { return {begin, begin + count}; }
  };

  // -- memory --

  status make_ready(std::size_t chunk_size) {
    status why;
    lent_ = lend_resources(gpu_, why);
    if (!lent_) return why;
    std::size_t wanted = chunk_size;
    for (;;) {
      shape_ = ring_for(columns_, work_.count, account_.granule(), wanted);
      why = lent_->reserve(shape_.all_pinned_bytes(), shape_.all_device_bytes());
      if (why.what != fault::out_of_memory) break;
      release_device_memory();  // what other calls left behind may be all that it takes
      if (!halve()) break;
      wanted = shape_.elements;
    }
    for (std::size_t k = shape_.slots; k-- != 0;) free_.push_back(k);
    flow_.use(*lent_, lent_->pinned, shape_);
    return why;
  }

  /// Fewer elements a slot; false if there are as few as there can be.
  bool halve() {
    std::size_t const granule = account_.granule();
    std::size_t const least = std::max(granule, block_elements);
    if (shape_.elements <= least) return false;
    std::size_t const half = shape_.elements / 2;
    shape_.elements = std::max(half - half % granule, granule);
    return true;
  }

  // -- the loop --

  status pass_through() {
    for (;;) {
      early_.look(account_);
      if (status const s = let_leave(); !s.ok()) return s;
      bool ready = false;
      if (!busy_.empty())
        if (status const s = gpu_.query(last_event(busy_.front()), ready); !s.ok()) return s;
      if (ready && (busy_.front().leaving || !directly_out_)) {
        if (status const s = complete_oldest(); !s.ok()) return s;
        continue;
      }
      if (!free_.empty()) {
        range const next = next_elements();
        if (!next.empty()) {
          status const s = enter(next);
          if (s.ok()) continue;
          if (s.what == fault::lost) return s;
          again_.push_front(next);
          if (status const idle = drain(); !idle.ok()) return idle;
          if (s.what == fault::out_of_memory && halve()) continue;
          return s;
        }
      }
      if (busy_.empty()) return {};
      if (status const s = block_on_oldest(); !s.ok()) return s;
    }
  }

  range next_elements() {
    while (!again_.empty()) {
      range const r = again_.front();
      again_.pop_front();
      if (r.begin >= lowest_failure_) continue;
      if (r.size() <= shape_.elements) return r;
      again_.push_front({r.begin + shape_.elements, r.end});
      return {r.begin, r.begin + shape_.elements};
    }
    // The ledger rounds down to granules; the last of a call may be a part of one.
    range const claimed = account_.claim(0, shape_.elements + account_.granule() - 1);
    if (claimed.size() <= shape_.elements) return claimed;
    again_.push_front(claimed);  // the ledger's pieces can be larger than wanted
    return next_elements();
  }

  device::event last_event(slot const& s) const {
    return s.leaving || (flow_.outputs_travel() && !directly_out_) ? flow_.copied_out(s)
                                                                   : flow_.computed(s);
  }

  status block_on_oldest() {
    if (directly_out_)
      for (slot const& s : busy_)
        if (!s.leaving) return gpu_.block_until(flow_.computed(s));
    return gpu_.block_until(last_event(busy_.front()));
  }

  /// Everything that is enqueued completes; what is whole becomes final.
  status drain() {
    if (status const idle = flow_.become_idle(); !idle.ok()) return idle;
    while (!busy_.empty()) {
      if (status const s = let_leave(); !s.ok()) return s;
      if (status const s = gpu_.block_until(last_event(busy_.front())); !s.ok()) return s;
      if (status const s = complete_oldest(); !s.ok()) return s;
    }
    return {};
  }

  // -- a slot's way --

  status enter(range elements) {
    device_group const together(gpu_);
    slot s{};
    s.number = free_.back();
    s.begin = elements.begin;
    s.count = elements.size();
    for (std::size_t k = 0; k != columns_.size(); ++k)
      if (!columns_[k].generated && columns_[k].memory.base != nullptr)
        s.at[k] = at(columns_[k].memory.base, s.begin * columns_[k].memory.stride);
    if (status const done = flow_.enter(s, how_.workers, over_inputs_); !done.ok()) return done;
    if (flow_.outputs_travel() && !directly_out_)
      if (status const done = flow_.copy_out(s, s.count); !done.ok()) return done;
    free_.pop_back();
    busy_.push_back(s);
    return {};
  }

  /// Results that go straight to the caller's memory leave once they are known to be good.
  status let_leave() {
    if (!directly_out_) return {};
    for (slot& s : busy_) {
      if (s.leaving) continue;
      bool computed = false;
      if (status const done = gpu_.query(flow_.computed(s), computed); !done.ok()) return done;
      if (!computed) return {};
      if (status const done = judge(s); !done.ok()) return done;
      s.leaving = true;
      if (status const done = flow_.copy_out(s, std::min(s.failed, good_elements(s))); !done.ok())
        return done;
    }
    return {};
  }

  /// Elements of a slot that lie below the lowest failure.
  [[nodiscard]] std::size_t good_elements(slot const& s) const {
    return lowest_failure_ <= s.begin ? 0 : std::min(s.count, lowest_failure_ - s.begin);
  }

  status judge(slot& s) {
    if (status const done = flow_.judge(s, over_inputs_); !done.ok()) return done;
    if (s.failed != no_element) lowest_failure_ = std::min(lowest_failure_, s.begin + s.failed);
    return {};
  }

  /// Hands the values of a slot's pieces over.
  ///
  /// Returns:  whether all could be joined; if not, the call has failed.
  bool take_values(slot const& s) noexcept {
    auto const* value = static_cast<char const*>(flow_.values(s));
    range const all = s.elements();
    std::size_t begin = all.begin;
    try {
      for (; begin < all.end; begin += fold_piece, value += columns_[0].memory.bytes)
        work_.gpu->fold->take(work_.context, begin, value);
      return true;
    } catch (...) {
      lowest_failure_ = std::min(lowest_failure_, begin);
      account_.fail(0, all, begin, std::current_exception());
      return false;
    }
  }

  status complete_oldest() {
    slot s = busy_.front();
    if (!s.leaving)
      if (status const done = judge(s); !done.ok()) return done;
    bool const below = s.begin < lowest_failure_ ||
                       (s.failed != no_element && s.begin + s.failed == lowest_failure_);
    std::size_t const n = good_elements(s);
    // Beside the element that failed, a fast kernel may have left out others: the exact one has
    // not.
    if (s.repeated && flow_.outputs_travel() && !s.leaving) {
      if (status const done = flow_.copy_out(s, n); !done.ok()) return done;
      if (status const done = gpu_.block_until(flow_.copied_out(s)); !done.ok()) return done;
    }
    if (below && flow_.folds()) {
      if (n != s.count || take_values(s)) account_for(s, n);
    } else if (below) {
      flow_.unstage(s, n, how_.workers);
      account_for(s, n);
    }
    busy_.pop_front();
    free_.push_back(s.number);
    return {};
  }

  void account_for(slot const& s, std::size_t n) noexcept {
    try {
      if (s.failed != no_element && s.failed == n)
        return account_.fail(0, s.elements(), s.begin + n,
                             std::make_exception_ptr(kernel_error(s.code)));
      account_.finish(0, {s.begin, s.begin + n});
      computed_ += n;
      reports_.add(n);
    } catch (...) {
      account_.interrupt(std::current_exception());
    }
  }

  /// The device has died while it was writing to the caller's memory, and what it left there may be
  /// anything: the CPU writes it again.
  void repair() noexcept {
    math_level_scope const level(how_.level);
    scratch memory;
    for (slot const& s : busy_) {
      std::size_t const n = std::min(s.failed, good_elements(s));
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
        account_.finish(0, {part.begin, part.end});
      } catch (...) {
        account_.interrupt(std::current_exception());
      }
    }
  }

  job const& work_;
  device& gpu_;
  std::vector<located_column> const& columns_;
  plan const& how_;
  chunk_function code_;
  ledger& account_;
  reporter& reports_;
  ending& early_;
  slot_flow flow_;
  bool directly_out_ = false;  // an output is the caller's pinned memory
  bool over_inputs_ = false;   // an output lies over an input on the device

  std::unique_ptr<device_resources> lent_;
  ring_shape shape_;
  std::vector<std::size_t> free_;  // slots, by number
  std::deque<slot> busy_;          // in the order of their launches
  std::deque<range> again_;        // claimed, and not on their way
  std::size_t lowest_failure_ = no_element;
  std::size_t computed_ = 0;
};

}  // namespace

gpu_outcome execute_on_gpu(call const& c, gpu_route const& route, held_arrays const& arrays) {
  return ring_run(c, route, arrays).run(c.options.chunk_size);
}

}  // namespace hetmap::core
