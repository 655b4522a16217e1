// Pools beside what one would write by hand: a million empty tasks against tbb::task_group, sums
// against OpenMP reductions. Medians of rounds taken in turn; below a minute.
//
//     bench-pool [ELEMENTS]        of the range whose squares are added up; default: 10^10
#include "openmp_sums.hpp"

#include <hetmap/pool.hpp>
#include <hetmap/reduce.hpp>

#include <oneapi/tbb/task_group.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <ranges>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

using clock = std::chrono::steady_clock;

template <class Work>
double seconds(Work&& work) {
  auto const began = clock::now();
  work();
  return std::chrono::duration<double>(clock::now() - began).count();
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

/// Medians of `rounds` of both, in turn.
template <class A, class B>
std::pair<double, double> in_turn(int rounds, A&& a, B&& b) {
  std::vector<double> as, bs;
  for (int k = 0; k != rounds; ++k) {
    as.push_back(seconds(a));
    bs.push_back(seconds(b));
  }
  return {median(as), median(bs)};
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

void require(bool holds, char const* what) {
  if (holds) return;
  std::fprintf(stderr, "bench-pool: %s\n", what);
  std::exit(1);
}

void empty_tasks(hetmap::pool& pool) {
  constexpr int n = 1'000'000;
  std::vector<hetmap::future<void>> futures;
  futures.reserve(n);
  auto const submit_all = [&] {
    futures.clear();
    for (int i = 0; i != n; ++i) futures.push_back(pool.submit([] {}));
    for (auto& h : futures) h.get();
  };
  // Before the peer has run, whose own memory grows from round to round.
  std::vector<double> resident;
  for (int round = 0; round != 10; ++round) {
    submit_all();
    resident.push_back(resident_mib());
  }
  auto const [ours, peers] = in_turn(10, submit_all, [] {
    tbb::task_group group;
    for (int i = 0; i != n; ++i) group.run([] {});
    group.wait();
  });
  std::printf("%d empty tasks, then all awaited: pool %.0f ns each, tbb::task_group %.0f: %.2f\n",
              n, ours / n * 1e9, peers / n * 1e9, ours / peers);
  std::printf("  resident after rounds 1, 2 and 10: %.1f, %.1f and %.1f MiB\n", resident[0],
              resident[1], resident[9]);
}

void squares(hetmap::pool& pool, std::uint64_t n) {
  auto const square = [](std::uint64_t i) { return i * i; };
  std::uint64_t a = 0, b = 0;
  auto const [ours, peers] = in_turn(
      5,
      [&] {
        a = pool.map_reduce(square, std::plus<>(), std::uint64_t{0},
                            std::views::iota(std::uint64_t{0}, n));
      },
      [&] { b = bench::openmp_squares(n); });
  require(a == b, "the sums of squares differ");
  std::printf(
      "squares of range(%.3g) added up: map_reduce %.3f s, OpenMP %.3f s: %.2f of its speed\n",
      static_cast<double>(n), ours, peers, peers / ours);
}

void floats(hetmap::pool& pool) {
  std::vector<float> x(std::size_t{1} << 27);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<float>(i % 1000) * 1e-3f;
  float a = 0, b = 0;
  auto const [ours, peers] = in_turn(
      15, [&] { a = pool.map_reduce([](float v) { return v; }, std::plus<>(), 0.0f, x); },
      [&] { b = bench::openmp_sum(x.data(), x.size()); });
  std::printf(
      "2^27 floats added up: map_reduce (deterministic) %.1f ms, OpenMP -ffast-math %.1f ms: "
      "%.2f of its speed; %.7g and %.7g\n",
      ours * 1e3, peers * 1e3, peers / ours, static_cast<double>(a), static_cast<double>(b));
}

void sleeps() {
  hetmap::pool pool{8u};
  std::vector<int> const x(24);
  double const took = seconds([&] {
    pool.map([](int) { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }, x);
  });
  std::printf("24 sleeps of 100 ms, 8 workers: %.3f s\n", took);
}

}  // namespace

int main(int argc, char** argv) {
  hetmap::pool pool;
  std::printf("workers: %u\n", pool.workers());
  sleeps();
  squares(pool, argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000'000);
  floats(pool);
  empty_tasks(pool);
}
