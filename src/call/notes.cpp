#include "notes.hpp"

#include "../base/backend.hpp"
#include "../base/rates.hpp"
#include "../gpu/devices.hpp"

#include <hetmap/detail/seam/math_list.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace hetmap::core {

using namespace detail;

namespace {

// Of the C library, which hetmap::math has for vectors. std::exp of a float is a function of its
// own in each file, and is not known.
#define HETMAP_DOUBLE(name) &::name,
#define HETMAP_FLOAT(name) &::name##f,
constexpr double (*unary[])(double) = {HETMAP_MATH_UNARY(HETMAP_DOUBLE)};
constexpr float (*unary_float[])(float) = {HETMAP_MATH_UNARY(HETMAP_FLOAT)};
constexpr double (*binary[])(double, double) = {HETMAP_MATH_BINARY(HETMAP_DOUBLE)};
constexpr float (*binary_float[])(float, float) = {HETMAP_MATH_BINARY(HETMAP_FLOAT)};
#undef HETMAP_DOUBLE
#undef HETMAP_FLOAT

template <class F, std::size_t N>
bool is_one_of(F* const (&known)[N], void const* function) noexcept {
  return std::any_of(std::begin(known), std::end(known),
                     [&](F* f) { return reinterpret_cast<void const*>(f) == function; });
}

bool is_library_math(void const* function) noexcept {
  return is_one_of(unary, function) || is_one_of(unary_float, function) ||
         is_one_of(binary, function) || is_one_of(binary_float, function);
}

bool lacks_only_a_kernel(job const& work) {
  if (work.gpu == nullptr || work.gpu->site == nullptr) return false;
  gpu_fold const* const fold = work.gpu->fold;
  return find_gpu_form(*work.gpu->site) == nullptr &&
         (fold == nullptr || find_gpu_form(*fold->site) != nullptr);
}

}  // namespace

unsigned notes_on_kernel(job const& work) noexcept {
  if (work.scalar == nullptr || std::string_view(work.scalar) != called_through_pointer) return 0;
  bool const math = work.learned != nullptr && is_library_math(work.learned->function());
  return bit_of(note::functor) | (math ? bit_of(note::vector_math) : 0);
}

unsigned notes_on_outputs(job const& work, plan const& chosen, bool first_use) noexcept {
  unsigned out = first_use ? bit_of(note::existing_output) : 0;
  std::size_t const bytes = chosen.bytes_in + chosen.bytes_out;
  bool const shows = work.can_be_streamed && chosen.reads == access::contiguous &&
                     chosen.level >= isa::avx2 && chosen.scalar == nullptr &&
                     chosen.chosen != backend::gpu && bytes * work.count <= most_bytes_in_caches &&
                     chosen.element_nanoseconds >= 0 &&
                     chosen.element_nanoseconds < little_nanoseconds * static_cast<double>(bytes);
  for (unsigned k = 0; shows && k != work.outputs; ++k)
    if (reinterpret_cast<std::uintptr_t>(work.columns[k].base) % alignment_that_shows != 0)
      out |= bit_of(note::aligned_output);
  return out;
}

bool would_gain_on_gpu(problem const& p, machine const& m, plan const& chosen) {
  problem there = p;
  there.gpu = {.link_bytes_in = p.bytes_in, .link_bytes_out = p.bytes_out};
  double const gpu = predicted_on_gpu(there, m);
  return p.asked == backend::automatic && !needs_gpu(chosen.chosen) && gpu >= 0 &&
         gpu < chosen.at(chosen.chosen).predicted_seconds * (1 - clear_gain);
}

unsigned notes_on_gpu(job const& work, settings const& how, problem const& p, machine const& m,
                      plan const& chosen) {
  if (!lacks_only_a_kernel(work) || !would_gain_on_gpu(p, m, chosen)) return 0;
  auto const index =
      how.device >= 0 ? std::optional(static_cast<unsigned>(how.device)) : std::nullopt;
  return find_device(index).gpu != nullptr ? bit_of(note::gpu_kernel) : 0;
}

}  // namespace hetmap::core
