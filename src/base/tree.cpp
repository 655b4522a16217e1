// The order of a reduction's nodes.
#include <hetmap/detail/seam/leaf.hpp>

#include <algorithm>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

void sort_nodes(placed_node* nodes, std::size_t count) noexcept {
  std::sort(nodes, nodes + count,
            [](placed_node const& a, placed_node const& b) { return a.first < b.first; });
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
