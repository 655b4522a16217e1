#include "executor.hpp"

#include "../cpu/math_level.hpp"
#include "../pipeline/staging.hpp"
#include "clock.hpp"
#include "devices.hpp"
#include "resources.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <string>

namespace hetmap::core {
namespace {

using namespace detail;

constexpr std::size_t nobody = static_cast<std::size_t>(-1);

char* at(void* base, std::size_t bytes) { return static_cast<char*>(base) + bytes; }

/// One call on its way through the ring.
class ring_run {
 public:
  ring_run(job const& work, void const* functor, gpu_form const* form, fold_launch const& fold,
           device& gpu, std::vector<located_column> const& columns, plan const& how,
           chunk_function code, ledger& account, reporter& reports, ending& early)
      : work_(work),
        functor_(functor),
        form_(form),
        fold_(fold),
        gpu_(gpu),
        columns_(columns),
        how_(how),
        code_(code),
        account_(account),
        reports_(reports),
        early_(early) {
    for (located_column const& c : columns_) {
      if (c.how == travel::none || c.how == travel::within) continue;
      (c.output ? outputs_travel_ : inputs_travel_) = true;
      if (c.output && c.how == travel::direct) directly_out_ = true;
    }
    // What is computed over its own input can not be computed again.
    for (located_column const& o : columns_)
      for (located_column const& i : columns_)
        if (o.output && !i.output && o.how == travel::none && !i.generated &&
            o.memory.base == i.memory.base)
          over_inputs_ = true;
  }

  gpu_outcome run(std::size_t chunk_size) {
    // The values of a fold are next to nothing.
    gpu_outcome out{.travelled = inputs_travel_ || (outputs_travel_ && !folds())};
    auto const began = device_time.load()();
    try {
      out.why = make_ready(chunk_size);
      if (out.why.ok()) out.why = flow();
    } catch (...) {
      account_.interrupt(std::current_exception());  // no memory to work with on the host
    }
    // What is still under way uses the ring and the caller's memory.
    if (out.why.what != fault::lost && !busy_.empty())
      if (status const idle = become_idle(); !idle.ok()) out.why = idle;
    out.elements = computed_;
    out.taken = device_time.load()() - began;
    if (out.why.what == fault::lost) {
      out.how = gpu_end::lost;
      mark_lost(gpu_, out.why);
      repair();
    } else if (!out.why.ok()) {
      out.how = gpu_end::gave_up;
      for (slot const& s : busy_) account_.give_back(s.elements);
      for (range const& r : again_) account_.give_back(r);
    }
    if (lent_) keep_resources(std::move(lent_));
    return out;
  }

 private:
  struct slot {
    std::size_t number = 0;
    range elements;
    std::uint64_t failures_before = 0;
    bool repeated = false;        // its kernel was launched again, to be told the index
    bool leaving = false;         // its results are being copied out, after they were found good
    std::size_t failed = nobody;  // index within the slot
    int code = 0;
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
      release_device_resources();  // what other calls left behind may be all that it takes
      if (!halve()) break;
      wanted = shape_.elements;
    }
    for (std::size_t k = shape_.slots; k-- != 0;) free_.push_back(k);
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

  void* slot_memory(slot const& s, std::size_t column) const {
    return at(lent_->memory, s.number * shape_.device_bytes + shape_.columns[column].device_offset);
  }
  void* slot_pinned(slot const& s, std::size_t column) const {
    return at(lent_->pinned, s.number * shape_.pinned_bytes + shape_.columns[column].pinned_offset);
  }
  device_resources::slot_events const& events(slot const& s) const {
    return lent_->events[s.number];
  }

  // -- the loop --

  status flow() {
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
    return s.leaving || (outputs_travel_ && !directly_out_) ? events(s).out : events(s).kernel;
  }

  status block_on_oldest() {
    if (directly_out_)
      for (slot const& s : busy_)
        if (!s.leaving) return gpu_.block_until(events(s).kernel);
    return gpu_.block_until(last_event(busy_.front()));
  }

  status become_idle() {
    for (device::stream const s : {lent_->in, lent_->kernels, lent_->out})
      if (status const idle = gpu_.block_until_idle(s); !idle.ok()) return idle;
    return {};
  }

