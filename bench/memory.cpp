#include "memory.hpp"

#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace bench {
namespace {

constexpr std::align_val_t page{4096};

}  // namespace

memory memory_from(std::string_view name) {
  if (name == "page_aligned") return memory::page_aligned;
  if (name == "std_vector") return memory::std_vector;
  if (name == "std_vector_odd") return memory::std_vector_odd;
  if (name == "hetmap_vector") return memory::hetmap_vector;
  throw std::invalid_argument("there is no memory " + std::string(name) +
                              ", only page_aligned, std_vector, std_vector_odd, hetmap_vector");
}

column::page_aligned::page_aligned(std::size_t bytes) : data(::operator new(bytes, page)) {
  std::memset(data, 0, bytes);
}
column::page_aligned::page_aligned(page_aligned&& other) noexcept
    : data(std::exchange(other.data, nullptr)) {}
column::page_aligned& column::page_aligned::operator=(page_aligned&& other) noexcept {
  std::swap(data, other.data);
  return *this;
}
column::page_aligned::~page_aligned() { ::operator delete(data, page); }

column::column(memory kind, std::size_t bytes, std::size_t element_bytes) : bytes_(bytes) {
  switch (kind) {
    case memory::page_aligned: data_ = held_.emplace<page_aligned>(bytes).data; break;
    case memory::std_vector: data_ = held_.emplace<0>(bytes).data(); break;
    case memory::std_vector_odd:
      data_ = held_.emplace<0>(bytes + element_bytes).data() + element_bytes;
      break;
    case memory::hetmap_vector:
      data_ = held_.emplace<hetmap::vector<std::byte>>(bytes).data();
      break;
  }
}

}  // namespace bench
