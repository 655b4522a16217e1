// Shared by all contenders and compiled once, for the baseline instruction set: templates of the
// standard library over float and double stay out of it, since the linker might take this copy of
// theirs for the contender's.
#include "measurement.hpp"

#include "bandwidth.hpp"
#include "column_store.hpp"
#include "memory.hpp"
#include "repetition.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
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
  std::string_view memory;
};

struct arguments {
  unsigned workers = 1;
  std::vector<std::string_view> contenders;
  std::vector<request> requests;
  nanoseconds budget = std::chrono::milliseconds(50);
  bool first_call = false;
  bool check = false;
  bool list = false;
  bool list_cases = false;
};

request request_from(std::string_view text) {
  std::array<std::string_view, 4> part{"", "", "", "page_aligned"};
  std::size_t parts = 0;
  for (std::string_view rest = text; !rest.empty() && parts != part.size(); ++parts) {
    auto const colon = std::min(rest.find(':'), rest.size());
    part[parts] = rest.substr(0, colon);
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  if (parts < 3) throw std::invalid_argument("--measure takes CASE:FORM:ELEMENTS[:MEMORY]");
  std::size_t const elements = std::stoull(std::string(part[2]));
  if (elements == 0) throw std::invalid_argument("--measure: elements are counted from 1");
  static_cast<void>(memory_from(part[3]));
  return {&find_case(part[0]), part[1], elements, part[3]};
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
    else if (name == "--list-cases")
      result.list_cases = true;
    else
      throw std::invalid_argument("there is no option " + std::string(name));
  }
  return result;
}

void begin_in_place(request const& now, operands const& o) {
  std::memcpy(o.out[0], o.in[0], now.elements * now.what->in[0].element_bytes);
}

/// Operands for this request. Larger requests of the plan are made room for at once.
operands prepare(column_store& columns, request const& now, std::span<request const> plan) {
  std::size_t most = 0;
  for (auto const& r : plan)
    if (r.what == now.what && r.memory == now.memory) most = std::max(most, r.elements);
  operands const result = columns.prepare(*now.what, memory_from(now.memory), now.elements, most);
  if (now.form == "in_place") begin_in_place(now, result);
  return result;
}

/// What every printed object begins with.
std::string heading(request const& asked, entry const& who) {
  auto const pair = [](char const* name, std::string_view value) {
    return '"' + std::string(name) + "\": \"" + std::string(value) + '"';
  };
  return pair("case", asked.what->name) + ", " + pair("form", asked.form) + ", " +
         pair("memory", asked.memory) + ", \"elements\": " + std::to_string(asked.elements) + ", " +
         pair("contender", who.contender);
}

/// The samples of one contender: each one the time of `calls` calls.
struct samples {
  entry const* who;
  std::size_t calls = 1;
  std::size_t blocks = 3;
  std::vector<nanoseconds> times = {};

  nanoseconds time(operands const& o, std::size_t of_calls) const {
    auto const began = clock::now();
    for (std::size_t i = 0; i != of_calls; ++i) who->run(o);
    return clock::now() - began;
  }

  /// One call to warm up, then as many to a sample as needed. A call far beyond the budget is its
  /// own warm-up.
  void calibrate(operands const& o, nanoseconds budget) {
    nanoseconds const first = time(o, calls);
    if (first > 4 * budget) {
      times.push_back(first);
      blocks = 0;
      return;
    }
    repetition const found = calls_per_sample(
        std::chrono::microseconds(50), [&](std::size_t of_calls) { return time(o, of_calls); });
    calls = found.calls;
    if (2 * 3 * found.took > budget)
      blocks = std::max<std::size_t>(1, static_cast<std::size_t>(budget / found.took / 2));
  }

  /// A sample that does not count, since another contender ran before it, then those that do.
  void run_block(operands const& o, nanoseconds budget) {
    static_cast<void>(time(o, calls));
    nanoseconds spent{0};
    do {
      times.push_back(time(o, calls));
      spent += times.back();
    } while (spent < budget);
  }

  void print(request const& asked) {
    std::sort(times.begin(), times.end());
    auto const a_call = [&](nanoseconds t) {
      return static_cast<double>(t.count()) / static_cast<double>(calls);
    };
    std::printf("{%s, \"median_ns\": %.2f, \"min_ns\": %.2f, \"bytes\": %zu, \"samples\": %zu}\n",
                heading(asked, *who).c_str(), a_call(times[times.size() / 2]),
                a_call(times.front()), asked.what->bytes(asked.elements), times.size());
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
  contender.times.push_back(contender.time(o, 1));
  contender.print(asked);
}

/// Whether the results are right.
bool check(entry const& who, request const& asked, operands const& o, bool fast_math) {
  for (std::size_t k = 0; k != asked.what->out.size(); ++k)
    if (o.out[k] != nullptr)  // not a number
      std::memset(o.out[k], 0xff, asked.elements * asked.what->out[k].element_bytes);
  if (asked.form == "in_place") begin_in_place(asked, o);
  who.run_and_keep(o);
  deviation const d = asked.what->compare(o, fast_math);
  std::printf("{%s, \"max_ulp\": %.2f, \"mean_ulp\": %.3f, \"wrong\": %zu}\n",
              heading(asked, who).c_str(), d.max_ulp, d.mean_ulp, d.wrong);
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

void list_cases(program const& self) {
  for (auto const& e : self.entries)
    if (e.contender == self.entries.front().contender)
      std::printf("{\"case\": \"%s\", \"form\": \"%s\"}\n", e.case_name.c_str(),
                  std::string(e.form).c_str());
}

int run_checked(program const& self, arguments const& asked) {
  if (asked.list) list(self);
  if (asked.list_cases) list_cases(self);
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
    operands const o = prepare(columns, r, asked.requests);
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
    std::span<char* const> const words(argv, static_cast<std::size_t>(argc));
    if (argc > 1 && words[1] == std::string_view("--bandwidth"))
      return run_bandwidth(self, words.subspan(1));
    return run_checked(self, parse(words));
  } catch (std::exception const& problem) {
    std::fprintf(stderr, "%s: %s\n", argv[0], problem.what());
    return 2;
  }
}

}  // namespace bench
