// Threads x verbs x errors x cancellation x the ways a pool can end, at random. Nothing may hang,
// be lost, be run twice or be left behind.
//
//   HETMAP_STRESS_SECONDS=600   how long; default 2
//   HETMAP_STRESS_SEED=42       the first round's seed; each round prints nothing and has the next
//   one.
//                               What fails names its seed: give that to see the same choices again.
#include <hetmap/pool.hpp>
#include <hetmap/reduce.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

std::atomic<unsigned long> seed_of_round{0};
std::atomic<clock::rep> round_began{0};

[[noreturn]] void fail(char const* what) {
  std::fprintf(stderr, "pool_stress: %s; HETMAP_STRESS_SEED=%lu\n", what, seed_of_round.load());
  std::_Exit(1);
}
void require(bool holds, char const* what) {
  if (!holds) fail(what);
}

unsigned long number_from(char const* variable, unsigned long otherwise) {
  char const* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoul(text, nullptr, 10);
}

struct failure : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Counts itself: nothing of a round may outlive it.
struct counted {
  inline static std::atomic<long> alive{0};
  int value;
  explicit counted(int v) : value(v) { ++alive; }
  counted(counted const& other) : value(other.value) { ++alive; }
  counted& operator=(counted const&) = default;
  ~counted() { --alive; }
};

/// One thread's part of a round.
class actor {
 public:
  actor(hetmap::pool& pool, hetmap::pool& other, unsigned long seed, bool may_be_terminated)
      : pool_(pool), other_(other), random_(seed), may_be_terminated_(may_be_terminated) {}

