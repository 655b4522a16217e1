// The seam of streams: what a pipeline is made of, and who ends it.
#include "../base/error.hpp"
#include "../base/forked.hpp"
#include "../base/rates.hpp"
#include "../cpu/pool_core.hpp"
#include "chunks.hpp"
#include "consumer.hpp"
#include "driver.hpp"
#include "early_end.hpp"
#include "lanes.hpp"
#include "setup.hpp"

#include <hetmap/detail/seam/pipeline.hpp>
#include <hetmap/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

struct pipeline::state {
  state(stream_job const& work, settings const& how)
      : setup(work, how,
              {sizeof(state), sizeof(core::stream_lanes::lane), sizeof(core::chunk_queue)}) {}

  ~state() {
    {
      auto held = chunks.locked();
      chunks.give_up();
      lanes.join(held);
    }
    consumer.tell(call_end::abandoned);
    chunks.drop_slots();
    if (setup.work.learned == nullptr) return;
    core::effort const& spent = lanes.costs().told();
    setup.work.learned->learn(spent.elements, spent.busy);
    driver.learn();
  }

  /// Whether its lanes are in the process that this one was forked from.
  [[nodiscard]] bool left_behind() const noexcept {
    return setup.team != nullptr && forks != core::fork_count();
  }

  unsigned const forks = core::fork_count();
  std::shared_ptr<pool_streams> listed;  // that it closes with; null for none
  core::stream_setup setup;
  core::early_end early{setup.how.stop};
  core::call_record told;
  core::stream_chunks chunks{setup, early};
  core::device_driver driver{setup, std::move(setup.decided.route), chunks, early, told.notes};
  core::stream_lanes lanes{setup, chunks, driver, early};
  core::stream_consumer consumer{setup, chunks, driver, lanes, early, told};
};

pipeline::pipeline(stream_job const& work, settings const& how) {
  if (how.pool != nullptr) how.pool->require_sound();
  state_ = owned<state>(new state(work, how));
  // What a worker does is part of something that was there before the pool was closed.
  if (how.pool == nullptr || is_worker_of(how.pool)) return;
  if (!how.pool->streams()->add(*this)) {
    core::clear_failed_index();
    throw closed_error(std::string(how.verb).append(": the pool is closed"));
  }
  state_->listed = how.pool->streams();
}

pipeline::~pipeline() {
  if (state_->left_behind()) {
    // Nobody will ever let go of what its lanes held.
    static_cast<void>(state_.release());
    return;
  }
  if (state_->listed) state_->listed->remove(*this);
}

bool pipeline::next(segment& out, time_limit const* limit) {
  if (!state_->left_behind()) return state_->consumer.next(out, limit);
  core::clear_failed_index();
  throw broken_pool_error(std::string(state_->setup.how.verb)
                              .append(": the threads of this stream stayed in the process that "
                                      "this one was forked from"),
                          nullptr);
}

void pipeline::close() noexcept {
  if (state_->left_behind()) return;
  auto const held = state_->chunks.locked();
  state_->chunks.window().close();
  state_->chunks.tell_consumer();
}

void pipeline::start_at(std::size_t index) { state_->consumer.start_at(index); }

std::size_t pipeline::memory_bound() const noexcept { return state_->setup.form.memory_bound; }
std::size_t pipeline::window() const noexcept { return state_->setup.form.window; }
std::size_t pipeline::chunk_elements() const noexcept { return state_->setup.form.chunk; }
unsigned pipeline::workers() const noexcept { return state_->setup.lanes; }
std::size_t pipeline::total() const noexcept { return state_->setup.work.total; }
bool pipeline::resumes() const noexcept { return state_->setup.how.resume; }

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
