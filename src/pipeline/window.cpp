#include "window.hpp"

#include <algorithm>

namespace hetmap::core {

window::window(std::size_t slots, bool ordered) : slots_(slots), queue_(slots), ordered_(ordered) {
  free_.reserve(slots);
  for (std::size_t k = slots; k-- != 0;) free_.push_back(k);
}

std::size_t window::pull() {
  std::size_t const k = free_.back();
  free_.pop_back();
  slots_[k] = {state::pulling, next_, 0};
  pulling_ = true;
  return k;
}

void window::pulled(std::size_t k, std::size_t count, bool ended) {
  pulling_ = false;
  ended_ = ended_ || ended;
  slot& s = slots_[k];
  s.count = count;
  next_ += count;
  if (count == 0) {
    s.now = state::free;
    free_.push_back(k);
    return;
  }
  s.now = state::computing;
  if (ordered_) queue_[(front_ + queued_++) % queue_.size()] = k;
}

void window::computed(std::size_t k) {
  slots_[k].now = state::done;
  if (!ordered_) queue_[(front_ + queued_++) % queue_.size()] = k;
}

void window::end_at(std::size_t index) noexcept {
  limit_ = std::min(limit_, index);
  ended_ = true;
}

std::size_t window::count(std::size_t k) const noexcept {
  slot const& s = slots_[k];
  return s.begin < limit_ ? std::min(s.count, limit_ - s.begin) : 0;
}

std::optional<std::size_t> window::ready() const noexcept {
  // An unordered queue may hold chunks from behind the end, and others after them.
  for (std::size_t i = 0; i != queued_; ++i) {
    std::size_t const k = queue_[(front_ + i) % queue_.size()];
    if (slots_[k].begin >= limit_) {
      if (ordered_) return std::nullopt;
      continue;
    }
    return slots_[k].now == state::done ? std::optional(k) : std::nullopt;
  }
  return std::nullopt;
}

std::size_t window::hold() {
  std::size_t const k = ready().value_or(0);  // it is there: see Requires
  // Chunks from behind the end go last; they are never delivered, and only give way.
  while (queue_[front_] != k) {
    std::size_t const behind = queue_[front_];
    front_ = (front_ + 1) % queue_.size();
    queue_[(front_ + queued_ - 1) % queue_.size()] = behind;
  }
  front_ = (front_ + 1) % queue_.size();
  --queued_;
  slots_[k].now = state::held;
  held_ = k;
  return k;
}

void window::give_back() {
  slots_[held_].now = state::free;
  free_.push_back(held_);
}

bool window::finished() const noexcept {
  if ((!ended_ && !closed_) || ready()) return false;
  return std::none_of(slots_.begin(), slots_.end(), [&](slot const& s) {
    return (s.now == state::pulling || s.now == state::computing) && s.begin < limit_;
  });
}

}  // namespace hetmap::core
