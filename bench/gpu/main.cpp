// Measures hetmap on a GPU against its peers and against what the machine can do at most.
//
//   bench-gpu [--json FILE] [--seconds S] [--elements N] [--cases A,B] [--where
//   resident,pinned,...]
//
// Elements are those of a 4-byte type; others get as many as take the same memory. Prints a table
// and writes one JSON object a line, the ceilings first. Returns 77 where there is no GPU, 1 if a
// result was wrong.
#include "cases.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench::gpu {
namespace {

using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

void check(cudaError_t e) {
  if (e != cudaSuccess) throw std::runtime_error(cudaGetErrorString(e));
}

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
  return out;
}

bool chosen(std::string const& list, std::string_view name) {
  auto const between_commas = [](std::string_view text) {
    std::string out(",");
    return out.append(text).append(",");
  };
  return list.empty() || between_commas(list).find(between_commas(name)) != std::string::npos;
}

struct timing {
  double median = 0;  ///< seconds
  double least = 0;
  std::size_t samples = 0;
};

/// Two calls to warm up, then as many as fit into the budget, three at least; short ones are timed
/// several together.
timing measure(seconds budget, std::function<void()> const& call) {
  call();
  auto began = clock::now();
  call();
  seconds const first = clock::now() - began;
  auto const together = static_cast<std::size_t>(std::clamp(1e-4 / first.count(), 1.0, 100.0));
  std::vector<double> times;
  auto const start = clock::now();
  do {
    began = clock::now();
    for (std::size_t k = 0; k != together; ++k) call();
    times.push_back(seconds(clock::now() - began).count() / static_cast<double>(together));
  } while (times.size() < 3 || clock::now() - start < budget);
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times.front(), times.size()};
}

class report {
 public:
  explicit report(std::string const& path)
      : file_(path.empty() ? nullptr : std::fopen(path.c_str(), "w")) {
    if (!path.empty() && file_ == nullptr) throw std::runtime_error("cannot write " + path);
  }
  ~report() {
    if (file_ != nullptr) std::fclose(file_);
  }
  report(report const&) = delete;
  report& operator=(report const&) = delete;

  /// bytes: moved by one call, as the ceiling that it is compared with counts them.
  void add(std::string_view where, std::string_view case_name, std::string_view who,
           std::size_t elements, double bytes, timing const& t, double ceiling) {
    double const rate = bytes / t.median * 1e-9;
    std::string share(ceiling > 0 ? std::to_string(100 * rate / ceiling).substr(0, 5) + " %" : "");
    std::printf("%-10s %-14s %-20s %11zu %12.2f us %9.2f GB/s %9s\n", std::string(where).c_str(),
                std::string(case_name).c_str(), std::string(who).c_str(), elements, t.median * 1e6,
                rate, share.c_str());
    std::fflush(stdout);
    if (file_ == nullptr) return;
    std::fprintf(file_,
                 "{\"where\": \"%s\", \"case\": \"%s\", \"contender\": \"%s\", \"elements\": %zu, "
                 "\"median_ns\": %.1f, \"min_ns\": %.1f, \"bytes\": %.0f, \"samples\": %zu, "
                 "\"gb_per_s\": %.3f, \"share_of_ceiling\": %.4f}\n",
                 std::string(where).c_str(), std::string(case_name).c_str(),
                 std::string(who).c_str(), elements, t.median * 1e9, t.least * 1e9, bytes,
                 t.samples, rate, ceiling > 0 ? rate / ceiling : 0.0);
    std::fflush(file_);
  }
  void failed(std::string_view where, std::string_view case_name, std::string_view who,
              char const* why) {
    std::printf("%-10s %-14s %-20s failed: %s\n", std::string(where).c_str(),
                std::string(case_name).c_str(), std::string(who).c_str(), why);
    if (file_ != nullptr)
      std::fprintf(file_,
                   "{\"where\": \"%s\", \"case\": \"%s\", \"contender\": \"%s\", "
                   "\"failed\": true}\n",
                   std::string(where).c_str(), std::string(case_name).c_str(),
                   std::string(who).c_str());
  }

