// Functions that were cheap and then meet slow elements: these are shared all the same, each is
// computed once, and what fails is what a loop would have met.
#include "support/calls.hpp"
#include "support/sanitizers.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <numeric>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

/// What the functions of a test note, and which of their elements are slow.
struct notes {
  support::call_counter* calls = nullptr;
  support::concurrency_meter* meter = nullptr;
  std::set<long> slow{};
  std::set<long> failing{};
  bool spins = false;
};

struct failed_element : std::runtime_error {
  explicit failed_element(long i) : std::runtime_error("element"), index(i) {}
  long index;
};

/// Several times as long as it takes until a claim is found to be late.
constexpr auto slow_time = support::sanitized ? 20ms : 10ms;

void be_slow(notes const& n, long i) {
  support::concurrency_meter::call const running(*n.meter);
  if (n.spins)
    support::spin(slow_time);
  else
    std::this_thread::sleep_for(slow_time);
  if (n.failing.contains(i)) throw failed_element(i);
}

/// A kernel type of its own for every verb, so that each has its own history.
template <int Verb>
struct mostly_cheap {
  notes const* of = nullptr;

  long operator()(long i) const {
    if (of != nullptr) {
      of->calls->count(static_cast<std::size_t>(i));
      if (of->slow.contains(i)) be_slow(*of, i);
    }
    return 3 * i + 1;
  }
  long operator()(long i, long) const { return (*this)(i); }
  void operator()(std::span<long const> in, std::span<long> out) const {
    for (std::size_t k = 0; k != in.size(); ++k) out[k] = (*this)(in[k]);
  }
};

template <int Verb>
struct two_of {
  mostly_cheap<Verb> one{};
  std::tuple<long, long> operator()(long i) const {
    long const v = one(i);
    return {v, -v};
  }
};

notes const* for_pointer = nullptr;
long cheap_pointer(long i) { return mostly_cheap<-1>{for_pointer}(i); }

template <int Verb>
struct appended {
  mostly_cheap<Verb> one{};
  std::string operator()(long i) const { return std::to_string(one(i)) + ","; }
};

/// One call of a verb over `in`, by f; checks the results.
struct verb {
  char const* name;
  void (*run)(notes const* how, std::vector<long> const& in, hetmap::pool* on);
};

void expect_mapped(std::span<long const> out, std::vector<long> const& in) {
  ASSERT_EQ(out.size(), in.size());
  for (std::size_t i = 0; i != in.size(); ++i) ASSERT_EQ(out[i], 3 * in[i] + 1) << i;
}

template <class Free, class OnPool>
decltype(auto) on(hetmap::pool* pool, Free&& free, OnPool&& on_pool) {
  return pool != nullptr ? on_pool(*pool) : free();
}

