// map_reduce on a pretended GPU: what is folded there, where data lies, what is missing, what
// fails.
#include "host_device.hpp"
#include "rates.hpp"
#include "support/sanitizers.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <list>
#include <numeric>
#include <random>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace fold_kernels {

/// The product of 2x2 matrices modulo a prime: associative, not commutative.
struct matrix {
  std::uint64_t a = 1, b = 0, c = 0, d = 1;
  friend bool operator==(matrix const&, matrix const&) = default;
};
struct product {
  HETMAP_FN matrix operator()(matrix const& x, matrix const& y) const {
    constexpr std::uint64_t p = 1'000'003;
    return {(x.a * y.a + x.b * y.c) % p, (x.a * y.b + x.b * y.d) % p, (x.c * y.a + x.d * y.c) % p,
            (x.c * y.b + x.d * y.d) % p};
  }
};
struct matrix_of {
  HETMAP_FN matrix operator()(std::int64_t i) const {
    auto const v = static_cast<std::uint64_t>(i);
    return {v % 1009 + 1, v % 31, 3, v * v % 1013};
  }
};

/// x -> a * x + b modulo 2^64, composed: not commutative either, and quick.
struct line {
  std::uint64_t a = 1, b = 0;
  friend bool operator==(line const&, line const&) = default;
};
struct after {
  HETMAP_FN line operator()(line const& f, line const& g) const {
    return {f.a * g.a, f.a * g.b + f.b};
  }
};
struct line_of {
  HETMAP_FN line operator()(std::int64_t i) const {
    auto const v = static_cast<std::uint64_t>(i);
    return {2 * v + 1, v ^ 0x5555};
  }
};

struct wave {
  HETMAP_FN float operator()(float v) const { return 1 / v - 0.25f * v * v; }
};
struct sum {
  template <class T>
  HETMAP_FN T operator()(T a, T b) const {
    return a + b;
  }
};

/// Defined for whatever a failed element has left.
struct wrapping_sum {
  HETMAP_FN std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  }
};

/// Fails when it meets an element of that value.
struct picky_sum {
  std::int64_t forbidden;
  HETMAP_FN std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    if (a == forbidden || b == forbidden) hetmap::fail(42);
    return a + b;
  }
};

/// Throws on the host, where values of pieces are joined.
struct homesick_sum {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    if (support::virtual_device::current() < 0) throw std::domain_error("at home");
    return a + b;
  }
};

/// One a test, so that what one learns does not steer another.
template <int Which>
struct priced {
  HETMAP_FN std::int64_t operator()(std::int64_t v) const { return 2 * v + Which; }
};

}  // namespace fold_kernels

namespace {

using namespace host_kernels;
using namespace fold_kernels;
using hetmap::backend;
using support::host_fold;
using support::host_form;
using support::on_virtual_device;

constexpr std::size_t piece = hetmap::detail::fold_piece;
hetmap::options const on_gpu{.backend = backend::gpu};

std::vector<std::int64_t> counted(std::size_t n) {
  std::vector<std::int64_t> x(n);
  std::iota(x.begin(), x.end(), 0);
  return x;
}

std::vector<float> floats(std::size_t n) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = 1 + 1e-3f * static_cast<float>(i * 7919 % 10007);
  return x;
}

std::uint32_t bits(float v) {
  std::uint32_t b;
  std::memcpy(&b, &v, sizeof b);
  return b;
}

std::int64_t triples(std::vector<std::int64_t> const& x, std::int64_t init) {
  for (std::int64_t const v : x) init += triple{}(v);
  return init;
}

class GpuFold : public on_virtual_device {
 protected:
  host_fold<std::plus<>, std::int64_t> const plus{"std::plus<>", "int64_t(int64_t, int64_t)"};
  host_fold<product, matrix> const products;
  host_form<matrix_of, matrix(std::int64_t)> const matrices;
  host_fold<sum, float> const sums;
  host_form<wave, float(float)> const waves;
  host_fold<picky_sum, std::int64_t> const picky_sums;
  host_fold<wrapping_sum, std::int64_t> const wrapping_sums;
};

