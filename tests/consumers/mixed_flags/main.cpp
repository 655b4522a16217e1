// One program of files compiled with different flags and compilers, which map the same kernels.
// Every file has to get right answers and bits that depend on nothing but the kernel, the argument
// and the instruction-set level. With --reproducible it prints checksums of the bits that do not
// even depend on the level. With --speed N it measures maps of N elements instead: whether a
// file becomes slower by another file's being in the same program.
//
// Compiled without contraction and optimisation: its own evaluation of a kernel is plain IEEE.
#include "kernels.hpp"
#include "unit.hpp"

#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <string_view>

std::vector<mixed::unit>& mixed::units() {
  static std::vector<unit> list;
  return list;
}

namespace {

using mixed::unit;
using values = std::vector<float>;

constexpr std::size_t count = 64 * 64 + 3;
int failures = 0;
int comparisons = 0;

char const* kernel_name(std::size_t kernel) {
  char const* name = "";
  mixed::for_each_kernel([&](auto f, std::size_t index) {
    if (index == kernel) name = f.name;
  });
  return name;
}

bool is_plain(std::size_t kernel) {
  bool plain = false;
  mixed::for_each_kernel([&](auto f, std::size_t index) {
    if (index == kernel) plain = f.plain;
  });
  return plain;
}

/// What the kernel gives when it is evaluated here, in T.
template <class T>
T evaluate(std::size_t kernel, float v) {
  T result{};
  mixed::for_each_kernel([&](auto f, std::size_t index) {
    if (index == kernel) result = f(static_cast<T>(v));
  });
  return result;
}

values arguments(std::size_t n) {
  values x(n);
  std::uint32_t state = 12345;
  for (float& v : x) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<float>(state >> 8) * 0x1p-22f - 2;  // -2 to 2
  }
  return x;
}

void same_bits(unit const& u, std::size_t kernel, std::span<float const> expected,
               std::span<float const> found, std::string const& what) {
  ++comparisons;
  for (std::size_t i = 0; i != expected.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(expected[i]) == std::bit_cast<std::uint32_t>(found[i]))
      continue;
    ++failures;
    std::fprintf(stderr, "%s, %s, %s: element %zu is %a, expected %a\n", u.name.c_str(),
                 kernel_name(kernel), what.c_str(), i, double(found[i]), double(expected[i]));
    return;
  }
}

values mapped(unit const& u, std::size_t kernel, std::span<float const> x,
              hetmap::options const& how) {
  values out(x.size(), std::numeric_limits<float>::quiet_NaN());
  u.map_into(how, kernel, out, x);
  return out;
}

void right_answers(unit const& u, std::size_t kernel, values const& x, values const& y) {
  for (std::size_t i = 0; i != x.size(); ++i) {
    double const exact = evaluate<double>(kernel, x[i]);
    // The polynomial has a zero in the range: near it the error is that of its largest term.
    if (std::abs(y[i] - exact) <= 4e-7 * (std::abs(exact) + 8)) continue;
    ++failures;
    std::fprintf(stderr, "%s, %s: f(%a) is %a, exactly %a\n", u.name.c_str(), kernel_name(kernel),
                 double(x[i]), double(y[i]), exact);
    return;
  }
}

/// Every way to run the same map, compared with `expected`.
void every_way(unit const& u, std::size_t kernel, values const& x, values const& expected,
               bool reproducible) {
  using hetmap::backend;
  for (auto const where : {backend::serial, backend::cpu, backend::automatic})
    for (std::size_t const chunk : {std::size_t{1}, std::size_t{7}, std::size_t{63},
                                    std::size_t{64}, std::size_t{65}, std::size_t{1003}, count})
      for (unsigned const workers : {1u, 2u})
        same_bits(u, kernel, expected,
                  mapped(u, kernel, x,
                         {.backend = where,
                          .workers = workers,
                          .chunk_size = chunk,
                          .reproducible = reproducible}),
                  std::string(name(where)) + ", chunks of " + std::to_string(chunk) + ", " +
                      std::to_string(workers) + " workers");

  hetmap::options const serial{.backend = backend::serial, .reproducible = reproducible};
  for (std::size_t const offset : {1U, 2U, 3U, 4U, 5U, 8U, 15U, 16U, 17U, 31U}) {
    values from(count + 64);
    std::ranges::copy(x, from.begin() + static_cast<std::ptrdiff_t>(offset));
    values to(count + 64);
    std::span<float> const out(to.data() + (31 - offset), count);
    u.map_into(serial, kernel, out, std::span<float const>(from.data() + offset, count));
    same_bits(u, kernel, expected, out, "offset " + std::to_string(offset));
  }
  for (std::size_t const cut : {1U, 63U, 64U, 65U, 2000U}) {
    values y = mapped(u, kernel, std::span(x).first(cut), serial);
    values const rest = mapped(u, kernel, std::span(x).subspan(cut), serial);
    y.insert(y.end(), rest.begin(), rest.end());
    same_bits(u, kernel, expected, y, "two calls, cut at " + std::to_string(cut));
  }
  values in_place = x;
  u.map_into(serial, kernel, in_place, in_place);
  same_bits(u, kernel, expected, in_place, "in place");
}

