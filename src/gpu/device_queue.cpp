#include "device_queue.hpp"

#include "device_blocks.hpp"
#include "devices.hpp"

#include <algorithm>
#include <utility>

namespace hetmap::core {

using namespace detail;

device_queue::device_queue(device& gpu, gpu_form const* form, void const* functor,
                           fold_launch const& fold, std::vector<located_column> const& columns,
                           queue_terms const& terms)
    : gpu_(gpu), terms_(terms), flow_(gpu, form, functor, fold, columns) {
  free_.reserve(ring_slots);
  under_way_.reserve(ring_slots);
}

device_queue::~device_queue() {
  if (!lent_) return;
  if (!idle() && !is_lost(gpu_))
    if (status const s = become_idle(); s.what == fault::lost) mark_lost(gpu_, s);
  keep_resources(std::move(lent_));
}

// -- memory --

status device_queue::make_ready(
    std::size_t wanted, std::function<queue_layout(std::size_t elements)> const& layout_for) {
  status why;
  lent_ = lend_resources(gpu_, why, terms_.whom);
  if (!lent_) return why;
  std::size_t before = 0;
  bool released = false;
  for (;;) {
    queue_layout layout = layout_for(wanted);
    ring_ = std::move(layout.ring);
    before = layout.pinned_before;
    std::size_t const pinned = before + ring_.all_pinned_bytes();
    why = terms_.whom == lent_to::streams ? lent_->hold(pinned, ring_.all_device_bytes())
                                          : lent_->reserve(pinned, ring_.all_device_bytes());
    if (why.what != fault::out_of_memory) break;
    // What other calls left behind may be all that it takes.
    if (!std::exchange(released, true))
      release_device_memory();
    else if (!halve())
      break;
    wanted = ring_.elements;
  }
  if (!why.ok()) return why;
  flow_.use(*lent_, pinned() + before, ring_);
  for (std::size_t k = ring_.slots; k-- != 0;) free_.push_back(k);
  return why;
}

/// Fewer elements a load; false if there are as few as there can be.
bool device_queue::halve() noexcept {
  std::size_t const least = std::max(terms_.granule, block_elements);
  if (ring_.elements <= least) return false;
  std::size_t const half = ring_.elements / 2;
  ring_.elements = std::max(half - half % terms_.granule, terms_.granule);
  return true;
}

// -- a load's way --

status device_queue::send(slot_load& next) {
  device_group const together(gpu_);
  next.number = free_.back();
  if (status const s = flow_.enter(next, terms_.copiers); !s.ok()) return s;
  if (flow_.outputs_travel() && !terms_.checked)
    if (status const s = flow_.copy_out(next, next.count); !s.ok()) return s;
  free_.pop_back();
  under_way_.push_back(next);
  return {};
}

status device_queue::take(bool wait, std::optional<arrived_load>& out) {
  device_group const together(gpu_);
  if (status const s = let_leave(); !s.ok()) return s;
  if (terms_.checked) {
    auto const computing = std::find_if(under_way_.begin(), under_way_.end(),
                                        [](slot_load const& s) { return !s.leaving; });
    if (wait && computing != under_way_.end()) return gpu_.block_until(flow_.computed(*computing));
    if (computing == under_way_.begin()) return {};
  }
  slot_load& oldest = under_way_.front();
  bool arrived = wait;
  if (status const s =
          wait ? gpu_.block_until(last_event(oldest)) : gpu_.query(last_event(oldest), arrived);
      !s.ok() || !arrived)
    return s;
  if (!oldest.leaving)
    if (status const s = judge(oldest); !s.ok()) return s;
  std::size_t const good = good_elements(oldest);
  // A fast kernel may have left out others beside the element that failed: the exact one has not.
  if (oldest.repeated && flow_.outputs_travel() && !oldest.leaving) {
    if (status const s = flow_.copy_out(oldest, good); !s.ok()) return s;
    if (status const s = gpu_.block_until(flow_.copied_out(oldest)); !s.ok()) return s;
  }
  if (!folds()) flow_.unstage(oldest, good, terms_.copiers);
  out = arrived_load{oldest, good};
  free_.push_back(oldest.number);
  under_way_.erase(under_way_.begin());
  return {};
}

/// Results that go straight to memory that others see leave once they are known to be good.
status device_queue::let_leave() {
  if (!terms_.checked) return {};
  for (slot_load& s : under_way_) {
    if (s.leaving) continue;
    bool computed = false;
    if (status const done = gpu_.query(flow_.computed(s), computed); !done.ok()) return done;
    if (!computed) return {};
    if (status const done = judge(s); !done.ok()) return done;
    s.leaving = true;
    if (status const done = flow_.copy_out(s, good_elements(s)); !done.ok()) return done;
  }
  return {};
}

status device_queue::judge(slot_load& s) {
  if (status const done = flow_.judge(s); !done.ok()) return done;
  if (terms_.ends_at_failure && s.failed != no_element) end_at(s.begin + s.failed);
  return {};
}

device::event device_queue::last_event(slot_load const& s) const {
  return s.leaving || (flow_.outputs_travel() && !terms_.checked) ? flow_.copied_out(s)
                                                                  : flow_.computed(s);
}

std::size_t device_queue::good_elements(slot_load const& s) const noexcept {
  return std::min({s.failed, s.count, end_ <= s.begin ? 0 : end_ - s.begin});
}

void device_queue::end_at(std::size_t index) noexcept { end_ = std::min(end_, index); }

bool device_queue::abandon() noexcept {
  if (!abandon_resources(lent_, last_event(under_way_.back()))) return false;
  forget();
  return true;
}

void device_queue::forget() noexcept {
  for (slot_load const& s : under_way_) free_.push_back(s.number);
  under_way_.clear();
}

}  // namespace hetmap::core
