// Every verb, as calls that can be made again and again.
#pragma once

#include <span>

namespace refusing {

struct verb {
  char const* name;
  /// Whether its results are right. May throw what the system's refusals lead to.
  bool (*right)();
  /// Whether its first call in a process is tried: of those that begin alike one is enough.
  bool first = false;
};

[[nodiscard]] std::span<verb const> verbs();

/// What some of them read; to be called before anything is refused, and without using the library.
void make_inputs();

}  // namespace refusing
