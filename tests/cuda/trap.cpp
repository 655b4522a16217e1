// What is left of a process after a kernel has trapped, one of hetmap's or, with the argument
// "others", one of the application's: everything but the GPU. With "shared" the kernel traps in
// calls that the CPU shares. Exits with 77 where there is no GPU.
#include "trap.hpp"

#include "device_memory.hpp"

#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace {

int failures = 0;

void expect(bool good, char const* what) {
  std::printf("%s: %s\n", good ? "ok" : "WRONG", what);
  failures += !good;
}

hetmap::options const on_gpu{.backend = hetmap::backend::gpu};

template <class Error, class F>
bool throws(F const& f) {
  try {
    f();
  } catch (Error const& e) {
    std::printf("%s\n", e.what());
    return true;
  }
  return false;
}

/// hetmap knows nothing of it when it is asked to map memory of the GPU.
int broken_by_others() {
  support::on_device<std::int32_t> const data(std::vector<std::int32_t>(1000, 1));
  auto const map = [&] { hetmap::map_into(data.span(), plus_one{}, data.span()); };
  map();
  auto const host = hetmap::map(on_gpu, plus_one{}, std::vector<std::int32_t>(1000, 1));
  expect(data.at(999) == 2 && host[999] == 2, "the GPU works at first");
  expect(break_gpu() != cudaSuccess, "the application breaks it");
  expect(throws<hetmap::device_error>(map), "the next map throws device_error");
  expect(throws<hetmap::device_unavailable>(map), "later ones device_unavailable");
  expect(cudaDeviceSynchronize() != cudaSuccess, "the error is still CUDA's answer");
  expect(hetmap::map(plus_one{}, std::vector<std::int32_t>(10, 1))[9] == 2, "the CPU works");
  return failures == 0 ? 0 : 1;
}

/// Whoever computes it, every element is right, and the CPU has the rest.
int trapped_in_shared_calls() {
  std::size_t const n = 300'000;
  std::vector<std::int32_t> in(n);
  std::iota(in.begin(), in.end(), 0);
  hetmap::options const shared{.backend = hetmap::backend::hybrid};
  auto const right = [&](auto const& out) {
    for (std::size_t i = 0; i != n; ++i)
      if (out[i] != in[i] + 1) return false;
    return true;
  };
  expect(right(hetmap::map(shared, plus_one{}, in)), "the GPU and the CPU share a call");
  // The device begins at the end.
  auto const last = static_cast<std::int32_t>(n) - 1;
  expect(right(hetmap::map(shared, trap_at{last}, in)), "a trap costs a shared call no element");
  bool died = false;
  auto const all = hetmap::decisions();
  for (hetmap::fallback const& f : all[all.size() - 1].fallbacks)
    died |= f.what == hetmap::fallback_kind::failed_over && f.elements != 0;
  std::printf("the GPU %s\n", died ? "died of it" : "had nothing to do");
  if (died)
    expect(throws<hetmap::device_unavailable>([&] { hetmap::map(shared, plus_one{}, in); }),
           "sharing by name is refused from then on");
  expect(right(hetmap::map(plus_one{}, in)), "auto works");
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (std::string const why = support::no_gpu_here(); !why.empty()) {
    std::printf("skipped: no GPU here: %s\n", why.c_str());
    return 77;
  }
  if (argc > 1 && std::string(argv[1]) == "shared") return trapped_in_shared_calls();
  if (argc > 1) return broken_by_others();
  std::size_t const n = 3'000'000;
  std::vector<std::int32_t> in(n);
  std::iota(in.begin(), in.end(), 0);
  std::vector<std::int32_t> out(n, -1);
  support::pinned<std::int32_t> const pinned(n);
  std::fill(pinned.begin(), pinned.end(), 42);

  hetmap::array<std::int32_t> const x(in);
  auto const only_there = hetmap::map(on_gpu, plus_one{}, x);
  expect(hetmap::map(on_gpu, plus_one{}, in)[n - 1] == static_cast<std::int32_t>(n),
         "the GPU works at first");

  bool threw = false;
  try {
    hetmap::map_into(on_gpu, out, trap_at{1'234'567}, in);
  } catch (hetmap::device_error const& e) {
    threw = true;
    std::printf("device_error: %s\n", e.what());
  }
  expect(threw, "a trap throws device_error");
  bool whole = true;
  for (std::size_t i = 0; i != n; ++i) whole &= out[i] == -1 || out[i] == in[i] + 1;
  expect(whole, "every element is as it was or final");

  bool refused = false;
  try {
    hetmap::map(on_gpu, plus_one{}, in);
  } catch (hetmap::device_unavailable const& e) {
    refused = true;
    std::printf("device_unavailable: %s\n", e.what());
  } catch (hetmap::device_error const& e) {
    refused = true;
    std::printf("device_error: %s\n", e.what());
  }
  expect(refused, "the GPU by name is refused from then on");
  expect(hetmap::map({.backend = hetmap::backend::cpu}, plus_one{}, in)[n - 1] ==
             static_cast<std::int32_t>(n),
         "the CPU still works");
  expect(hetmap::map(trap_at{7}, in)[7] == 8, "auto still works");
  expect(hetmap::map(plus_one{}, std::span<std::int32_t const>(pinned.data(), n))[n - 1] == 43,
         "pinned memory is still readable");
  bool lost = false;
  try {
    static_cast<void>(only_there.host());
  } catch (hetmap::device_data_lost const& e) {
    lost = true;
    std::printf("device_data_lost: %s\n", e.what());
  }
  expect(lost, "what was on the GPU only is lost, and says so");
  std::printf("%d wrong\n", failures);
  return failures == 0 ? 0 : 1;
}
