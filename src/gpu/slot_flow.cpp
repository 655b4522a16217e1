#include "slot_flow.hpp"

namespace hetmap::core {

using namespace detail;

namespace {

char* after(void* base, std::size_t bytes) { return static_cast<char*>(base) + bytes; }

}  // namespace

slot_flow::slot_flow(device& gpu, gpu_form const& form, void const* functor,
                     std::vector<located_column> const& columns)
    : gpu_(gpu), form_(form), functor_(functor), columns_(columns) {
  for (located_column const& c : columns_)
    if (c.how != travel::none) (c.output ? outputs_travel_ : inputs_travel_) = true;
  copies_.reserve(columns_.size());
}

void* slot_flow::on_device(slot_load const& s, std::size_t column) const {
  return after(lent_->memory,
               s.number * shape_->device_bytes + shape_->columns[column].device_offset);
}

void* slot_flow::staged(slot_load const& s, std::size_t column) const {
  return after(pinned_, s.number * shape_->pinned_bytes + shape_->columns[column].pinned_offset);
}

status slot_flow::enter(slot_load& s, unsigned lanes, bool exact) {
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
  if (form_.failures != nullptr) s.failures_before = form_.failures();
  return launch(s, exact);
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
  std::uint64_t* const failure = lent_->failures + s.number;
  *failure = no_failure;
  status const done = gpu_.launch(lent_->kernels, form_,
                                  {.functor = functor_,
                                   .columns = columns,
                                   .count = s.count,
                                   .failure = failure,
                                   .exact = exact});
  return done.ok() ? gpu_.record(events(s).kernel, lent_->kernels) : done;
}

status slot_flow::copy_out(slot_load const& s, std::size_t n) {
  if (status const done = gpu_.wait(lent_->out, events(s).kernel); !done.ok()) return done;
  for (std::size_t k = 0; n != 0 && k != columns_.size(); ++k) {
    located_column const& c = columns_[k];
    if (!c.output || c.how == travel::none) continue;
    void* const to = c.how == travel::staged ? staged(s, k) : s.at[k];
    status const done = gpu_.copy_out(lent_->out, to, on_device(s, k), n * c.memory.bytes);
    if (!done.ok()) return done;
  }
  return gpu_.record(events(s).out, lent_->out);
}

status slot_flow::judge(slot_load& s, bool exact) {
  std::uint64_t const* const word = lent_->failures + s.number;
  bool const counted = form_.failures != nullptr && form_.failures() != s.failures_before;
  if (!counted && *word == no_failure) return {};
  if (!exact && (*word == no_failure || *word == some_failure)) {
    // The inputs are still there: once more, to be told the index.
    s.repeated = true;
    if (status const done = launch(s, true); !done.ok()) return done;
    if (status const done = gpu_.block_until(events(s).kernel); !done.ok()) return done;
  }
  if (*word == no_failure) return {};
  s.failed = failure_index(*word);
  s.code = failure_code(*word);
  return {};
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
