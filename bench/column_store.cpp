#include "column_store.hpp"

namespace bench {

operands column_store::prepare(case_description const& what, memory kind, std::size_t elements,
                               std::size_t most) {
  if (kind_ != kind) columns_ = {};
  kind_ = kind;
  // Indices depend on how many there are.
  std::size_t const filled = what.aside.element_bytes != 0 ? elements : most;
  operands result{.elements = elements};
  for (std::size_t k = 0; k != what.in.size(); ++k)
    result.in[k] = prepare(columns_[k], what.in[k], most, filled, k);
  result.aside = prepare(columns_[most_inputs], what.aside, most, filled, most_inputs - 1);
  for (std::size_t k = 0; k != what.out.size(); ++k)
    result.out[k] = prepare(columns_[most_inputs + 1 + k], what.out[k], most, 0, 0);
  return result;
}

void* column_store::prepare(held& h, column_description const& c, std::size_t elements,
                            std::size_t filled, std::size_t which) {
  if (c.element_bytes == 0) return nullptr;
  std::size_t const bytes = elements * c.element_bytes;
  if (h.memory.bytes() < bytes || h.what.element_bytes != c.element_bytes) {
    h = {};
    h.memory = column(kind_, bytes, c.element_bytes);
  }
  bool const as_wanted = h.what == c && h.filled == filled;
  if (filled != 0 && !as_wanted) c.fill(h.memory.data(), filled, which, c.range);
  h.what = c;
  h.filled = filled;
  return h.memory.data();
}

}  // namespace bench
