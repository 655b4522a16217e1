// The caller's floating-point control words: they are wherever its elements are computed, and each
// thread's own afterwards.
#include "support/bits.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <functional>
#include <latch>
#include <list>
#include <optional>
#include <ranges>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#ifdef __x86_64__

namespace {

/// What the control words say; not the flags.
struct words {
  unsigned vector = 0;
  unsigned short scalar = 0;
  bool operator==(words const&) const = default;
};
words words_here() {
  words w;
  asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(w.vector), "=m"(w.scalar));
  w.vector &= ~0x3fu;
  return w;
}
void set_words(words w) { asm volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(w.vector), "m"(w.scalar)); }

/// This thread's words, until it goes.
class with_words {
 public:
  explicit with_words(words w) : before_(words_here()) { set_words(w); }
  ~with_words() { set_words(before_); }
  with_words(with_words const&) = delete;
  with_words& operator=(with_words const&) = delete;

 private:
  words before_;
};

constexpr unsigned to_zero_both = 0x8040;  // flush-to-zero, denormals-are-zero
constexpr words usual{0x1f80, 0x037f};
constexpr words strange[] = {
    {0x1f80 | to_zero_both, 0x037f},           // as -ffast-math leaves it
    {0x1f80 | 0x4000, 0x0b7f},                 // upwards
    {0x1f80 | 0x2000, 0x077f},                 // downwards
    {0x1f80 | 0x6000 | to_zero_both, 0x0c7f},  // to zero, the x87 in single precision
    {0x1f80 & ~0x0200u, 0x037b},               // a division by zero traps
};

/// Looks at the words of every thread that calls it.
class witness {
 public:
  explicit witness(words expected) : expected_(expected) {}

  int operator()(int v) {
    if (words_here() != expected_) ++wrong_;
    if (std::this_thread::get_id() != home_)
      ++elsewhere_;
    else if (waits_)  // for a thread that the call can have beside this one
      waits_ = support::soon([&] { return elsewhere_ != 0; });
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    return v;
  }
  void expect_other_threads() { waits_ = true; }

  [[nodiscard]] int wrong() const { return wrong_; }
  [[nodiscard]] int elsewhere() const { return elsewhere_; }

 private:
  words expected_;
  std::thread::id home_ = std::this_thread::get_id();
  bool waits_ = false;
  std::atomic<int> wrong_{0};
  std::atomic<int> elsewhere_{0};
};

hetmap::options const two_workers{.backend = hetmap::backend::cpu, .workers = 2, .chunk_size = 1};

template <class Stream>
void drain(Stream&& stream) {
  for (auto const& each : stream) static_cast<void>(each);
}

using function = std::function<int(int)> const;

/// A way to have a function called for elements.
struct way {
  char const* name;
  void (*go)(hetmap::pool&, function& f);
  enum { here, shared, elsewhere } run = shared;
};

std::vector<int> const& elements() {
  static std::vector<int> const x = support::indices(100);
  return x;
}

