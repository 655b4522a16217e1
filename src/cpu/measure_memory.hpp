// What the memory is measured at, by all cores: rates, and from which size on stores past the
// caches pay.
#pragma once

#include <hetmap/profile.hpp>
#include <hetmap/topology.hpp>

#include <cstddef>

namespace hetmap::core {

/// Sets the rates of memory, the footprint for non-temporal stores, tile and prefetch distance.
/// Where there are no such stores, or too little memory to tell, what says so stays as it was.
///
/// Throws:   std::bad_alloc.
void measure_memory(unsigned workers, isa level, cpu_values& values);

/// Of times by so many bytes, ascending, the size from which on streamed stores gain most, of all
/// larger ones together, and more than a tenth where caches may keep results, so that one that was
/// interrupted does not decide; beyond all plausible sizes if they never gain.
struct stores_timed {
  double bytes;
  double regular_seconds;
  double streamed_seconds;
};
[[nodiscard]] double footprint_from(stores_timed const* times, std::size_t count) noexcept;

}  // namespace hetmap::core
