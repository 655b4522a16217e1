// The fixed tree of a reduction: the joining of its leaves.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/kernel/accumulator.hpp>
#include <hetmap/detail/kernel/fold.hpp>
#include <hetmap/detail/kernel/loop.hpp>
#include <hetmap/detail/seam/leaf.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/vector.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Leaves first .. first + 2^level of the tree, joined.
template <class T>
struct tree_node {
  std::size_t first;
  unsigned level;
  T value;

  [[nodiscard]] bool is_left_of(tree_node const& right) const noexcept {
    return level == right.level && first + (std::size_t{1} << level) == right.first &&
           (first >> level) % 2 == 0;
  }
};

inline namespace HETMAP_TAG {

struct nothing {};

/// What one lane has joined so far: complete subtrees, siblings joined where they met. Which
/// subtrees exist in the end depends on the number of leaves only, not on who folded which.
template <class T, class Op>
class subtrees {
 public:
  /// Values that wait until several are joined at once.
  static constexpr bool plain = std::is_trivially_copyable_v<T> && std::is_copy_assignable_v<T> &&
                                std::default_initializable<T> && sizeof(T) <= 64;

  __attribute__((__noinline__)) void add(tree_node<T> node, Op& op) {
    if (nodes_.empty() || !nodes_.back().is_left_of(node)) {
      if (nodes_.capacity() == 0) nodes_.reserve(16);  // more than most lanes come to have
      nodes_.push_back(std::move(node));
      return;
    }
    tree_node<T>& left = nodes_.back();
    tree_node<T> both{left.first, left.level + 1,
                      joined(std::move(left.value), std::move(node.value), op)};
    nodes_.pop_back();
    add(std::move(both), op);
  }

  /// One leaf of plain values. Several in a row are joined together.
  HETMAP_INLINE void add_leaf(std::size_t leaf, T value, Op& op) {
    if (waiting_ != 0 && leaf != first_waiting_ + waiting_) add_waiting(op);
    if (waiting_ == 0) first_waiting_ = leaf;
    leaves_[waiting_++] = value;
    if ((leaf + 1) % most_waiting == 0) add_waiting(op);
  }
  /// The same out of line, so that the sum stays in registers until it is whole.
  __attribute__((__noinline__)) void keep_leaf(tree_node<T> node, Op& op) {
    if constexpr (plain)
      add_leaf(node.first, node.value, op);
    else
      add(std::move(node), op);
  }
  __attribute__((__noinline__)) void add_waiting(Op& op) {
    if constexpr (plain) {
      std::size_t const n = std::exchange(waiting_, 0);
      if (n == most_waiting)
        add_leaves<most_waiting>(first_waiting_, leaves_, op);
      else
        for (std::size_t k = 0; k != n; ++k) add({first_waiting_ + k, 0, leaves_[k]}, op);
    }
  }

  /// N leaves from `first` on; their values are modified.
  template <std::size_t N>
  __attribute__((__noinline__)) void add_leaves(std::size_t first, T* leaves, Op& op) {
    if (waiting_ != 0) add_waiting(op);
    if (first % N == 0) {
      detail::join_leaves<N>(op, leaves);
      add({first, static_cast<unsigned>(std::countr_zero(N)), leaves[0]}, op);
    } else {
      for (std::size_t k = 0; k != N; ++k) add({first + k, 0, leaves[k]}, op);
    }
  }

  /// Joins what waits, unless that is a single leaf: there may be no other.
  HETMAP_INLINE void add_several_waiting(Op& op) {
    if constexpr (plain)
      if (waiting_ > 1) add_waiting(op);
  }
  /// The value of the only leaf, if it waits and is all that there is; else null.
  [[nodiscard]] T const* only_leaf() const noexcept
    requires plain
  {
    return waiting_ == 1 && nodes_.empty() ? leaves_ : nullptr;
  }

  [[nodiscard]] std::vector<tree_node<T>>& nodes() noexcept { return nodes_; }

  subtrees* next = nullptr;
  /// Room for n numbers that are about to be folded.
  [[nodiscard]] __attribute__((__noinline__)) T* room_for(std::size_t n) {
    if (n <= few) return few_;
    if (room_ < n) buffer_ = vector_access::with_room<T>(room_ = n);
    return buffer_.data();
  }

 private:
  static T joined(T&& left, T&& right, Op& op) {
    if constexpr (plain) {
      T both[] = {left, right};
      detail::join_leaves<2>(op, static_cast<T*>(both));
      return both[0];
    } else {
      return T(detail::call(op, std::move(left), std::move(right)));
    }
  }

  std::vector<tree_node<T>> nodes_;
  static constexpr std::size_t most_waiting = 16;
  std::conditional_t<plain, T[most_waiting], nothing> leaves_;
  std::size_t first_waiting_ = 0;
  std::size_t waiting_ = 0;
  std::conditional_t<std::is_arithmetic_v<T>, vector<T>, nothing> buffer_{};
  std::size_t room_ = 0;
  static constexpr std::size_t few = 128;  // numbers that need no memory of their own
  std::conditional_t<std::is_arithmetic_v<T>, T[few], nothing> few_;
};

/// These subtrees, from left to right, after `init`.
template <class T, class Op>
[[nodiscard]] T joined_after(T init, std::vector<tree_node<T>>& nodes, Op& op) {
  if (nodes.empty()) return init;
  running<T> sum(std::move(nodes.front().value));
  for (std::size_t k = 1; k != nodes.size(); ++k)
    sum.become(T(detail::call(op, sum.taken(), std::move(nodes[k].value))));
  return T(detail::call(op, std::move(init), sum.taken()));
}

/// Whether siblings have met, all of them: so they have where leaves came from left to right.
template <class T>
[[nodiscard]] bool is_in_order(std::vector<tree_node<T>> const& nodes) noexcept {
  for (std::size_t k = 1; k < nodes.size(); ++k)
    if (nodes[k].first < nodes[k - 1].first) return false;
  return true;
}

/// All that the lanes have joined, in order, after `init`.
template <class T, class Op>
[[nodiscard]] T joined_lanes(subtrees<T, Op>* lanes, Op& op, T init) {
  if (lanes != nullptr && lanes->next == nullptr) {
    if constexpr (subtrees<T, Op>::plain)
      if (T const* const value = lanes->only_leaf())
        return T(detail::call(op, std::move(init), T(*value)));
    lanes->add_waiting(op);
    if (detail::is_in_order(lanes->nodes()))
      return detail::joined_after(std::move(init), lanes->nodes(), op);
  }
  std::vector<placed_node> all;
  for (auto* lane = lanes; lane != nullptr; lane = lane->next) {
    lane->add_waiting(op);
    for (auto& node : lane->nodes()) all.push_back({node.first, std::addressof(node)});
  }
  sort_nodes(all.data(), all.size());
  subtrees<T, Op> whole;
  for (auto& [first, node] : all) whole.add(std::move(*static_cast<tree_node<T>*>(node)), op);
  return detail::joined_after(std::move(init), whole.nodes(), op);
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
