#include "measuring.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace bench::gpu {
namespace {

using clock = std::chrono::steady_clock;

int length(std::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

timing measure(seconds budget, std::function<void()> const& call) {
  call();
  auto const start = clock::now();
  call();
  seconds const first = clock::now() - start;
  std::vector<double> times;
  if (first >= budget) times.push_back(first.count());
  auto const together = static_cast<std::size_t>(std::clamp(1e-4 / first.count(), 1.0, 100.0));
  do {
    auto const began = clock::now();
    for (std::size_t k = 0; k != together; ++k) call();
    times.push_back(seconds(clock::now() - began).count() / static_cast<double>(together));
  } while (times.size() < 3 || clock::now() - start < budget);
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times.front(), times.size()};
}

report::report(std::string const& path)
    : file_(path.empty() ? nullptr : std::fopen(path.c_str(), "w")) {
  if (!path.empty() && file_ == nullptr) throw std::runtime_error("cannot write " + path);
}

report::~report() {
  if (file_ != nullptr) std::fclose(file_);
}

void report::add(std::string_view where, std::string_view case_name, std::string_view who,
                 std::size_t elements, double bytes, timing const& t, double ceiling) {
  double const rate = bytes / t.median * 1e-9;
  double const share = ceiling > 0 ? rate / ceiling : 0;
  std::printf("%-10.*s %-20.*s %-20.*s %11zu %12.2f us %9.2f GB/s", length(where), where.data(),
              length(case_name), case_name.data(), length(who), who.data(), elements,
              t.median * 1e6, rate);
  if (share > 0)
    std::printf(" %6.1f %%\n", 100 * share);
  else
    std::printf("\n");
  std::fflush(stdout);
  if (file_ == nullptr) return;
  std::fprintf(file_,
               "{\"where\": \"%.*s\", \"case\": \"%.*s\", \"contender\": \"%.*s\", "
               "\"elements\": %zu, \"median_ns\": %.1f, \"min_ns\": %.1f, \"bytes\": %.0f, "
               "\"samples\": %zu, \"gb_per_s\": %.3f, \"share_of_ceiling\": %.4f}\n",
               length(where), where.data(), length(case_name), case_name.data(), length(who),
               who.data(), elements, t.median * 1e9, t.least * 1e9, bytes, t.samples, rate, share);
  std::fflush(file_);
}

void report::failed(std::string_view where, std::string_view case_name, std::string_view who,
                    std::string_view why) {
  std::printf("%-10.*s %-20.*s %-20.*s failed: %.*s\n", length(where), where.data(),
              length(case_name), case_name.data(), length(who), who.data(), length(why),
              why.data());
  std::fflush(stdout);
  if (file_ == nullptr) return;
  std::fprintf(file_,
               "{\"where\": \"%.*s\", \"case\": \"%.*s\", \"contender\": \"%.*s\", "
               "\"failed\": true}\n",
               length(where), where.data(), length(case_name), case_name.data(), length(who),
               who.data());
  std::fflush(file_);
}

}  // namespace bench::gpu
