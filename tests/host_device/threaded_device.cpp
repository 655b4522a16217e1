#include "threaded_device.hpp"

#include <chrono>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace support {

using namespace hetmap::core;

namespace {

constinit thread_local bool of_a_device = false;

}  // namespace

bool threaded_device::is_here() noexcept { return of_a_device; }

status threaded_device::dead() const { return {fault::lost, 700, "died on request"}; }

threaded_device::~threaded_device() {
  dead_ = true;
  for (stream_state& s : streams_) end(s);
}

void threaded_device::end(stream_state& s) {
  {
    std::lock_guard const lock(s.guard);
    s.closing = true;
  }
  s.changed.notify_all();
  if (s.thread.joinable()) s.thread.join();
}

void threaded_device::serve(stream_state& s) {
  std::mt19937_64 random(s.seed);
  of_a_device = true;
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(s.guard);
      s.changed.wait(lock, [&] { return s.closing || !s.queue.empty(); });
      if (s.queue.empty()) return;
      work = std::move(s.queue.front());
      s.queue.pop_front();
    }
    for (auto turns = random() % 8; turns != 0; --turns) std::this_thread::yield();
    if (left_ > 0 && --left_ == 0) dead_ = true;
    if (!dead_) work();
  }
}

status threaded_device::enqueue(stream in, std::function<void()> work) {
  if (dead_) return dead();
  auto& s = *static_cast<stream_state*>(in);
  {
    std::lock_guard const lock(s.guard);
    s.queue.push_back(std::move(work));
  }
  s.changed.notify_one();
  return {};
}

status threaded_device::allocate(void*& block, std::size_t bytes) noexcept {
  if (dead_) return dead();
  std::lock_guard const lock(memory_guard_);
  block = memory_.allocate(bytes);
  return block != nullptr ? status{} : status{fault::out_of_memory, 2, "out of memory"};
}
void threaded_device::free(void* block) noexcept {
  std::lock_guard const lock(memory_guard_);
  memory_.free(block);
}
status threaded_device::pin(void*& block, std::size_t bytes) noexcept {
  if (dead_) return dead();
  std::lock_guard const lock(memory_guard_);
  block = memory_.pin(bytes);
  return {};
}
void threaded_device::unpin(void* block) noexcept {
  std::lock_guard const lock(memory_guard_);
  memory_.unpin(block);
}
status threaded_device::memory(memory_sizes& sizes) noexcept {
  std::lock_guard const lock(memory_guard_);
  sizes = {memory_.capacity() - memory_.used(), memory_.capacity()};
  return {};
}
status threaded_device::locate(memory_range* ranges, std::size_t count) noexcept {
  if (dead_) return dead();
  std::lock_guard const lock(memory_guard_);
  for (std::size_t k = 0; k != count; ++k) memory_.locate(ranges[k]);
  return {};
}

status threaded_device::create(stream& made) noexcept {
  if (dead_) return dead();
  std::lock_guard const lock(handles_guard_);
  stream_state& s = streams_.emplace_back();
  s.seed = random_();
  s.thread = std::thread([this, &s] { serve(s); });
  made = &s;
  return {};
}
void threaded_device::destroy(stream made) noexcept {
  if (made == nullptr) return;
  std::lock_guard const lock(handles_guard_);
  end(*static_cast<stream_state*>(made));
  streams_.remove_if([&](stream_state const& s) { return &s == made; });
}
status threaded_device::create_event(event& made) noexcept {
  if (dead_) return dead();
  std::lock_guard const lock(handles_guard_);
  made = &events_.emplace_back();
  return {};
}
void threaded_device::destroy_event(event made) noexcept {
  std::lock_guard const lock(handles_guard_);
  events_.remove_if([&](event_state const& e) { return &e == made; });
}

status threaded_device::record(event e, stream in) noexcept {
  auto& state = *static_cast<event_state*>(e);
  {
    std::lock_guard const lock(state.guard);
    ++state.recorded;
  }
  return enqueue(in, [&state] {
    std::lock_guard const lock(state.guard);
    ++state.completed;
    state.changed.notify_all();
  });
}

void threaded_device::await(event_state& e, std::uint64_t record) {
  std::unique_lock lock(e.guard);
  // Whoever died does not notify.
  while (e.completed < record && !dead_) e.changed.wait_for(lock, std::chrono::milliseconds(1));
}

status threaded_device::wait(stream in, event e) noexcept {
  auto& state = *static_cast<event_state*>(e);
  std::uint64_t record = 0;
  {
    std::lock_guard const lock(state.guard);
    record = state.recorded;
  }
  return enqueue(in, [this, &state, record] { await(state, record); });
}

status threaded_device::query(event e, bool& completed) noexcept {
  auto& state = *static_cast<event_state*>(e);
  std::lock_guard const lock(state.guard);
  completed = state.completed == state.recorded;
  return dead_ ? dead() : status{};
}

status threaded_device::block_until(event e) noexcept {
  auto& state = *static_cast<event_state*>(e);
  std::uint64_t record = 0;
  {
    std::lock_guard const lock(state.guard);
    record = state.recorded;
  }
  await(state, record);
  return dead_ ? dead() : status{};
}

status threaded_device::block_until_idle(stream in) noexcept {
  // Shared: the stream may get to it after the device has died and the caller has gone.
  auto const all = std::make_shared<event_state>();
  status const done = enqueue(in, [all] {
    std::lock_guard const lock(all->guard);
    all->completed = 1;
    all->changed.notify_all();
  });
  if (!done.ok()) return done;
  await(*all, 1);
  return dead_ ? dead() : status{};
}

status threaded_device::capturing(stream, bool& captured) noexcept {
  captured = false;
  return dead_ ? dead() : status{};
}

/// As the device: with its memory open to it.
void threaded_device::at_work(std::function<void()> const& work) {
  {
    std::lock_guard const lock(memory_guard_);
    memory_.open();
  }
  work();
  std::lock_guard const lock(memory_guard_);
  memory_.close();
}

status threaded_device::copy_in(stream in, void* to, void const* from, std::size_t bytes) noexcept {
  return enqueue(in, [=, this] { at_work([=] { std::memcpy(to, from, bytes); }); });
}
status threaded_device::copy_out(stream in, void* to, void const* from,
                                 std::size_t bytes) noexcept {
  return enqueue(in, [=, this] { at_work([=] { std::memcpy(to, from, bytes); }); });
}

status threaded_device::copy_within(stream in, void* to, void const* from,
                                    std::size_t bytes) noexcept {
  return enqueue(in, [=, this] { at_work([=] { std::memcpy(to, from, bytes); }); });
}

status threaded_device::launch(stream in, hetmap::detail::gpu_form const& form,
                               hetmap::detail::gpu_launch work) noexcept {
  ++launches_;
  std::vector<hetmap::detail::gpu_column> columns(work.columns,
                                                  work.columns + form.outputs + form.inputs);
  std::vector<std::max_align_t> functor(form.functor_bytes / sizeof(std::max_align_t) + 1);
  std::memcpy(functor.data(), work.functor, form.functor_bytes);
  return enqueue(in, [this, &form, work, columns, functor]() mutable {
    work.columns = columns.data();
    work.functor = functor.data();
    at_work([&] { form.launch(work); });
  });
}

}  // namespace support
