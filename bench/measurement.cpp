// Shared by all contenders and compiled once, for the baseline instruction set: templates of the
// standard library over float and double stay out of it, since the linker might take this copy of
// theirs for the contender's.
#include "measurement.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

struct request {
  case_description const* what;
  std::string_view form;
  std::size_t elements;
};

struct arguments {
  unsigned workers = 1;
  std::vector<std::string_view> contenders;
  std::vector<request> requests;
  nanoseconds budget = std::chrono::milliseconds(50);
  bool first_call = false;
  bool check = false;
  bool list = false;
};

request request_from(std::string_view text) {
  auto const first = text.find(':');
  auto const last = text.rfind(':');
  if (first == last) throw std::invalid_argument("--measure takes CASE:FORM:ELEMENTS");
  std::size_t const elements = std::stoull(std::string(text.substr(last + 1)));
  if (elements == 0) throw std::invalid_argument("--measure: elements are counted from 1");
  return {&find_case(text.substr(0, first)), text.substr(first + 1, last - first - 1), elements};
}

arguments parse(std::span<char* const> words) {
  arguments result;
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::string_view const name = words[i];
    auto const value = [&] {
      if (++i == words.size()) throw std::invalid_argument(std::string(name) + " needs a value");
      return words[i];
    };
    if (name == "--workers")
      result.workers = static_cast<unsigned>(std::stoul(value()));
    else if (name == "--seconds")
      result.budget = nanoseconds(static_cast<nanoseconds::rep>(1e9 * std::stod(value())));
    else if (name == "--measure")
      result.requests.push_back(request_from(value()));
    else if (name == "--contenders")
      for (std::string_view rest = value(); !rest.empty();) {
        auto const comma = std::min(rest.find(','), rest.size());
        result.contenders.push_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
      }
    else if (name == "--first-call")
      result.first_call = true;
    else if (name == "--check")
      result.check = true;
    else if (name == "--list")
      result.list = true;
    else
      throw std::invalid_argument("there is no option " + std::string(name));
  }
  return result;
}

/// Page-aligned columns, shared by all requests and contenders of the launch. A plain loop of the
/// calling thread touches each of them first, in every contender.
class column_store {
 public:
  column_store() = default;
  column_store(column_store const&) = delete;
  column_store& operator=(column_store const&) = delete;
  ~column_store() {
    for (auto& c : columns_) release(c);
  }

  /// Operands for this request, inputs filled. Larger requests of the plan are made room for at
  /// once, so that all sizes of a case use the same pages.
  operands prepare(request const& now, std::span<request const> plan) {
    std::size_t most = 0;
    for (auto const& r : plan)
      if (r.what == now.what) most = std::max(most, r.elements);
    operands result{.elements = now.elements};
    for (std::size_t k = 0; k != now.what->inputs; ++k)
      result.in[k] = room(k, most * now.what->element_bytes);
    for (std::size_t k = 0; k != now.what->outputs; ++k)
      result.out[k] = room(most_inputs + k, most * now.what->element_bytes);
    if (filled_ != now.what) {
      for (std::size_t k = 0; k != now.what->inputs; ++k)
        now.what->fill(columns_[k].data, most, k, now.what->ranges[k]);
      filled_ = now.what;
    }
    return result;
  }

 private:
  struct column {
    void* data = nullptr;
    std::size_t bytes = 0;
  };
  static constexpr std::align_val_t page{4096};

  static void release(column& c) {
    ::operator delete(c.data, page);
    c = {};
  }
  void* room(std::size_t k, std::size_t bytes) {
    column& c = columns_[k];
    if (c.bytes < bytes) {
      release(c);
      c = {::operator new(bytes, page), bytes};
      std::memset(c.data, 0, bytes);
      filled_ = nullptr;
    }
    return c.data;
  }

  std::array<column, most_inputs + most_outputs> columns_{};
  case_description const* filled_ = nullptr;
};

/// The samples of one contender: each one the time of `calls` calls.
struct samples {
  entry const* who;
  std::size_t calls = 1;
  std::size_t blocks = 3;
  std::vector<nanoseconds> times = {};

  nanoseconds time(operands const& o) const {
    auto const began = clock::now();
    for (std::size_t i = 0; i != calls; ++i) who->run(o);
    return clock::now() - began;
  }

