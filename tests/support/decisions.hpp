// The decisions that a test has caused.
#pragma once

#include <gtest/gtest.h>
#include <hetmap/decisions.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace support {

inline bool contains(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

/// The records that were added since it was made.
class since {
 public:
  since() {
    auto const all = hetmap::decisions();
    if (!all.empty()) first_ = all.back().number + 1;
  }
  [[nodiscard]] std::vector<hetmap::decision> all() const {
    std::vector<hetmap::decision> out;
    for (hetmap::decision const& d : hetmap::decisions())
      if (d.number >= first_) out.push_back(d);
    return out;
  }
  /// How many were made, kept or not.
  [[nodiscard]] std::uint64_t made() const {
    auto const all = hetmap::decisions();
    return all.empty() ? 0 : all.back().number + 1 - first_;
  }
  /// The only one.
  [[nodiscard]] hetmap::decision one() const {
    auto const found = all();
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? hetmap::decision() : found.back();
  }

 private:
  std::uint64_t first_ = 0;
};

}  // namespace support
