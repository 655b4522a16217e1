// What a call says about the GPU.
#pragma once

#include <hetmap/hetmap.hpp>

#include <string>

namespace support {

/// Why this map could not run on a GPU; empty if it could.
template <class F, class... In>
std::string why_no_gpu(F f, In&&... in) {
  auto const how = hetmap::explain(f, in...);
  char const* const why = how.at(hetmap::backend::gpu).unavailable;
  return why != nullptr ? why : "";
}

}  // namespace support
