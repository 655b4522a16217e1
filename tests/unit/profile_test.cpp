// The profile as data and as text: whatever a file holds is either every value, as it was written,
// or nothing.
#include "base/profile.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <set>
#include <string>

namespace {

using namespace hetmap;
using namespace hetmap::core;

/// Values that no other field has.
template <class Values>
void set_all(std::span<profile_field<Values> const> fields, Values& to, double share) {
  for (profile_field<Values> const& f : fields) {
    to.*f.member = f.least + (f.most - f.least) * share;
    share *= 0.93;
  }
}

machine_profile example(unsigned gpus = 2) {
  machine_profile out;
  out.machine = "A processor; 8 cores; last-level cache of 1 bytes";
  out.build = "hetmap 1";
  set_all(cpu_fields(), out.cpu, 0.4321);
  for (out.gpu_count = 0; out.gpu_count != gpus; ++out.gpu_count) {
    gpu_profile& gpu = out.gpus[out.gpu_count];
    gpu.identity = "A GPU; " + std::to_string(out.gpu_count);
    set_all(gpu_fields(), gpu.values, 0.3 / (1 + out.gpu_count));
  }
  return out;
}

void expect_same(machine_profile const& a, machine_profile const& b) {
  EXPECT_EQ(a.machine, b.machine);
  EXPECT_EQ(a.build, b.build);
  for (auto const& f : cpu_fields()) EXPECT_EQ(a.cpu.*f.member, b.cpu.*f.member) << f.name;
  ASSERT_EQ(a.gpu_count, b.gpu_count);
  for (unsigned k = 0; k != a.gpu_count; ++k) {
    EXPECT_EQ(a.gpus[k].identity, b.gpus[k].identity);
    for (auto const& f : gpu_fields())
      EXPECT_EQ(a.gpus[k].values.*f.member, b.gpus[k].values.*f.member) << f.name;
  }
}

/// The text with its last line made right again.
std::string summed(std::string text) {
  std::size_t const last = text.rfind("checksum = ");
  text.resize(last);
  std::uint64_t hash = 14695981039346656037u;
  for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  char line[32];
  std::snprintf(line, sizeof line, "checksum = %016llx\n", static_cast<unsigned long long>(hash));
  return text + line;
}

std::string replaced(std::string text, std::string const& from, std::string const& to) {
  std::size_t const at = text.find(from);
  if (at == std::string::npos) ADD_FAILURE() << "no " << from << " in " << text;
  return summed(text.replace(at, from.size(), to));
}

TEST(Profile, NamesAreUniqueAndDefaultsPlausible) {
  std::set<std::string> names{"machine", "build", "gpu", "checksum"};
  auto const look = [&](auto const& fields) {
    for (auto const& f : fields) {
      EXPECT_TRUE(names.insert(f.name).second) << f.name;
      EXPECT_TRUE(f.is_plausible(f.otherwise())) << f.name;
      EXPECT_FALSE(f.is_plausible(std::numeric_limits<double>::quiet_NaN())) << f.name;
      EXPECT_LT(f.least, f.most) << f.name;
    }
  };
  look(cpu_fields());
  look(gpu_fields());
}

TEST(Profile, ThresholdsWithoutOneAreTheConstantsThatWere) {
  thresholds const usual = thresholds_of(cpu_values{});
  EXPECT_DOUBLE_EQ(usual.wake_seconds, 10e-6);
  EXPECT_DOUBLE_EQ(usual.claim_seconds, 100e-6);
  EXPECT_DOUBLE_EQ(usual.worthwhile_seconds, 2e-6);
  EXPECT_DOUBLE_EQ(usual.shortest_shared_seconds, 2e-6);
  EXPECT_DOUBLE_EQ(usual.longest_shared_seconds, 1e-3);
  EXPECT_DOUBLE_EQ(usual.divided_seconds, 100e-6);
}

TEST(Profile, ATextIsReadAsItWasWritten) {
  for (unsigned const gpus : {0u, 1u, 2u, machine_profile::most_gpus}) {
    machine_profile const written = example(gpus);
    parsed_profile const read = parse_profile(profile_text(written));
    ASSERT_EQ(read.error, "");
    expect_same(read.profile, written);
  }
}

TEST(Profile, AGpusNameMayHoldAnything) {
  machine_profile odd = example(1);
  odd.gpus[0].identity = "a = b\nteam_wake = 1 s\r\nchecksum = 0";
  parsed_profile const read = parse_profile(profile_text(odd));
  ASSERT_EQ(read.error, "");
  EXPECT_EQ(read.profile.gpu_count, 1u);
  EXPECT_EQ(read.profile.gpus[0].identity, "a = b team_wake = 1 s\r checksum = 0");
}

TEST(Profile, ATextThatIsCutOffAnywhereIsNone) {
  std::string const whole = profile_text(example());
  for (std::size_t n = 0; n != whole.size(); ++n)
    ASSERT_NE(parse_profile(whole.substr(0, n)).error, "") << n << " of " << whole.size();
}

TEST(Profile, ATextThatIsChangedAnywhereIsNone) {
  std::string const whole = profile_text(example());
  for (std::size_t k = 0; k != whole.size(); ++k)
    for (int const bit : {1, 4, 32, 128}) {
      std::string changed = whole;
      changed[k] = static_cast<char>(changed[k] ^ bit);
      ASSERT_NE(parse_profile(changed).error, "") << "byte " << k << ", bit " << bit;
    }
  EXPECT_NE(parse_profile(whole + "\n").error, "");
  EXPECT_NE(parse_profile(whole + whole).error, "");
  EXPECT_NE(parse_profile(std::string(largest_profile + 1, 'x')).error, "");
}

TEST(Profile, EveryValueHasToBeThereOnceWithItsUnitAndPlausible) {
  machine_profile const good = example(1);
  std::string const text = profile_text(good);
  auto const refused = [&](std::string const& from, std::string const& to) {
    EXPECT_NE(parse_profile(replaced(text, from, to)).error, "") << from << " -> " << to;
  };
  auto const line_of = [&](std::string const& name) {
    std::size_t const at = text.find("\n" + name + " = ") + 1;
    return text.substr(at, text.find('\n', at) + 1 - at);
  };
  auto const look = [&](auto const& fields) {
    for (auto const& f : fields) {
      std::string const name(f.name), line = line_of(name);
      std::string const unit = *f.unit == '\0' ? "" : " " + std::string(f.unit);
      refused(line, "");
      refused(line, line + line);
      refused(line, name + " = 1\n" + (unit.empty() ? line : ""));
      refused(line, name + " = " + unit + "\n");
      refused(line, name + " = nan" + unit + "\n");
      refused(line, name + " = inf" + unit + "\n");
      refused(line, name + " = -1" + unit + "\n");
      refused(line, name + " = " + std::to_string(f.most * 2) + unit + "\n");
      refused(line, name + " = 1 furlong\n");
    }
  };
  look(cpu_fields());
  look(gpu_fields());
  refused(line_of("machine"), "");
  refused(line_of("build"), "");
  refused(line_of("machine"), line_of("machine") + line_of("machine"));
  refused(line_of("gpu"), line_of("gpu") + line_of("gpu"));
  refused("format 1", "format 2");
  refused(line_of("build"), line_of("build") + "weather = fair\n");
}

/// As the fuzzer of tests/fuzz, from fixed seeds: whatever is accepted is plausible, and is written
/// as what it was read from.
TEST(Profile, TextsThatAreMixedUpAtRandomAreRefusedOrRight) {
  std::mt19937_64 random(20261127);
  std::string const whole = profile_text(example());
  auto const below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  unsigned accepted = 0;
  for (int round = 0; round != 20'000; ++round) {
    std::string text = whole;
    for (std::size_t change = below(4) + 1; change != 0; --change) {
      std::size_t const at = below(text.size());
      switch (below(4)) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, below(8)); break;
        case 2: text.insert(at, text.substr(below(text.size()), below(60))); break;
        default: text[at] = "0123456789.e- \n="[below(16)]; break;
      }
    }
    if (text.rfind("checksum = ") != std::string::npos) text = summed(text);
    parsed_profile const read = parse_profile(text);
    if (!read.error.empty()) continue;
    ++accepted;
    ASSERT_EQ(implausible(read.profile), "");
    parsed_profile const again = parse_profile(profile_text(read.profile));
    ASSERT_EQ(again.error, "");
    expect_same(again.profile, read.profile);
  }
  EXPECT_GT(accepted, 20u) << "what is right has to be among them";
}

TEST(Profile, ValuesAreBroughtWithinTheirBounds) {
  cpu_values values;
  for (auto const& f : cpu_fields()) values.*f.member = f.most * 10;
  make_plausible(values);
  for (auto const& f : cpu_fields()) EXPECT_EQ(values.*f.member, f.most) << f.name;
  for (auto const& f : cpu_fields()) values.*f.member = -1;
  make_plausible(values);
  for (auto const& f : cpu_fields()) EXPECT_EQ(values.*f.member, f.least) << f.name;
}

TEST(Profile, TheTableNamesEveryValue) {
  std::string const text = to_string(example(1));
  for (auto const& f : cpu_fields()) EXPECT_NE(text.find(f.name), std::string::npos) << f.name;
  for (auto const& f : gpu_fields()) EXPECT_NE(text.find(f.name), std::string::npos) << f.name;
}

}  // namespace