  void act(int steps) {
    for (int k = 0; k != steps; ++k) {
      try {
        step();
      } catch (hetmap::closed_error const&) {
        // The pool was closed meanwhile: as it should be.
      } catch (hetmap::cancelled_error const&) {
        // Or terminated, or the stop token was given.
      }
    }
    settle();
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  void step() {
    switch (below(11)) {
      case 0:
      case 1:
      case 2: return submit_one();
      case 3: return map_some();
      case 4: return map_later();
      case 5: return nest();
      case 6: return reduce();
      case 7: return cancel_one();
      case 8: return look();
      case 9: return go_round();
      default: return chain();
    }
  }

  void submit_one() {
    int const v = below(1000);
    bool const throws = below(5) == 0;
    ++submitted_;
    try {
      futures_.push_back(pool_.submit(
          [v, throws, this](counted const& c) {
            ++ran_;
            if (throws) throw failure("submitted");
            return counted(v + c.value);
          },
          counted(1)));
    } catch (hetmap::closed_error const&) {
      ++refused_;
      throw;
    }
    expected_.push_back(throws ? -1 : v + 1);
  }

  void map_some() {
    int const n = below(300), bad = below(2) == 0 ? below(300) : 1000;
    std::stop_source source;
    hetmap::options how;
    if (below(3) == 0) how.chunk_size = static_cast<std::size_t>(1 + below(20));
    if (below(4) == 0) how.stop = source.get_token();
    if (below(8) == 0) how.deadline = std::chrono::microseconds(below(200));
    int const stop_at = below(600);
    std::vector<int> in;
    for (int i = 0; i != n; ++i) in.push_back(i);
    std::atomic<int> running{0};
    auto const f = [&](int i) {
      ++running;
      if (i == stop_at) source.request_stop();
      if (i >= bad) --running, throw failure(std::to_string(i));
      --running;
      return counted(2 * i);
    };
    try {
      if (below(3) == 0) {
        auto const out = pool_.map(how, f, std::list<int>(in.begin(), in.end()));
        check(out, n, bad);
      } else {
        check(pool_.map(how, f, in), n, bad);
      }
    } catch (failure const& e) {
      // What ends a call early also keeps elements below a failure from running.
      bool const to_the_end = !how.stop.stop_possible() && !how.deadline && !may_be_terminated_;
      int const at = std::atoi(e.what());
      require(bad < n && (to_the_end ? at == bad : at >= bad), "not the lowest error of a map");
      require(hetmap::failed_index() == static_cast<std::size_t>(at), "failed_index is wrong");
    } catch (hetmap::timeout_error const& e) {
      require(how.deadline.has_value() && e.done() <= static_cast<std::size_t>(n),
              "a timeout without a deadline");
    }
    require(running == 0, "a call of f runs after its map has ended");
  }

  template <class Out>
  static void check(Out const& out, int n, int bad) {
    require(bad >= n, "a map lost its error");
    require(out.size() == static_cast<std::size_t>(n), "a map lost elements");
    for (int i = 0; i != n; ++i)
      require(out[static_cast<std::size_t>(i)].value == 2 * i, "a map's result is wrong");
  }

  void map_later() {
    int const n = below(100), bad = below(3) == 0 ? below(100) : 1000;
    std::vector<int> in(static_cast<std::size_t>(n), 1);
    auto later = pool_.map_async(
        [bad, k = counted(0)](int i) {
          if (bad < 100 && i == 1) throw failure("later");
          return counted(i);
        },
        std::move(in));
    if (below(3) == 0) return;  // dropped
    if (below(4) == 0) later.cancel();
    try {
      auto const out = below(2) == 0 ? std::move(later).get() : later.get();
      require(out.size() == static_cast<std::size_t>(n) && (n == 0 || bad >= 100),
              "map_async lost elements");
    } catch (failure const&) {
      require(bad < 100 && n > 0, "map_async threw without a reason");
    }
  }

  void nest() {
    int const depth = 1 + below(3), width = 1 + below(5);
    std::function<long(int)> const go = [&](int d) -> long {
      if (d == 0) return 1;
      std::vector<int> const in(static_cast<std::size_t>(width), d - 1);
      long sum = 0;
      for (long const v : pool_.map({.chunk_size = 1}, go, in)) sum += v;
      return sum;
    };
    long expected = 1;
    for (int k = 0; k != depth; ++k) expected *= width;
    require(go(depth) == expected, "a nested map is wrong");
  }

  void reduce() {
    int const n = below(5000);
    std::vector<int> in(static_cast<std::size_t>(n), 3);
    require(pool_.map_reduce([](int i) { return i; }, std::plus<>(), 1, in) == 3 * n + 1,
            "map_reduce is wrong");
    std::string const text =
        pool_.map_reduce([](int i) { return std::to_string(i); }, std::plus<>(), std::string("x"),
                         std::vector<int>(in.begin(), in.begin() + std::min(n, 50)));
    require(text.size() == 1 + static_cast<std::size_t>(std::min(n, 50)), "map_reduce lost some");
  }

  /// Work that waits for the other pool's, which waits for this one's, and so on, by all verbs.
  void go_round() {
    std::function<long(int)> const go = [&](int left) -> long {
      if (left == 0) return 1;
      hetmap::pool& next = left % 2 == 0 ? pool_ : other_;
      if (left % 3 == 0) {
        long sum = 0;
        for (long const v : next.map({.chunk_size = 1}, go, std::vector<int>(2, left - 1)))
          sum += v;
        return sum / 2;
      }
      auto const h = next.submit([&, c = counted(0)] { return go(left - 1); });
      if (left % 5 == 0) return h.wait(60s) ? h.get() : -1;
      return h.get();
    };
    require(go(below(7)) == 1, "work through two pools is wrong");
  }

  void cancel_one() {
    if (futures_.empty()) return;
    std::size_t const k = static_cast<std::size_t>(below(static_cast<int>(futures_.size())));
    bool const before = futures_[k].cancelled();
    if (futures_[k].cancel() && !before) ++cancelled_;
  }

  void look() {
    if (below(2) == 0) {
      static_cast<void>(hetmap::wait(futures_, static_cast<hetmap::return_when>(below(3)),
                                     std::chrono::microseconds(below(300))));
      return;
    }
    int left = below(10);
    try {
      for (auto& done : hetmap::as_completed(futures_, std::chrono::microseconds(below(500)))) {
        require(done.ready(), "as_completed gave one that is not ready");
        if (left-- == 0) break;
      }
    } catch (hetmap::timeout_error const&) {
      // Some take longer.
    }
  }

  void chain() {
    if (futures_.empty()) return;
    auto const& h = futures_[static_cast<std::size_t>(below(static_cast<int>(futures_.size())))];
    auto next = h.then([](counted const& c) { return c.value; }).then([](int v) { return -v; });
    h.on_done([this](auto const&) {
      ++told_;
      throw failure("callback");
    });
    ++asked_;
    if (below(2) == 0) return;
    try {
      int const v = next.get();
      require(v == -h.get().value, "then is wrong");
    } catch (failure const&) {
      require(!h.successful(), "then lost a value");
    }
  }

  /// Everything that was begun comes to an end, and the sums are right.
  void settle() {
    int values = 0, errors = 0, dropped = 0;
    for (std::size_t k = 0; k != futures_.size(); ++k) {
      try {
        require(futures_[k].get().value == expected_[k], "a future's value is wrong");
        ++values;
      } catch (failure const&) {
        require(expected_[k] == -1, "a future's error is wrong");
        ++errors;
      } catch (hetmap::cancelled_error const&) {
        ++dropped;
      }
    }
    require(values + errors + dropped + refused_ == submitted_, "a submitted call was lost");
    require(values + errors == ran_, "a cancelled call ran, or one ran twice");
    require(dropped >= cancelled_, "a cancelled call was not");
    // A callback may still be on its way after its future is ready.
    while (told_ != asked_) std::this_thread::yield();
  }

  hetmap::pool& pool_;
  hetmap::pool& other_;
  std::mt19937_64 random_;
  bool may_be_terminated_;
  std::vector<hetmap::future<counted>> futures_;
  std::vector<int> expected_;
  int submitted_ = 0, refused_ = 0, cancelled_ = 0, asked_ = 0;
  std::atomic<int> ran_{0}, told_{0};
};

void one_round(unsigned long seed) {
  seed_of_round = seed;
  round_began = clock::now().time_since_epoch().count();
  std::mt19937_64 random(seed);
  auto const below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  {
    std::vector<std::unique_ptr<actor>> actors;  // after the pool: callbacks count in them
    hetmap::pool other{{.workers = 1 + below(2)}};
    hetmap::pool pool{{.workers = 1 + below(5)}};
    unsigned const threads = 1 + below(4);
    unsigned const end = below(4);
    for (unsigned k = 0; k != threads; ++k)
      actors.push_back(std::make_unique<actor>(pool, other, random(), end >= 2));
    int const steps = 5 + static_cast<int>(below(40));
    auto const wait = std::chrono::microseconds(below(3000));
    {
      std::vector<std::jthread> all;
      for (auto& a : actors) all.emplace_back([&a, steps] { a->act(steps); });
      if (end == 1) std::this_thread::sleep_for(wait), pool.close();
      if (end == 2) std::this_thread::sleep_for(wait), pool.terminate();
      if (end == 3) {
        std::this_thread::sleep_for(wait);
        try {
          static_cast<void>(pool.submit([&pool] { pool.terminate(); }));
        } catch (hetmap::closed_error const&) {
        }
      }
    }
    if (end == 1) pool.join();
  }
  require(counted::alive == 0, "an argument, a function or a result outlived its pool");
}

}  // namespace

int main() {
  auto const seconds = std::chrono::seconds(number_from("HETMAP_STRESS_SECONDS", 2));
  unsigned long seed = number_from("HETMAP_STRESS_SEED", std::random_device{}());
  std::printf("pool_stress: %ld s from HETMAP_STRESS_SEED=%lu on\n",
              static_cast<long>(seconds.count()), seed);
  std::fflush(stdout);
  auto const until = clock::now() + seconds;
  std::jthread const watchdog([](std::stop_token const& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(100ms);
      auto const began = clock::time_point(clock::duration(round_began.load()));
      if (round_began != 0 && clock::now() - began > 60s) fail("a round hangs");
    }
  });
  unsigned long rounds = 0;
  for (; clock::now() < until; ++rounds) one_round(seed++);
  std::printf("pool_stress: %lu rounds\n", rounds);
}
