// The file of a profile: where it is.
#pragma once

#include <string>

namespace hetmap::core {

/// Where the environment says that the profile is.
struct profile_place {
  std::string path{};     ///< empty: nowhere
  bool by_name = false;   ///< HETMAP_PROFILE named it, so that it ought to be there
  std::string nowhere{};  ///< why there is none, in words
};

/// variable, cache_home, home: HETMAP_PROFILE, XDG_CACHE_HOME and HOME, "" where they are not set.
/// machine: that the file is named after.
[[nodiscard]] profile_place place_for(std::string const& variable, std::string const& cache_home,
                                      std::string const& home, std::string const& machine);
/// The same with what the environment says.
[[nodiscard]] profile_place profile_place_here();

}  // namespace hetmap::core
