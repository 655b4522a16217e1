#include "probe.hpp"

#include "errors.hpp"

#include <cuda_runtime_api.h>

#include <new>

namespace hetmap {
namespace cuda_half {

using core::fault;
using core::status;

namespace {

/// "NVIDIA H100 80GB HBM3; 0123456789abcdef0123456789abcdef; 85520809984 bytes; driver 12040".
std::string identity(cudaDeviceProp const& properties) {
  std::string text(properties.name);
  text += "; ";
  for (char const byte : properties.uuid.bytes)
    for (int const shift : {4, 0})
      text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> shift & 0xf];
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess) static_cast<void>(cudaGetLastError());
  return text.append("; ")
      .append(std::to_string(properties.totalGlobalMem))
      .append(" bytes; driver ")
      .append(std::to_string(driver));
}

}  // namespace

unsigned cuda_devices::count(char const*& why_none) noexcept {
  std::lock_guard const lock(guard_);
  why_none = "there is too little memory to ask CUDA for its devices";
  try {
    if (!probed_) {
      int found = 0;
      // Without a driver the runtime says 35 (the driver is too old), not 100 (no device). Whatever
      // it says, there is no GPU for this process.
      cudaError_t const e = cudaGetDeviceCount(&found);
      if (e != cudaSuccess) {
        static_cast<void>(cudaGetLastError());
        found = 0;
        why_none_ = "CUDA error ";
        why_none_.append(std::to_string(static_cast<int>(e))).append(": ");
        why_none_.append(cudaGetErrorString(e));
      } else if (found == 0) {
        why_none_ = "CUDA finds no device on this machine";
      }
      all_.resize(static_cast<std::size_t>(found));
      probed_ = true;
    }
    why_none = why_none_.c_str();
    return static_cast<unsigned>(all_.size());
  } catch (std::bad_alloc const&) {
    return 0;
  }
}

core::device* cuda_devices::open(unsigned index, status& why) noexcept {
  std::lock_guard const lock(guard_);
  std::unique_ptr<cuda_device>& wanted = all_[index];
  if (wanted) return wanted.get();
  try {
    cudaDeviceProp properties{};
    why = status_of(cudaGetDeviceProperties(&properties, static_cast<int>(index)));
    if (!why.ok()) return nullptr;
    auto made = std::make_unique<cuda_device>(static_cast<int>(index), properties.name,
                                              identity(properties));
    why = made->start();
    if (!why.ok()) return nullptr;
    wanted = std::move(made);
    return wanted.get();
  } catch (std::bad_alloc const&) {
    why = {fault::refused, static_cast<int>(cudaErrorMemoryAllocation),
           "there is too little memory to open the device"};
    return nullptr;
  }
}

}  // namespace cuda_half

inline namespace HETMAP_ABI {
namespace detail {

void use_cuda_devices() noexcept {
  // Never destroyed: arrays of static duration give their memory back after any destructor here.
  static cuda_half::cuda_devices& here = *[] {
    auto* const made = new cuda_half::cuda_devices;
    core::register_device_provider(*made);
    return made;
  }();
  static_cast<void>(here);
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
