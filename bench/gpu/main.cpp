// Measures hetmap on a GPU against its peers and against what the machine can do at most.
//
//   bench-gpu [--json FILE] [--seconds S] [--elements N] [--cases A,B] [--where
//   resident,pinned,...]
//
// Elements are those of a 4-byte type; others get as many as take the same memory. Prints a table
// and writes one JSON object a line, the ceilings first. Returns 77 where there is no GPU, 1 if a
// result was wrong.
#include "cases.hpp"
#include "ceilings.hpp"
#include "check.hpp"
#include "measuring.hpp"
#include "memory.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench::gpu {
namespace {

struct arguments {
  std::string json;
  seconds budget{0.2};
  std::size_t elements = std::size_t{1} << 28;       ///< resident
  std::size_t host_elements = std::size_t{1} << 27;  ///< in host memory: it takes seconds to pin
  std::string cases, where;
};

arguments parse(int argc, char** argv) {
  arguments out;
  for (int i = 1; i < argc; ++i) {
    std::string const name = argv[i];
    if (++i == argc) throw std::invalid_argument(name + " needs a value");
    std::string const value = argv[i];
    if (name == "--json")
      out.json = value;
    else if (name == "--seconds")
      out.budget = seconds(std::stod(value));
    else if (name == "--elements") {
      out.elements = std::stoull(value);
      out.host_elements = std::min(out.host_elements, out.elements);
    } else if (name == "--cases")
      out.cases = value;
    else if (name == "--where")
      out.where = value;
    else
      throw std::invalid_argument("there is no option " + name);
  }
  if (out.elements < 1024) throw std::invalid_argument("--elements has to be 1024 at least");
  return out;
}

bool chosen(std::string const& list, std::string_view name) {
  auto const between_commas = [](std::string_view text) {
    std::string out(",");
    return out.append(text).append(",");
  };
  return list.empty() || between_commas(list).find(between_commas(name)) != std::string::npos;
}

std::string_view name_of(residency where) { return residency_names[static_cast<int>(where)]; }

input taken_from(residency where) {
  switch (where) {
    case residency::resident: return input::device;
    case residency::generated: return input::generated;
    default: return input::host;
  }
}

/// Runs cases in memory that is taken once.
class bench_run {
 public:
  explicit bench_run(arguments const& asked)
      : asked_(asked),
        to_(asked.json),
        device_(memory::device, columns_of::room(roomy_columns, 4 * asked.elements)),
        pinned_(memory::pinned, columns_of::room(roomy_columns, 4 * asked.host_elements)),
        pageable_(memory::pageable, columns_of::room(roomy_columns, 4 * asked.host_elements)),
        contenders_(hetmap_contenders()) {
    for (auto const& peers : {peer_contenders(), fold_peers()})
      contenders_.insert(contenders_.end(), peers.begin(), peers.end());
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    top_ = measure_ceilings({4 * asked.elements, 4 * asked.host_elements}, asked.budget, device_,
                            pinned_, pageable_, to_, stream_);
  }

  /// All contenders of a case; how many were wrong or failed.
  int run(case_description const& what, residency where, std::size_t elements_of_4_bytes) {
    int wrong = 0;
    try {
      data const there = prepared(what, where, elements_of_4_bytes);
      std::optional<std::vector<char>> expected;
      for (contender const& who : contenders_)
        if (who.case_name == what.name && who.takes == taken_from(where))
          wrong += run_contender(what, where, who, there, expected);
    } catch (std::exception const& e) {
      to_.failed(name_of(where), what.name, "all", e.what());
      static_cast<void>(cudaGetLastError());
      ++wrong;
    }
    return wrong;
  }

  [[nodiscard]] bool has(case_description const& what, residency where) const {
    return std::any_of(contenders_.begin(), contenders_.end(), [&](contender const& c) {
      return c.case_name == what.name && c.takes == taken_from(where);
    });
  }

 private:
  struct data {
    operands o;
    std::vector<column_memory> results;
    double moved = 0;    ///< bytes
    double ceiling = 0;  ///< GB/s
  };

