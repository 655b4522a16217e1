// Memory of a GPU and pinned memory, taken from CUDA itself: what other libraries hand to hetmap.
#pragma once

#include <hetmap/hetmap.hpp>

#include <cuda_runtime_api.h>

#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace support {

inline void check(cudaError_t e) {
  if (e == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    throw std::bad_alloc();
  }
  if (e != cudaSuccess) throw std::runtime_error(cudaGetErrorString(e));
}

/// n elements on the current device.
template <class T>
class on_device {
 public:
  explicit on_device(std::size_t n) : size_(n) {
    check(cudaMalloc(reinterpret_cast<void**>(&data_), n * sizeof(T)));
  }
  explicit on_device(std::vector<T> const& values) : on_device(values.size()) {
    check(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice));
    check(cudaDeviceSynchronize());  // the copy may still be on its way, and hetmap does not wait
  }
  ~on_device() { static_cast<void>(cudaFree(data_)); }
  on_device(on_device const&) = delete;
  on_device& operator=(on_device const&) = delete;

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] hetmap::device_span<T> span(std::size_t from = 0) const {
    return {data_ + from, size_ - from};
  }
  [[nodiscard]] hetmap::device_span<T> span(std::size_t from, std::size_t n) const {
    return {data_ + from, n};
  }

  [[nodiscard]] T at(std::size_t i) const {
    T value;
    check(cudaMemcpy(&value, data_ + i, sizeof(T), cudaMemcpyDeviceToHost));
    return value;
  }
  void set(std::size_t i, T value) {
    check(cudaMemcpy(data_ + i, &value, sizeof(T), cudaMemcpyHostToDevice));
    check(cudaDeviceSynchronize());
  }
  [[nodiscard]] std::vector<T> host() const {
    std::vector<T> values(size_);
    check(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// n elements of pinned host memory.
template <class T>
class pinned {
 public:
  explicit pinned(std::size_t n) : size_(n) {
    check(cudaMallocHost(reinterpret_cast<void**>(&data_), n * sizeof(T)));
  }
  ~pinned() { static_cast<void>(cudaFreeHost(data_)); }
  pinned(pinned const&) = delete;
  pinned& operator=(pinned const&) = delete;

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] T* begin() const { return data_; }
  [[nodiscard]] T* end() const { return data_ + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  std::size_t size_;
};

/// Why no map can run on a GPU here; empty if one can.
inline std::string no_gpu_here() {
  int found = 0;
  cudaError_t const e = cudaGetDeviceCount(&found);
  if (e == cudaSuccess && found > 0) return {};
  static_cast<void>(cudaGetLastError());
  return e == cudaSuccess ? "CUDA finds no device" : cudaGetErrorString(e);
}

}  // namespace support
