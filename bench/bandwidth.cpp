#include "bandwidth.hpp"

#include "memory.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>

namespace bench {
namespace {

struct wishes {
  std::string_view contender = "";
  std::size_t elements = 33554432;
  std::size_t times = 100;
  bool doubles = true;
  std::string_view memory = "page_aligned";
  unsigned workers = std::max(1u, std::thread::hardware_concurrency());
};

wishes parse(std::span<char* const> words, std::string_view first_contender) {
  wishes result{.contender = first_contender};
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::string_view const name = words[i];
    auto const value = [&] {
      if (++i == words.size()) throw std::invalid_argument(std::string(name) + " needs a value");
      return words[i];
    };
    if (name == "--contender")
      result.contender = value();
    else if (name == "--arraysize" || name == "-s")
      result.elements = std::stoull(value());
    else if (name == "--numtimes" || name == "-n")
      result.times = std::stoull(value());
    else if (name == "--float")
      result.doubles = false;
    else if (name == "--memory")
      result.memory = value();
    else if (name == "--workers")
      result.workers = static_cast<unsigned>(std::stoul(value()));
    else
      throw std::invalid_argument("--bandwidth: there is no option " + std::string(name));
  }
  if (result.elements == 0) throw std::invalid_argument("--arraysize: from 1");
  if (result.times < 2) throw std::invalid_argument("--numtimes: from 2");
  return result;
}

/// The arrays a, b and c, and what each of their elements should be.
template <class T>
class arrays {
 public:
  static constexpr T scalar = T(0.4);  // as kernels.hpp has it

  arrays(memory kind, std::size_t elements) : elements_(elements) {
    for (auto& x : columns_) x = column(kind, elements * sizeof(T), sizeof(T));
    begin_anew();
  }

  void begin_anew() {
    expected_ = {0.1, 0.2, 0};
    for (std::size_t k = 0; k != 3; ++k)
      std::fill_n(static_cast<T*>(columns_[k].data()), elements_, static_cast<T>(expected_[k]));
  }

  /// Where each kernel finds its arrays; nstream is in place, its first input is its output.
  [[nodiscard]] operands of(std::string_view kernel) {
    auto const with = [&](void* out, void* x, void* y = nullptr, void* z = nullptr) {
      return operands{.in = {x, y, z}, .out = {out}, .elements = elements_};
    };
    void *const a = columns_[0].data(), *const b = columns_[1].data(),
                *const c = columns_[2].data();
    if (kernel == "copy") return with(c, a);
    if (kernel == "mul") return with(b, c);
    if (kernel == "add") return with(c, a, b);
    if (kernel == "triad") return with(a, b, c);
    if (kernel == "nstream") return with(a, a, b, c);
    return with(&dot_, a, b);
  }

  /// What the kernel makes of an element.
  void follow(std::string_view kernel) {
    auto& [a, b, c] = expected_;
    if (kernel == "copy") c = a;
    if (kernel == "mul") b = scalar * c;
    if (kernel == "add") c = a + b;
    if (kernel == "triad") a = b + scalar * c;
    if (kernel == "nstream") a += b + scalar * c;
  }

  /// Whether the arrays, and the last result of dot where there was one, are as expected: but for
  /// 100 roundings on average, as in BabelStream, and a hundred-millionth of the sum in double.
  [[nodiscard]] bool right(std::string_view contender, bool with_dot) const {
    bool result = true;
    auto const complain = [&](char const* what, double off) {
      std::fprintf(stderr, "%s: validation failed on %s: average error %g\n",
                   std::string(contender).c_str(), what, off);
      result = false;
    };
    for (std::size_t k = 0; k != 3; ++k) {
      auto const* const x = static_cast<T const*>(columns_[k].data());
      double total = 0;
      for (std::size_t i = 0; i != elements_; ++i)
        total += std::abs(static_cast<double>(x[i]) - expected_[k]);
      double const off = total / static_cast<double>(elements_);
      double const bound = 100 * static_cast<double>(std::numeric_limits<T>::epsilon());
      if (!(off <= bound * std::max(1.0, std::abs(expected_[k]))))
        complain(k == 0 ? "a" : k == 1 ? "b" : "c", off);
    }
    double const sum = expected_[0] * expected_[1] * static_cast<double>(elements_);
    double const off = std::abs((static_cast<double>(dot_) - sum) / sum);
    if (with_dot && !(off <= dot_bound())) complain("dot", off);
    return result;
  }