  /// Everything that is enqueued completes; what is whole becomes final.
  status drain() {
    if (status const idle = become_idle(); !idle.ok()) return idle;
    while (!busy_.empty()) {
      if (status const s = let_leave(); !s.ok()) return s;
      if (status const s = gpu_.block_until(last_event(busy_.front())); !s.ok()) return s;
      if (status const s = complete_oldest(); !s.ok()) return s;
    }
    return {};
  }

  // -- a slot's way --

  status enter(range elements) {
    slot s{.number = free_.back(), .elements = elements};
    std::size_t const n = elements.size();
    std::vector<element_copy> copies;
    for (std::size_t k = 0; k != columns_.size(); ++k) {
      located_column const& c = columns_[k];
      if (!c.output && c.how == travel::staged)
        copies.push_back({.to = slot_pinned(s, k),
                          .from = at(c.memory.base, elements.begin * c.memory.stride),
                          .bytes = c.memory.bytes,
                          .to_stride = c.memory.bytes,
                          .from_stride = c.memory.stride,
                          .count = n});
    }
    copy_elements(copies, how_.workers);

    auto const& e = events(s);
    for (std::size_t k = 0; k != columns_.size(); ++k) {
      located_column const& c = columns_[k];
      if (c.output || c.how == travel::none) continue;
      void const* const from = c.how == travel::staged
                                   ? slot_pinned(s, k)
                                   : at(c.memory.base, elements.begin * c.memory.bytes);
      status const done = gpu_.copy_in(lent_->in, slot_memory(s, k), from, n * c.memory.bytes);
      if (!done.ok()) return done;
    }
    if (inputs_travel_) {
      if (status const done = gpu_.record(e.in, lent_->in); !done.ok()) return done;
      if (status const done = gpu_.wait(lent_->kernels, e.in); !done.ok()) return done;
    }
    s.failures_before = failures();
    if (status const done = launch(s, over_inputs_); !done.ok()) return done;
    if (outputs_travel_ && !directly_out_)
      if (status const done = copy_out(s, n); !done.ok()) return done;
    free_.pop_back();
    busy_.push_back(s);
    return {};
  }

  status launch(slot const& s, bool exact) {
    gpu_column columns[2 * most_gpu_columns];
    for (std::size_t k = 0; k != columns_.size(); ++k) {
      located_column const& c = columns_[k];
      if (c.how != travel::none)
        columns[k].base = slot_memory(s, k);
      else if (c.generated)
        columns[k].first = c.first + static_cast<std::int64_t>(s.elements.begin);
      else
        columns[k].base = at(c.memory.base, s.elements.begin * c.memory.bytes);
    }
    *map_failure(s) = no_failure;
    status done;
    if (form_ != nullptr)
      done = gpu_.launch(lent_->kernels, *form_,
                         {.functor = functor_,
                          .columns = columns + (folds() ? 1 : 0),
                          .count = s.elements.size(),
                          .failure = map_failure(s),
                          .exact = exact});
    if (done.ok() && folds()) {
      *fold_failure(s) = no_failure;
      done = gpu_.launch(lent_->kernels, *fold_.form,
                         {.functor = fold_.operation,
                          .columns = columns,
                          .count = s.elements.size(),
                          .piece = fold_piece,
                          .failure = fold_failure(s)});
    }
    return done.ok() ? gpu_.record(events(s).kernel, lent_->kernels) : done;
  }

  /// The first `n` results of a slot whose kernel has been launched.
  status copy_out(slot const& s, std::size_t n) {
    if (status const done = gpu_.wait(lent_->out, events(s).kernel); !done.ok()) return done;
    for (std::size_t k = 0; n != 0 && k != columns_.size(); ++k) {
      located_column const& c = columns_[k];
      if (!c.output || c.how == travel::none || c.how == travel::within) continue;
      void* const to = c.how == travel::staged
                           ? slot_pinned(s, k)
                           : at(c.memory.base, s.elements.begin * c.memory.bytes);
      status const done = gpu_.copy_out(lent_->out, to, slot_memory(s, k),
                                        (n + c.every - 1) / c.every * c.memory.bytes);
      if (!done.ok()) return done;
    }
    return gpu_.record(events(s).out, lent_->out);
  }

  /// Results that go straight to the caller's memory leave once they are known to be good.
  status let_leave() {
    if (!directly_out_) return {};
    for (slot& s : busy_) {
      if (s.leaving) continue;
      bool computed = false;
      if (status const done = gpu_.query(events(s).kernel, computed); !done.ok()) return done;
      if (!computed) return {};
      if (status const done = judge(s); !done.ok()) return done;
      s.leaving = true;
      if (status const done = copy_out(s, std::min(s.failed, good_elements(s))); !done.ok())
        return done;
    }
    return {};
  }