void reproducible_bits(unit const& u, std::size_t kernel, values const& x) {
  if (!u.can_be_reproducible) {
    try {
      static_cast<void>(mapped(u, kernel, x, {.reproducible = true}));
      ++failures;
      std::fprintf(stderr, "%s: .reproducible is promised, but cannot be kept\n", u.name.c_str());
    } catch (hetmap::option_error const&) {
    }
    return;
  }
  // Every unit has the bits of the first one; kernels of nothing but IEEE operations have those
  // that they have here.
  static std::map<std::size_t, values> first;
  values const y = mapped(u, kernel, x, {.reproducible = true});
  right_answers(u, kernel, x, y);
  if (is_plain(kernel)) {
    values expected(x.size());
    std::ranges::transform(x, expected.begin(),
                           [&](float v) { return evaluate<float>(kernel, v); });
    same_bits(u, kernel, expected, y, "reproducible, evaluated without hetmap");
  }
  every_way(u, kernel, x, first.try_emplace(kernel, y).first->second, true);
}

/// One line for each unit and kernel: a checksum of its reproducible bits, to compare processes by.
int print_reproducible() {
  values const x = arguments(count);
  for (unit const& u : mixed::units())
    for (std::size_t kernel = 0; u.can_be_reproducible && kernel != mixed::kernel_count; ++kernel) {
      std::uint64_t sum = 14695981039346656037u;  // FNV-1a
      for (float const v : mapped(u, kernel, x, {.reproducible = true}))
        sum = (sum ^ std::bit_cast<std::uint32_t>(v)) * 1099511628211u;
      std::printf("%s %s %016llx\n", u.name.c_str(), kernel_name(kernel),
                  static_cast<unsigned long long>(sum));
    }
  return 0;
}

int check() {
  char const* const forced = std::getenv("HETMAP_ISA");
  values const x = arguments(count);
  // Results of the first GCC unit at each level: contraction is a compiler's own choice, so Clang's
  // units are compared with themselves alone.
  std::map<std::pair<hetmap::isa, std::size_t>, values> by_level;
  bool forced_level_seen = forced == nullptr;
  for (unit const& u : mixed::units()) {
    hetmap::isa const level = u.explain({}, 0, x).level;
    forced_level_seen = forced_level_seen || std::string_view(name(level)) == forced;
    std::printf("%-14s runs at %s\n", u.name.c_str(), name(level));
    for (std::size_t kernel = 0; kernel != mixed::kernel_count; ++kernel) {
      values const y = mapped(u, kernel, x, {.backend = hetmap::backend::serial});
      right_answers(u, kernel, x, y);
      every_way(u, kernel, x, y, false);
      if (u.gcc)
        same_bits(u, kernel, by_level.try_emplace({level, kernel}, y).first->second, y,
                  std::string("as other units at ") + name(level));
      reproducible_bits(u, kernel, x);
    }
  }
  if (!forced_level_seen) {
    ++failures;
    std::fprintf(stderr, "HETMAP_ISA=%s, but no unit runs at that level\n", forced);
  }
  std::printf("%zu units, %d comparisons, %d failures\n", mixed::units().size(), comparisons,
              failures);
  return failures == 0 && comparisons != 0 ? 0 : 1;
}

/// One line for each unit and kernel: nanoseconds an element of a map of n, the least of many.
int measure(std::size_t n) {
  // A sample of one short call would be near the clock's own cost.
  std::size_t const calls = std::max<std::size_t>(8, 16384 / n);
  constexpr int samples = 100;
  // From cache lines' starts half a page apart, in every program: how loads and stores lie within
  // pages changes the speed of such a loop by more than what is measured here.
  hetmap::vector<float> both(2 * n + 512);
  std::span<float> const x(both.data(), n);
  std::span<float> const y(both.data() + n + 512, n);
  std::ranges::copy(arguments(n), x.begin());
  hetmap::options const serial{.backend = hetmap::backend::serial};
  for (unit const& u : mixed::units())
    for (std::size_t kernel = 0; kernel != mixed::kernel_count; ++kernel) {
      double least = std::numeric_limits<double>::infinity();
      for (int sample = 0; sample != samples; ++sample) {
        auto const began = std::chrono::steady_clock::now();
        for (std::size_t call = 0; call != calls; ++call) u.map_into(serial, kernel, y, x);
        std::chrono::duration<double, std::nano> const took =
            std::chrono::steady_clock::now() - began;
        least = std::min(least, took.count() / static_cast<double>(calls * n));
      }
      std::printf("%s %s %.4f\n", u.name.c_str(), kernel_name(kernel), least);
    }
  return 0;
}

/// Whether this processor has what HETMAP_ISA asks for.
bool processor_has(std::string_view level) {
  __builtin_cpu_init();
  if (level == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (level == "avx512")
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  char const* const forced = std::getenv("HETMAP_ISA");
  if (forced != nullptr && !processor_has(forced)) {
    std::printf("skipped: this processor has no %s\n", forced);
    return 77;
  }
  if (argc == 3 && std::strcmp(argv[1], "--speed") == 0)
    return measure(std::max(1ul, std::strtoul(argv[2], nullptr, 10)));
  if (argc == 2 && std::strcmp(argv[1], "--reproducible") == 0) return print_reproducible();
  return check();
}
