// The columns that cases read and write, kept from one request to the next.
#pragma once

#include "cases.hpp"
#include "memory.hpp"

#include <array>
#include <cstddef>

namespace bench {

/// The columns of all requests and contenders of a process, as long as they are of one kind.
class column_store {
 public:
  /// Operands for `elements` elements of that case, inputs filled. There is room for `most`, so
  /// that all sizes of a case use the same pages. Requires: elements <= most.
  operands prepare(case_description const& what, memory kind, std::size_t elements,
                   std::size_t most);

 private:
  /// Memory, and what it was last filled with.
  struct held {
    column memory;
    column_description what{};
    std::size_t filled = 0;
  };

  void* prepare(held& h, column_description const& c, std::size_t elements, std::size_t filled,
                std::size_t which);

  memory kind_ = memory::page_aligned;
  std::array<held, most_inputs + 1 + most_outputs> columns_{};
};

}  // namespace bench
