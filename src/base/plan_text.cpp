// A plan in words.
#include "backend.hpp"
#include "text.hpp"

#include <hetmap/plan.hpp>

#include <ostream>
#include <string>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace {

using core::add;
using core::duration;

void add_link(std::string& out, plan const& p) {
  add(out, "  to the GPU and back: %zu bytes in and %zu bytes out an element", p.link_bytes_in,
      p.link_bytes_out);
  if (p.chosen == backend::gpu || p.chosen == backend::hybrid)
    add(out, "; at most %zu bytes there and %zu bytes pinned", p.device_bytes, p.pinned_bytes);
  out += "\n";
}

}  // namespace

char const* text(note which) noexcept {
  switch (which) {
    case note::gpu_kernel:
      return "as a functor registered with HETMAP_GPU_KERNEL the GPU is predicted to finish first";
    case note::functor:
      return "f is called through a pointer: a functor with a HETMAP_FN call operator is inlined, "
             "and computed a vector at a time";
    case note::vector_math:
      return "f is a function of the C library: the one of that name in hetmap::math, called in a "
             "functor, is computed a vector at a time";
    case note::existing_output:
      return "results went to memory that nothing was in yet: map_into memory that is there "
             "already saves its page faults";
    case note::aligned_output:
      return "results do not begin at a multiple of 32 bytes: memory aligned to 64, as "
             "hetmap::vector's is, is written some tenth faster";
  }
  return "?";
}

std::string to_string(plan const& p) {
  std::string out;
  add(out, "%zu elements on %s (asked: %s): %s\n", p.elements, name(p.chosen), name(p.asked),
      p.reason);
  static constexpr char const* reads[] = {"arrays", "random access through iterators",
                                          "in batches, by the caller"};
  add(out, "  inputs: %s; %zu bytes in and %zu bytes out an element; loop: %s%s%s\n",
      reads[static_cast<int>(p.reads)], p.bytes_in, p.bytes_out, name(p.level),
      p.reproducible ? ", nothing contracted" : "",
      p.past_caches ? ", results past the caches" : "");
  if (p.scalar != nullptr) add(out, "  one element at a time: %s\n", p.scalar);
  add(out, "  workers: %u; boundaries at multiples of %zu; ", p.workers, p.granule);
  if (p.chunk_elements == 0)
    out += "chunks grow with measured cost\n";
  else
    add(out, "chunks of %zu\n", p.chunk_elements);
  if (p.element_nanoseconds >= 0)
    add(out, "  learned: %.3g ns an element on one worker\n", p.element_nanoseconds);
  if (p.gpu_element_nanoseconds >= 0)
    add(out, "  learned: %.3g ns an element on the GPU\n", p.gpu_element_nanoseconds);
  if (p.at(backend::gpu).unavailable == nullptr) add_link(out, p);
  for (candidate const& c : p.candidates)
    add(out, "  %-6s %s\n", name(c.where),
        c.unavailable != nullptr ? c.unavailable : duration(c.predicted_seconds).c_str());
  if (p.profile != nullptr) out.append("  profile: ").append(p.profile).append("\n");
  for (std::size_t k = 0; k != note_count; ++k)
    if (p.says(static_cast<note>(k))) add(out, "  note: %s\n", text(static_cast<note>(k)));
  return out;
}

std::ostream& operator<<(std::ostream& out, plan const& p) { return out << to_string(p); }

}  // namespace HETMAP_ABI
}  // namespace hetmap
