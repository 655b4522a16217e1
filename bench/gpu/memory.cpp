#include "memory.hpp"

#include "cases.hpp"
#include "check.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <new>

namespace bench::gpu {
namespace {

struct place {
  std::size_t offset, bytes;
};

/// Where results are looked at. Elements of every case begin at multiples of 24 bytes.
std::array<place, 3> places_in(std::size_t bytes) {
  std::size_t const piece = std::min<std::size_t>(bytes, 3072);
  return {{{0, piece}, {(bytes - piece) / 2 / 24 * 24, piece}, {bytes - piece, piece}}};
}

}  // namespace

block::block(memory kind, std::size_t bytes) : kind_(kind), bytes_(bytes) {
  if (kind == memory::device)
    check(cudaMalloc(&data_, bytes));
  else if (kind == memory::pinned)
    check(cudaMallocHost(&data_, bytes));
  else
    data_ = ::operator new(bytes, std::align_val_t{page});
  if (kind != memory::device) std::memset(data_, 0, bytes);
}

block::~block() {
  if (kind_ == memory::device)
    static_cast<void>(cudaFree(data_));
  else if (kind_ == memory::pinned)
    static_cast<void>(cudaFreeHost(data_));
  else
    ::operator delete(data_, std::align_val_t{page});
}

column_memory columns_of::next(std::size_t bytes) {
  if (bytes > all_.bytes() - std::min(taken_, all_.bytes()))
    throw std::runtime_error("the case has more columns than there is memory for");
  column_memory const out{all_.data() + taken_, bytes};
  taken_ += (bytes + page - 1) / page * page;
  return out;
}

void fill(column_memory const& to, std::string_view case_name) {
  std::vector<char> pattern(std::min<std::size_t>(to.bytes, std::size_t{12} << 20));
  if (of_doubles(case_name)) {
    auto* const v = reinterpret_cast<double*>(pattern.data());
    for (std::size_t i = 0; i != pattern.size() / 8; ++i) v[i] = 1 + double(i % 1021) / 1021;
  } else if (case_name == "axpb_int8") {
    for (std::size_t i = 0; i != pattern.size(); ++i) pattern[i] = static_cast<char>(i * 7);
  } else {
    auto* const v = reinterpret_cast<float*>(pattern.data());
    float const least = case_name == "logistic200" ? 0 : 1;
    for (std::size_t i = 0; i != pattern.size() / 4; ++i) v[i] = least + float(i % 1021) / 1021;
  }
  for (std::size_t at = 0; at < to.bytes; at += pattern.size())
    check(cudaMemcpy(to.data + at, pattern.data(), std::min(pattern.size(), to.bytes - at),
                     cudaMemcpyDefault));
  check(cudaDeviceSynchronize());  // nobody else waits for the default stream
}

std::vector<char> sample_of(column_memory const& result) {
  std::vector<char> out;
  for (place const p : places_in(result.bytes)) {
    out.resize(out.size() + p.bytes);
    check(cudaMemcpy(out.data() + out.size() - p.bytes, result.data + p.offset, p.bytes,
                     cudaMemcpyDefault));
  }
  return out;
}

void clear_sample(column_memory const& result) {
  std::vector<char> const nothing(places_in(result.bytes)[0].bytes);
  for (place const p : places_in(result.bytes))
    check(cudaMemcpy(result.data + p.offset, nothing.data(), p.bytes, cudaMemcpyDefault));
  check(cudaDeviceSynchronize());
}

bool agree(std::vector<char> const& a, std::vector<char> const& b, std::string_view case_name) {
  if (case_name == "axpb_int8") return a == b;
  auto const close = [](double x, double y) {
    return std::abs(x - y) <= 1e-4 * std::max({1.0, std::abs(x), std::abs(y)});
  };
  auto const all_close = [&]<class T>(T) {
    for (std::size_t at = 0; at + sizeof(T) <= a.size(); at += sizeof(T)) {
      T x, y;
      std::memcpy(&x, a.data() + at, sizeof(T));
      std::memcpy(&y, b.data() + at, sizeof(T));
      if (!close(x, y)) return false;
    }
    return true;
  };
  return a.size() == b.size() && (of_doubles(case_name) ? all_close(0.0) : all_close(0.0f));
}

}  // namespace bench::gpu