constexpr verb verbs[] = {
    {"map",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       mostly_cheap<0> const f{n};
       expect_mapped(on(
                         p, [&] { return hetmap::map(f, in); },
                         [&](hetmap::pool& on) { return on.map(f, in); }),
                     in);
     }},
    {"map_into",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       mostly_cheap<1> const f{n};
       std::vector<long> out(in.size());
       on(
           p, [&] { hetmap::map_into(out, f, in); },
           [&](hetmap::pool& on) { on.map_into(out, f, in); });
       expect_mapped(out, in);
     }},
    {"map_into_itself",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       mostly_cheap<2> const f{n};
       std::vector<long> out = in;
       on(
           p, [&] { hetmap::map_into(out, f, out); },
           [&](hetmap::pool& on) { on.map_into(out, f, out); });
       expect_mapped(out, in);
     }},
    {"map_of_two",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       mostly_cheap<3> const f{n};
       expect_mapped(on(
                         p, [&] { return hetmap::map(f, in, in); },
                         [&](hetmap::pool& on) { return on.map(f, in, in); }),
                     in);
     }},
    {"starmap",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       mostly_cheap<4> const f{n};
       std::vector<std::tuple<long, long>> rows;
       for (long const i : in) rows.emplace_back(i, i);
       expect_mapped(on(
                         p, [&] { return hetmap::starmap(f, rows); },
                         [&](hetmap::pool& on) { return on.starmap(f, rows); }),
                     in);
     }},
    {"map_columns",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       two_of<5> const f{{n}};
       auto const [up, down] = on(
           p, [&] { return hetmap::map_columns(f, in); },
           [&](hetmap::pool& on) { return on.map_columns(f, in); });
       expect_mapped(up, in);
     }},
    {"collect",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       mostly_cheap<6> const f{n};
       auto const out = on(
           p, [&] { return hetmap::map({.errors = hetmap::collect}, f, in); },
           [&](hetmap::pool& on) { return on.map({.errors = hetmap::collect}, f, in); });
       std::vector<long> values;
       for (auto const& o : out) values.push_back(o.value());
       expect_mapped(values, in);
     }},
    {"sum",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       mostly_cheap<7> const f{n};
       long const sum = on(
           p, [&] { return hetmap::map_reduce(f, std::plus<>{}, 0L, in); },
           [&](hetmap::pool& on) { return on.map_reduce(f, std::plus<>{}, 0L, in); });
       EXPECT_EQ(sum, 3 * std::accumulate(in.begin(), in.end(), 0L) + static_cast<long>(in.size()));
     }},
    {"concatenation",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       appended<8> const f{{n}};
       std::string const all = on(
           p, [&] { return hetmap::map_reduce(f, std::plus<>{}, std::string(), in); },
           [&](hetmap::pool& on) { return on.map_reduce(f, std::plus<>{}, std::string(), in); });
       std::string expected;
       for (long const i : in) expected += std::to_string(3 * i + 1) + ",";
       EXPECT_EQ(all, expected);
     }},
    {"list",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       mostly_cheap<9> const f{n};
       std::list<long> const list(in.begin(), in.end());
       expect_mapped(on(
                         p, [&] { return hetmap::map(f, list); },
                         [&](hetmap::pool& on) { return on.map(f, list); }),
                     in);
     }},
    {"map_blocks",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       mostly_cheap<10> const f{n};
       std::vector<long> out(in.size());
       on(
           p, [&] { hetmap::map_blocks({.chunk_size = 1}, f, out, in); },
           [&](hetmap::pool& on) { on.map_blocks({.chunk_size = 1}, f, out, in); });
       expect_mapped(out, in);
     }},
    {"function_pointer",
     [](notes const* n, std::vector<long> const& in, hetmap::pool* p) {
       for_pointer = n;
       expect_mapped(on(
                         p, [&] { return hetmap::map(cheap_pointer, in); },
                         [&](hetmap::pool& on) { return on.map(cheap_pointer, in); }),
                     in);
       for_pointer = nullptr;
     }},
};

std::vector<long> up_to(long n) {
  std::vector<long> v(static_cast<std::size_t>(n));
  std::iota(v.begin(), v.end(), 0L);
  return v;
}

/// Calls before the one that counts.
struct history {
  char const* name;
  long elements;
  int calls;
};
constexpr history histories[] = {{"long calls", support::sanitized ? 20'000 : 100'000, 20},
                                 {"short calls", 300, 300}};

struct where {
  verb const* by;
  bool on_pool;

  friend void PrintTo(where const& w, std::ostream* out) {
    *out << w.by->name << (w.on_pool ? " on a pool" : "");
  }
};

class ChangingCost : public testing::TestWithParam<where> {
 protected:
  void SetUp() override {
    if (hetmap::physical_cores() < 2) GTEST_SKIP() << "one core";
    if (GetParam().on_pool) pool_.emplace(4u);
  }

  void run(notes const* n, std::vector<long> const& in) {
    GetParam().by->run(n, in, pool_ ? &*pool_ : nullptr);
  }
  void warm(history const& h) {
    auto const in = up_to(h.elements);
    for (int k = 0; k != h.calls; ++k) run(nullptr, in);
  }

  /// The most slow calls at once that a call over `in` made.
  int peak(std::vector<long> const& in, std::set<long> slow, bool spins = false) {
    support::call_counter calls(in.size());
    support::concurrency_meter meter;
    notes const n{.calls = &calls, .meter = &meter, .slow = std::move(slow), .spins = spins};
    run(&n, in);
    EXPECT_TRUE(calls.once_each());
    return meter.peak();
  }

  /// Whether a call after that history has made slow calls at once; other threads may be kept away
  /// from one call by other programs, but not from several.
  bool shares(history const& h, std::vector<long> const& in, std::set<long> const& slow,
              bool spins = false) {
    for (int tries = 0; tries != 5; ++tries) {
      warm(h);
      if (peak(in, slow, spins) >= 2) return true;
    }
    return false;
  }

  std::optional<hetmap::pool> pool_;
};

