// The columns that cases read and write: memory taken once for all of them, since pinning it takes
// up to a second a GB.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace bench::gpu {

enum class memory : unsigned char { device, pinned, pageable };

inline constexpr std::size_t page = 4096;

/// One piece of memory, cut into columns.
class block {
 public:
  block(memory kind, std::size_t bytes);
  ~block();
  block(block const&) = delete;
  block& operator=(block const&) = delete;

  [[nodiscard]] char* data() const { return static_cast<char*>(data_); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  memory kind_;
  std::size_t bytes_;
  void* data_ = nullptr;
};

/// Part of a block. Columns of the next case begin at its start again.
struct column_memory {
  char* data = nullptr;
  std::size_t bytes = 0;
};
class columns_of {
 public:
  /// Bytes for so many columns, or for twice as many of half the size.
  static constexpr std::size_t room(unsigned columns, std::size_t bytes) {
    return columns * (bytes + 2 * page);
  }

  explicit columns_of(block const& all) : all_(all) {}
  /// The next column, at the start of a page. Throws std::runtime_error if there is too little
  /// left.
  column_memory next(std::size_t bytes);

 private:
  block const& all_;
  std::size_t taken_ = 0;
};

/// Values between one and two in every case's type: no denormals, which are slower on CPUs. Those
/// of logistic200 are below one, where it stays in bounds.
void fill(column_memory const& to, std::string_view case_name);

/// The first and the last bytes of a result, and some between.
std::vector<char> sample_of(column_memory const& result);
/// Clears what sample_of() looks at, so that nobody's results are mistaken for the next one's.
void clear_sample(column_memory const& result);

/// Whether two results are the same but for rounding.
bool agree(std::vector<char> const& a, std::vector<char> const& b, std::string_view case_name);

}  // namespace bench::gpu
