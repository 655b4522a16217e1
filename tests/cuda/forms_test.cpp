// Forms that nvcc compiled, found by call sites that it did not: the driver is the only thing that
// may be missing. No GPU is needed.
#include "kernels.hpp"
#include "unavailable.hpp"

#include "support/child.hpp"

#include <hetmap/hetmap.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <dlfcn.h>

int of_the_archive();

namespace {

using namespace cuda_kernels;
using support::why_no_gpu;

std::vector<double> const some(1000, 3.0);

/// Whether nothing but a device is missing for a map.
testing::AssertionResult has_form(std::string const& why) {
  if (why.find("GPU form") == std::string::npos) return testing::AssertionSuccess() << why;
  return testing::AssertionFailure() << why;
}

TEST(CudaForms, AreFoundByFilesForTheHostCompiler) {
  EXPECT_TRUE(has_form(why_no_gpu(scaled<double>{2}, some)));
  std::vector<std::int32_t> const numbers(10);
  EXPECT_TRUE(has_form(why_no_gpu(triple{}, numbers)));
  EXPECT_TRUE(has_form(why_no_gpu(mixed{}, std::vector<float>(10), numbers, some)));
}

TEST(CudaForms, OfTuplesAreFoundForColumns) {
  std::vector<float> const a(10), b(10);
  auto const how = hetmap::explain(minmax{}, a, b);
  EXPECT_EQ(how.elements, 10u);
  std::vector<float> low(10), high(10);
  hetmap::map_into(hetmap::columns(low, high), minmax{}, a, b);
  EXPECT_EQ(low, a);
}

TEST(CudaForms, SayWhatIsMissing) {
  EXPECT_NE(why_no_gpu(formless{}, some).find("formless has no GPU form for double"),
            std::string::npos)
      << why_no_gpu(formless{}, some);
}

TEST(CudaForms, SayForWhichTypesThereAreForms) {
  std::vector<float> const floats(10);
  auto const why = why_no_gpu(scaled<double>{2}, floats);
  EXPECT_NE(why.find("it has one for double(double)"), std::string::npos) << why;
}

TEST(CudaForms, WithoutADriverTheGpuIsRefusedWithItsReason) {
  try {
    hetmap::map({.backend = hetmap::backend::gpu}, scaled<double>{2}, some);
    GTEST_SKIP() << "this machine has a GPU";
  } catch (hetmap::device_unavailable const& e) {
    EXPECT_NE(std::string(e.what()).find("CUDA"), std::string::npos) << e.what();
  }
}

TEST(CudaForms, AutomaticCallsWorkWithoutADriver) {
  auto const doubled = hetmap::map(scaled<double>{2}, some);
  EXPECT_EQ(doubled[999], 6.0);
}

/// Run by the next test in a process of its own.
TEST(CudaForms, DISABLED_ChildThatNeedsNoGpu) {
  EXPECT_EQ(hetmap::map(formless{}, some)[0], 4.0);
  EXPECT_EQ(hetmap::map({.backend = hetmap::backend::cpu}, scaled<double>{2}, some)[0], 6.0);
  std::ifstream maps("/proc/self/maps");
  ASSERT_TRUE(maps.is_open());
  for (std::string line; std::getline(maps, line);)
    EXPECT_EQ(line.find("libcuda.so"), std::string::npos) << "the driver was loaded: " << line;
}

TEST(CudaForms, AProgramThatNeedsNoGpuLoadsNoDriver) {
  auto const child = support::run_program("HETMAP_BACKEND=auto", support::this_program(),
                                          "--gtest_also_run_disabled_tests "
                                          "--gtest_filter=CudaForms.DISABLED_ChildThatNeedsNoGpu");
  EXPECT_EQ(child.exit_code, 0) << child.output;
  EXPECT_NE(child.output.find("[  PASSED  ] 1 test"), std::string::npos) << child.output;
}

TEST(CudaForms, InAStaticLibraryAreKept) {
  EXPECT_EQ(of_the_archive(), 1);
  EXPECT_TRUE(has_form(why_no_gpu(archived{}, some)));
}

TEST(CudaForms, ComeAndGoWithAPlugin) {
  for (int round = 0; round != 2; ++round) {
    EXPECT_FALSE(has_form(why_no_gpu(plugged{}, some))) << "before it was loaded";
    void* const plugin = dlopen(HETMAP_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(plugin, nullptr) << dlerror();
    EXPECT_TRUE(has_form(why_no_gpu(plugged{}, some))) << "while it is loaded";
    ASSERT_EQ(dlclose(plugin), 0);
  }
  EXPECT_FALSE(has_form(why_no_gpu(plugged{}, some))) << "after it was unloaded";
  EXPECT_EQ(hetmap::map(plugged{}, some)[0], 2.0);
}

}  // namespace