  /// One call to warm up, and as many to a sample as make the clock (25 ns) disappear. A call far
  /// beyond the budget is its own warm-up.
  void calibrate(operands const& o, nanoseconds budget) {
    nanoseconds took = time(o);
    if (took > 4 * budget) {
      times.push_back(took);
      blocks = 0;
      return;
    }
    took = time(o);
    constexpr nanoseconds long_enough = std::chrono::microseconds(50);
    while (took < long_enough) {
      calls = took.count() <= 0
                  ? calls * 16
                  : std::min<std::size_t>(
                        calls * 16, calls * static_cast<std::size_t>(long_enough / took) + calls);
      took = time(o);
    }
    if (2 * 3 * took > budget)
      blocks = std::max<std::size_t>(1, static_cast<std::size_t>(budget / took / 2));
  }

  /// A sample that does not count, since another contender ran before it, then those that do.
  void run_block(operands const& o, nanoseconds budget) {
    static_cast<void>(time(o));
    nanoseconds spent{0};
    do {
      times.push_back(time(o));
      spent += times.back();
    } while (spent < budget);
  }

  void print(request const& asked) {
    std::sort(times.begin(), times.end());
    auto const a_call = [&](nanoseconds t) {
      return static_cast<double>(t.count()) / static_cast<double>(calls);
    };
    std::printf(
        "{\"case\": \"%s\", \"form\": \"%s\", \"elements\": %zu, \"contender\": \"%s\", "
        "\"median_ns\": %.2f, \"min_ns\": %.2f, \"bytes\": %zu, \"samples\": %zu}\n",
        std::string(asked.what->name).c_str(), std::string(asked.form).c_str(), asked.elements,
        std::string(who->contender).c_str(), a_call(times[times.size() / 2]), a_call(times.front()),
        asked.what->bytes(asked.elements), times.size());
  }
};

void measure(std::vector<samples> contenders, request const& asked, operands const& o,
             nanoseconds budget) {
  for (auto& c : contenders) c.calibrate(o, budget);
  // In turn and more than once, so that a disturbance does not fall on one of them alone.
  for (std::size_t round = 0; round != 3; ++round)
    for (auto& c : contenders)
      if (round < c.blocks) c.run_block(o, budget / static_cast<nanoseconds::rep>(c.blocks));
  for (auto& c : contenders) c.print(asked);
  std::fflush(stdout);
}

void time_first_call(samples contender, request const& asked, operands const& o) {
  contender.times.push_back(contender.time(o));
  contender.print(asked);
}

/// Whether the results are right.
bool check(entry const& who, request const& asked, operands const& o, bool fast_math) {
  for (std::size_t k = 0; k != asked.what->outputs; ++k)
    std::memset(o.out[k], 0xff, asked.elements * asked.what->element_bytes);  // not a number
  who.run_and_keep(o);
  deviation const d = asked.what->compare(o, fast_math);
  std::printf(
      "{\"case\": \"%s\", \"form\": \"%s\", \"elements\": %zu, \"contender\": \"%s\", "
      "\"max_ulp\": %.2f, \"mean_ulp\": %.3f, \"wrong\": %zu}\n",
      std::string(asked.what->name).c_str(), std::string(asked.form).c_str(), asked.elements,
      std::string(who.contender).c_str(), d.max_ulp, d.mean_ulp, d.wrong);
  return d.wrong == 0;
}

void list(program const& self) {
  std::string_view last;
  for (auto const& e : self.entries) {
    if (e.contender == last) continue;
    last = e.contender;
    std::printf("{\"contender\": \"%s\"}\n", std::string(last).c_str());
  }
}

int run_checked(program const& self, arguments const& asked) {
  if (asked.list) {
    list(self);
    return 0;
  }
  self.use_workers(asked.workers);
  bool right = true;
  column_store columns;
  for (auto const& r : asked.requests) {
    std::vector<samples> contenders;
    for (auto const& e : self.entries)
      if (e.case_name == r.what->name && e.form == r.form &&
          (asked.contenders.empty() ||
           std::count(asked.contenders.begin(), asked.contenders.end(), e.contender) != 0))
        contenders.push_back({.who = &e});
    if (contenders.empty()) continue;  // not everybody does everything
    operands const o = columns.prepare(r, asked.requests);
    if (asked.check)
      for (auto const& c : contenders) right &= check(*c.who, r, o, self.fast_math);
    else if (asked.first_call)
      time_first_call(contenders.front(), r, o);
    else
      measure(std::move(contenders), r, o, asked.budget);
  }
  return right ? 0 : 1;
}

}  // namespace

int run_program(program const& self, int argc, char** argv) {
  try {
    return run_checked(self, parse({argv, static_cast<std::size_t>(argc)}));
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "%s: %s\n", argv[0], problem.what());
    return 2;
  }
}

}  // namespace bench
