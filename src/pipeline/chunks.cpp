#include "chunks.hpp"

#include <hetmap/vector.hpp>

#include <algorithm>
#include <atomic>
#include <utility>

namespace hetmap::core {

using namespace detail;

stream_chunks::stream_chunks(stream_setup const& of, early_end& early)
    : setup_(of), early_(early), window_(of.form.window, of.work.ordered), room_(of.form.chunk) {}

void stream_chunks::make_slots(chunk_queue const* pinned) {
  stream_job const& work = setup_.work;
  pinned_ = pinned != nullptr;
  if (pinned_) room_ = pinned->elements();
  std::size_t const count = setup_.form.window;
  slots_.reserve(count);
  while (slots_.size() != count) slots_.emplace_back(setup_.lanes + 1);
  offered_.reserve(count);
  unsent_.reserve(count);
  std::size_t const alignment = slot_alignment_of(work);
  for (std::size_t k = 0; k != slots_.size(); ++k) {
    slot& s = slots_[k];
    s.columns.resize(1 + work.inputs);
    auto* buffer =
        pinned_ ? pinned->slot_memory(k)
                : static_cast<std::byte*>(acquire_block(setup_.form.slot_bytes, 1, alignment));
    for (std::size_t c = 0; c != s.columns.size(); ++c) {
      std::size_t const bytes = work.stages[c].bytes;
      s.columns[c] = {bytes != 0 || c == 0 ? buffer : nullptr, bytes, bytes};
      buffer += rounded_up(room_ * bytes, alignment);
    }
  }
}

void stream_chunks::drop_slots() noexcept {
  for (slot& s : slots_) {
    if (s.columns.empty() || s.columns.front().base == nullptr)
      break;  // make_slots() got no further
    discard(s);
    if (!pinned_)
      release_block(s.columns.front().base, setup_.form.slot_bytes, slot_alignment_of(setup_.work));
  }
  slots_.clear();
}

std::optional<std::size_t> stream_chunks::pull(lock& held, std::size_t wanted) noexcept {
  stream_job const& work = setup_.work;
  std::size_t const k = window_.pull();
  slot& s = slots_[k];
  s.begin = s.done_to = window_.next_index();
  auto const began = std::chrono::steady_clock::now();
  pulled got;
  if (work.pulls_at_once) {
    got = work.pull(work.input, s.columns.data() + 1, s.begin, wanted);
  } else {
    held.unlock();
    workers::reading const here(setup_.team);
    got = work.pull(work.input, s.columns.data() + 1, s.begin, wanted);
  }
  s.reading = std::chrono::steady_clock::now() - began;
  if (!held.owns_lock()) held.lock();
  s.count = got.count;
  s.kept = true;
  if (got.failure) fail_input(s.begin + got.count, std::move(got.failure));
  window_.pulled(k, got.count, got.ended);
  if (got.count != 0) return k;
  tell_consumer();
  return std::nullopt;
}

std::size_t stream_chunks::take_unsent() noexcept {
  std::size_t const k = unsent_.front();
  unsent_.erase(unsent_.begin());
  return k;
}

void stream_chunks::return_unsent(std::vector<std::size_t> const& again) noexcept {
  unsent_.insert(unsent_.end(), again.begin(), again.end());
  std::sort(unsent_.begin(), unsent_.end(),
            [&](std::size_t a, std::size_t b) { return slots_[a].begin < slots_[b].begin; });
}

std::size_t stream_chunks::forsake_unsent() noexcept {
  std::size_t at = window_.next_index();
  for (std::size_t const k : unsent_) {
    at = std::min(at, slots_[k].done_to);
    window_.computed(k);
  }
  unsent_.clear();
  return at;
}

void stream_chunks::offer(std::size_t k) noexcept {
  slot& s = slots_[k];
  bool const left = is_left(s);
  if (left == s.offered) return;
  s.offered = left;
  if (left)
    offered_.push_back(k);
  else
    std::erase(offered_, k);
}

std::size_t stream_chunks::first_offered() const noexcept {
  return *std::min_element(offered_.begin(), offered_.end(), [&](std::size_t a, std::size_t b) {
    return slots_[a].begin < slots_[b].begin;
  });
}

void stream_chunks::complete(lock& held, std::size_t k) noexcept {
  slot& s = slots_[k];
  if (setup_.work.drop != nullptr) {
    held.unlock();
    drop_inputs(s);
    held.lock();
  }
  sort_failures(s);
  window_.computed(k);
  tell_consumer();
}

void stream_chunks::drop_inputs(slot& s) noexcept {
  if (std::exchange(s.kept, false) && setup_.work.drop != nullptr)
    setup_.work.drop(s.columns.data() + 1, s.count);
}

void stream_chunks::discard(slot& s) noexcept {
  drop_inputs(s);
  if (setup_.work.discard != nullptr) {
    std::size_t from = s.begin;
    auto const leave_out = [&](std::size_t begin, std::size_t end) {
      setup_.work.discard(s.columns.front(), from - s.begin, begin - s.begin);
      from = end;
    };
    sort_failures(s);
    auto failed = s.failures.begin();
    for (range const& missing : s.rest.missing()) {
      for (; failed != s.failures.end() && failed->at < missing.begin; ++failed)
        leave_out(failed->at, failed->at + 1);
      leave_out(missing.begin, missing.end);
    }
    for (; failed != s.failures.end(); ++failed) leave_out(failed->at, failed->at + 1);
    leave_out(s.done_to, s.done_to);
  }
  s.rest.fill({});
  s.failures.clear();
  s.done_to = s.begin;
}

void stream_chunks::fail_input(std::size_t at, std::exception_ptr cause) noexcept {
  if (at >= failed_.at) return;
  failed_ = {at, std::move(cause)};
  window_.end_at(at);
  // Those of which only elements behind it were left are as complete as they will be.
  for (std::size_t i = offered_.size(); i-- != 0;) {
    std::size_t const k = offered_[i];
    offer(k);
    if (!slots_[k].offered && slots_[k].rest.running() == 0) window_.computed(k);
  }
}

void stream_chunks::fail_device(std::size_t at, std::exception_ptr cause) noexcept {
  device_failed_ = true;
  fail_input(at, std::move(cause));
}

void stream_chunks::give_up() noexcept {
  early_.abandon();
  window_.close();
  for (slot& s : slots_) std::atomic_ref(s.hurry).store(true, std::memory_order_relaxed);
}

}  // namespace hetmap::core
