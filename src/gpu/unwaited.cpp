#include "unwaited.hpp"

#include "devices.hpp"

#include <algorithm>
#include <utility>

namespace hetmap::core {

unwaited_launch::~unwaited_launch() {
  if (!is_lost(gpu_)) gpu_.destroy_event(behind_);
}

status unwaited_launch::mark(device::stream stream) noexcept {
  status const done = gpu_.record(behind_, stream);
  return done.what == fault::refused ? gpu_.block_until_idle(stream) : done;
}

bool unwaited_launch::complete() noexcept {
  bool completed = false;
  status const asked = gpu_.query(behind_, completed);
  if (asked.what == fault::lost) mark_lost(gpu_, asked);
  return asked.ok() && completed;
}

void unwaited_launches::add(std::shared_ptr<unwaited_launch> launch) {
  drop_complete();
  if (all_.size() >= look_at_all_) {
    std::erase_if(all_, [](auto const& l) { return l->complete(); });
    look_at_all_ = std::max(least_to_look_at_, 2 * all_.size());
  }
  all_.push_back(std::move(launch));
}

bool unwaited_launches::all_complete() noexcept {
  drop_complete();
  return all_.empty();
}

void unwaited_launches::drop_complete() noexcept {
  auto const first =
      std::find_if(all_.begin(), all_.end(), [](auto const& l) { return !l->complete(); });
  all_.erase(all_.begin(), first);
}

}  // namespace hetmap::core
