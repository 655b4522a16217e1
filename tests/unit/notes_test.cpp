// What a call would gain by: each note where it holds, and not where it does not.
#include "call/notes.hpp"
#include "base/rates.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <initializer_list>

namespace {

using namespace hetmap;
using namespace hetmap::core;

template <class F>
unsigned notes_of_pointer(F* function) {
  detail::rate learned("", reinterpret_cast<void const*>(function));
  return notes_on_kernel({.learned = &learned, .scalar = detail::called_through_pointer});
}

double own(double v) { return v; }

TEST(Notes, TellPointersFromWhatIsInlined) {
  EXPECT_EQ(notes_on_kernel({}), 0u);
  EXPECT_EQ(notes_on_kernel({.scalar = "outcomes are made one by one"}), 0u);
  std::string const elsewhere = detail::called_through_pointer;  // as another library's text is
  EXPECT_EQ(notes_on_kernel({.scalar = elsewhere.c_str()}), bit_of(note::functor));
}

TEST(Notes, KnowTheMathOfTheCLibrary) {
  unsigned const both = bit_of(note::functor) | bit_of(note::vector_math);
  EXPECT_EQ(notes_of_pointer(static_cast<double (*)(double)>(std::exp)), both);
  EXPECT_EQ(notes_of_pointer(&::sinf), both);
  EXPECT_EQ(notes_of_pointer(static_cast<double (*)(double, double)>(std::pow)), both);
  EXPECT_EQ(notes_of_pointer(&::hypotf), both);
  EXPECT_EQ(notes_of_pointer(&own), bit_of(note::functor));
  EXPECT_EQ(notes_of_pointer(&::lgammaf), bit_of(note::functor)) << "hetmap::math has none";
}

class NotesOnOutputs : public testing::Test {
 protected:
  alignas(64) std::array<float, 64> room{};
  plan chosen;
  std::size_t count = 100'000;
  bool bytes = true;

  NotesOnOutputs() {
    chosen.level = isa::avx2;
    chosen.bytes_in = chosen.bytes_out = 4;
    chosen.element_nanoseconds = 0.1;
  }
  [[nodiscard]] unsigned at(std::initializer_list<std::size_t> begins, bool first_use = false) {
    std::array<detail::column, 3> columns{};
    unsigned outputs = 0;
    for (std::size_t const begin : begins) columns[outputs++] = {room.data() + begin, 4, 4};
    return notes_on_outputs(
        {.columns = columns.data(), .outputs = outputs, .count = count, .can_be_streamed = bytes},
        chosen, first_use);
  }
  [[nodiscard]] bool advises_alignment() { return at({1}) == bit_of(note::aligned_output); }
};

TEST_F(NotesOnOutputs, SeeWhereTheyBegin) {
  EXPECT_EQ(at({0}), 0u);
  EXPECT_EQ(at({8, 16}), 0u);
  EXPECT_EQ(at({4}), bit_of(note::aligned_output));
  EXPECT_EQ(at({0, 1}), bit_of(note::aligned_output));
}
TEST_F(NotesOnOutputs, SayWhereTheyAreTheFirst) {
  EXPECT_EQ(at({0}, true), bit_of(note::existing_output));
}
TEST_F(NotesOnOutputs, AdviseNoAlignmentPastTheCaches) {
  EXPECT_TRUE(advises_alignment());
  count = most_bytes_in_caches / 8 + 1;
  EXPECT_FALSE(advises_alignment());
}
TEST_F(NotesOnOutputs, AdviseNoAlignmentToCostlyLoops) {
  chosen.element_nanoseconds = 0.5;
  EXPECT_FALSE(advises_alignment());
  chosen.element_nanoseconds = -1;
  EXPECT_FALSE(advises_alignment()) << "nothing is known";
}
TEST_F(NotesOnOutputs, AdviseNoAlignmentWithoutWideVectors) {
  chosen.level = isa::baseline;
  EXPECT_FALSE(advises_alignment());
  chosen.level = isa::avx512;
  EXPECT_TRUE(advises_alignment());
  chosen.scalar = "why";
  EXPECT_FALSE(advises_alignment());
  chosen.scalar = nullptr;
  chosen.reads = access::indexed;
  EXPECT_FALSE(advises_alignment());
  chosen.reads = access::contiguous;
  bytes = false;
  EXPECT_FALSE(advises_alignment());
}

class WouldGain : public testing::Test {
 protected:
  problem p{.elements = 10'000'000,
            .bytes_in = 4,
            .bytes_out = 4,
            .element_nanoseconds = 100,
            .gpu = {.unavailable = "no form"}};
  machine m{.workers = 2, .concurrency = 2};

  [[nodiscard]] bool asks() const { return would_gain_on_gpu(p, m, make_plan(p, m)); }
};

TEST_F(WouldGain, WhereTheGpuWouldBeChosen) { EXPECT_TRUE(asks()); }
TEST_F(WouldGain, NotWhereTheLinkTakesLonger) {
  p.element_nanoseconds = 0.1;
  EXPECT_FALSE(asks());
}
TEST_F(WouldGain, NotWhereThereIsTooLittle) {
  p.elements = 100;
  EXPECT_FALSE(asks());
}
TEST_F(WouldGain, NotWhereNothingIsKnown) {
  p.element_nanoseconds = -1;
  EXPECT_FALSE(asks());
}
TEST_F(WouldGain, NotWhereTheGpuMayNotBeUsed) {
  p.reproducible = true;
  EXPECT_FALSE(asks());
}
TEST_F(WouldGain, NotWhereTheCpuWasAskedFor) {
  p.asked = backend::cpu;
  EXPECT_FALSE(asks());
}

}  // namespace
