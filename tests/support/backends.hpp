// The backends that the contract suite runs on, which take any function: a new one is one more line
// here. What holds of those too that need forms of it is in tests/host_device/backends_test.
#pragma once

#include <gtest/gtest.h>
#include <hetmap/options.hpp>

#include <string>

namespace support {

inline constexpr hetmap::backend backends[] = {
    hetmap::backend::serial,
    hetmap::backend::cpu,
    hetmap::backend::automatic,
};

/// A suite whose tests run once on each backend:
///     class MapContract : public support::on_each_backend {};
///     INSTANTIATE_TEST_SUITE_P(On, MapContract, support::each_backend(), support::backend_name);
class on_each_backend : public testing::TestWithParam<hetmap::backend> {
 protected:
  [[nodiscard]] static hetmap::options here() { return {.backend = GetParam()}; }
  [[nodiscard]] static bool here_is(hetmap::backend where) { return GetParam() == where; }
};

inline auto each_backend() { return testing::ValuesIn(backends); }

inline std::string backend_name(testing::TestParamInfo<hetmap::backend> const& info) {
  return hetmap::name(info.param);
}

}  // namespace support
