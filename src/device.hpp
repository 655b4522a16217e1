// The device interface: all that the core asks of a GPU. cuda/ implements it over the CUDA runtime,
// tests/host_device over memory and time of their own (docs/design.md, The device interface).
#pragma once

#include <hetmap/detail/seam/gpu_form.hpp>

#include <cstddef>

namespace hetmap::core {

/// What a failed operation means for what comes after it.
enum class fault : unsigned char {
  none,
  out_of_memory,  ///< nothing has happened; less may fit
  refused,  ///< nothing has happened; the same again fails again: a bad launch, a bad argument
  lost,     ///< sticky: the device is dead for this process, its memory and handles with it
};

/// How an operation went. Late: what is reported may belong to any operation enqueued before.
struct [[nodiscard]] status {
  fault what = fault::none;
  int code = 0;           ///< the device's own
  char const* text = "";  ///< of static duration

  [[nodiscard]] bool ok() const noexcept { return what == fault::none; }
};

/// Where an address points to.
enum class place : unsigned char {
  pageable,  ///< host memory that the device knows nothing of, or memory of nobody's
  pinned,    ///< host memory that the device copies from and to directly, and can reach
  managed,   ///< memory that moves to whoever touches it, host and devices alike
  device,    ///< memory of this device
  foreign,   ///< memory of another device
};

/// Memory that somebody names, and what a device knows of it.
struct memory_range {
  void const* begin = nullptr;
  std::size_t bytes = 0;          ///< at least 1
  place where = place::pageable;  ///< the first byte
  bool whole = true;              ///< the last byte is there as well; said unless pageable, foreign
  unsigned owner = 0;             ///< foreign: index of the device whose it is
};

/// Size, in bytes, of a device's memory.
struct memory_sizes {
  std::size_t free = 0;
  std::size_t total = 0;
};

/// One GPU. Objects live as long as the process; every function may be called by any thread,
/// leaves the caller's current device as it was, at the end of a group at the latest, and does not
/// disturb what is being captured in other streams, by whichever thread.
///
/// Operations enqueued in one stream run in that order, in two streams in any, and memory of theirs
/// has to stay as it is until they have completed. An operation that returns a fault was not
/// enqueued. After fault::lost every operation returns it, and nothing frees anything any more.
class device {
 public:
  using stream = void*;
  using event = void*;

  [[nodiscard]] virtual char const* name() const noexcept = 0;
  [[nodiscard]] virtual unsigned index() const noexcept = 0;
  /// What was measured of it holds as long as this text is the same: its name and what tells it
  /// from others of that name, the size of its memory, its driver. One line.
  [[nodiscard]] virtual char const* identity() const noexcept { return name(); }

  // -- memory. Blocks are aligned to 256 bytes at least. free() and unpin() take what allocate()
  // and pin() gave, or null, once nothing that is enqueued uses it; they may wait for the device.
  virtual status allocate(void*& block, std::size_t bytes) noexcept = 0;
  virtual void free(void* block) noexcept = 0;
  /// Pinned host memory, which every device can reach.
  virtual status pin(void*& block, std::size_t bytes) noexcept = 0;
  virtual void unpin(void* block) noexcept = 0;
  virtual status memory(memory_sizes& sizes) noexcept = 0;
  /// Says where these ranges lie; place::pageable where it cannot tell.
  virtual status locate(memory_range* ranges, std::size_t count) noexcept = 0;

  // -- streams and events. Streams do not wait for the default stream.
  virtual status create(stream& made) noexcept = 0;
  virtual void destroy(stream made) noexcept = 0;
  virtual status create_event(event& made) noexcept = 0;
  virtual void destroy_event(event made) noexcept = 0;
  /// `e` completes when all that is in `in` now has. An event can be recorded again once it has
  /// completed.
  virtual status record(event e, stream in) noexcept = 0;
  /// What is enqueued in `in` from now on waits until `e` has completed; the caller does not.
  virtual status wait(stream in, event e) noexcept = 0;
  /// Whether `e` has completed; true for an event that was never recorded.
  virtual status query(event e, bool& completed) noexcept = 0;
  /// Returns when `e` has completed.
  virtual status block_until(event e) noexcept = 0;
  /// Returns when all that is in `in` now has completed.
  virtual status block_until_idle(stream in) noexcept = 0;
  /// Whether what is enqueued in `in` is recorded instead, to be run later and more than once.
  virtual status capturing(stream in, bool& captured) noexcept = 0;

  // -- work. A copy whose host side is pageable may block until it is done.
  virtual status copy_in(stream in, void* to_device, void const* from_host,
                         std::size_t bytes) noexcept = 0;
  virtual status copy_out(stream in, void* to_host, void const* from_device,
                          std::size_t bytes) noexcept = 0;
  /// From one block of the device to another, by the device itself.
  virtual status copy_within(stream in, void* to, void const* from, std::size_t bytes) noexcept = 0;
  /// Calls form.launch with `work`, whose stream is set to `in`, and classifies what it returns.
  virtual status launch(stream in, detail::gpu_form const& form,
                        detail::gpu_launch work) noexcept = 0;

  // -- groups, of which a thread's may lie within one another (device_group).
  virtual void begin_group() noexcept {}
  virtual void end_group() noexcept {}

 protected:
  ~device() = default;
};

/// While one exists, what each operation of the device does before and after itself, for the sake
/// of whoever called, is done once for all that this thread asks of it.
///
/// Requires: nothing of the user's runs on this thread meanwhile.
class device_group {
 public:
  explicit device_group(device& gpu) noexcept : gpu_(gpu) { gpu_.begin_group(); }
  ~device_group() { gpu_.end_group(); }
  device_group(device_group const&) = delete;
  device_group& operator=(device_group const&) = delete;

 private:
  device& gpu_;
};

/// Where a vendor's devices come from. Nothing is probed before count() is called, and nothing of a
/// device is made before open().
class device_provider {
 public:
  /// "CUDA": what forms for its devices say as well (gpu_form.hpp).
  [[nodiscard]] virtual char const* vendor() const noexcept = 0;

  /// How many devices can be used; if 0, `why_none` is set to a text of static duration: what the
  /// driver or its absence said. Every failure of the first probe counts as no device.
  [[nodiscard]] virtual unsigned count(char const*& why_none) noexcept = 0;

  /// The device of that index, below count(); null, with `why` set, if it cannot be had after all.
  /// The same object every time.
  [[nodiscard]] virtual device* open(unsigned index, status& why) noexcept = 0;

 protected:
  ~device_provider() = default;
};

/// Makes a vendor's devices known, behind those of the providers that are known already. Each half
/// does so by itself when its first form is registered, tests with their simulated devices.
///
/// Requires: `provider` lives as long as the process, or until it is taken back.
HETMAP_API void register_device_provider(device_provider& provider);
/// Takes them back: what was known of its devices is forgotten, so no call may be running.
HETMAP_API void unregister_device_provider(device_provider& provider) noexcept;

}  // namespace hetmap::core