TEST_P(ChangingCost, SlowElementsAloneAreShared) {
  for (history const& h : histories)
    for (long const n : {4L, 8L, 24L}) {
      SCOPED_TRACE(testing::Message() << n << " after " << h.name);
      auto const in = up_to(n);
      EXPECT_TRUE(shares(h, in, {in.begin(), in.end()}, n == 8));
    }
}

TEST_P(ChangingCost, SlowElementsAmongCheapOnesAreShared) {
  std::string const by = GetParam().by->name;
  // Folds go from leaf to leaf, whose elements are one worker's: the slow ones are in several.
  bool const folds = by == "sum" || by == "concatenation";
  for (long const n : {2000L, histories[0].elements}) {
    auto const in = up_to(n);
    std::set<long> last, scattered, block;
    for (long k = 0; k != 6; ++k) last.insert(n - 6 + k);
    for (long k = 0; k != 6; ++k) scattered.insert(n / 7 * (k + 1));
    for (long k = 0; k != 64; k += 4) block.insert(n / 2 + k);
    for (history const& h : histories) {
      SCOPED_TRACE(testing::Message() << n << " after " << h.name);
      if (!folds || n <= 2000) {
        EXPECT_TRUE(shares(h, in, last));
        EXPECT_TRUE(shares(h, in, block));
      }
      EXPECT_TRUE(shares(h, in, scattered));
    }
  }
}

TEST_P(ChangingCost, TheFirstFailureIsReportedAndWhatIsBelowIsDone) {
  warm(histories[1]);
  auto const in = up_to(300);
  for (std::set<long> const& failing : {std::set<long>{290, 297}, {2}, {299}, {0, 150, 299}}) {
    if (std::string(GetParam().by->name) == "collect") continue;
    support::call_counter calls(in.size());
    support::concurrency_meter meter;
    notes const n{.calls = &calls,
                  .meter = &meter,
                  .slow = {0, 1, 2, 3, 150, 290, 294, 295, 296, 297, 299},
                  .failing = failing};
    auto const first = static_cast<std::size_t>(*failing.begin());
    try {
      run(&n, in);
      ADD_FAILURE() << "nothing was thrown";
    } catch (failed_element const& e) {
      EXPECT_EQ(e.index, *failing.begin());
    }
    EXPECT_EQ(hetmap::failed_index(), first);
    EXPECT_TRUE(calls.once_each(0, first + 1));
    EXPECT_TRUE(calls.at_most_once_each());
    warm(histories[1]);
  }
}

std::vector<where> everywhere() {
  std::vector<where> all;
  for (verb const& v : verbs)
    for (bool const on_pool : {false, true}) all.push_back({&v, on_pool});
  return all;
}

INSTANTIATE_TEST_SUITE_P(, ChangingCost, testing::ValuesIn(everywhere()), [](auto const& with) {
  return std::string(with.param.by->name) + (with.param.on_pool ? "_on_a_pool" : "");
});

/// A result that must be destroyed exactly once.
struct counted {
  static inline std::atomic<long> alive{0};
  explicit counted(long v) : value(v) { ++alive; }
  counted(counted const& other) : value(other.value) { ++alive; }
  counted& operator=(counted const&) = default;
  ~counted() { --alive; }
  long value;
};

TEST(ChangingCostOf, ResultsThatWereMadeAreDestroyed) {
  auto const in = up_to(300);
  support::call_counter calls(in.size());
  support::concurrency_meter meter;
  notes n{.calls = &calls, .meter = &meter, .slow = {}};
  auto const f = [&n, one = mostly_cheap<100>{}](long i) {
    if (n.slow.contains(i)) be_slow(n, i);
    return counted(one(i));
  };
  for (std::set<long> const& failing : {std::set<long>{}, {5}, {150}, {299}}) {
    n.slow = n.failing = {};
    for (int k = 0; k != 300; ++k) static_cast<void>(hetmap::map(f, in));
    n.slow = {0, 1, 2, 3, 4, 5, 150, 298, 299};
    n.failing = failing;
    try {
      auto const out = hetmap::map(f, in);
      EXPECT_TRUE(failing.empty());
      EXPECT_EQ(counted::alive, 300);
    } catch (failed_element const& e) {
      EXPECT_EQ(e.index, *failing.begin());
    }
    EXPECT_EQ(counted::alive, 0);
  }
}

}  // namespace
