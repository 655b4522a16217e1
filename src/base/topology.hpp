// Reading what the kernel says about cores, quotas and memory. The root of the file system is a
// parameter, so that tests can build one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace hetmap::core {

/// The CPUs that the calling thread may use, ascending; at least one.
[[nodiscard]] std::vector<unsigned> cpus_of_this_thread();

/// The CPUs that this process may use, ascending; at least one: those that any of its threads may.
/// A thread that was pinned does not stand for its process. A mask that the process was started
/// with counts, and so does one that its main thread took while it was the only one, since all have
/// it.
///
/// Cost:     a system call a thread of the process.
[[nodiscard]] std::vector<unsigned> allowed_cpus();
/// How many these were when this process first asked.
[[nodiscard]] unsigned logical_cpus();

/// Distinct cores among these logical CPUs, as /sys/devices/system/cpu tells; each CPU counts as
/// one where it tells nothing.
[[nodiscard]] unsigned count_cores(std::string const& root, std::vector<unsigned> const& cpus);

/// CPUs' worth of time that the control groups of this process allow (the least of the group and
/// all above it, version 1 or 2); 0 for no limit.
[[nodiscard]] double cpu_quota(std::string const& root);

/// count_cores limited by cpu_quota, rounded down, at least 1.
[[nodiscard]] unsigned physical_cores(std::string const& root, std::vector<unsigned> const& cpus);

/// Size, in bytes, of the last-level cache that `cpu` sees; 0 if nothing is known of it.
[[nodiscard]] std::size_t cache_size(std::string const& root, unsigned cpu);
/// The same for this process, read once.
[[nodiscard]] std::size_t last_level_cache();

/// Size, in bytes, of the memory that could still be had: available memory and free swap, less if a
/// control group or the address-space limit says so.
[[nodiscard]] double available_memory(std::string const& root);

}  // namespace hetmap::core