TEST_F(GpuFold, IsTheSerialFoldAtEverySizeAndChunk) {
  for (std::size_t const n : std::initializer_list<std::size_t>{
           0, 1, 2, 63, 64, 65, piece - 1, piece, piece + 1, 65'536, 65'537, 100'000})
    for (std::size_t const chunk : {std::size_t{0}, std::size_t{1000}, std::size_t{40'000}}) {
      SCOPED_TRACE(std::to_string(n) + " elements, chunks of " + std::to_string(chunk));
      auto const x = counted(n);
      auto how = on_gpu;
      if (chunk != 0) how.chunk_size = chunk;
      auto const before = gpu().launches();
      ASSERT_EQ(hetmap::map_reduce(how, triple{}, std::plus<>(), std::int64_t{7}, x),
                triples(x, 7));
      ASSERT_EQ(gpu().launches() > before, n != 0);
    }
}

TEST_F(GpuFold, KeepsTheOrderOfTheOperands) {
  for (std::size_t const n : {std::size_t{1}, std::size_t{1000}, piece + 1, 5 * piece + 77}) {
    SCOPED_TRACE(n);
    auto const x = counted(n);
    matrix expected{2, 1, 1, 1};
    for (auto const i : x) expected = product{}(expected, matrix_of{}(i));
    for (std::size_t const chunk : {std::size_t{1}, 2 * piece, 10 * n}) {
      auto how = on_gpu;
      how.chunk_size = chunk;
      ASSERT_EQ(hetmap::map_reduce(how, matrix_of{}, product{}, matrix{2, 1, 1, 1}, x), expected);
    }
    ASSERT_EQ(hetmap::pool({.workers = 2, .backend = backend::gpu})
                  .map_reduce(matrix_of{}, product{}, matrix{2, 1, 1, 1}, x),
              expected);
  }
}

TEST_F(GpuFold, HasTheSameBitsWhereverDataLiesAndHoweverItIsCut) {
  for (std::size_t const n : {std::size_t{1000}, 4 * piece, 7 * piece + 11}) {
    SCOPED_TRACE(n);
    auto const x = floats(n);
    float const first = hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.5f, x);
    double exact = 0.5;
    for (float const v : x) exact += wave{}(v);
    EXPECT_NEAR(first, exact, 1e-5 * std::abs(exact) + 1e-2);
    for (int round = 0; round != 3; ++round)
      for (std::size_t const chunk : {std::size_t{64}, piece, 3 * piece, 10 * n}) {
        auto how = on_gpu;
        how.chunk_size = chunk;
        ASSERT_EQ(bits(hetmap::map_reduce(how, wave{}, sum{}, 0.5f, x)), bits(first));
      }
    auto* const pinned = static_cast<float*>(gpu().bytes().pin(n * sizeof(float)));
    auto* const there = static_cast<float*>(gpu().bytes().allocate(n * sizeof(float)));
    std::copy(x.begin(), x.end(), pinned);
    gpu().bytes().open();
    std::copy(x.begin(), x.end(), there);
    gpu().bytes().close();
    std::span<float const> const as_span(pinned, n);
    EXPECT_EQ(bits(hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.5f, as_span)), bits(first));
    hetmap::device_span<float const> const resident{there, n, {}};
    EXPECT_EQ(bits(hetmap::map_reduce(wave{}, sum{}, 0.5f, resident)), bits(first));
    hetmap::array<float> const array(x);
    EXPECT_EQ(bits(hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.5f, array)), bits(first));
    gpu().bytes().unpin(pinned);
    gpu().bytes().free(there);
  }
}

TEST_F(GpuFold, HasTheSameBitsWhereMemoryIsShort) {
  auto const x = floats(20 * piece);
  float const first = hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.0f, x);
  start({.capacity = std::size_t{1} << 20});  // less than half of what the ring would take
  EXPECT_EQ(bits(hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.0f, x)), bits(first));
  EXPECT_LE(gpu().bytes().most_used(), std::size_t{1} << 20);
}

TEST_F(GpuFold, OnlyValuesComeBack) {
  auto const x = counted(200'000);
  static_cast<void>(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, x));
  EXPECT_EQ(gpu().bytes_in(), x.size() * sizeof(x[0]));
  EXPECT_EQ(gpu().bytes_out(), (x.size() + piece - 1) / piece * sizeof(x[0]));
}

