#include "device.hpp"

#include "errors.hpp"

#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdint>

namespace hetmap::cuda_half {
namespace {

using core::place;
using core::status;

/// Makes a device the calling thread's current one from begin() to end(), and lets the thread make
/// calls that a capture forbids.
///
/// Giving the caller's device back makes a context on it if it had none (CUDA does that from
/// version 12 on), so nothing is called where the two are the same.
///
/// While a stream is captured, CUDA forbids whatever a graph could depend on without it being in
/// the graph: allocations, queries, waiting, to its thread and, by default, to all others; one such
/// call ends the capture. No graph depends on what is called here: that is hetmap's own memory,
/// streams and events.
struct visit {
  int before = 0;
  bool changed = false;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;  // then what it was before
  bool relaxed = false;
  cudaError_t error = cudaSuccess;

  void begin(int wanted) noexcept {
    *this = {};
    error = cudaGetDevice(&before);
    if (error == cudaSuccess && before != wanted) {
      error = cudaSetDevice(wanted);
      changed = error == cudaSuccess;
    }
    if (error == cudaSuccess) error = cudaThreadExchangeStreamCaptureMode(&mode);
    relaxed = error == cudaSuccess;
  }
  void end() noexcept {
    if (relaxed) static_cast<void>(cudaThreadExchangeStreamCaptureMode(&mode));
    if (changed) static_cast<void>(cudaSetDevice(before));
  }
};

/// The outermost group of a thread. Those within it for the same device have nothing to do; for
/// another one every operation does all of it, as if there were no group.
struct thread_group {
  int index = -1;
  unsigned depth = 0;
  visit here;
};
constinit thread_local thread_group group;

/// One operation's visit, or that of the group which it belongs to.
class current_device {
 public:
  explicit current_device(int wanted) noexcept
      : grouped_(group.depth != 0 && group.index == wanted) {
    if (!grouped_) own_.begin(wanted);
  }
  ~current_device() {
    if (!grouped_) own_.end();
  }
  current_device(current_device const&) = delete;
  current_device& operator=(current_device const&) = delete;

  /// The status of f(), called with the device current.
  template <class F>
  [[nodiscard]] status run(F f) const noexcept {
    cudaError_t const entered = grouped_ ? group.here.error : own_.error;
    return status_of(entered == cudaSuccess ? f() : entered);
  }

 private:
  bool grouped_;
  visit own_;
};

cudaStream_t as_stream(core::device::stream s) { return static_cast<cudaStream_t>(s); }
cudaEvent_t as_event(core::device::event e) { return static_cast<cudaEvent_t>(e); }

// How long block_until() asks before it sleeps. Small calls on data that is on the device take a
// few microseconds, and waking a thread up would take as long again or more.
constexpr std::chrono::microseconds patience{50};

}  // namespace

status cuda_device::start() noexcept {
  return current_device(index_).run([] { return cudaFree(nullptr); });
}

// -- memory --

status cuda_device::allocate(void*& block, std::size_t bytes) noexcept {
  block = nullptr;
  return current_device(index_).run([&] { return cudaMalloc(&block, bytes); });
}

void cuda_device::free(void* block) noexcept {
  if (block == nullptr) return;
  static_cast<void>(current_device(index_).run([&] { return cudaFree(block); }));
}

status cuda_device::pin(void*& block, std::size_t bytes) noexcept {
  block = nullptr;
  return current_device(index_).run(
      [&] { return cudaHostAlloc(&block, bytes, cudaHostAllocPortable | cudaHostAllocMapped); });
}

void cuda_device::unpin(void* block) noexcept {
  if (block == nullptr) return;
  static_cast<void>(current_device(index_).run([&] { return cudaFreeHost(block); }));
}

status cuda_device::memory(core::memory_sizes& sizes) noexcept {
  return current_device(index_).run([&] { return cudaMemGetInfo(&sizes.free, &sizes.total); });
}

status cuda_device::locate(core::memory_range* ranges, std::size_t count) noexcept {
  current_device const here(index_);
  status met;
  auto const place_of = [&](void const* address, unsigned& owner) {
    cudaPointerAttributes found{};
    met = here.run([&] { return cudaPointerGetAttributes(&found, address); });
    if (met.what != core::fault::lost && !met.ok()) met = {};
    owner = static_cast<unsigned>(found.device);
    switch (found.type) {
      case cudaMemoryTypeHost: return place::pinned;
      case cudaMemoryTypeManaged: return place::managed;
      case cudaMemoryTypeDevice: return found.device == index_ ? place::device : place::foreign;
      default: return place::pageable;
    }
  };
  for (core::memory_range* r = ranges; r != ranges + count && met.ok(); ++r) {
    r->where = place_of(r->begin, r->owner);
    if (!met.ok() || r->where == place::pageable || r->where == place::foreign) continue;
    // A number: no pointer may be formed beyond what there is.
    auto const last = reinterpret_cast<std::uintptr_t>(r->begin) + (r->bytes - 1);
    unsigned owner = 0;
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    r->whole = place_of(reinterpret_cast<void const*>(last), owner) == r->where;
  }
  return met;
}

// -- streams and events --

status cuda_device::create(stream& made) noexcept {
  cudaStream_t s = nullptr;
  status const done = current_device(index_).run(
      [&] { return cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking); });
  made = s;
  return done;
}

