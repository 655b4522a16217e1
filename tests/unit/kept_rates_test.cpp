// Rates that one process leaves to the next: whole, of the same machine, and only what is not
// known.
#include "base/kept_rates.hpp"
#include "base/kept_file.hpp"
#include "base/rates.hpp"
#include "base/this_machine.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <hetmap/error.hpp>
#include <hetmap/rates.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <typeinfo>

// Types of unnamed namespaces are another's in another process, so that nothing of them is kept.
namespace kept_rates_test {
struct met {};
struct never_met {};
struct known_better {};
struct pointed_at {};
}  // namespace kept_rates_test

namespace {

using namespace hetmap;
using namespace hetmap::core;
using namespace std::chrono_literals;
using kept_rates_test::known_better, kept_rates_test::met, kept_rates_test::never_met,
    kept_rates_test::pointed_at;

kept_kernel some_kernel(std::string const& name) {
  kept_kernel out{.name = name};
  out.values.elements = {1.25, -1, 0.03125};
  out.values.sizes[0] = {-1, 3, -1, -1, -1, -1};
  out.values.sizes[17] = {0.1, 0.07, -1, 12.5, -1, 3e-9};
  return out;
}

kept_rates some_rates() {
  return {.machine = this_machine(),
          .build = this_build(),
          .gpu = "a GPU, surely",
          .kernels = {some_kernel("4some"), some_kernel("5other")}};
}

void write(std::string const& path, std::string const& text) { std::ofstream(path) << text; }

TEST(KeptRates, AreReadAsTheyWereWritten) {
  std::string const text = rates_text(some_rates());
  auto const [read, error] = parse_rates(text);
  ASSERT_EQ(error, "");
  EXPECT_EQ(read.machine, this_machine());
  EXPECT_EQ(read.build, this_build());
  EXPECT_EQ(read.gpu, "a GPU, surely");
  ASSERT_EQ(read.kernels.size(), 2u);
  EXPECT_EQ(read.kernels[1].name, "5other");
  EXPECT_EQ(read.kernels[1].values, some_kernel("").values);
  EXPECT_EQ(rates_text(read), text);
}

TEST(KeptRates, ThatWereCutOffOrChangedAreNone) {
  std::string const text = rates_text(some_rates());
  for (std::size_t size = 0; size != text.size(); ++size)
    ASSERT_NE(parse_rates(text.substr(0, size)).error, "") << size;
  for (std::size_t at = 0; at != text.size(); ++at) {
    std::string other = text;
    other[at] = other[at] == '1' ? '2' : '1';
    ASSERT_NE(parse_rates(other).error, "") << at;
  }
}

TEST(KeptRates, LinesThatSayNothingAreRefusedEvenWithTheRightSum) {
  kept_rates nobodys = some_rates();
  nobodys.kernels.clear();
  std::string const whole = rates_text(nobodys);
  std::string const head = whole.substr(0, whole.rfind("checksum"));
  auto const with = [&](std::string const& lines) {
    std::string text = head + lines;
    add_checksum(text);
    return parse_rates(text);
  };
  EXPECT_EQ(with("").error, "");
  EXPECT_EQ(with("kernel k\nelement 1 -1 -1\nsize 3 1 2 3 4 5 6\n").error, "");
  for (char const* const lines :
       {"element 1 -1 -1\n", "kernel \n", "kernel k\nelement 1 -1\n",
        "kernel k\nelement 1 -1 -1 2\n", "kernel k\nelement 1 -1 nan\n",
        "kernel k\nelement 1 -1 inf\n", "kernel k\nelement 1 -1 -2\n",
        "kernel k\nelement 1 -1 1e300\n", "kernel k\nsize 41 1 2 3 4 5 6\n",
        "kernel k\nsize -1 1 2 3 4 5 6\n", "kernel k\nsize 2.5 1 2 3 4 5 6\n",
        "kernel k\nsize 2 1 2 3 4 5\n", "kernel k\nwhat\n", "\n"})
    EXPECT_EQ(with(lines).error, "it holds a line that says nothing") << lines;
}

/// What load_rates() says of a file with that text.
loaded_rates load(std::string const& text) {
  support::temporary_folder const folder;
  write(folder / "rates", text);
  return load_rates(folder / "rates");
}

TEST(KeptRates, OfAnotherMachineOrBuildAreIgnoredWithTheReason) {
  kept_rates other = some_rates();
  other.machine = "another";
  EXPECT_NE(load(rates_text(other)).ignored.find("is of another machine: another; this is "),
            std::string::npos);
  other = some_rates();
  other.build = "yesterday's";
  loaded_rates const found = load(rates_text(other));
  EXPECT_NE(found.ignored.find("is of another build: yesterday's; this is "), std::string::npos);
  EXPECT_EQ(found.kernels, 0u);
  EXPECT_NE(load("nonsense").ignored.find("is damaged: "), std::string::npos);
  support::temporary_folder const folder;
  EXPECT_NE(load_rates(folder / "none").ignored.find("cannot be read: No such file"),
            std::string::npos);
}

TEST(KeptRates, AreTakenUpByAKernelThatIsNotKnownYet) {
  kept_rates rates = some_rates();
  rates.kernels = {some_kernel(typeid(never_met).name()), some_kernel(typeid(known_better).name())};
  auto& known = detail::rate_of(typeid(known_better), nullptr);
  known.learn(1000, 7us);
  loaded_rates const found = load(rates_text(rates));
  EXPECT_EQ(found.ignored, "");
  EXPECT_EQ(found.kernels, 1u);
  EXPECT_DOUBLE_EQ(known.element_nanoseconds(), 7);
  EXPECT_LT(known.of_size(1).by(way::hot).nanoseconds(), 0);

  auto& met_now = detail::rate_of(typeid(never_met), nullptr);
  EXPECT_DOUBLE_EQ(met_now.element_nanoseconds(), 1.25);
  auto const& size = met_now.of_size(100'000);
  EXPECT_FLOAT_EQ(static_cast<float>(size.by(way::alone).nanoseconds()), 0.1f);
  EXPECT_TRUE(size.by(way::hot).is_settled());
  EXPECT_FALSE(size.by(way::team).is_settled());
  // There is no GPU here, and surely not that one.
  EXPECT_LT(met_now.on_gpu(false).nanoseconds(), 0);
  EXPECT_LT(met_now.on_gpu_of_size(100'000).travelling.nanoseconds(), 0);
  met_now.learn(10, 100us);
  EXPECT_LE(met_now.element_nanoseconds(), 5) << "a first call is not believed at once";
  for (int k = 0; k != 30; ++k) met_now.learn(1000, 10us);
  EXPECT_NEAR(met_now.element_nanoseconds(), 10, 1) << "but what is measured is, in the end";
}

TEST(KeptRates, HoldWhatAProcessHasLearned) {
  support::temporary_folder const folder;
  auto& known = detail::rate_of(typeid(met), nullptr);
  auto& pointer = detail::rate_of(typeid(pointed_at), &known);
  for (auto* const r : {&known, &pointer}) r->learn(1000, 2us);
  for (int k = 0; k != 3; ++k) known.of_size(1000).learn(way::team, 1000, 1us);
  known.of_size(1000).learn(way::hot, 1000, 1us);  // once: not settled
  std::string const path = folder / "deep/in/folders/rates";
  save_rates(path);
  auto const read = parse_rates(read_kept_file(path, largest_rates).text);
  ASSERT_EQ(read.error, "");
  auto const& all = read.rates.kernels;
  auto const at = [&](std::type_info const& type) {
    return std::find_if(all.begin(), all.end(),
                        [&](auto const& k) { return k.name == type.name(); });
  };
  EXPECT_EQ(at(typeid(pointed_at)), all.end());
  ASSERT_NE(at(typeid(met)), all.end());
  kept_rate const& kept = at(typeid(met))->values;
  EXPECT_EQ(kept.elements[0], 2);
  EXPECT_EQ(kept.sizes[bin_of(1000)], (kept_rate::costs{-1, -1, 1, -1, -1, -1}));
  EXPECT_EQ(load_rates(path).kernels, 0u) << "all of them are known";
}

TEST(KeptRates, ThatCannotBeWrittenAreAnError) {
  support::temporary_folder const folder;
  try {
    save_rates(folder.path());
    FAIL();
  } catch (io_error const& error) {
    EXPECT_NE(error.code(), 0);
    EXPECT_NE(std::string(error.what()).find("hetmap: cannot write '" + folder.path() + "': "),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