way const ways[] = {
    {"map", [](hetmap::pool&, function& f) { hetmap::map(two_workers, f, elements()); }},
    {"map_into",
     [](hetmap::pool&, function& f) {
       std::vector<int> out(elements().size());
       hetmap::map_into(two_workers, out, f, elements());
     }},
    {"map in batches",
     [](hetmap::pool&, function& f) {
       std::list<int> const x(elements().begin(), elements().end());
       hetmap::map(two_workers, f, x);
     }},
    {"map collecting",
     [](hetmap::pool&, function& f) {
       hetmap::map({.backend = hetmap::backend::cpu,
                    .workers = 2,
                    .chunk_size = 1,
                    .errors = hetmap::collect},
                   f, elements());
     }},
    {"map of a view that computes",
     [](hetmap::pool&, function& f) {
       hetmap::map(
           two_workers, [](int v) { return v; }, elements() | std::views::transform(f));
     }},
    {"map_reduce",
     [](hetmap::pool&, function& f) {
       static_cast<void>(hetmap::map_reduce(two_workers, f, std::plus<>(), 0, elements()));
     }},
    {"the operation of map_reduce",
     [](hetmap::pool&, function& f) {
       static_cast<void>(hetmap::map_reduce(
           two_workers, [](int v) { return v; }, [&](int a, int b) { return f(a + b); }, 0,
           elements()));
     }},
    {"map in map",
     [](hetmap::pool&, function& f) {
       hetmap::map(
           two_workers,
           [&](int v) {
             hetmap::map(two_workers, f, support::indices(2));
             return v;
           },
           support::indices(20));
     }},
    {"imap", [](hetmap::pool&, function& f) { drain(hetmap::imap(f, elements())); },
     way::elsewhere},
    {"imap of its own workers",
     [](hetmap::pool&, function& f) {
       drain(hetmap::imap({.workers = 9, .chunk_size = 1, .window = 20}, f, elements()));
     },
     way::elsewhere},
    {"imap_unordered",
     [](hetmap::pool&, function& f) { drain(hetmap::imap_unordered(f, elements())); },
     way::elsewhere},
    {"imap, chunk by chunk",
     [](hetmap::pool&, function& f) { drain(hetmap::imap(f, elements()).chunks()); },
     way::elsewhere},
    {"the input of imap",
     [](hetmap::pool&, function& f) {
       std::list<int> const x(elements().begin(), elements().end());
       drain(hetmap::imap([](int v) { return v; }, x | std::views::transform(f)));
     },
     way::elsewhere},
    {"imap, serial",
     [](hetmap::pool&, function& f) {
       drain(hetmap::imap({.backend = hetmap::backend::serial}, f, elements()));
     },
     way::here},
    {"pool.map", [](hetmap::pool& pool, function& f) { pool.map(f, elements()); }, way::elsewhere},
    {"pool.map_reduce",
     [](hetmap::pool& pool, function& f) {
       static_cast<void>(pool.map_reduce(f, std::plus<>(), 0, elements()));
     },
     way::elsewhere},
    {"pool.imap", [](hetmap::pool& pool, function& f) { drain(pool.imap(f, elements())); },
     way::elsewhere},
    {"pool.submit", [](hetmap::pool& pool, function& f) { pool.submit(f, 1).get(); },
     way::elsewhere},
    {"pool.map_async",
     [](hetmap::pool& pool, function& f) {
       // Meanwhile this thread is an ordinary one.
       auto result = pool.map_async(f, elements());
       with_words const now(usual);
       result.get();
     },
     way::elsewhere},
    {"pool.map in pool.submit",
     [](hetmap::pool& pool, function& f) { pool.submit([&] { pool.map(f, elements()); }).get(); },
     way::elsewhere},
    {"then",
     [](hetmap::pool& pool, function& f) {
       std::latch given(1);
       auto const first = pool.submit([&] {
         given.wait();
         set_words(usual);
         return 1;
       });
       auto const second = first.then(f);
       given.count_down();
       second.get();
     },
     way::elsewhere},
    {"on_value",
     [](hetmap::pool& pool, function& f) {
       std::latch given(1), told(1);
       auto const first = pool.submit([&] {
         given.wait();
         return 1;
       });
       first.on_value([&](int v) {
         f(v);
         told.count_down();
       });
       given.count_down();
       told.wait();
     },
     way::elsewhere},
    {"progress",
     [](hetmap::pool& pool, function& f) {
       pool.map(
           {.chunk_size = 10, .progress = [&](hetmap::progress const&) { f(1); }},
           [](int v) { return v; }, elements());
     },
     way::here},
};

