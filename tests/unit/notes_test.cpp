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

TEST(Notes, SeeWhereResultsBegin) {
  alignas(64) std::array<float, 64> room{};
  plan const chosen;
  auto const notes_at = [&](std::initializer_list<std::size_t> begins, bool first_use = false) {
    std::array<detail::column, 3> columns{};
    unsigned count = 0;
    for (std::size_t const at : begins) columns[count++] = {room.data() + at, 4, 4};
    return notes_on_outputs({.columns = columns.data(), .outputs = count, .can_be_streamed = true},
                            chosen, first_use);
  };
  EXPECT_EQ(notes_at({0}), 0u);
  EXPECT_EQ(notes_at({16, 0}), 0u);
  EXPECT_EQ(notes_at({1}), bit_of(note::aligned_output));
  EXPECT_EQ(notes_at({0, 4}), bit_of(note::aligned_output));
  EXPECT_EQ(notes_at({0}, true), bit_of(note::existing_output));
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
