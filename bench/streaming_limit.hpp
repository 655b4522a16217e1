// The hand-written loop that hetmap is measured against where memory is the limit.
#pragma once

#include <cstddef>

namespace bench {

/// Threads that stream_axpb uses, the calling one among them. Default: 1.
void use_streaming_workers(unsigned workers);

/// out[i] = 2.5 * in[i] + 1 with stores of whole lines that pass the caches by, one equal part a
/// thread.
void stream_axpb(float* out, float const* in, std::size_t n);

}  // namespace bench