TEST(FloatEnvironment, OfTheCallerIsWhereverItsFunctionIsCalled) {
  hetmap::pool pool{2u};
  for (way const& by : ways) {  // whatever threads there will be are there before
    witness w(words_here());
    by.go(pool, std::ref(w));
    EXPECT_EQ(w.wrong(), 0);
  }
  for (words const& s : strange)
    for (way const& by : ways) {
      SCOPED_TRACE(testing::Message() << by.name << ", " << std::hex << s.vector);
      with_words const mine(s);
      witness w(s);
      if (by.run == way::shared && hetmap::physical_cores() > 1) w.expect_other_threads();
      by.go(pool, std::ref(w));
      EXPECT_EQ(w.wrong(), 0);
      EXPECT_EQ(words_here(), s);
      if (by.run == way::elsewhere) {
        EXPECT_GT(w.elsewhere(), 0);
      }
    }
}

struct quarter {
  HETMAP_FN float operator()(float v) const { return v * 0.25f; }
};

TEST(FloatEnvironment, ShortCallsGiveTheBitsOfALoopUnderIt) {
  std::vector<float> const tiny(1 << 17, 2e-38f);  // a quarter of it is subnormal
  std::vector<float> got(tiny.size()), wanted(tiny.size());
  for (int k = 0; k != 3000; ++k) hetmap::map_into(got, quarter{}, tiny);
  for (words const& s : strange) {
    with_words const mine(s);
    hetmap::map_into({.backend = hetmap::backend::serial}, wanted, quarter{}, tiny);
    for (int k = 0; k != 500; ++k) {
      hetmap::map_into(got, quarter{}, tiny);
      ASSERT_TRUE(support::equal_bits(got, wanted));
    }
  }
}

TEST(FloatEnvironment, OfAStreamIsThatOfWhoeverMadeIt) {
  for (auto const where : {hetmap::backend::serial, hetmap::backend::automatic}) {
    words const s = strange[0];
    witness w(s);
    std::optional<with_words> mine(std::in_place, s);
    auto stream = hetmap::imap({.backend = where}, std::ref(w), elements());
    mine.reset();
    std::size_t count = 0;
    for (int const v : stream) {
      EXPECT_EQ(words_here(), usual);
      count += v >= 0;
    }
    EXPECT_EQ(count, elements().size());
    EXPECT_EQ(w.wrong(), 0);
  }
}

TEST(FloatEnvironment, OfAPoolsInitializerIsThatOfWhoeverMadeIt) {
  words seen;
  {
    with_words const mine(strange[1]);
    hetmap::pool pool({.workers = 1, .initializer = [&] { seen = words_here(); }});
    pool.submit([] {}).get();
  }
  EXPECT_EQ(seen, strange[1]);
}

/// Tells what the words are when its thread ends.
struct last_words {
  words* to = nullptr;
  ~last_words() {
    if (to != nullptr) *to = words_here();
  }
};

TEST(FloatEnvironment, OfAWorkerIsItsOwnAfterwards) {
  words own, after;
  {
    hetmap::pool pool({.workers = 1, .initializer = [&] { own = words_here(); }});
    auto const leave_others = [&](int v) {
      thread_local last_words last;
      last.to = &after;
      set_words(strange[3]);
      return v;
    };
    with_words const mine(strange[0]);
    pool.submit(leave_others, 1).get();
    pool.map(leave_others, elements());
    drain(pool.imap(leave_others, elements()));
    witness w(strange[0]);
    pool.submit(std::ref(w), 1).get();
    EXPECT_EQ(w.wrong(), 0);
  }
  EXPECT_EQ(own, usual);
  EXPECT_EQ(after, own);
}

TEST(FloatEnvironment, FlagsStayWithTheThreadThatRaisedThem) {
  std::feclearexcept(FE_ALL_EXCEPT);
  hetmap::pool pool{1u};
  with_words const mine(strange[1]);
  int const raised = pool.submit([] {
                           std::feraiseexcept(FE_DIVBYZERO);
                           return std::fetestexcept(FE_DIVBYZERO);
                         })
                         .get();
  EXPECT_EQ(raised, FE_DIVBYZERO);
  EXPECT_EQ(std::fetestexcept(FE_DIVBYZERO), 0);
}

}  // namespace

#endif