  data prepared(case_description const& what, residency where, std::size_t elements_of_4_bytes) {
    bool const on_host = taken_from(where) == input::host;
    unsigned const inputs = where == residency::generated ? 0 : what.inputs;
    unsigned const columns = inputs + what.outputs;
    std::size_t const cut = (columns + roomy_columns - 1) / roomy_columns;
    std::size_t const elements = elements_of_4_bytes * 4 / what.element_bytes / std::max(cut, 1ul);
    std::size_t const bytes = elements * what.element_bytes;

    data out;
    out.o.elements = elements;
    out.o.stream = stream_;
    out.o.value = &value_;
    columns_of here(!on_host ? device_ : where == residency::pinned ? pinned_ : pageable_);
    columns_of on_device(device_);
    for (unsigned k = 0; k != inputs; ++k) {
      column_memory const c = here.next(bytes);
      fill(c, what.name);
      out.o.in[k] = c.data;
      if (on_host) out.o.device_in[k] = on_device.next(bytes).data;
    }
    for (unsigned k = 0; k != what.outputs; ++k) {
      out.results.push_back(here.next(bytes));
      out.o.out[k] = out.results.back().data;
      if (on_host) out.o.device_out[k] = on_device.next(bytes).data;
    }
    out.moved = double(bytes) * columns;
    out.ceiling = on_host ? out.moved * 1e-9 / least_copy_time(what, double(bytes), top_).count()
                          : top_.device_copy;
    return out;
  }

  int run_contender(case_description const& what, residency where, contender const& who,
                    data const& there, std::optional<std::vector<char>>& expected) {
    try {
      for (column_memory const& c : there.results) clear_sample(c);
      value_ = 0;
      auto const t = measure(asked_.budget, [&] {
        who.run(there.o);
        if (who.takes != input::host) check(cudaStreamSynchronize(stream_));
      });
      to_.add(name_of(where), what.name, who.name, there.o.elements, there.moved, t, there.ceiling);
      auto const found = outcome(there);
      if (!expected) expected = found;
      if (agree(found, *expected, what.name)) return 0;
      to_.failed(name_of(where), what.name, who.name,
                 "its results are others than those of the first");
    } catch (std::exception const& e) {
      to_.failed(name_of(where), what.name, who.name, e.what());
      static_cast<void>(cudaGetLastError());
    }
    return 1;
  }

  [[nodiscard]] std::vector<char> outcome(data const& there) const {
    auto const* const value = reinterpret_cast<char const*>(&value_);
    std::vector<char> out;
    if (there.results.empty()) out.assign(value, value + sizeof value_);
    for (column_memory const& c : there.results) {
      auto const sample = sample_of(c);
      out.insert(out.end(), sample.begin(), sample.end());
    }
    return out;
  }

  arguments const& asked_;
  report to_;
  block device_, pinned_, pageable_;
  std::vector<contender> contenders_;
  cudaStream_t stream_ = nullptr;
  ceilings top_;
  float value_ = 0;  // of the fold that ran last
};

int run(arguments const& asked) {
  int found = 0;
  if (cudaError_t const e = cudaGetDeviceCount(&found); e != cudaSuccess || found == 0) {
    std::printf("skipped: no GPU here: %s\n",
                e == cudaSuccess ? "CUDA finds no device" : cudaGetErrorString(e));
    return 77;
  }
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0));
  std::printf("%s\n", properties.name);

  bench_run all(asked);
  int wrong = 0;
  // A Thrust instantiation keeps what its first launch makes it choose, so large ones come first.
  for (residency const where : residencies) {
    if (!chosen(asked.where, name_of(where))) continue;
    bool const on_host = taken_from(where) == input::host;
    for (case_description const& what : cases)
      if (chosen(asked.cases, what.name) && all.has(what, where))
        wrong += all.run(what, where, on_host ? asked.host_elements : asked.elements);
  }
  // What a call costs beside its work: few elements, on the device.
  if (chosen(asked.where, "overhead"))
    for (case_description const& what : cases)
      if (what.name == "axpb") {
        std::printf("overhead: resident, 16384 elements\n");
        wrong += all.run(what, residency::resident, std::min<std::size_t>(16384, asked.elements));
      }
  std::printf("%d wrong or failed\n", wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace bench::gpu

int main(int argc, char** argv) {
  try {
    return bench::gpu::run(bench::gpu::parse(argc, argv));
  } catch (std::exception const& e) {
    std::fprintf(stderr, "bench-gpu: %s\n", e.what());
    return 2;
  }
}
