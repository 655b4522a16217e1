#include "team.hpp"

#include <system_error>
#include <thread>
#include <vector>

namespace hetmap::core {

void run_team_of_own_threads(unsigned lanes, void (*body)(void* context, unsigned lane),
                             void* context) {
  std::vector<std::jthread> others;
  others.reserve(lanes);
  try {
    for (unsigned k = 1; k < lanes; ++k) others.emplace_back(body, context, k);
  } catch (std::system_error const&) {
    // No more threads to be had: those that there are do the rest.
  }
  body(context, 0);
}

}  // namespace hetmap::core
