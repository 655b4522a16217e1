// A GPU that is none: its memory is the host's, its time virtual, its order of events drawn from a
// seed, so that every run can be had again. A test instrument, never a backend.
#pragma once

#include "device.hpp"
#include "device_memory.hpp"
#include "vendor.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace support {

/// What an operation is, for those who decide where faults strike.
enum class operation : unsigned char {
  allocate,
  pin,
  create,
  copy_in,
  copy_out,
  copy_within,
  launch,
  record,
  wait,
  block
};

/// What strikes an operation.
enum class strike : unsigned char {
  none,
  out_of_memory,
  refused,
  lost,       ///< at once
  late_lost,  ///< when the operation runs
  torn,       ///< as late_lost, and what copies that were under way should have written is garbage
};

/// Speeds and sizes of a pretended GPU.
struct device_traits {
  std::size_t capacity = std::size_t{256} << 20;  ///< bytes of device memory
  double bytes_in_per_second = 10e9;
  double bytes_out_per_second = 10e9;
  double bytes_within_per_second = 100e9;  ///< copied within the device, read and written
  bool half_duplex = false;                ///< one way at a time
  double element_nanoseconds = 0.1;        ///< of a launch
  double latency_nanoseconds = 2000;       ///< of every copy and launch
  double call_nanoseconds = 200;           ///< that every call of the interface takes the host
  double jitter = 0.3;                     ///< share of a duration that is drawn
  std::uint64_t seed = 1;
};

class virtual_device final : public hetmap::core::device {
 public:
  using status = hetmap::core::status;
  /// Asked before every operation, with how many there were before.
  using fault_source = std::function<strike(operation, std::uint64_t ordinal)>;

  explicit virtual_device(device_traits const& traits = {}, unsigned index = 0)
      : traits_(traits), index_(index), random_(traits.seed), memory_(traits.capacity) {}
  ~virtual_device() = default;

  // -- for tests --
  void strike_with(fault_source source) { faults_ = std::move(source); }
  [[nodiscard]] std::chrono::nanoseconds now() const;
  /// Time passes, and what ends in it is done.
  void pass(std::chrono::nanoseconds time);
  [[nodiscard]] std::uint64_t operations() const { return ordinal_; }
  [[nodiscard]] std::uint64_t launches() const { return launches_; }
  /// Times that it was asked where memory lies.
  [[nodiscard]] std::uint64_t looks() const { return looks_; }
  /// Breaks it, as a kernel of somebody else would.
  void break_now() {
    std::lock_guard const lock(guard_);
    die(strike::lost);
  }
  [[nodiscard]] std::size_t events() const { return events_.size(); }
  [[nodiscard]] std::uint64_t bytes_in() const { return bytes_in_; }
  [[nodiscard]] std::uint64_t bytes_out() const { return bytes_out_; }
  [[nodiscard]] device_memory& bytes() { return memory_; }
  [[nodiscard]] bool is_dead() const { return dead_; }
  /// Misuse that a real device would answer with undefined behaviour; empty if there was none.
  [[nodiscard]] std::string const& misuse() const { return misuse_; }
  /// From here on `in` records what is enqueued in it, launches only, until run_captured().
  void begin_capture(stream in);
  /// Enqueues what was recorded in `in`, as often as it is called; ends the recording.
  void run_captured(stream in);
  /// The device whose work runs on this thread now, as forms see it; -1 for none.
  [[nodiscard]] static int current() noexcept;
  /// Groups that this thread is in, of any device.
  [[nodiscard]] static int groups() noexcept;

  // -- the interface --
  [[nodiscard]] char const* name() const noexcept override { return "virtual device"; }
  [[nodiscard]] unsigned index() const noexcept override { return index_; }
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
  void begin_group() noexcept override;
  void end_group() noexcept override;

 private:
  static status classify(int code) noexcept;

  struct event_state {
    std::uint64_t recorded = 0;
    std::uint64_t completed = 0;
    double completed_at = 0;
    std::uint64_t waiting = 0;  // for it, in streams

    [[nodiscard]] bool pending() const { return completed != recorded; }
  };
  struct queued {
    operation what;
    int engine = -1;  // copies in, copies out, kernels; -1: none
    double nanoseconds = 0;
    double enqueued_at = 0;
    strike fate = strike::none;
    std::function<void()> effect{};
    void* written = nullptr;  // by a copy out, for tearing
    std::size_t bytes = 0;
    event_state* event = nullptr;
    std::uint64_t record = 0;  // of the event: what a wait waits for
  };
  struct stream_state {
    std::deque<queued> queue;
    double free_at = 0;
    bool capturing = false;
    std::vector<queued> captured;
  };

  status begin(operation what, strike& fate);
  status enqueue(stream in, queued work);
  bool run_next(double until);
  void run_until(double until);
  void perform(stream_state& s, double end);
  void die(strike how);
  status dead() const;
  double drawn(double nanoseconds);
  [[nodiscard]] bool is_pinned_in_part(void const* address, std::size_t bytes) const {
    return memory_.where(address) == hetmap::core::place::pinned &&
           !memory_.is_pinned(address, bytes);
  }
  void blame(std::string text);

  device_traits traits_;
  unsigned index_;
  std::mt19937_64 random_;
  mutable std::recursive_mutex guard_;
  device_memory memory_;
  fault_source faults_;
  std::list<stream_state> streams_;
  std::list<event_state> events_;
  std::list<event_state> destroyed_;  // that something enqueued still refers to
  double now_ = 0;                    // nanoseconds
  double engine_free_at_[3] = {};
  std::uint64_t ordinal_ = 0;
  std::uint64_t launches_ = 0;
  std::uint64_t looks_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  bool dead_ = false;
  std::string misuse_;
};

/// While it lives, whoever waits a little for a device lets time of this one pass: a microsecond,
/// or more. Else only what is asked of it takes time. One at a time.
class passing_time {
 public:
  explicit passing_time(virtual_device& of);
  ~passing_time();
  passing_time(passing_time const&) = delete;
  passing_time& operator=(passing_time const&) = delete;
};

/// Hands pretended GPUs to the core for as long as it lives, in the place of those that another one
/// has handed over.
class provided_devices final : public hetmap::core::device_provider {
 public:
  explicit provided_devices(std::vector<hetmap::core::device*> devices,
                            char const* why_none = "no driver here");
  ~provided_devices();
  provided_devices(provided_devices const&) = delete;
  provided_devices& operator=(provided_devices const&) = delete;

  [[nodiscard]] unsigned counted() const { return counted_; }
  [[nodiscard]] unsigned opened() const { return opened_; }

  [[nodiscard]] char const* vendor() const noexcept override { return host_vendor; }
  [[nodiscard]] unsigned count(char const*& why_none) noexcept override;
  [[nodiscard]] hetmap::core::device* open(unsigned index,
                                           hetmap::core::status& why) noexcept override;

 private:
  std::vector<hetmap::core::device*> devices_;
  char const* why_none_;
  unsigned counted_ = 0;
  unsigned opened_ = 0;
};

}  // namespace support
