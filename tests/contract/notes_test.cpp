// What calls are said to gain by: each note where it holds, and not where it does not.
#include "support/decisions.hpp"
#include "support/sanitizers.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace {

using hetmap::backend;
using hetmap::note;
using support::contains;
using support::since;

template <int Which>
struct adds {
  HETMAP_FN int operator()(int v) const { return v + Which; }
};

double own_exp(double v) { return std::exp(v); }

TEST(NotesContract, AFunctorIsAdvisedWhereAPointerIsCalled) {
  std::vector<double> const x(1000, 1.0);
  EXPECT_TRUE(hetmap::explain(&own_exp, x).says(note::functor));
  EXPECT_TRUE(hetmap::explain(std::function<double(double)>(own_exp), x).says(note::functor));
  EXPECT_TRUE(contains(to_string(hetmap::explain(&own_exp, x)), "note: f is called through a"));
  auto const lambda = [](double v) { return v + 1; };
  EXPECT_FALSE(hetmap::explain(lambda, x).says(note::functor));
  EXPECT_FALSE(contains(to_string(hetmap::explain(lambda, x)), "note:"));
  EXPECT_FALSE(hetmap::explain(adds<11>{}, support::indices(1000)).says(note::functor));
}

TEST(NotesContract, VectorMathIsAdvisedWhereTheCLibrarysIsNamed) {
  std::vector<double> const x(1000, 1.0);
  auto const p = hetmap::explain(static_cast<double (*)(double)>(std::exp), x);
  EXPECT_TRUE(p.says(note::vector_math)) << p;
  EXPECT_TRUE(contains(to_string(p), "hetmap::math"));
  EXPECT_FALSE(hetmap::explain(&own_exp, x).says(note::vector_math));
}

TEST(NotesContract, ExistingMemoryIsAdvisedForTheFirstLargeResult) {
  std::size_t const n = std::size_t{1} << 20;
  auto const x = support::indices(n);
  hetmap::release_cached_memory();
  since const first;
  auto y = hetmap::map({.backend = backend::cpu}, adds<12>{}, x);
  EXPECT_TRUE(first.one().plan.says(note::existing_output));
  {
    since const here;
    hetmap::map_into({.backend = backend::cpu}, y, adds<12>{}, x);
    for (auto const& d : here.all()) EXPECT_FALSE(d.plan.says(note::existing_output));
  }
  y = {};
  since const again;
  y = hetmap::map({.backend = backend::cpu}, adds<12>{}, x);  // in the block that was kept
  for (auto const& d : again.all()) EXPECT_FALSE(d.plan.says(note::existing_output));
  // Small results are not worth it.
  hetmap::release_cached_memory();
  since const small;
  hetmap::map({.backend = backend::cpu}, adds<15>{}, std::span(x).first(std::size_t{1} << 16));
  EXPECT_FALSE(small.one().plan.says(note::existing_output));
}

TEST(NotesContract, AlignmentIsAdvisedWhereItShows) {
  if (hetmap::isa_level() == hetmap::isa::baseline) GTEST_SKIP() << "no wide vectors";
  if (support::sanitized) GTEST_SKIP() << "under a sanitizer every loop is costly";
  std::size_t const n = std::size_t{1} << 18;
  std::vector<int> const x(n, 1);
  hetmap::vector<int> room(n + 4);
  auto const says = [&](std::size_t offset) {
    since const here;
    hetmap::map_into({.backend = backend::cpu, .chunk_size = 4096},
                     std::span(room).subspan(offset, n), adds<14>{}, x);
    return here.one().plan.says(note::aligned_output);
  };
  EXPECT_FALSE(says(4)) << "its cost is not known";
  // A busy machine may interrupt any of these calls, and make the loop look costly.
  EXPECT_TRUE(support::soon([&] { return says(4); }));
  EXPECT_FALSE(says(0));
}

}  // namespace