  /// Elements of a slot that lie below the lowest failure.
  [[nodiscard]] std::size_t good_elements(slot const& s) const {
    return lowest_failure_ <= s.elements.begin
               ? 0
               : std::min(s.elements.size(), lowest_failure_ - s.elements.begin);
  }

  /// Finds out whether an element of a computed slot has failed, and which.
  status judge(slot& s) {
    std::uint64_t const* const word = map_failure(s);
    bool const folded = !folds() || *fold_failure(s) == no_failure;
    if (failures() == s.failures_before && *word == no_failure && folded) return {};
    if (form_ != nullptr && !over_inputs_ && (*word == no_failure || *word == some_failure)) {
      // The inputs are still there: once more, to be told the index.
      s.repeated = true;
      if (status const done = launch(s, true); !done.ok()) return done;
      if (status const done = gpu_.block_until(events(s).kernel); !done.ok()) return done;
    }
    if (*word != no_failure) {
      s.failed = failure_index(*word);
      s.code = failure_code(*word);
    }
    if (folds() && *fold_failure(s) != no_failure) {
      // What was folded of the piece that holds a failed element may be anything.
      std::size_t const piece = failure_index(*fold_failure(s)) / fold_threads;
      if (s.failed == nobody || piece < s.failed / fold_piece) {
        s.failed = piece * fold_piece;
        s.code = failure_code(*fold_failure(s));
      }
    }
    if (s.failed != nobody)
      lowest_failure_ = std::min(lowest_failure_, s.elements.begin + s.failed);
    return {};
  }

  [[nodiscard]] bool folds() const { return fold_.form != nullptr; }

  /// The failure words of a slot.
  [[nodiscard]] std::uint64_t* map_failure(slot const& s) const {
    return lent_->failures + 2 * s.number;
  }
  [[nodiscard]] std::uint64_t* fold_failure(slot const& s) const { return map_failure(s) + 1; }

  /// How often device code has called fail(), as far as these forms count it.
  [[nodiscard]] std::uint64_t failures() const {
    std::uint64_t all = 0;
    for (gpu_form const* const form : {form_, fold_.form})
      if (form != nullptr && form->failures != nullptr) all += form->failures();
    return all;
  }

  /// Hands the values of a slot's pieces over.
  ///
  /// Returns:  whether all could be joined; if not, the call has failed.
  bool take_values(slot const& s) noexcept {
    auto const* value = static_cast<char const*>(slot_pinned(s, 0));
    std::size_t begin = s.elements.begin;
    try {
      for (; begin < s.elements.end; begin += fold_piece, value += columns_[0].memory.bytes)
        work_.gpu->fold->take(work_.context, begin, value);
      return true;
    } catch (...) {
      lowest_failure_ = std::min(lowest_failure_, begin);
      account_.fail(0, s.elements, begin, std::current_exception());
      return false;
    }
  }

  status complete_oldest() {
    slot s = busy_.front();
    if (!s.leaving)
      if (status const done = judge(s); !done.ok()) return done;
    bool const below = s.elements.begin < lowest_failure_ ||
                       (s.failed != nobody && s.elements.begin + s.failed == lowest_failure_);
    std::size_t const n = good_elements(s);
    // Beside the element that failed, a fast kernel may have left out others: the exact one has
    // not.
    if (s.repeated && outputs_travel_ && !s.leaving) {
      if (status const done = copy_out(s, n); !done.ok()) return done;
      if (status const done = gpu_.block_until(events(s).out); !done.ok()) return done;
    }
    if (below && folds()) {
      if (n != s.elements.size() || take_values(s)) account_for(s, n);
    } else if (below) {
      std::vector<element_copy> copies;
      for (std::size_t k = 0; k != columns_.size(); ++k) {
        located_column const& c = columns_[k];
        if (c.output && c.how == travel::staged)
          copies.push_back({.to = at(c.memory.base, s.elements.begin * c.memory.stride),
                            .from = slot_pinned(s, k),
                            .bytes = c.memory.bytes,
                            .to_stride = c.memory.stride,
                            .from_stride = c.memory.bytes,
                            .count = n});
      }
      copy_elements(copies, how_.workers);
      account_for(s, n);
    }
    busy_.pop_front();
    free_.push_back(s.number);
    return {};
  }