void cuda_device::destroy(stream made) noexcept {
  if (made == nullptr) return;
  static_cast<void>(current_device(index_).run([&] { return cudaStreamDestroy(as_stream(made)); }));
}

status cuda_device::create_event(event& made) noexcept {
  cudaEvent_t e = nullptr;
  status const done = current_device(index_).run(
      [&] { return cudaEventCreateWithFlags(&e, cudaEventDisableTiming | cudaEventBlockingSync); });
  made = e;
  return done;
}

void cuda_device::destroy_event(event made) noexcept {
  if (made == nullptr) return;
  static_cast<void>(current_device(index_).run([&] { return cudaEventDestroy(as_event(made)); }));
}

status cuda_device::record(event e, stream in) noexcept {
  return current_device(index_).run([&] { return cudaEventRecord(as_event(e), as_stream(in)); });
}

status cuda_device::wait(stream in, event e) noexcept {
  return current_device(index_).run(
      [&] { return cudaStreamWaitEvent(as_stream(in), as_event(e), 0); });
}

status cuda_device::query(event e, bool& completed) noexcept {
  return current_device(index_).run([&] {
    cudaError_t const answer = cudaEventQuery(as_event(e));
    completed = answer == cudaSuccess;
    if (answer != cudaErrorNotReady) return answer;
    static_cast<void>(cudaGetLastError());  // it counts as an error to whoever asks for the last
    return cudaSuccess;
  });
}

status cuda_device::block_until(event e) noexcept {
  auto const until = std::chrono::steady_clock::now() + patience;
  bool completed = false;
  do {
    if (status const asked = query(e, completed); !asked.ok()) return asked;
    if (completed) return {};
  } while (std::chrono::steady_clock::now() < until);
  return current_device(index_).run([&] { return cudaEventSynchronize(as_event(e)); });
}

status cuda_device::block_until_idle(stream in) noexcept {
  return current_device(index_).run([&] { return cudaStreamSynchronize(as_stream(in)); });
}

status cuda_device::capturing(stream in, bool& captured) noexcept {
  return current_device(index_).run([&] {
    cudaStreamCaptureStatus now = cudaStreamCaptureStatusNone;
    cudaError_t const e = cudaStreamIsCapturing(as_stream(in), &now);
    captured = now == cudaStreamCaptureStatusActive;
    if (e == cudaSuccess && now == cudaStreamCaptureStatusInvalidated)
      return cudaErrorStreamCaptureInvalidated;
    return e;
  });
}

// -- work --

status cuda_device::copy_in(stream in, void* to_device, void const* from_host,
                            std::size_t bytes) noexcept {
  return current_device(index_).run([&] {
    return cudaMemcpyAsync(to_device, from_host, bytes, cudaMemcpyHostToDevice, as_stream(in));
  });
}

status cuda_device::copy_out(stream in, void* to_host, void const* from_device,
                             std::size_t bytes) noexcept {
  return current_device(index_).run([&] {
    return cudaMemcpyAsync(to_host, from_device, bytes, cudaMemcpyDeviceToHost, as_stream(in));
  });
}

status cuda_device::copy_within(stream in, void* to, void const* from, std::size_t bytes) noexcept {
  return current_device(index_).run(
      [&] { return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, as_stream(in)); });
}

status cuda_device::launch(stream in, detail::gpu_form const& form,
                           detail::gpu_launch work) noexcept {
  work.stream = in;
  return current_device(index_).run([&] { return static_cast<cudaError_t>(form.launch(work)); });
}

// -- groups --

void cuda_device::begin_group() noexcept {
  if (group.depth++ != 0) return;
  group.index = index_;
  group.here.begin(index_);
}

void cuda_device::end_group() noexcept {
  if (--group.depth == 0) group.here.end();
}

}  // namespace hetmap::cuda_half
