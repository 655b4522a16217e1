#include "slot_flow.hpp"

namespace hetmap::core {

using namespace detail;

namespace {

char* after(void* base, std::size_t bytes) { return static_cast<char*>(base) + bytes; }

}  // namespace

slot_flow::slot_flow(device& gpu, gpu_form const* form, void const* functor,
                     fold_launch const& fold, std::vector<located_column> const& columns)
    : gpu_(gpu), form_(form), functor_(functor), fold_(fold), columns_(columns) {
  for (located_column const& c : columns_)
    if (c.how != travel::none && c.how != travel::within)
      (c.output ? outputs_travel_ : inputs_travel_) = true;
  copies_.reserve(columns_.size());
}

void* slot_flow::on_device(slot_load const& s, std::size_t column) const {
  return after(lent_->memory,
               s.number * shape_->device_bytes + shape_->columns[column].device_offset);
}

void* slot_flow::staged(slot_load const& s, std::size_t column) const {
  return after(pinned_, s.number * shape_->pinned_bytes + shape_->columns[column].pinned_offset);
}

status slot_flow::enter(slot_load& s, unsigned lanes) {
  copies_.clear();
  for (std::size_t k = 0; k != columns_.size(); ++k) {
    located_column const& c = columns_[k];
    if (!c.output && c.how == travel::staged)
      copies_.push_back({.to = staged(s, k),
                         .from = s.at[k],
                         .bytes = c.memory.bytes,
                         .to_stride = c.memory.bytes,
                         .from_stride = c.memory.stride,
                         .count = s.count});
  }
  copy_elements(copies_, lanes);

  for (std::size_t k = 0; k != columns_.size(); ++k) {
    located_column const& c = columns_[k];
    if (c.output || c.how == travel::none) continue;
    void const* const from = c.how == travel::staged ? staged(s, k) : s.at[k];
    status const done = gpu_.copy_in(lent_->in, on_device(s, k), from, s.count * c.memory.bytes);
    if (!done.ok()) return done;
  }
  if (inputs_travel_) {
    if (status const done = gpu_.record(events(s).in, lent_->in); !done.ok()) return done;
    if (status const done = gpu_.wait(lent_->kernels, events(s).in); !done.ok()) return done;
  }
  s.failures_before = failures();
  return launch(s, s.exact);
}

status slot_flow::launch(slot_load const& s, bool exact) {
  gpu_column columns[2 * most_gpu_columns];
  for (std::size_t k = 0; k != columns_.size(); ++k) {
    located_column const& c = columns_[k];
    if (c.how != travel::none)
      columns[k].base = on_device(s, k);
    else if (c.generated)
      columns[k].first = c.first + static_cast<std::int64_t>(s.begin);
    else
      columns[k].base = s.at[k];
  }
  *map_failure(s) = no_failure;
  status done;
  if (form_ != nullptr)
    done = gpu_.launch(lent_->kernels, *form_,
                       {.functor = functor_,
                        .columns = columns + (folds() ? 1 : 0),
                        .count = s.count,
                        .failure = map_failure(s),
                        .exact = exact});
  if (done.ok() && folds()) {
    *fold_failure(s) = no_failure;
    done = gpu_.launch(lent_->kernels, *fold_.form,
                       {.functor = fold_.operation,
                        .columns = columns,
                        .count = s.count,
                        .piece = fold_piece,
                        .failure = fold_failure(s)});
  }
  return done.ok() ? gpu_.record(events(s).kernel, lent_->kernels) : done;
}

status slot_flow::copy_out(slot_load const& s, std::size_t n) {
  if (status const done = gpu_.wait(lent_->out, events(s).kernel); !done.ok()) return done;
  for (std::size_t k = 0; n != 0 && k != columns_.size(); ++k) {
    located_column const& c = columns_[k];
    if (!c.output || c.how == travel::none || c.how == travel::within) continue;
    void* const to = c.how == travel::staged ? staged(s, k) : s.at[k];
    std::size_t const bytes = (n + c.every - 1) / c.every * c.memory.bytes;
    status const done = gpu_.copy_out(lent_->out, to, on_device(s, k), bytes);
    if (!done.ok()) return done;
  }
  return gpu_.record(events(s).out, lent_->out);
}

status slot_flow::judge(slot_load& s) {
  std::uint64_t const* const word = map_failure(s);
  bool const folded = !folds() || *fold_failure(s) == no_failure;
  if (failures() == s.failures_before && *word == no_failure && folded) return {};
  if (form_ != nullptr && !s.exact && (*word == no_failure || *word == some_failure)) {
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
    if (s.failed == no_element || piece < s.failed / fold_piece) {
      s.failed = piece * fold_piece;
      s.code = failure_code(*fold_failure(s));
    }
  }
  return {};
}

std::uint64_t slot_flow::failures() const {
  std::uint64_t all = 0;
  for (gpu_form const* const form : {form_, fold_.form})
    if (form != nullptr && form->failures != nullptr) all += form->failures();
  return all;
}

void slot_flow::unstage(slot_load const& s, std::size_t n, unsigned lanes) {
  copies_.clear();
  for (std::size_t k = 0; k != columns_.size(); ++k) {
    located_column const& c = columns_[k];
    if (c.output && c.how == travel::staged)
      copies_.push_back({.to = s.at[k],
                         .from = staged(s, k),
                         .bytes = c.memory.bytes,
                         .to_stride = c.memory.stride,
                         .from_stride = c.memory.bytes,
                         .count = n});
  }
  copy_elements(copies_, lanes);
}

status slot_flow::become_idle() {
  for (device::stream const s : {lent_->in, lent_->kernels, lent_->out})
    if (status const idle = gpu_.block_until_idle(s); !idle.ok()) return idle;
  return {};
}

}  // namespace hetmap::core
