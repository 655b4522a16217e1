// Where columns lie: what users hand to a map.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>
#include <vector>

#include <hetmap/vector.hpp>

namespace bench {

enum class memory : unsigned char {
  page_aligned,    ///< begins at a page of 4 KiB
  std_vector,      ///< where a std::vector of this size has its elements
  std_vector_odd,  ///< its second element: what a span or a row of a matrix begins with
  hetmap_vector,
};

/// Throws std::invalid_argument for a name that is none of these.
[[nodiscard]] memory memory_from(std::string_view name);

/// Bytes of a kind of memory; the calling thread touches all of them first.
class column {
 public:
  column() = default;
  column(memory kind, std::size_t bytes, std::size_t element_bytes);

  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct page_aligned {
    explicit page_aligned(std::size_t bytes);
    page_aligned(page_aligned&& other) noexcept;
    page_aligned& operator=(page_aligned&& other) noexcept;
    ~page_aligned();
    void* data;
  };

  std::variant<std::vector<std::byte>, page_aligned, hetmap::vector<std::byte>> held_;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace bench
