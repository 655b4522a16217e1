#include "measure_memory.hpp"

#include "../base/block_cache.hpp"
#include "../base/median.hpp"
#include "../base/topology.hpp"
#include "stream.hpp"
#include "team.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <new>
#include <vector>

namespace hetmap::core {
namespace {

using namespace detail;
using clock = std::chrono::steady_clock;

/// Bytes of each of two blocks, at most: more than any cache that one process has to itself.
constexpr std::size_t most_bytes = std::size_t{128} << 20;
constexpr std::size_t least_bytes = std::size_t{4} << 20;

/// A vector of any machine's: what the memory takes, not how wide the loop is, shows.
using numbers [[gnu::vector_size(64), gnu::may_alias]] = double;

/// Two blocks of touched memory.
class arena {
 public:
  explicit arena(std::size_t wanted) {
    for (; wanted >= least_bytes; wanted /= 2) {
      in_ = all_.fresh(wanted);
      out_ = all_.fresh(wanted);
      bytes_ = wanted;
      if (in_ != nullptr && out_ != nullptr) return;
      give_back();
    }
    throw std::bad_alloc();
  }
  ~arena() { give_back(); }
  arena(arena const&) = delete;
  arena& operator=(arena const&) = delete;

  [[nodiscard]] double* in() const noexcept { return static_cast<double*>(in_); }
  [[nodiscard]] double* out() const noexcept { return static_cast<double*>(out_); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  void give_back() noexcept {
    if (in_ != nullptr) all_.give_back(in_, bytes_);
    if (out_ != nullptr) all_.give_back(out_, bytes_);
    in_ = out_ = nullptr;
  }

  block_cache all_{0};
  void* in_ = nullptr;
  void* out_ = nullptr;
  std::size_t bytes_ = 0;
};

/// The time in which all workers have done act(begin, end) for all of `count` doubles, in as many
/// slices, each worker its own first: whoever does not come is done without.
template <class Act>
double seconds_of(unsigned workers, std::size_t count, Act act) {
  struct shared {
    Act& act;
    std::size_t slice;
    std::size_t count;
    unsigned slices;
    std::vector<std::atomic<bool>> taken;
  } all{act, (count / workers + block_elements) / block_elements * block_elements, count, workers,
        std::vector<std::atomic<bool>>(workers)};
  auto const began = clock::now();
  run_team(
      workers,
      [](void* context, unsigned lane) {
        auto& s = *static_cast<shared*>(context);
        for (unsigned k = 0; k != s.slices; ++k) {
          unsigned const mine = (lane + k) % s.slices;
          if (s.taken[mine].exchange(true)) continue;
          std::size_t const begin = std::min(mine * s.slice, s.count);
          s.act(begin, std::min(begin + s.slice, s.count));
        }
      },
      &all);
  return std::chrono::duration<double>(clock::now() - began).count();
}

/// Of several.
template <class Once>
double quartile_of(unsigned times, Once once) {
  std::vector<double> taken;
  for (unsigned k = 0; k != times; ++k) taken.push_back(once());
  return lower_quartile(std::move(taken));
}

// -- loops ----------------------------------------------------------------------------------------

void read_all(double const* from, std::size_t count) noexcept {
  numbers sum[4] = {};
  auto const* const in = reinterpret_cast<numbers const*>(from);
  for (std::size_t k = 0; k + 4 <= count / 8; k += 4)
    for (std::size_t j = 0; j != 4; ++j) sum[j] += in[k + j];
  numbers const total = sum[0] + sum[1] + sum[2] + sum[3];
  asm volatile("" : : "r"(&total) : "memory");
}

void write_all(double* to, std::size_t count) noexcept {
  auto* const out = reinterpret_cast<numbers*>(to);
  numbers const value = {1, 2, 3, 4, 5, 6, 7, 8};
  for (std::size_t k = 0; k != count / 8; ++k) {
    out[k] = value;
    asm volatile("" : : : "memory");  // not memset, which picks its own stores
  }
}

/// out[i] = 2 * in[i] + 1, as an element loop has it.
void scale(void*, chunk& work) {
  auto* const out = static_cast<double*>(work.columns[0].base) - work.origin;
  auto const* const in = static_cast<double const*>(work.columns[1].base) - work.origin;
  for (std::size_t i = work.begin; i != work.end; ++i) out[i] = 2 * in[i] + 1;
}

/// Seconds of a map over the first `count` doubles.
double map_seconds(arena const& memory, unsigned workers, isa level, std::size_t count,
                   tiling const* streamed) {
  column const columns[] = {{memory.out(), sizeof(double), sizeof(double)},
                            {memory.in(), sizeof(double), sizeof(double)}};
  job const work{.columns = columns, .outputs = 1, .inputs = 1, .count = count};
  return seconds_of(workers, count, [&](std::size_t begin, std::size_t end) {
    if (begin == end) return;
    scratch unused;
    void* slot = nullptr;
    chunk all{.begin = begin,
              .end = end,
              .origin = 0,
              .columns = columns,
              .scratch = &unused,
              .slot = &slot,
              .failed_at = begin};
    if (streamed != nullptr)
      run_streamed(work, scale, level, all, *streamed);
    else
      scale(nullptr, all);
  });
}

// -- what is measured -----------------------------------------------------------------------------

void measure_rates(arena const& memory, unsigned workers, isa level, cpu_values& values) {
  std::size_t const count = memory.bytes() / sizeof(double);
  auto const bytes = static_cast<double>(memory.bytes());
  auto const rate = [&](auto act) {
    return bytes / quartile_of(9, [&] { return seconds_of(workers, count, act); });
  };
  values.read_bytes_per_second =
      rate([&](std::size_t begin, std::size_t end) { read_all(memory.in() + begin, end - begin); });
  values.write_bytes_per_second = rate(
      [&](std::size_t begin, std::size_t end) { write_all(memory.out() + begin, end - begin); });
  stream_function const copy_lines = stream_for(level);
  if (copy_lines == nullptr) {
    values.nontemporal_bytes_per_second = values.write_bytes_per_second;
    return;
  }
  // In the first-level cache. Not zeros, which this may write several times as fast (Zen 4).
  alignas(64) double tile[512];
  std::fill(std::begin(tile), std::end(tile), 1.25);
  values.nontemporal_bytes_per_second = rate([&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k + 512 <= end; k += 512)
      copy_lines(memory.out() + k, tile, sizeof tile / 64);
    finish_stream();
  });
}

/// Another tile, or distance, has to be faster by more than measurements differ.
constexpr double clearly = 0.95;

tiling best_tiling(arena const& memory, unsigned workers, isa level) {
  std::size_t const count = memory.bytes() / sizeof(double);
  std::vector<tiling> candidates;
  for (std::size_t const bytes : {1024u, 512u, 2048u, 4096u}) candidates.push_back({bytes, 6});
  for (std::size_t const ahead : {2u, 4u, 12u, 24u}) candidates.push_back({1024, ahead});
  // In turn, so that whatever else runs meets all of them.
  std::vector<std::vector<double>> taken(candidates.size());
  for (unsigned round = 0; round != 9; ++round)
    for (std::size_t k = 0; k != candidates.size(); ++k)
      taken[k].push_back(map_seconds(memory, workers, level, count, &candidates[k]));
  std::vector<double> seconds;
  seconds.reserve(taken.size());
  for (auto const& times : taken) seconds.push_back(lower_quartile(times));
  tiling best = candidates[0];
  double const usual = seconds[0] * clearly;
  auto const faster = [&](std::size_t first, std::size_t last) {
    auto const at = std::min_element(seconds.begin() + static_cast<std::ptrdiff_t>(first),
                                     seconds.begin() + static_cast<std::ptrdiff_t>(last));
    return *at < usual ? &candidates[static_cast<std::size_t>(at - seconds.begin())] : nullptr;
  };
  if (tiling const* const found = faster(1, 4)) best.bytes = found->bytes;
  if (tiling const* const found = faster(4, 8)) best.tiles_ahead = found->tiles_ahead;
  return best;
}

void measure_footprint(arena const& memory, unsigned workers, isa level, cpu_values& values) {
  if (stream_for(level) == nullptr) return;
  tiling const how = best_tiling(memory, workers, level);
  values.tile_bytes = static_cast<double>(how.bytes);
  values.tiles_ahead = static_cast<double>(how.tiles_ahead);
  std::vector<stores_timed> times;
  for (std::size_t bytes = std::size_t{1} << 20; bytes <= 2 * memory.bytes(); bytes *= 2) {
    std::size_t const count = bytes / (2 * sizeof(double));
    std::vector<double> regular, streamed;
    for (unsigned round = 0; round != 9; ++round) {
      // Regular stores are timed as they are in a row, with what the caches keep of the one before.
      map_seconds(memory, workers, level, count, nullptr);
      regular.push_back(map_seconds(memory, workers, level, count, nullptr));
      streamed.push_back(map_seconds(memory, workers, level, count, &how));
    }
    times.push_back(
        {static_cast<double>(bytes), lower_quartile(regular), lower_quartile(streamed)});
  }
  values.nontemporal_footprint_bytes = footprint_from(times.data(), times.size());
}

}  // namespace

double footprint_from(stores_timed const* times, std::size_t count) noexcept {
  constexpr double never = 1e15;
  constexpr double kept_by_caches = 64 << 20;
  double from = never;
  double gain = 0;
  double most = 0;
  for (std::size_t k = count; k-- != 0;) {
    // Whoever reads the results next finds them in the caches, if they fit: a tenth is for that.
    double const margin = times[k].bytes > kept_by_caches ? 0 : 0.1;
    gain += std::log(times[k].regular_seconds / times[k].streamed_seconds) - margin;
    if (gain <= most) continue;
    most = gain;
    // Somewhere between this size and the one below.
    from = times[k].bytes / (k == 0 ? 1 : 1.41421356);
  }
  return from;
}

void measure_memory(unsigned workers, isa level, cpu_values& values) {
  double const available = available_memory("") / 8;
  double const wanted = std::min(available, static_cast<double>(most_bytes));
  arena const memory(static_cast<std::size_t>(std::max(wanted, 1.0 * least_bytes)));
  std::size_t const count = memory.bytes() / sizeof(double);
  // Pages are made by those who use them.
  for (double* const block : {memory.in(), memory.out()})
    seconds_of(workers, count,
               [&](std::size_t begin, std::size_t end) { write_all(block + begin, end - begin); });
  measure_rates(memory, workers, level, values);
  measure_footprint(memory, workers, level, values);
}

}  // namespace hetmap::core
