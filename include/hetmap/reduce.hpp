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
/// f(in[i]...) of every i below the shortest length, in order, by `op`; init itself if there is
/// none.
///
/// op need not be commutative: only neighbours are joined, left before right. T, the type of init,
/// is the accumulator; it may be another type than f's result R:
///   T can be made of an R   each result becomes a T, then op(T, T);
///   otherwise               op(T, R) takes a result up, into T{} to begin with, beside op(T, T).
/// compose(lift, f) puts any other lift in.
///
/// The result's bits depend on the number of elements, the instruction-set level and nothing else:
/// elements are folded in blocks that begin at fixed indices, and the blocks' results are joined in
/// a fixed tree, whatever the workers and chunks. `.reproducible = true` takes the level away. (An
/// input that cannot be indexed has blocks of its own.) Sums, products, bit operations, `maximum`
/// and `minimum` of numbers are folded some dozens side by side, which is fastest; see
/// `commutative`. Under any other operation each block of numbers is folded from left to right,
/// many blocks at a time. What f makes of an element is rounded before it is joined: a product and
/// a sum are two operations.
///
/// A block is folded by one worker: slow elements in different blocks are shared, those of one
/// block run one after another. It has one element where there are less than 2048, and 4096 at
/// most; up to 65536 numbers that are folded side by side are shared element by element.
///
/// On a GPU it runs where f has a form for these elements and op one for T, which has to be f's
/// result type (compose(lift, f) makes it so); std::identity over memory needs none. Elements are
/// folded there in pieces of 16384, again at fixed indices, and one value a piece comes back. Its
/// bits are not the CPU's, and a call that the CPU has to finish, under auto, has some of each.
///
/// in... are ranges, arrays beside ranges that can be indexed (what is on a GPU is folded there,
/// and only values come back), or device_spans beside such ranges.
///
/// Requires: op is associative; T can be moved (it need not be assignable); op may be called on
///           several threads at once.
/// Throws:   what f, op and the inputs throw; from f and the blocks' op the lowest element's
///           (failed_index(); of an op that fails on a GPU, the first of its piece). The other
///           exceptions of map; over memory of a GPU those of map_into.
/// Waits:    until the result is there. A stop is heeded after a block, of a 1024th of the elements
///           and 4096 at most: blocks are never cut.
/// Cost:     one call of f and one of op an element.
/// Memory:   no results are kept, but up to 65536 numbers; some accumulators a worker, and room for
///           up to 32 blocks of numbers whose order matters.
inline constexpr detail::free_value_verb<detail::verb_name::map_reduce> map_reduce{};

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
