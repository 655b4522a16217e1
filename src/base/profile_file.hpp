// The file of a profile: where it is, how it is read and written.
#pragma once

#include "profile.hpp"

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

/// What reading a file came to.
struct read_file {
  std::string text{};
  int error = 0;      ///< the system's; 0: none
  std::string why{};  ///< it is nothing to read; empty: it is
};

/// The whole of a regular file of up to largest_profile bytes; waits for nobody.
[[nodiscard]] read_file read_profile(std::string const& path);

/// Puts `text` in the place of `path`: all of it or nothing, whoever else writes there. Makes the
/// folders on the way.
///
/// Returns:  the system's error; 0: none.
[[nodiscard]] int write_profile(std::string const& path, std::string const& text);

}  // namespace hetmap::core
