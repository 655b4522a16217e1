// Devices of several vendors in one process, each with forms of its own.
#include "host_device.hpp"
#include "support/refusal.hpp"

#include <hetmap/map.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace vendor_kernels {

/// What only the second vendor has a form for, and what both have one for.
struct of_the_second {
  HETMAP_FN std::int64_t operator()(std::int64_t v) const { return v - 7; }
};
struct of_both {
  HETMAP_FN std::int64_t operator()(std::int64_t v) const { return v + 7; }
};

}  // namespace vendor_kernels

namespace {

using hetmap::backend;
using namespace host_kernels;
using namespace vendor_kernels;
using support::refusal;

constexpr char second_vendor[] = "another vendor";

/// Another vendor's half, with one device or none.
class another_half final : public hetmap::core::device_provider {
 public:
  explicit another_half(support::virtual_device* gpu) : gpu_(gpu) {
    register_device_provider(*this);
  }
  ~another_half() {
    hetmap::core::release_device_memory();
    unregister_device_provider(*this);
  }

  char const* vendor() const noexcept override { return second_vendor; }
  unsigned count(char const*& why_none) noexcept override {
    why_none = "another driver is missing";
    return gpu_ != nullptr ? 1 : 0;
  }
  hetmap::core::device* open(unsigned, hetmap::core::status&) noexcept override { return gpu_; }

 private:
  support::virtual_device* gpu_;
};

class Vendors : public support::on_virtual_device {
 protected:
  void TearDown() override { support::expect_nothing_left(other_gpu); }

  support::virtual_device other_gpu;
  support::host_form<of_the_second, std::int64_t(std::int64_t)> its{
      "of_the_second", "int64_t(int64_t)", second_vendor};
  support::host_form<of_both, std::int64_t(std::int64_t)> theirs{"of_both", "int64_t(int64_t)",
                                                                 second_vendor};
  support::host_form<of_both, std::int64_t(std::int64_t)> ours{"of_both", "int64_t(int64_t)"};
  hetmap::options on_gpu{.backend = backend::gpu};
  std::vector<std::int64_t> x = counted(1000);
};

TEST_F(Vendors, ACallGoesToTheVendorThatItHasAFormFor) {
  another_half const half(&other_gpu);
  EXPECT_EQ(hetmap::map(on_gpu, triple{}, x)[9], 28);
  EXPECT_EQ(gpu().launches(), 1u);
  EXPECT_EQ(other_gpu.launches(), 0u);
  EXPECT_EQ(hetmap::map(on_gpu, of_the_second{}, x)[9], 2);
  EXPECT_EQ(gpu().launches(), 1u);
  EXPECT_EQ(other_gpu.launches(), 1u);
}

TEST_F(Vendors, TheFirstThatHasADeviceServesWhereBothHaveForms) {
  another_half const half(&other_gpu);
  EXPECT_EQ(hetmap::map(on_gpu, of_both{}, x)[9], 16);
  EXPECT_EQ(gpu().launches(), 1u);
  stop();
  EXPECT_EQ(hetmap::map(on_gpu, of_both{}, x)[9], 16);
  EXPECT_EQ(other_gpu.launches(), 1u);
}

TEST_F(Vendors, WhatIsMissingIsSaidOfTheVendorThatCouldServe) {
  EXPECT_SAYS(refusal([&] { hetmap::map(on_gpu, of_the_second{}, x); }), "GPU half");
  another_half const half(nullptr);
  EXPECT_SAYS(refusal([&] { hetmap::map(on_gpu, of_the_second{}, x); }),
              "another driver is missing");
  EXPECT_SAYS(refusal([&] { hetmap::map(on_gpu, formless_for_integers{}, x); }), "no GPU form");
  hetmap::options second_gpu = on_gpu;
  second_gpu.device = 1;
  EXPECT_SAYS(refusal([&] { hetmap::map(second_gpu, of_both{}, x); }),
              "there is no GPU 1; the last is 0; another driver is missing");
}

TEST_F(Vendors, AnIndexThatNoMachineHasIsNoOtherDevice) {
  for (unsigned const index : {1u << 31, ~0u}) {
    hetmap::options how = on_gpu;
    how.device = index;
    EXPECT_SAYS(refusal([&] { hetmap::map(how, triple{}, x); }),
                ("no GPU " + std::to_string(index)).c_str());
  }
}

}  // namespace
