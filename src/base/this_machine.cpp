#include "this_machine.hpp"

#include "topology.hpp"

#include <hetmap/detail/config.hpp>
#include <hetmap/topology.hpp>

#include <cstring>
#include <fstream>

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace hetmap::core {
namespace {

/// What the processor calls itself. Not from /proc/cpuinfo: the system asks every core of the
/// machine before it answers there.
std::string processor() {
#ifdef __x86_64__
  unsigned words[12] = {};
  if (__get_cpuid_max(0x80000000u, nullptr) >= 0x80000004u)
    for (unsigned k = 0; k != 3; ++k) {
      unsigned* const w = words + std::size_t{4} * k;
      __get_cpuid(0x80000002u + k, w, w + 1, w + 2, w + 3);
    }
  char text[sizeof words + 1] = {};
  std::memcpy(text, words, sizeof words);
  std::string name(text);
  name.erase(0, name.find_first_not_of(' '));
  name.erase(name.find_last_not_of(' ') + 1);
  return name.empty() ? "x86-64" : name;
#else
  std::ifstream in("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1");
  std::string id;
  return std::getline(in, id) ? "processor " + id : "processor not known";
#endif
}

constexpr char const* compiler =
#ifdef __clang__
    "Clang " __clang_version__;
#else
    "GCC " __VERSION__;
#endif

constexpr char const* made_how =
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    "sanitized";
#elif defined __OPTIMIZE__
    "optimised";
#else
        "not optimised";
#endif

constexpr char const* team =
#if HETMAP_TEAM_TBB
    "oneTBB";
#else
    "own threads";
#endif

}  // namespace

std::string this_machine() {
  return processor() + "; " + std::to_string(hetmap::physical_cores()) +
         " cores; last-level cache of " + std::to_string(last_level_cache()) + " bytes";
}

std::string this_build() {
  return "hetmap " + std::to_string(HETMAP_VERSION_MAJOR) + "." +
         std::to_string(HETMAP_VERSION_MINOR) + "." + std::to_string(HETMAP_VERSION_PATCH) + "; " +
         compiler + "; " + made_how + "; " + team;
}

}  // namespace hetmap::core