  void account_for(slot const& s, std::size_t n) noexcept {
    try {
      if (s.failed != nobody && s.failed == n)
        return account_.fail(0, s.elements, s.elements.begin + n,
                             std::make_exception_ptr(kernel_error(s.code)));
      account_.finish(0, {s.elements.begin, s.elements.begin + n});
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
      chunk part{.begin = s.elements.begin,
                 .end = s.elements.begin + n,
                 .origin = 0,
                 .columns = work_.columns,
                 .scratch = &memory,
                 .copy_out = nullptr,
                 .slot = nullptr,
                 .failed_at = s.elements.begin};
      try {
        code_(work_.context, part);
        account_.finish(0, {part.begin, part.end});
      } catch (...) {
        account_.interrupt(std::current_exception());
      }
    }
  }

  job const& work_;
  void const* functor_;
  gpu_form const* form_;  // null: nothing is mapped
  fold_launch fold_;
  device& gpu_;
  std::vector<located_column> const& columns_;
  plan const& how_;
  chunk_function code_;
  ledger& account_;
  reporter& reports_;
  ending& early_;
  bool inputs_travel_ = false;
  bool outputs_travel_ = false;
  bool directly_out_ = false;  // an output is the caller's pinned memory
  bool over_inputs_ = false;   // an output lies over an input on the device

  std::unique_ptr<device_resources> lent_;
  ring_shape shape_;
  std::vector<std::size_t> free_;  // slots, by number
  std::deque<slot> busy_;          // in the order of their launches
  std::deque<range> again_;        // claimed, and not on their way
  std::size_t lowest_failure_ = nobody;
  std::size_t computed_ = 0;
};

}  // namespace

std::vector<located_column> locate_columns(job const& call, device& gpu, char const* verb) {
  gpu_work const& work = *call.gpu;
  std::vector<located_column> out;
  if (work.fold != nullptr) {
    column const values{nullptr, work.fold->value_bytes, work.fold->value_bytes};
    out.push_back({.how = travel::staged, .output = true, .memory = values, .every = fold_piece});
    if (work.site != nullptr)
      out.push_back({.how = travel::within, .output = true, .memory = values});
  }
  bool host_has_inputs = true;
  for (unsigned k = 0; k != work.outputs + work.inputs; ++k) {
    gpu_operand const& o = work.operands[k];
    located_column c{
        .output = k < work.outputs, .array = nullptr, .memory = o.memory, .first = o.first};
    if (call.arrays != nullptr && call.arrays[k] != nullptr) {
      c.array = call.arrays[k];
    } else if (o.memory.base == nullptr && c.output) {
      c.how = travel::staged;  // a result that is yet to be allocated
    } else if (o.memory.base == nullptr) {
      c.generated = true;
    } else {
      bool const dense = o.memory.stride == o.memory.bytes;
      switch (gpu.where(o.memory.base)) {
        case place::device: c.how = travel::none; break;
        case place::pinned: c.how = dense ? travel::direct : travel::staged; break;
        case place::pageable: c.how = travel::staged; break;
        case place::foreign:
          throw device_unavailable(std::string(verb) +
                                   ": a range lies in the memory of another GPU; choose that one "
                                   "by .device, or copy it first");
      }
    }
    if (!c.output && c.how == travel::none && !c.generated) host_has_inputs = false;
    out.push_back(c);
  }
  // Written directly only where a device that dies over it leaves something to compute it from.
  for (located_column& c : out)
    if (c.output && c.how == travel::direct && (call.in_place || !host_has_inputs))
      c.how = travel::staged;
  return out;
}

ring_shape ring_for(std::vector<located_column> const& columns, std::size_t count,
                    std::size_t granule, std::size_t wanted) {
  std::vector<ring_column> travelling;
  travelling.reserve(columns.size());
  for (located_column const& c : columns)
    travelling.push_back({.how = c.how, .bytes = c.memory.bytes, .every = c.every});
  return make_ring(std::move(travelling), count, granule, wanted, largest_launch);
}

gpu_outcome execute_on_gpu(job const& work, void const* functor, gpu_form const* form,
                           fold_launch const& fold, device& gpu,
                           std::vector<located_column> const& columns, plan const& how,
                           chunk_function code, std::size_t chunk_size, ledger& account,
                           reporter& reports, ending& early) {
  ring_run call(work, functor, form, fold, gpu, columns, how, code, account, reports, early);
  return call.run(chunk_size);
}

}  // namespace hetmap::core
