// The tutorials' example, streamed: squares of range(N), every result added up, against a pipeline
// of two threads written by hand and, where Python is there, Pool.imap extrapolated.
//
//     bench-stream [ELEMENTS] [REPETITIONS]        default: 2^31, 3
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <ranges>
#include <span>
#include <thread>
#include <tuple>
#include <vector>

#include <sys/resource.h>

namespace {

using clock = std::chrono::steady_clock;
using number = std::uint64_t;

struct square {
  HETMAP_FN number operator()(number v) const { return v * v; }
};
struct sum_of_squares {
  HETMAP_FN number operator()(number x, number y) const { return x * x + y * y; }
};
struct with_next {
  HETMAP_FN std::tuple<number, number> operator()(number i) const { return {i, i + 1}; }
};

number add(std::span<number const> block) {
  number sum = 0;
  for (number const v : block) sum += v;
  return sum;
}

/// One thread fills blocks, the caller adds them up.
template <class F>
number by_hand(std::size_t n, std::size_t block, std::size_t depth, F f) {
  std::vector<std::vector<number>> ring(depth, std::vector<number>(block));
  std::mutex guard;
  std::condition_variable changed;
  std::size_t filled = 0, taken = 0;
  std::size_t const blocks = (n + block - 1) / block;
  auto const size_of = [&](std::size_t b) { return std::min(block, n - b * block); };
  std::jthread const filler([&] {
    for (std::size_t b = 0; b != blocks; ++b) {
      {
        std::unique_lock lock(guard);
        changed.wait(lock, [&] { return filled - taken < depth; });
      }
      number* const to = ring[b % depth].data();
      std::size_t const size = size_of(b);
      for (std::size_t i = 0; i != size; ++i) to[i] = f(b * block + i);
      {
        std::lock_guard const lock(guard);
        ++filled;
      }
      changed.notify_one();
    }
  });
  number sum = 0;
  for (std::size_t b = 0; b != blocks; ++b) {
    {
      std::unique_lock lock(guard);
      changed.wait(lock, [&] { return filled > b; });
    }
    sum += add(std::span(ring[b % depth]).first(size_of(b)));
    {
      std::lock_guard const lock(guard);
      ++taken;
    }
    changed.notify_one();
  }
  return sum;
}

struct measured {
  double seconds = std::numeric_limits<double>::max();
  number sum = 0;
};

template <class Call>
void time(measured& best, Call&& call) {
  auto const began = clock::now();
  best.sum = call();
  best.seconds =
      std::min(best.seconds, std::chrono::duration<double>(clock::now() - began).count());
}

/// Runs both in turn and prints a line.
template <class Hand, class Stream>
void compare(char const* name, std::size_t n, unsigned repetitions, Hand&& hand, Stream&& stream) {
  measured by_two, streamed;
  for (unsigned k = 0; k != repetitions; ++k) {
    for (std::size_t const block : {std::size_t{8192}, std::size_t{32768}, std::size_t{65536}})
      time(by_two, [&] { return hand(block); });
    time(streamed, stream);
  }
  auto const each = 1e9 / static_cast<double>(n);
  std::printf("%-22s by hand %.3f ns, imap %.3f ns an element: %.2f of its speed; sums %s\n", name,
              by_two.seconds * each, streamed.seconds * each, by_two.seconds / streamed.seconds,
              by_two.sum == streamed.sum ? "agree" : "DIFFER");
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t const n = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::size_t{1} << 31;
  auto const repetitions =
      argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : 3u;
  auto const range = std::views::iota(number{0}, static_cast<number>(n));

  compare(
      "squares of range(n)", n, repetitions,
      [&](std::size_t block) { return by_hand(n, block, 8, square{}); },
      [&] {
        number sum = 0;
        for (std::span<number const> const block : hetmap::imap(square{}, range).chunks())
          sum += add(block);
        return sum;
      });
  compare(
      "x*x+y*y of (x, x+1)", n, repetitions,
      [&](std::size_t block) {
        return by_hand(n, block, 8, [](number i) { return sum_of_squares{}(i, i + 1); });
      },
      [&] {
        number sum = 0;
        for (std::span<number const> const block :
             hetmap::istarmap(sum_of_squares{}, range | std::views::transform(with_next{}))
                 .chunks())
          sum += add(block);
        return sum;
      });
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  std::printf("resident at most: %ld KiB\n", used.ru_maxrss);

  std::vector<number> x(std::size_t{1} << 27, 3), out(x.size());
  measured into, into_and_add, passing, chunks, elements;
  for (unsigned k = 0; k != repetitions + 1; ++k) {
    time(into, [&] {
      hetmap::map_into(out, square{}, x);
      return out.back();
    });
    time(passing, [&] {
      number last = 0;
      for (std::span<number const> const block : hetmap::imap(square{}, x).chunks())
        last = block.back();
      return last;
    });
    time(into_and_add, [&] {
      hetmap::map_into(out, square{}, x);
      return add(out);
    });
    time(chunks, [&] {
      number sum = 0;
      for (std::span<number const> const block : hetmap::imap(square{}, x).chunks())
        sum += add(block);
      return sum;
    });
    time(elements, [&] {
      number sum = 0;
      for (number const v : hetmap::imap(square{}, x)) sum += v;
      return sum;
    });
  }
  double const each = 1e9 / static_cast<double>(x.size());
  std::printf(
      "array of 2^27: map_into %.3f ns an element, imap by chunks %.3f: %.2f of its speed\n",
      into.seconds * each, passing.seconds * each, into.seconds / passing.seconds);
  std::printf("  added up: map_into %.3f, chunks %.3f, element by element %.3f\n",
              into_and_add.seconds * each, chunks.seconds * each, elements.seconds * each);
  std::fflush(stdout);
  // A square has to be a named function there: lambdas cannot be sent to Python's processes.
  int const status = std::system(
      "python3 -c '\nimport time, math, multiprocessing as m\nn = 10**6\n"
      "with m.Pool() as p:\n"
      "    t = time.time(); sum(p.imap(math.sqrt, range(n), 1000)); t = time.time() - t\n"
      "print(\"Python Pool.imap, 10^6 elements in chunks of 1000: %.0f ns an element\" %"
      " (t / n * 1e9))'");
  if (status != 0) std::printf("no Python to compare with\n");
}
