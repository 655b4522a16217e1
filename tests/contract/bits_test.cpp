// An element's bits depend on its arguments, the kernel and the instruction-set level; never on
// chunks, workers, backend, memory, or how many calls there were.
#include "support/bits.hpp"
#include "contract/bits_cases.hpp"
#include "support/backends.hpp"
#include "support/child.hpp"
#include "support/sanitizers.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace bits {

// Everything is compared with the whole range in one call on the calling thread.
way const reference{.how = {.backend = hetmap::backend::serial}};

/// Kernels of hundreds of operations an element are tried on fewer elements.
std::size_t elements_for(test_case const& c) {
  std::size_t const n = c.name.rfind("logistic", 0) == 0 ? 20011 : 100003;
  return support::sanitized ? n / 10 : n;
}

void expect_same(test_case const& c, way const& w, std::vector<std::byte> const& expected) {
  EXPECT_TRUE(support::equal_bits(c.compute(w), expected))
      << c.name << ", " << w.count << " elements, chunks of " << w.how.chunk_size.value_or(0)
      << ", workers " << w.how.workers.value_or(0) << ", pieces of " << w.piece << ", offset "
      << w.offset;
}

way reference_of(std::size_t n, bool reproducible = false) {
  way w = reference;
  w.count = n;
  w.how.reproducible = reproducible;
  return w;
}

TEST(BitsContract, AreTheSameForAnyChunkAndWorkers) {
  for (auto const& c : cases_at_o2()) {
    std::size_t const n = elements_for(c);
    auto const expected = c.compute(reference_of(n));
    for (auto const where : {hetmap::backend::serial, hetmap::backend::cpu})
      for (std::size_t const chunk :
           {std::size_t{1}, std::size_t{7}, std::size_t{63}, std::size_t{64}, std::size_t{65},
            std::size_t{1003}, std::size_t{50000}, n})
        for (unsigned const workers : {1u, 2u, 4u}) {
          if (where == hetmap::backend::serial && workers != 1) continue;
          expect_same(
              c, {.how = {.backend = where, .workers = workers, .chunk_size = chunk}, .count = n},
              expected);
        }
    for (auto const where : support::backends)
      expect_same(c, {.how = {.backend = where}, .count = n}, expected);
  }
}

TEST(BitsContract, AreTheSameWhereverTheRangeLies) {
  std::size_t const n = 331;
  for (auto const& c : cases_at_o2()) {
    auto const expected = c.compute(reference_of(n));
    for (std::size_t offset = 0; offset <= 65; ++offset)
      expect_same(c, {.how = reference.how, .count = n, .offset = offset}, expected);
  }
}

TEST(BitsContract, AreTheSameInOneCallAndInMany) {
  std::size_t const n = 5003;
  for (auto const& c : cases_at_o2()) {
    auto const expected = c.compute(reference_of(n));
    for (std::size_t const piece : support::sizes({1, 5, 63, 64, 65, 1000}))
      for (auto const where : support::backends)
        expect_same(c, {.how = {.backend = where}, .count = n, .piece = piece}, expected);
  }
}

TEST(BitsContract, AreTheSameInPlace) {
  for (auto const& c : cases_at_o2())
    for (std::size_t const n : support::sizes({1, 63, 64, 65, 5003})) {
      auto const expected = c.compute(reference_of(n));
      for (std::size_t const piece : support::sizes({0, 7}))
        expect_same(c, {.how = reference.how, .count = n, .piece = piece, .path = form::in_place},
                    expected);
    }
}

TEST(BitsContract, AreTheSameAtEveryOptimisationLevel) {
  auto const fast = cases_at_o2(), plain = cases_at_o0();
  ASSERT_EQ(fast.size(), plain.size());
  for (std::size_t k = 0; k != fast.size(); ++k)
    for (bool const reproducible : {false, true})
      for (std::size_t const chunk : support::sizes({1, 64, 100, 5003})) {
        auto w = reference_of(5003, reproducible);
        auto const expected = fast[k].compute(w);
        w.how.chunk_size = chunk;
        expect_same(plain[k], w, expected);
        w.path = form::in_place;
        expect_same(plain[k], w, expected);
      }
}

TEST(BitsContract, ReproducibleOnesAreTheSameForAnyChunk) {
  for (auto const& c : cases_at_o2()) {
    auto w = reference_of(5003, true);
    auto const expected = c.compute(w);
    for (std::size_t const chunk : support::sizes({1, 7, 64, 65, 1003})) {
      w.how.chunk_size = chunk;
      expect_same(c, w, expected);
      w.how.backend = hetmap::backend::cpu;
      expect_same(c, w, expected);
    }
  }
}

/// The tests above once more at each level below this processor's.
TEST(BitsContract, AreTheSameAtEachInstructionSetLevel) {
  for (auto const level : {hetmap::isa::baseline, hetmap::isa::avx2}) {
    if (level >= hetmap::isa_level()) continue;
    auto const f = support::run_program(std::string("HETMAP_ISA=") + hetmap::name(level),
                                        support::this_program(),

                                        "--gtest_filter='BitsContract.AreTheSameForAny*:"
                                        "BitsContract.AreTheSameIn*:"
                                        "BitsContract.AreTheSameAtEveryOpt*'");
    EXPECT_EQ(f.exit_code, 0) << hetmap::name(level) << "\n" << f.output;
    EXPECT_NE(f.output.find("[  PASSED  ] 4 tests"), std::string::npos) << f.output;
  }
}

}  // namespace bits
