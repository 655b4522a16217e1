// What a program's first large result costs beside the pages that it is written to.
//
//     bench-first-touch [MIB] [LAUNCHES]           default: 76 (10^7 doubles), 15
//
// Every measurement is the first thing that a process of its own does, in turn: touching one byte
// of each page, by one thread or by all workers, which wait for it; asking for the pages
// (MADV_POPULATE_WRITE); hetmap::map. Each with huge pages, where the system gives them, and
// without.
#include <hetmap/map.hpp>
#include <hetmap/topology.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <ranges>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t page = 4096;
constexpr std::size_t huge_page = std::size_t{2} << 20;

double milliseconds_since(clock::time_point began) {
  return std::chrono::duration<double, std::milli>(clock::now() - began).count();
}

struct square {
  HETMAP_FN double operator()(long v) const {
    auto const x = static_cast<double>(v);
    return x * x;
  }
};

double map_once(std::size_t bytes) {
  auto const count = static_cast<long>(bytes / sizeof(double));
  auto const began = clock::now();
  auto const squares = hetmap::map(square{}, std::views::iota(0L, count));
  return milliseconds_since(began);
}

/// Memory of the system's, and this many threads that each take an equal part of it.
template <class Part>
double in_parts(unsigned threads, std::size_t bytes, Part part) {
  std::atomic<char*> memory{nullptr};
  std::atomic<unsigned> here{0}, done{0};
  std::size_t const share = (bytes / threads + huge_page - 1) / huge_page * huge_page;
  auto const work = [&](unsigned t) {
    std::size_t const begin = std::min(bytes, t * share), end = std::min(bytes, begin + share);
    if (begin != end) part(memory + begin, end - begin);
    ++done;
  };
  std::vector<std::jthread> others;
  for (unsigned t = 1; t < threads; ++t)
    others.emplace_back([&, t] {
      ++here;
      while (memory == nullptr) {
      }
      work(t);
    });
  while (here != threads - 1) {
  }
  auto const began = clock::now();
  void* const all =
      mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) std::abort();
  auto* const aligned = reinterpret_cast<char*>(
      (reinterpret_cast<std::uintptr_t>(all) + huge_page - 1) / huge_page * huge_page);
  madvise(aligned, bytes, MADV_HUGEPAGE);
  memory = aligned;
  work(0);
  while (done != threads) {
  }
  return milliseconds_since(began);
}

void touch(char* begin, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += page) static_cast<char volatile*>(begin)[i] = 1;
}
void populate(char* begin, std::size_t bytes) {
  if (madvise(begin, bytes, MADV_POPULATE_WRITE) != 0) std::exit(3);
}

struct way {
  char const* name;
  double (*measure)(std::size_t bytes);
};
constexpr way ways[] = {
    {"touched by one thread", [](std::size_t n) { return in_parts(1, n, touch); }},
    {"touched by all workers",
     [](std::size_t n) { return in_parts(hetmap::physical_cores(), n, touch); }},
    {"populated by one thread", [](std::size_t n) { return in_parts(1, n, populate); }},
    {"populated by all workers",
     [](std::size_t n) { return in_parts(hetmap::physical_cores(), n, populate); }},
    {"hetmap::map, first call of the program", map_once},
    {"hetmap::map, first large result",
     [](std::size_t n) {
       for (int k = 0; k != 50; ++k) map_once(120'000);
       return map_once(n);
     }},
    {"hetmap::map, second large result",
     [](std::size_t n) {
       map_once(n);
       return map_once(n);
     }},
};
constexpr std::size_t reference = 1;

/// What this program prints when it is started for one measurement; negative if it cannot be made.
double launched(std::string const& self, std::size_t which, std::size_t bytes, bool huge) {
  std::string const command = "'" + self + "' --one " + std::to_string(which) + " " +
                              std::to_string(bytes) + (huge ? " huge" : " small");
  std::FILE* const from = popen(command.c_str(), "r");
  double result = -1;
  if (from == nullptr || std::fscanf(from, "%lf", &result) != 1) result = -1;
  if (from != nullptr) pclose(from);
  return result;
}

void print(std::map<std::size_t, std::vector<double>>& times, char const* title) {
  auto const median = [&](std::size_t k) { return times[k][times[k].size() / 2]; };
  for (auto& [k, t] : times) std::sort(t.begin(), t.end());
  std::printf("%-40s %10s %10s %8s %8s\n", title, "median ms", "least ms", "ratio", "least");
  for (auto const& [k, t] : times)
    std::printf("%-40s %10.2f %10.2f %8.2f %8.2f\n", ways[k].name, median(k), t.front(),
                median(k) / median(reference), t.front() / times[reference].front());
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && argv[1] == std::string_view("--one")) {
    if (argv[4] == std::string_view("small")) prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    std::printf("%.4f\n", ways[std::strtoul(argv[2], nullptr, 10)].measure(
                              std::strtoull(argv[3], nullptr, 10)));
    return 0;
  }
  std::size_t const mib = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 76;
  std::size_t const launches = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 15;
  if (mib == 0 || launches == 0) {
    std::fprintf(stderr, "bench-first-touch [MIB] [LAUNCHES]: both from 1\n");
    return 2;
  }
  std::printf(
      "%zu MiB, %u workers, %zu launches of each, in turn. Ratios: to touching by all "
      "workers\n\n",
      mib, hetmap::physical_cores(), launches);
  std::map<std::size_t, std::vector<double>> times[2];
  for (std::size_t turn = 0; turn != launches; ++turn)
    for (bool const huge : {true, false})
      for (std::size_t k = 0; k != std::size(ways); ++k)
        if (double const t = launched(argv[0], k, mib << 20, huge); t >= 0)
          times[huge ? 0 : 1][k].push_back(t);
  print(times[0], "with huge pages");
  print(times[1], "without");
  return 0;
}
