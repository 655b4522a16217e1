// A GPU that is none, with a thread for each of its streams: what the thread sanitizer watches the
// ring with.
#pragma once

#include "device.hpp"
#include "device_memory.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <random>
#include <thread>

namespace support {

class threaded_device final : public hetmap::core::device {
 public:
  using status = hetmap::core::status;

  explicit threaded_device(std::size_t capacity = std::size_t{64} << 20, std::uint64_t seed = 1)
      : memory_(capacity), random_(seed) {}
  ~threaded_device();

  /// The operation after so many more dies, and the device with it.
  void die_after(std::int64_t operations) { left_ = operations; }
  /// Whether the calling thread is one of a device's.
  [[nodiscard]] static bool is_here() noexcept;
  [[nodiscard]] device_memory& bytes() { return memory_; }
  [[nodiscard]] std::uint64_t launches() const { return launches_; }

  [[nodiscard]] char const* name() const noexcept override { return "threaded device"; }
  [[nodiscard]] unsigned index() const noexcept override { return 0; }
  status allocate(void*& block, std::size_t bytes) noexcept override;
  void free(void* block) noexcept override;
  status pin(void*& block, std::size_t bytes) noexcept override;
  void unpin(void* block) noexcept override;
  status memory(hetmap::core::memory_sizes& sizes) noexcept override;
  status locate(hetmap::core::memory_range* ranges, std::size_t count) noexcept override;
  status create(stream& made) noexcept override;
  void destroy(stream made) noexcept override;
  status create_event(event& made) noexcept override;
  void destroy_event(event made) noexcept override;
  status record(event e, stream in) noexcept override;
  status wait(stream in, event e) noexcept override;
  status query(event e, bool& completed) noexcept override;
  status block_until(event e) noexcept override;
  status block_until_idle(stream in) noexcept override;
  status capturing(stream in, bool& captured) noexcept override;
  status copy_in(stream in, void* to, void const* from, std::size_t bytes) noexcept override;
  status copy_out(stream in, void* to, void const* from, std::size_t bytes) noexcept override;
  status copy_within(stream in, void* to, void const* from, std::size_t bytes) noexcept override;
  status launch(stream in, hetmap::detail::gpu_form const& form,
                hetmap::detail::gpu_launch work) noexcept override;

 private:
  // Locks are one for each thing, so that nothing is ordered but what the caller has ordered.
  struct event_state {
    std::mutex guard;
    std::condition_variable changed;
    std::uint64_t recorded = 0;
    std::uint64_t completed = 0;
  };
  struct stream_state {
    std::mutex guard;
    std::condition_variable changed;
    std::deque<std::function<void()>> queue;
    bool closing = false;
    std::uint64_t seed = 0;
    std::thread thread;
  };

  void serve(stream_state& s);
  void end(stream_state& s);
  status enqueue(stream in, std::function<void()> work);
  void await(event_state& e, std::uint64_t record);
  void at_work(std::function<void()> const& work);
  status dead() const;

  std::mutex memory_guard_;
  device_memory memory_;
  std::mutex handles_guard_;
  std::list<stream_state> streams_;
  std::list<event_state> events_;
  std::mt19937_64 random_;
  std::atomic<bool> dead_{false};
  std::atomic<std::int64_t> left_{-1};
  std::atomic<std::uint64_t> launches_{0};
};

}  // namespace support
