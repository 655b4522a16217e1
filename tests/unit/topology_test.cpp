#include "base/topology.hpp"

#include "base/environment.hpp"

#include <hetmap/error.hpp>
#include <hetmap/topology.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

using namespace hetmap::core;

/// A file system of a test's own, gone with it.
class fake_root {
 public:
  fake_root() {
    auto const* const info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::temp_directory_path() /
            (std::string("hetmap_") + info->name() + "_" + std::to_string(::getpid()));
    std::filesystem::create_directories(root_);
  }
  ~fake_root() { std::filesystem::remove_all(root_); }
  fake_root(fake_root const&) = delete;
  fake_root& operator=(fake_root const&) = delete;

  void put(std::string const& path, std::string const& text) const {
    auto const full = root_ / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text << '\n';
  }
  void cpu(unsigned number, int package, int core) const {
    std::string const at = "sys/devices/system/cpu/cpu" + std::to_string(number) + "/topology/";
    put(at + "physical_package_id", std::to_string(package));
    put(at + "core_id", std::to_string(core));
  }
  [[nodiscard]] std::string path() const { return root_.string(); }

 private:
  std::filesystem::path root_;
};

TEST(Topology, HardwareThreadsOfOneCoreCountOnce) {
  fake_root const root;
  for (unsigned k = 0; k != 8; ++k) root.cpu(k, 0, static_cast<int>(k % 4));
  EXPECT_EQ(count_cores(root.path(), {0, 1, 2, 3, 4, 5, 6, 7}), 4u);
}

TEST(Topology, OnlyCpusOfTheAffinityMaskCount) {
  fake_root const root;
  for (unsigned k = 0; k != 8; ++k) root.cpu(k, 0, static_cast<int>(k % 4));
  EXPECT_EQ(count_cores(root.path(), {0, 4}), 1u);
  EXPECT_EQ(count_cores(root.path(), {0, 5, 6}), 3u);
}

TEST(Topology, CoresOfTwoPackagesAreDifferent) {
  fake_root const root;
  root.cpu(0, 0, 0);
  root.cpu(1, 1, 0);
  EXPECT_EQ(count_cores(root.path(), {0, 1}), 2u);
}

TEST(Topology, CpusThatNothingIsKnownOfCountOneEach) {
  fake_root const root;
  EXPECT_EQ(count_cores(root.path(), {0, 1, 2}), 3u);
}

TEST(Topology, TheQuotaOfTheInnermostOrAnyOuterGroupLimits) {
  fake_root const root;
  root.put("proc/self/cgroup", "0::/outer/inner");
  root.put("sys/fs/cgroup/outer/inner/cpu.max", "max 100000");
  EXPECT_EQ(cpu_quota(root.path()), 0);
  root.put("sys/fs/cgroup/outer/cpu.max", "250000 100000");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()), 2.5);
  root.put("sys/fs/cgroup/outer/inner/cpu.max", "50000 100000");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()), 0.5);
}

TEST(Topology, TheQuotaOfVersion1GroupsLimits) {
  fake_root const root;
  root.put("proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/job\n0::/");
  root.put("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "300000");
  root.put("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()), 3);
  root.put("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1");
  EXPECT_EQ(cpu_quota(root.path()), 0);
}

TEST(Topology, PhysicalCoresAreLimitedByTheQuotaRoundedDownAndNeverNone) {
  fake_root const root;
  for (unsigned k = 0; k != 8; ++k) root.cpu(k, 0, static_cast<int>(k));
  std::vector<unsigned> const all{0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(physical_cores(root.path(), all), 8u);
  root.put("proc/self/cgroup", "0::/");
  root.put("sys/fs/cgroup/cpu.max", "250000 100000");
  EXPECT_EQ(physical_cores(root.path(), all), 2u);
  root.put("sys/fs/cgroup/cpu.max", "10000 100000");
  EXPECT_EQ(physical_cores(root.path(), all), 1u);
}

TEST(Topology, AvailableMemoryIsWhatMachineAndGroupLeave) {
  fake_root const root;
  root.put("proc/meminfo", "MemTotal: 100 kB\nMemAvailable:  40 kB\nSwapFree: 10 kB");
  EXPECT_DOUBLE_EQ(available_memory(root.path()), 50 * 1024);
  root.put("proc/self/cgroup", "0::/job");
  root.put("sys/fs/cgroup/job/memory.max", "30000");
  root.put("sys/fs/cgroup/job/memory.current", "20000");
  EXPECT_DOUBLE_EQ(available_memory(root.path()), 10000);
  root.put("sys/fs/cgroup/job/memory.stat", "anon 5\ninactive_file 8000");
  EXPECT_DOUBLE_EQ(available_memory(root.path()), 18000);
}

TEST(Topology, TheLastLevelCacheIsTheLargestForData) {
  fake_root const root;
  EXPECT_EQ(cache_size(root.path(), 0), 0u);
  std::string const cache = "sys/devices/system/cpu/cpu0/cache/index";
  root.put(cache + "0/size", "48K");
  root.put(cache + "0/type", "Data");
  root.put(cache + "1/size", "64M");
  root.put(cache + "1/type", "Instruction");
  root.put(cache + "2/size", "32768K");
  root.put(cache + "2/type", "Unified");
  EXPECT_EQ(cache_size(root.path(), 0), std::size_t{32} << 20);
}

TEST(Topology, ThisProcessHasACore) {
  EXPECT_GE(hetmap::physical_cores(), 1u);
  EXPECT_LE(hetmap::physical_cores(), logical_cpus());
}

TEST(Level, TheHighestIsTheDefaultAndALowerOneCanBeForced) {
  using hetmap::isa;
  EXPECT_EQ(level_from("", isa::avx2), isa::avx2);
  EXPECT_EQ(level_from("baseline", isa::avx2), isa::baseline);
  EXPECT_EQ(level_from("avx2", isa::avx2), isa::avx2);
}

TEST(Level, UnknownAndUnavailableOnesAreRefusedWithWhatIsValid) {
  using hetmap::isa;
  auto const text = [](char const* forced) {
    try {
      static_cast<void>(level_from(forced, isa::avx2));
    } catch (hetmap::option_error const& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(text("sse9").find("baseline, avx2, avx512"), std::string::npos);
  EXPECT_NE(text("avx512").find("up to avx2"), std::string::npos);
}

}  // namespace
