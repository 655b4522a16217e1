// map_reduce: what a function makes of every element, joined by an associative operation.
#pragma once

#include <hetmap/concepts.hpp>
#include <hetmap/detail/verb/reduce_verbs.hpp>
#include <hetmap/operation.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
inline namespace HETMAP_TAG {

/// map_reduce(f, op, init, in...), map_reduce(options, f, op, init, in...): init joined with
/// f(in[i]...) of every i below the shortest length, in order, by `op`; init itself if there are no
/// elements.
///
/// op need not be commutative: only neighbours are joined, left before right. T, the type of init,
/// is the accumulator; it may be another type than f's result R:
///   T can be made of an R   each result becomes a T, then op(T, T);
///   otherwise               op(T, R) folds in a result, starting from T{}; op(T, T) joins.
/// compose(lift, f) provides any other lift.
///
/// The result's bits depend on the number of elements and the instruction-set level, and on nothing
/// else: elements are folded in blocks that begin at fixed indices, and the blocks' results are
/// joined in a fixed tree, whatever the workers and chunks. `.reproducible = true` removes the
/// level. (An input that cannot be indexed has blocks of its own.) Sums, products, bit operations,
/// `maximum` and `minimum` of numbers are folded some dozens side by side, which is fastest; see
/// `commutative`. Under any other operation each block of numbers is folded from left to right,
/// many blocks at a time. What f returns is rounded before it is joined: a product and a sum are
/// two operations.
///
/// A block is folded by one worker: slow elements in different blocks are shared, those of one
/// block run one after another. It has one element if there are fewer than 2048, and at most 4096.
/// Up to 65536 numbers that are folded side by side are shared element by element.
///
/// It can run on a GPU if f is registered for these elements and op for T, which must be f's result
/// type (compose(lift, f) makes it so); std::identity over memory needs no registration. The GPU
/// folds elements in pieces of 16384, again at fixed indices, and returns one value per piece. Its
/// bits are not the CPU's, and a call that the CPU has to finish, under auto, has some of each.
///
/// in... are ranges, arrays together with ranges that can be indexed (data on a GPU is folded
/// there, and only values come back), or device_spans together with such ranges.
///
/// Requires: op is associative; T can be moved (it need not be assignable); op may be called on
///           several threads at once.
/// Throws:   what f, op and the inputs throw; from f and from op within blocks, that of the lowest
///           element (failed_index(); for an op that fails on a GPU, the first of its piece). The
///           other exceptions of map; over memory of a GPU those of map_into.
/// Waits:    until the result is there. A stop request takes effect after a block (a 1024th of the
///           elements or less, 4096 at most): blocks are never cut.
/// Cost:     one call of f and one of op per element.
/// Memory:   no results are kept except up to 65536 numbers; some accumulators per worker, and room
///           for up to 32 blocks of numbers whose order matters.
inline constexpr detail::free_value_verb<detail::verb_name::map_reduce> map_reduce{};

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