 private:
  std::FILE* file_;
};

// -- memory ------------------------------------------------------------------------------------

enum class memory : unsigned char { device, pinned, pageable };

class block {
 public:
  block(memory kind, std::size_t bytes) : kind_(kind), bytes_(bytes) {
    if (kind == memory::device)
      check(cudaMalloc(&data_, bytes));
    else if (kind == memory::pinned)
      check(cudaMallocHost(&data_, bytes));
    else
      data_ = ::operator new(bytes, std::align_val_t{4096});
    if (kind != memory::device) std::memset(data_, 0, bytes);
  }
  ~block() {
    if (kind_ == memory::device)
      static_cast<void>(cudaFree(data_));
    else if (kind_ == memory::pinned)
      static_cast<void>(cudaFreeHost(data_));
    else
      ::operator delete(data_, std::align_val_t{4096});
  }
  block(block const&) = delete;
  block& operator=(block const&) = delete;

  [[nodiscard]] char* data() const { return static_cast<char*>(data_); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  memory kind_;
  std::size_t bytes_;
  void* data_ = nullptr;
};

/// Values between one and two in every case's type: no denormals, which are slower on CPUs. Those
/// of logistic200 are below one, where it stays in bounds.
void fill(block const& to, std::string_view case_name) {
  std::vector<char> pattern(std::min<std::size_t>(to.bytes(), std::size_t{12} << 20));
  if (of_doubles(case_name)) {
    auto* const v = reinterpret_cast<double*>(pattern.data());
    for (std::size_t i = 0; i != pattern.size() / 8; ++i) v[i] = 1 + double(i % 1021) / 1021;
  } else if (case_name == "axpb_int8") {
    for (std::size_t i = 0; i != pattern.size(); ++i) pattern[i] = static_cast<char>(i * 7);
  } else {
    auto* const v = reinterpret_cast<float*>(pattern.data());
    float const least = case_name == "logistic200" ? 0 : 1;
    for (std::size_t i = 0; i != pattern.size() / 4; ++i) v[i] = least + float(i % 1021) / 1021;
  }
  for (std::size_t at = 0; at < to.bytes(); at += pattern.size())
    check(cudaMemcpy(to.data() + at, pattern.data(), std::min(pattern.size(), to.bytes() - at),
                     cudaMemcpyDefault));
  check(cudaDeviceSynchronize());  // nobody else waits for the default stream
}

/// The first and the last bytes of a result, and some between.
std::vector<char> sample_of(void const* data, std::size_t bytes) {
  std::size_t const piece = std::min<std::size_t>(bytes, 3072);
  std::vector<char> out(3 * piece);
  std::size_t const places[] = {0, (bytes - piece) / 2 / 24 * 24, bytes - piece};
  for (std::size_t k = 0; k != 3; ++k)
    check(cudaMemcpy(out.data() + k * piece, static_cast<char const*>(data) + places[k], piece,
                     cudaMemcpyDefault));
  return out;
}

/// Whether two results are the same but for rounding.
bool agree(std::vector<char> const& a, std::vector<char> const& b, std::string_view case_name) {
  if (case_name == "axpb_int8") return a == b;
  auto const close = [](double x, double y) {
    return std::abs(x - y) <= 1e-4 * std::max({1.0, std::abs(x), std::abs(y)});
  };
  bool const wide = of_doubles(case_name);
  for (std::size_t at = 0; at + 8 <= a.size(); at += wide ? 8 : 4) {
    double x, y;
    if (wide) {
      std::memcpy(&x, a.data() + at, 8);
      std::memcpy(&y, b.data() + at, 8);
    } else {
      float p, q;
      std::memcpy(&p, a.data() + at, 4);
      std::memcpy(&q, b.data() + at, 4);
      x = p;
      y = q;
    }
    if (!close(x, y)) return false;
  }
  return true;
}

// -- ceilings ----------------------------------------------------------------------------------

/// What the machine does at most, in GB/s.
struct ceilings {
  double device_copy = 0;  ///< bytes read and written
  double in = 0, out = 0;  ///< pinned
  double both = 0;         ///< bytes in and out together, as many each way
};

ceilings measure_ceilings(arguments const& asked, report& to, cudaStream_t stream) {
  ceilings found;
  std::size_t const bytes = asked.elements * 4;
  {
    block const a(memory::device, bytes), b(memory::device, bytes);
    auto const t = measure(asked.budget, [&] {
      check(cudaMemcpyAsync(b.data(), a.data(), bytes, cudaMemcpyDeviceToDevice, stream));
      check(cudaStreamSynchronize(stream));
    });
    found.device_copy = 2e-9 * static_cast<double>(bytes) / t.median;
    to.add("ceiling", "device-copy", "cudaMemcpy", asked.elements, 2.0 * double(bytes), t, 0);
    auto const small = measure(asked.budget, [&] {
      check(cudaMemsetAsync(a.data(), 0, 4, stream));
      check(cudaStreamSynchronize(stream));
    });
    to.add("ceiling", "launch", "cudaMemset+sync", 1, 4, small, 0);
  }
  std::size_t const there = asked.host_elements * 4;
  block const on_device_in(memory::device, there), on_device_out(memory::device, there);
  cudaStream_t other = nullptr;
  check(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
  {
    block const in(memory::pinned, there), out(memory::pinned, there);
    auto const copy_in = [&] {
      check(cudaMemcpyAsync(on_device_in.data(), in.data(), there, cudaMemcpyHostToDevice, stream));
    };
    auto const copy_out = [&] {
      check(
          cudaMemcpyAsync(out.data(), on_device_out.data(), there, cudaMemcpyDeviceToHost, other));
    };
    auto const t_in = measure(asked.budget, [&] {
      copy_in();
      check(cudaStreamSynchronize(stream));
    });
    auto const t_out = measure(asked.budget, [&] {
      copy_out();
      check(cudaStreamSynchronize(other));
    });
    auto const t_both = measure(asked.budget, [&] {
      copy_in();
      copy_out();
      check(cudaStreamSynchronize(stream));
      check(cudaStreamSynchronize(other));
    });
    found.in = 1e-9 * double(there) / t_in.median;
    found.out = 1e-9 * double(there) / t_out.median;
    found.both = 2e-9 * double(there) / t_both.median;
    to.add("ceiling", "pinned-in", "cudaMemcpy", asked.host_elements, double(there), t_in, 0);
    to.add("ceiling", "pinned-out", "cudaMemcpy", asked.host_elements, double(there), t_out, 0);
    to.add("ceiling", "pinned-both", "cudaMemcpy", asked.host_elements, 2.0 * double(there), t_both,
           0);
  }
  {
    block const in(memory::pageable, there);
    auto const t = measure(asked.budget, [&] {
      check(cudaMemcpyAsync(on_device_in.data(), in.data(), there, cudaMemcpyHostToDevice, stream));
      check(cudaStreamSynchronize(stream));
    });
    to.add("ceiling", "pageable-in", "cudaMemcpy", asked.host_elements, double(there), t, 0);
  }
  check(cudaStreamDestroy(other));
  return found;
}

/// The least time that this case's copies can take, in seconds.
double least_copy_time(case_description const& what, double column_bytes, ceilings const& c) {
  double const in = what.inputs * column_bytes * 1e-9;
  double const out = column_bytes * 1e-9;
  // As much as goes both ways goes at the duplex rate, the rest one way.
  double const duplex = std::min(in, out);
  return 2 * duplex / c.both + (in - duplex) / c.in + (out - duplex) / c.out;
}

// -- cases -------------------------------------------------------------------------------------

int run_case(case_description const& what, residency where, arguments const& asked,
             std::vector<contender> const& contenders, ceilings const& top, report& to,
             cudaStream_t stream) {
  bool const on_host = where == residency::pinned || where == residency::pageable;
  std::size_t const elements =
      (on_host ? asked.host_elements : asked.elements) * 4 / what.element_bytes;
  std::size_t const bytes = elements * what.element_bytes;
  memory const kind = !on_host                     ? memory::device
                      : where == residency::pinned ? memory::pinned
                                                   : memory::pageable;
  std::vector<std::unique_ptr<block>> blocks;
  auto const make = [&](memory k) {
    blocks.push_back(std::make_unique<block>(k, bytes));
    return blocks.back()->data();
  };
  operands o{.elements = elements, .stream = stream};
  for (unsigned k = 0; k != what.inputs; ++k) {
    o.in[k] = make(kind);
    fill(*blocks.back(), what.name);
  }
  o.out = make(kind);
  if (on_host) {
    for (unsigned k = 0; k != what.inputs; ++k) o.device_in[k] = make(memory::device);
    o.device_out = make(memory::device);
  }

  double const moved = double(bytes) * (what.inputs + 1);
  double const ceiling =
      !on_host ? top.device_copy : moved * 1e-9 / least_copy_time(what, double(bytes), top);
  int wrong = 0;
  std::optional<std::vector<char>> expected;
  auto const name = residency_names[static_cast<int>(where)];
  for (contender const& who : contenders) {
    if (who.case_name != what.name || who.on_host != on_host) continue;
    try {
      auto const t = measure(asked.budget, [&] {
        who.run(o);
        if (!on_host) check(cudaStreamSynchronize(stream));
      });
      to.add(name, what.name, who.name, elements, moved, t, ceiling);
      auto const result = sample_of(o.out, bytes);
      if (!expected) expected = result;
      if (!agree(result, *expected, what.name)) {
        to.failed(name, what.name, who.name, "its results are others than those of the first");
        ++wrong;
      }
      // The next contender's results are not to be mistaken for this one's.
      if (on_host)
        std::memset(o.out, 0, bytes);
      else
        check(cudaMemset(o.out, 0, bytes));
      check(cudaDeviceSynchronize());
    } catch (std::exception const& e) {
      to.failed(name, what.name, who.name, e.what());
      static_cast<void>(cudaGetLastError());
      ++wrong;
    }
  }
  return wrong;
}

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
  report to(asked.json);
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  ceilings const top = measure_ceilings(asked, to, stream);

  // A Thrust instantiation keeps what its first launch makes it choose, so large ones come first.
  std::vector<contender> contenders = hetmap_contenders();
  for (contender const& c : peer_contenders()) contenders.push_back(c);
  int wrong = 0;
  for (case_description const& what : cases) {
    if (!chosen(asked.cases, what.name)) continue;
    for (residency const where :
         {residency::resident, residency::generated, residency::pinned, residency::pageable}) {
      if ((where == residency::generated) != (what.inputs == 0)) continue;
      if (!chosen(asked.where, residency_names[static_cast<int>(where)])) continue;
      try {
        wrong += run_case(what, where, asked, contenders, top, to, stream);
      } catch (std::exception const& e) {
        to.failed(residency_names[static_cast<int>(where)], what.name, "all", e.what());
        static_cast<void>(cudaGetLastError());
        ++wrong;
      }
    }
  }
  // What a call costs beside its work: few elements, on the device.
  if (chosen(asked.where, "overhead")) {
    arguments few = asked;
    few.elements = 16384;
    for (case_description const& what : cases)
      if (what.name == "axpb") {
        std::printf("overhead: resident, %zu elements\n", few.elements);
        wrong += run_case(what, residency::resident, few, contenders, top, to, stream);
      }
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