TEST_F(GpuFold, NothingGeneratedTravels) {
  auto const x = std::views::iota(std::int64_t{-5}, std::int64_t{99'995});
  std::int64_t expected = 1;
  for (auto const v : x) expected += triple{}(v);
  EXPECT_EQ(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{1}, x), expected);
  EXPECT_EQ(gpu().bytes_in(), 0u);
}

TEST_F(GpuFold, ResidentArraysStayWhereTheyAre) {
  auto const x = counted(100'000);
  auto const a = hetmap::map(on_gpu, triple{}, hetmap::array<std::int64_t>(x));
  auto const in = gpu().bytes_in(), out = gpu().bytes_out();
  std::int64_t expected = 0;
  for (auto const v : x) expected += triple{}(triple{}(v));
  // Under auto as well: the array is nowhere else.
  EXPECT_EQ(hetmap::map_reduce(triple{}, std::plus<>(), std::int64_t{0}, a), expected);
  EXPECT_EQ(gpu().bytes_in(), in);
  EXPECT_EQ(gpu().bytes_out() - out, (x.size() + piece - 1) / piece * sizeof(x[0]));
  EXPECT_FALSE(a.is_on_host());
  // The CPU brings it back, and a few of them as many.
  EXPECT_EQ(
      hetmap::map_reduce({.backend = backend::cpu}, triple{}, std::plus<>(), std::int64_t{0}, a),
      expected);
  hetmap::array<std::int64_t> const few(counted(1000));
  EXPECT_EQ(
      hetmap::map_reduce({.backend = backend::cpu}, triple{}, std::plus<>(), std::int64_t{0}, few),
      triples(counted(1000), 0));
}

TEST_F(GpuFold, OfTheElementsThemselvesNeedsNoKernel) {
  auto const x = counted(100'000);
  auto const expected = std::accumulate(x.begin(), x.end(), std::int64_t{3});
  auto how = on_gpu;
  how.chunk_size = 2 * piece;
  auto const before = gpu().launches();
  EXPECT_EQ(hetmap::map_reduce(how, std::identity{}, std::plus<>(), std::int64_t{3}, x), expected);
  EXPECT_EQ(gpu().launches() - before, 4u) << "one a slot";
  hetmap::array<std::int64_t> const a(x);
  EXPECT_EQ(hetmap::map_reduce(on_gpu, std::identity{}, std::plus<>(), std::int64_t{3}, a),
            expected);
}

TEST_F(GpuFold, AKernelMayReadAnArray) {
  auto const table = hetmap::map(on_gpu, triple{}, hetmap::array<std::int64_t>(counted(70'000)));
  gather const f{hetmap::ref(table), 70'000};
  auto const indices = std::views::iota(std::int64_t{0}, std::int64_t{70'000});
  auto const expected = triples(counted(70'000), 0);
  EXPECT_EQ(hetmap::map_reduce(on_gpu, f, std::plus<>(), std::int64_t{0}, indices), expected);
  EXPECT_FALSE(table.is_on_host());
  EXPECT_EQ(
      hetmap::map_reduce({.backend = backend::cpu}, f, std::plus<>(), std::int64_t{0}, indices),
      expected);
}

TEST_F(GpuFold, FailsWhereTheLoopWouldHaveFailedFirst) {
  std::size_t const n = 6 * piece;
  auto const x = counted(n);
  for (std::size_t const first :
       {std::size_t{0}, std::size_t{1}, piece - 1, piece, 3 * piece + 77, n - 1})
    for (std::size_t const chunk : {piece, 10 * n}) {
      SCOPED_TRACE(std::to_string(first) + " by " + std::to_string(chunk));
      auto how = on_gpu;
      how.chunk_size = chunk;
      auto const lowest = static_cast<std::int64_t>(first);
      try {
        static_cast<void>(
            hetmap::map_reduce(how, fails_from{lowest, 1000}, wrapping_sum{}, std::int64_t{0}, x));
        FAIL() << "nothing was thrown";
      } catch (hetmap::kernel_error const& e) {
        EXPECT_EQ(e.code(), static_cast<int>(first % 1000));
        EXPECT_EQ(hetmap::failed_index(), first);
      }
    }
}

TEST_F(GpuFold, AFailingOperationIsKnownByItsPiece) {
  std::size_t const n = 6 * piece;
  for (std::size_t const first : {std::size_t{5}, 2 * piece + 9, 6 * piece - 2}) {
    auto x = counted(n);
    for (auto& v : x) v += 1'000'000;  // no sum is one of them
    auto how = on_gpu;
    how.chunk_size = 2 * piece;
    try {
      static_cast<void>(
          hetmap::map_reduce(how, std::identity{}, picky_sum{x[first]}, std::int64_t{0}, x));
      FAIL() << "nothing was thrown";
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), 42);
      EXPECT_EQ(hetmap::failed_index(), first / piece * piece);
    }
  }
}

TEST_F(GpuFold, AnOperationThatThrowsWhereValuesAreJoinedEndsTheCall) {
  host_fold<homesick_sum, std::int64_t> const form;
  EXPECT_EQ(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, counted(9)),
            triples(counted(9), 0));
  EXPECT_THROW(static_cast<void>(hetmap::map_reduce(on_gpu, triple{}, homesick_sum{},
                                                    std::int64_t{0}, counted(8 * piece))),
               std::domain_error);
}

TEST_F(GpuFold, ReportsAndStopsAsAMapDoes) {
  auto const x = counted(8 * piece);
  std::size_t last = 0;
  auto how = on_gpu;
  how.chunk_size = piece;
  how.progress = [&](hetmap::progress const& p) {
    EXPECT_GE(p.done, last);
    last = p.done;
  };
  static_cast<void>(hetmap::map_reduce(how, triple{}, std::plus<>(), std::int64_t{0}, x));
  EXPECT_EQ(last, x.size());
  struct counting_stop {
    int* calls;
    bool stop_requested() const { return ++*calls > 3; }
  };
  int calls = 0;
  how.progress = {};
  how.stop = counting_stop{&calls};
  EXPECT_THROW(
      static_cast<void>(hetmap::map_reduce(how, triple{}, std::plus<>(), std::int64_t{0}, x)),
      hetmap::cancelled_error);
}

// -- what is missing --

std::string refusal(auto&& call) {
  try {
    static_cast<void>(call());
  } catch (hetmap::device_unavailable const& e) {
    return e.what();
  }
  return "nothing was thrown";
}

#define EXPECT_SAYS(text, words) EXPECT_NE((text).find(words), std::string::npos) << (text)

TEST_F(GpuFold, SaysWhatIsMissing) {
  std::vector<double> const x(100, 1.0);
  for (std::size_t const n : {std::size_t{100}, std::size_t{100'000}}) {
    SCOPED_TRACE(n);
    auto const y = counted(n);
    auto const fold = [&](auto const& f, auto const& op, auto init) {
      return refusal([&] { return hetmap::map_reduce(on_gpu, f, op, init, y); });
    };
    auto const none = fold(triple{}, std::bit_xor<>(), std::int64_t{0});
    EXPECT_SAYS(none, "operation std::bit_xor<void> has no GPU form for long (long, long)");
    EXPECT_SAYS(none, "HETMAP_GPU_REDUCE");
    EXPECT_SAYS(fold(priced<-1>{}, std::plus<>(), std::int64_t{0}), "has no GPU form");
    EXPECT_SAYS(fold(triple{}, std::plus<>(), 0.0), "compose(lift, f)");
    auto const lambda = [](std::int64_t a, std::int64_t b) { return a + b; };
    EXPECT_SAYS(fold(triple{}, lambda, std::int64_t{0}), "unnamed namespace");
    EXPECT_SAYS(fold(triple{}, +lambda, std::int64_t{0}), "the operation is no trivially copyable");
    EXPECT_SAYS(fold([](std::int64_t v) { return v; }, std::plus<>(), std::int64_t{0}),
                "unnamed namespace");
  }
  auto const other =
      refusal([&] { return hetmap::map_reduce(on_gpu, scaled{2}, std::plus<>(), 0.0, x); });
  EXPECT_SAYS(other, "it has one for int64_t(int64_t, int64_t)");
  std::vector<bool> const odd(10);
  EXPECT_SAYS(refusal([&] {
                return hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, odd);
              }),
              "neither an array");
  std::list<std::int64_t> const list(10);
  EXPECT_SAYS(refusal([&] {
                return hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, list);
              }),
              "elements of arrays");
}

TEST_F(GpuFold, ExplainSaysWhyItDoesNotGoThere) {
  auto const x = counted(100'000);
  auto const why = [](hetmap::plan const& p) {
    char const* const text = p.candidates[2].unavailable;
    return std::string(text == nullptr ? "it could" : text);
  };
  EXPECT_EQ(why(hetmap::explain(triple{}, std::plus<>(), std::int64_t{0}, x)), "it could");
  EXPECT_SAYS(why(hetmap::explain(triple{}, std::bit_xor<>(), std::int64_t{0}, x)),
              "operation std::bit_xor<void> has no GPU form");
  EXPECT_SAYS(why(hetmap::explain(triple{}, std::plus<>(), 0.0, x)), "compose(lift, f)");
  EXPECT_SAYS(
      why(hetmap::explain({.reproducible = true}, triple{}, std::plus<>(), std::int64_t{0}, x)),
      "reproducible");
  // What explain says of memory is what the call takes.
  auto const plan = hetmap::explain(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, x);
  hetmap::release_cached_memory();
  gpu().bytes().restart_peaks();
  static_cast<void>(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, x));
  EXPECT_EQ(plan.chosen, backend::gpu);
  EXPECT_GT(plan.device_bytes, 0u);
  EXPECT_LE(gpu().bytes().most_used(), plan.device_bytes + plan.device_bytes / 8);
}

// -- automatic --

using source =
    decltype(hetmap::detail::source_of(std::declval<std::vector<std::int64_t> const&>()));

/// As if the CPU had been measured before: as a map, and as a fold of many.
template <class F>
void believe_as_map(F const& f, double nanoseconds) {
  hetmap::detail::rate_for<F const, source>(f)->learn(
      1'000'000, std::chrono::nanoseconds(static_cast<std::int64_t>(1e6 * nanoseconds)));
}
template <class F, class Op>
void believe(F const& f, Op const&, double nanoseconds) {
  using task = hetmap::detail::reduce_task<std::int64_t, Op const, F const, source>;
  hetmap::detail::rate_for<F const, task>(f)->learn(
      1'000'000, std::chrono::nanoseconds(static_cast<std::int64_t>(1e6 * nanoseconds)));
}

TEST_F(GpuFold, GoesThereUnderAutoWhereItPays) {
  std::plus<> const op;
  priced<0> const cheap{};
  priced<1> const costly{};
  priced<2> const few{};
  host_form<priced<0>, std::int64_t(std::int64_t)> const a;
  host_form<priced<1>, std::int64_t(std::int64_t)> const b;
  host_form<priced<2>, std::int64_t(std::int64_t)> const c;
  believe(cheap, op, 0.1);
  believe(costly, op, 1000);
  believe_as_map(few, 10'000);
  auto const x = counted(100'000);
  std::int64_t const twice = 99'999 * 100'000LL;
  EXPECT_EQ(hetmap::map_reduce(cheap, op, std::int64_t{0}, x), twice);
  EXPECT_EQ(gpu().launches(), 0u);
  EXPECT_EQ(hetmap::map_reduce(costly, op, std::int64_t{0}, x), twice + 100'000);
  EXPECT_GT(gpu().launches(), 0u);
  // Few elements are learned of as a map: that is what the CPU makes of them.
  auto const before = gpu().launches();
  auto const some = counted(10'000);
  EXPECT_EQ(hetmap::map_reduce(few, op, std::int64_t{0}, some), 9'999 * 10'000 + 20'000);
  EXPECT_GT(gpu().launches(), before);
}

TEST_F(GpuFold, WhatTheGpuGivesUpTheCpuFoldsUnderAuto) {
  std::plus<> const op;
  priced<3> const f{};
  host_form<priced<3>, std::int64_t(std::int64_t)> const form;
  believe(f, op, 1000);
  auto const x = counted(10 * piece + 5);
  std::int64_t expected = 0;
  for (auto const v : x) expected += f(v);
  int launches = 0;
  gpu().strike_with([&](support::operation what, std::uint64_t) {
    return what == support::operation::launch && ++launches > 8 ? support::strike::refused
                                                                : support::strike::none;
  });
  EXPECT_EQ(hetmap::map_reduce({.chunk_size = piece}, f, op, std::int64_t{0}, x), expected);
  EXPECT_GT(gpu().launches(), 4u) << "some of it was folded there";
  EXPECT_THROW(static_cast<void>(hetmap::map_reduce(on_gpu, f, op, std::int64_t{0}, x)),
               hetmap::device_error);
}

// -- faults --

/// One call over one failing device, all of it drawn from a number.
class fold_schedule {
 public:
  explicit fold_schedule(std::uint64_t number) : random_(number * 0x9E3779B97F4A7C15u + 5) {}

  void run() {
    support::virtual_device gpu({.capacity = std::size_t{1} << below(17, 24), .seed = random_()});
    draw_faults(gpu);
    std::size_t const n = one_in(10) ? below(0, 3) : below(1, one_in(4) ? 5 * piece : 1000);
    std::int64_t const failing = one_in(4) ? static_cast<std::int64_t>(below(0, n + 10)) : -1;
    hetmap::options how{.backend = one_in(3) ? backend::automatic : backend::gpu};
    if (one_in(2)) how.chunk_size = below(1, 2 * piece);
    {
      support::provided_devices const provider({&gpu});
      auto const x = counted(n);
      if (one_in(4)) {
        fold(gpu, how, n, failing, std::views::iota(std::int64_t{0}, static_cast<std::int64_t>(n)));
      } else if (auto* const there =
                     one_in(3) ? static_cast<std::int64_t*>(gpu.bytes().allocate(8 * n + 8))
                               : nullptr;
                 there != nullptr) {
        gpu.bytes().open();
        std::copy(x.begin(), x.end(), there);
        gpu.bytes().close();
        fold(gpu, how, n, failing, hetmap::device_span<std::int64_t const>{there, n, {}});
        gpu.bytes().free(there);
      } else {
        fold(gpu, how, n, failing, x);
      }
    }
    EXPECT_EQ(gpu.misuse(), "");
    if (!gpu.is_dead()) {
      EXPECT_EQ(gpu.bytes().used(), 0u);
      EXPECT_EQ(gpu.bytes().pinned(), 0u);
    }
  }

  [[nodiscard]] bool succeeded() const { return succeeded_; }
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  std::uint64_t below(std::uint64_t least, std::uint64_t end) {
    return least + random_() % (end - least);
  }
  bool one_in(unsigned n) { return random_() % n == 0; }

  void draw_faults(support::virtual_device& gpu) {
    using support::strike;
    strike const kinds[] = {strike::out_of_memory, strike::refused, strike::lost, strike::late_lost,
                            strike::torn};
    if (one_in(8)) return;  // none at all
    strike const kind = kinds[below(0, 5)];
    std::uint64_t const k = below(1, 150), from = one_in(2) ? 0 : below(0, 60);
    gpu.strike_with([=](support::operation, std::uint64_t ordinal) {
      return ordinal >= from && ordinal % k == k - 1 ? kind : strike::none;
    });
  }

  /// Of lines, so that a value that is lost, comes twice or in the wrong order is seen.
  void fold(support::virtual_device& gpu, hetmap::options const& how, std::size_t n,
            std::int64_t failing, auto const& input) {
    constexpr bool span = std::is_same_v<std::remove_cvref_t<decltype(input)>,
                                         hetmap::device_span<std::int64_t const>>;
    try {
      if (failing >= 0) {
        fails_from const f{failing, 7};
        auto const sum = hetmap::map_reduce(how, f, wrapping_sum{}, std::int64_t{1}, input);
        EXPECT_GE(failing, static_cast<std::int64_t>(n));
        EXPECT_EQ(sum, 1 + static_cast<std::int64_t>(n * (n - (n != 0))));
      } else {
        line expected;
        for (std::size_t i = 0; i != n; ++i)
          expected = after{}(expected, line_of{}(static_cast<std::int64_t>(i)));
        EXPECT_EQ(hetmap::map_reduce(how, line_of{}, after{}, line{}, input), expected);
      }
      succeeded_ = true;
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), static_cast<int>(failing % 1000));
      EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(failing));
    } catch (hetmap::device_unavailable const&) {
      EXPECT_TRUE(gpu.is_dead());
    } catch (hetmap::device_error const& e) {
      lost_ = gpu.is_dead();
      EXPECT_TRUE(lost_ || span || how.backend == backend::gpu) << e.what();
    }
  }

  std::mt19937_64 random_;
  bool succeeded_ = false;
  bool lost_ = false;
};

TEST(GpuFoldFaults, LoseNothing) {
  all_forms const forms;
  host_fold<wrapping_sum, std::int64_t> const sums;
  host_fold<after, line> const afters;
  host_form<line_of, line(std::int64_t)> const lines;
  // Under automatic the kernels are believed to be worth it.
  believe(fails_from{}, wrapping_sum{}, 1e6);
  char const* const text = std::getenv("HETMAP_TEST_SCHEDULES");
  std::uint64_t const usual = support::thread_sanitizer ? 300 : 3000;
  std::uint64_t const all = text != nullptr ? std::strtoull(text, nullptr, 10) : usual;
  unsigned succeeded = 0, lost = 0;
  for (std::uint64_t number = 0; number != all; ++number) {
    SCOPED_TRACE("schedule " + std::to_string(number));
    fold_schedule one(number);
    one.run();
    if (HasFailure()) return;
    succeeded += one.succeeded();
    lost += one.lost();
  }
  EXPECT_GT(succeeded, all / 5);
  EXPECT_GT(lost, all / 40);
}

}  // namespace
