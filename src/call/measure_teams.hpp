// What it costs to have others help: threads of oneTBB, threads that are awake, claims.
#pragma once

#include <hetmap/profile.hpp>

#include <string>

namespace hetmap::core {

/// Sets the costs of teams and claims. Where there is one core, or nobody came to help while it was
/// measured, what says so stays as it was; `notes` get a line of the latter.
///
/// Throws:   std::bad_alloc.
void measure_teams(unsigned workers, cpu_values& values, std::string& notes);

}  // namespace hetmap::core