 private:
  /// A float that is added up one by one stops growing; the contenders' sums have many parts.
  static double dot_bound() { return sizeof(T) == 8 ? 1e-8 : 0.5; }

  std::size_t elements_;
  std::array<column, 3> columns_;
  std::array<double, 3> expected_{};
  T dot_{};
};

struct kernel {
  char const* title;
  char const* name;
  char const* form = "into";
  std::size_t columns;  // read and written
};
constexpr kernel in_turn[] = {{"Copy", "copy", "into", 2},
                              {"Mul", "mul", "into", 2},
                              {"Add", "add", "into", 3},
                              {"Triad", "triad", "into", 3},
                              {"Dot", "dot", "into", 2}};
constexpr kernel alone[] = {{"Nstream", "nstream", "in_place", 4}};

entry const& find(program const& self, wishes const& how, kernel const& k) {
  std::string const name = std::string(k.name) + (how.doubles ? "/double" : "");
  for (auto const& e : self.entries)
    if (e.contender == how.contender && e.case_name == name && e.form == k.form) return e;
  throw std::invalid_argument("there is no " + name + " of contender " +
                              std::string(how.contender));
}

template <class T>
void print(kernel const& k, std::vector<double> const& seconds, std::size_t elements) {
  auto const first = seconds.begin() + 1;
  auto const [least, most] = std::minmax_element(first, seconds.end());
  double total = 0;
  for (auto t = first; t != seconds.end(); ++t) total += *t;
  double const megabytes = 1e-6 * static_cast<double>(k.columns * sizeof(T) * elements);
  std::printf("%-12s%-12.3f%-12.5f%-12.5f%-12.5f\n", k.title, megabytes / *least, *least, *most,
              total / static_cast<double>(seconds.size() - 1));
}

/// Runs these kernels in turn and prints a row for each; whether the arrays are right.
template <class T>
bool run(program const& self, wishes const& how, arrays<T>& data, std::span<kernel const> kernels) {
  using clock = std::chrono::steady_clock;
  data.begin_anew();
  std::vector<std::vector<double>> seconds(kernels.size());
  for (std::size_t turn = 0; turn != how.times; ++turn)
    for (std::size_t k = 0; k != kernels.size(); ++k) {
      operands const o = data.of(kernels[k].name);
      auto const run_kernel = find(self, how, kernels[k]).run;
      auto const began = clock::now();
      run_kernel(o);
      seconds[k].push_back(std::chrono::duration<double>(clock::now() - began).count());
      data.follow(kernels[k].name);
    }
  for (std::size_t k = 0; k != kernels.size(); ++k) print<T>(kernels[k], seconds[k], how.elements);
  return data.right(how.contender, kernels.size() > 1);
}

template <class T>
int run_all(program const& self, wishes const& how) {
  double const bytes = static_cast<double>(sizeof(T)) * static_cast<double>(how.elements);
  std::printf("The kernels of BabelStream\nImplementation: %s\nMemory: %s\n",
              std::string(how.contender).c_str(), std::string(how.memory).c_str());
  std::printf("Running kernels %zu times\nPrecision: %s\n", how.times,
              how.doubles ? "double" : "float");
  std::printf("Array size: %.1f MB (=%.1f GB)\nTotal size: %.1f MB (=%.1f GB)\n", 1e-6 * bytes,
              1e-9 * bytes, 3e-6 * bytes, 3e-9 * bytes);
  std::printf("%-12s%-12s%-12s%-12s%-12s\n", "Function", "MBytes/sec", "Min (sec)", "Max",
              "Average");
  arrays<T> data(memory_from(how.memory), how.elements);
  bool const first = run<T>(self, how, data, in_turn);
  bool const second = run<T>(self, how, data, alone);
  return first && second ? 0 : 1;
}

}  // namespace

int run_bandwidth(program const& self, std::span<char* const> words) {
  wishes const how = parse(words, self.entries.front().contender);
  self.use_workers(how.workers);
  return how.doubles ? run_all<double>(self, how) : run_all<float>(self, how);
}

}  // namespace bench
