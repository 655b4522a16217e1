// What this process may compute on.
#pragma once

#include <hetmap/detail/config.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// Physical cores this process may use: those in the affinity mask of any of its threads, fewer if
/// its control group's quota says so, at least 1. Hardware threads of one core count once. So a
/// pinned thread does not limit its process; a mask that the process was started with does, and so
/// does one that its main thread takes before there are other threads.
///
/// Waits:    reads a few small kernel files, once per process; a forked child reads them again.
/// Cost:     a load, after the first call.
[[nodiscard]] HETMAP_API unsigned physical_cores();

/// Instruction-set levels that the element loops are compiled for; each includes the ones before.
enum class isa : unsigned char {
  baseline,  ///< what the file itself was compiled for
  avx2,      ///< x86-64-v3: AVX2, FMA, BMI
  avx512,    ///< x86-64-v4: AVX-512 F, BW, DQ, VL, CD
};

/// "baseline", "avx2" or "avx512".
[[nodiscard]] HETMAP_API char const* name(isa level) noexcept;

/// The level that this process's maps run at: the highest one that the processor and the operating
/// system offer, or the one that HETMAP_ISA names.
///
/// Throws:   option_error if HETMAP_ISA names no level, or one that this processor lacks.
[[nodiscard]] HETMAP_API isa isa_level();

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
