// Where the columns of a call lie, seen from a GPU, and how they get there.
#pragma once

#include "../device.hpp"
#include "ring.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hetmap::core {

/// One column of a call, with where it is found.
struct located_column {
  travel how = travel::none;
  bool generated = false;
  bool output = false;
  detail::array_memory* array = nullptr;  ///< whose copy on the device it will be
  detail::column memory;                  ///< of the host, or of the device if nothing travels
  std::size_t every = 1;                  ///< elements of the call that share one of the column
  std::int64_t first = 0;                 ///< generated: element 0
};

/// Asks `gpu` where the memory of a call lies, and checks what is to be used where it lies.
///
/// form: what reads the call's operands: the map's, or the fold's where nothing is mapped.
/// out:  the columns of a fold, if it is one, then those of the call.
///
/// Returns:  what the device said; there are no columns unless it is ok.
/// Throws:   memory_error, device_unavailable: nothing has been touched.
[[nodiscard]] status locate_columns(detail::job const& call, detail::gpu_form const& form,
                                    device& gpu, char const* verb,
                                    std::vector<located_column>& out);

/// The ring that such columns travel through; wanted: elements of a slot, 0 for the default.
[[nodiscard]] ring_shape ring_for(std::vector<located_column> const& columns, std::size_t count,
                                  std::size_t granule, std::size_t wanted);

}  // namespace hetmap::core
