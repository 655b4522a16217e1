// imap and istarmap: apply a function to every element of an input of any length, endless ones
// included, in bounded memory. These are the declarations and their promises. The requirements are
// in detail/verb/stream_verbs.hpp, the bodies in detail/verb/stream_body.hpp, what they return in
// stream.hpp.
//
// In all of them
//   f       is called once per element, and as many calls run at once as there are workers and
//           elements, whatever earlier elements cost: the contract of map. An lvalue object is
//           borrowed until the stream is gone, an rvalue is moved in; function pointers are copied.
//           The consumer's own thread does not call f, except on the backend serial, inside another
//           stream's f, and on auto (not cpu), when it finds nothing ready, for an f that has taken
//           under 2 ms per chunk over 2^20 elements. f and the input run under the floating-point
//           control words of the thread that made the stream.
//   in...   are ranges, borrowed or moved in likewise. Elements with the same index are paired, and
//           the shortest range ends the stream. Nothing is read before the first result is asked
//           for. The workers read what can be indexed in place. Anything else is advanced by one
//           worker at a time and kept in the stream's buffers: a forward range as iterators, which
//           the workers read (the unordered verbs keep the address of *it, or what *it returns if
//           that is no reference), any other as values (map.hpp says what can be kept). Each
//           element is read once, and not before the window has room for it. None is read that
//           another input has no partner for, if lengths are known or that input can be read again.
//           An input may wait, even for another stream. If waiting inputs hold all workers while
//           other work needs one, a thread is added to stand in for one of them, and ends a tenth
//           of a second after it was last needed; 256 at most. An input that waits for what the
//           consumer does with earlier results needs .chunk_size = 1, since a chunk is computed
//           once all of it has been read.
//   results come in the order of the input; from the unordered verbs, as chunks are done.
//   errors  What f throws at element k is thrown instead of result k, and the stream goes on after
//           it. What the input throws at k comes after the k results before it and ends the stream
//           (if unordered, and thrown by an input that can be indexed, chunks from after k may have
//           come by then). failed_index() tells k. With .errors = collect results are outcomes and
//           f's exceptions disturb nothing.
//   options come first: .window (chunks ahead; default at least 4 per worker, but no more than
//           there are elements), .chunk_size (default about 1 ms of work, from one element up, at
//           most 512 KiB of inputs and results, and no more than a worker's share of what is left
//           of an input that knows its length), .max_bytes (default 32 MiB; window and chunks are
//           chosen to fit it. .window and .chunk_size are kept as given; only if they would take
//           more than .max_bytes, or 32 MiB, they become what an input that knows its length can
//           use), .workers (default the process's shared ones, one per physical core; a stream that
//           asks for more gets threads of its own), .backend = serial (the consumer computes each
//           chunk when it asks for it) or gpu, .device (which GPU), .stop, .progress (from the
//           consumer, as it gives chunks back), .errors, .reproducible, and .resume for streams
//           that end in a sink.
// On a GPU (.backend = gpu, or auto if it is predicted to finish first) chunks default to 1 MiB
// of the widest column and .window to 8; pinned and device memory count towards .max_bytes. A
// kernel's fail() is thrown instead of its result. If the device fails, auto goes on with the CPU,
// except for inputs that lie in the device's memory; otherwise device_error comes after the results
// below the first that is missing, and ends the stream. stream.hpp says what a fork() does to a
// stream.
// Throws, all of them: option_error, also if window and chunk_size ask for more than max_bytes;
// device_unavailable, before the input is touched.
#pragma once

#include <hetmap/concepts.hpp>
#include <hetmap/detail/verb/stream_verbs.hpp>
#include <hetmap/sink.hpp>
#include <hetmap/stream.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

inline namespace HETMAP_TAG {

/// imap(f, in...), imap(options, f, in...): a stream of f(in[i]...), in the order of the input.
/// With .errors = collect: a stream of outcome<R>.
///
/// Requires: f returns a value; for next(), one that can be moved.
/// Throws:   nothing of f's or the input's yet.
/// Waits:    no.
/// Cost:     one call of f per element; a lock and sometimes a wake-up per chunk.
/// Memory:   .memory_bound() of what it returns, allocated when the first result is asked for.
inline constexpr detail::free_value_verb<detail::verb_name::imap> imap{};

/// imap whose chunks come as they are done, so that a slow element holds up only its own chunk.
/// indexed() tells which result belongs to which element.
///
/// Requires, throws, waits, cost, memory: as imap.
inline constexpr detail::free_value_verb<detail::verb_name::imap_unordered> imap_unordered{};

/// istarmap(f, rows), istarmap(options, f, rows): imap for one range of rows, f(get<0>(row),
/// get<1>(row), ...).
///
/// Requires: the elements of `rows` are tuple-like (tuple, pair, array).
/// Throws, waits, cost, memory: as imap.
inline constexpr detail::free_value_verb<detail::verb_name::istarmap> istarmap{};

/// istarmap whose chunks come as they are done.
///
/// Requires, throws, waits, cost, memory: as istarmap.
inline constexpr detail::free_value_verb<detail::verb_name::istarmap_unordered>
    istarmap_unordered{};

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
