// Whether the outputs of a call are memory of their own.
#include "error.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

overlap compare_memory(char const* verb, column const* columns, unsigned outputs, unsigned inputs,
                       std::size_t count) {
  auto met = overlap::none;
  if (count == 0) return met;
  for (unsigned o = 0; o != outputs; ++o) {
    auto const begin = reinterpret_cast<std::uintptr_t>(columns[o].base);
    auto const end = begin + count * columns[o].bytes;
    for (unsigned k = o + 1; k != outputs + inputs; ++k) {
      auto const other = reinterpret_cast<std::uintptr_t>(columns[k].base);
      if (columns[k].base == nullptr || other + count * columns[k].bytes <= begin || end <= other)
        continue;
      if (k >= outputs && other == begin && columns[k].bytes == columns[o].bytes) {
        met = overlap::exact;
        continue;
      }
      core::clear_failed_index();
      std::string text(verb);
      text.append(": output ").append(std::to_string(o)).append(" overlaps ");
      text.append(k < outputs ? "output " : "input ");
      text.append(std::to_string(k < outputs ? k : k - outputs));
      throw overlap_error(
          text.append("; an output has to be one of the inputs exactly, or memory of its own"));
    }
  }
  return met;
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
