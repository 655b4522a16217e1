// hetmap-bench routes: how far automatic choice is from the best fixed backend, over kernel, size
// and kind of data.
#include "../child.hpp"
#include "../subcommand.hpp"
#include "report.hpp"

#include <hetmap/profile.hpp>
#include <hetmap/topology.hpp>

#include <cstdlib>
#include <memory>
#include <optional>
#include <regex>
#include <stdexcept>

#include <fmt/format.h>
#include <unistd.h>

namespace bench::routes {
namespace {

constexpr std::size_t most_elements = std::size_t{1} << 30;  // indices are std::int32_t
constexpr std::size_t longest_first_call = 1'000'000;        // larger ones are all warm-up of pages

struct settings {
  std::vector<std::string> kernels, memories, sizes;
  std::size_t rounds = 32;
  double seconds = 1;  ///< most of a cell
  double gigabytes = 0;
  std::size_t launches = 3;  ///< for first calls
  std::string json = "routes.json";
  std::string first_call;  ///< KERNEL:MEMORY:ELEMENTS, in a process of its own
  bool quick = false;
  bool list = false;
};

/// 4096, or 2^12.
std::size_t size_from(std::string const& text) {
  static std::regex const form(R"((2\^)?([1-9]\d{0,9}))");
  std::smatch parts;
  if (std::regex_match(text, parts, form)) {
    std::size_t const number = std::stoull(parts[2]);
    if (!parts[1].matched && number <= most_elements) return number;
    if (parts[1].matched && number <= 30) return std::size_t{1} << number;
  }
  throw std::invalid_argument(fmt::format(
      "--sizes: '{}' is no number of elements from 1 to 2^30, such as 4096 or 2^12", text));
}

std::vector<std::size_t> sizes_of(settings const& asked) {
  if (asked.sizes.empty() && asked.quick) return {1, 100, 10'000, 1'000'000};
  if (asked.sizes.empty()) return half_decades(1, std::size_t{1} << 27);
  std::vector<std::size_t> found;
  for (auto const& text : asked.sizes) found.push_back(size_from(text));
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

std::vector<kernel> kernels_of(settings const& asked) {
  std::vector<std::string> patterns = asked.kernels;
  if (patterns.empty() && asked.quick) patterns = {"axpb", "gauss", "gather", "collatz", "sum"};
  std::vector<kernel> const all = kernels();
  if (patterns.empty()) return all;
  std::vector<kernel> found;
  for (auto const& pattern : patterns) {
    std::regex form;
    try {
      form = std::regex(pattern);
    } catch (std::regex_error const& error) {
      throw std::invalid_argument(fmt::format("--kernels: '{}': {}", pattern, error.what()));
    }
    bool any = false;
    for (auto const& k : all)
      if (std::regex_match(k.what->name, form)) {
        any = true;
        if (std::ranges::find(found, k.what, &kernel::what) == found.end()) found.push_back(k);
      }
    if (!any)
      throw std::invalid_argument(
          fmt::format("--kernels: there is no kernel {}; --list names them", pattern));
  }
  return found;
}

std::vector<residency> memories_of(settings const& asked) {
  if (asked.memories.empty())
    return {residency::page_aligned, residency::std_vector, residency::array, residency::generated};
  std::vector<residency> found;
  for (auto const& text : asked.memories) found.push_back(residency_from(text));
  return found;
}

/// The columns of one kernel over one kind of data, at one size.
class columns_for {
 public:
  columns_for(column_store& store, kernel const& k, residency where, std::size_t elements,
              std::size_t most)
      : host_(store.prepare(*k.what, memory_of(where), elements, most)) {
    if (auto const make = k.over(where).make) made_ = make(host_);
  }
  [[nodiscard]] operands const& get() const { return made_ ? made_->columns : host_; }

 private:
  operands host_;
  std::optional<owned_operands> made_;
};

/// The largest size that lies within the memory, or 0.
std::size_t largest_within(kernel const& k, residency where, std::span<std::size_t const> sizes,
                           double bytes) {
  double const copies = where == residency::array ? 2 : 1;
  std::size_t most = 0;
  for (std::size_t const n : sizes)
    if (copies * static_cast<double>(k.what->bytes(n)) <= bytes) most = n;
  return most;
}

class grid {
 public:
  explicit grid(settings const& asked)
      : asked_(asked),
        allowed_{.rounds = asked.rounds,
                 .most = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * asked.seconds))},
        sizes_(sizes_of(asked)),
        kernels_(kernels_of(asked)),
        memories_(memories_of(asked)),
        bytes_(asked.gigabytes > 0 ? asked.gigabytes * 1e9 : half_of_memory()) {}

  void run() {
    for (auto const& k : kernels_)
      for (residency const where : memories_)
        if (k.over(where)) run(k, where);
  }

  [[nodiscard]] std::span<cell const> cells() const { return cells_; }
  /// What was not measured, and why: a line each.
  [[nodiscard]] std::string const& left_out() const { return left_out_; }

 private:
  static double half_of_memory() {
    return 0.5 * static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
           static_cast<double>(sysconf(_SC_PAGESIZE));
  }

  void run(kernel const& k, residency where) {
    std::size_t const most = largest_within(k, where, sizes_, bytes_);
    std::size_t last = 0;
    for (std::size_t const n : sizes_) {
      if (n > most) return leave_out(k, where, last, "beyond the limit of memory (--memory-limit)");
      std::optional<cell> found;
      try {
        columns_for const columns(store_, k, where, n, most);
        if (where == residency::array && !wants_arrays(k, columns.get())) return;
        if (isatty(STDERR_FILENO) != 0)
          fmt::print(stderr, "\r\033[K{} of {}", record_name(k, where), n);
        found = measure(k, where, columns.get(), allowed_);
      } catch (std::exception const& problem) {  // a GPU with too little memory, say
        return leave_out(k, where, last, problem.what());
      }
      if (!found) return leave_out(k, where, last, "beyond the limit of time (--seconds)");
      if (n <= longest_first_call) found->first = first_of(k, where, n);
      cells_.push_back(std::move(*found));
      last = n;
    }
  }

  /// What stays on a GPU is of no interest where there is none, unless it was asked for.
  [[nodiscard]] bool wants_arrays(kernel const& k, operands const& columns) const {
    return !asked_.memories.empty() ||
           explain(k.array, columns).at(hetmap::backend::gpu).unavailable == nullptr;
  }

  void leave_out(kernel const& k, residency where, std::size_t above, char const* what) {
    left_out_ += fmt::format("  {} above {}: {}\n", record_name(k, where), above, what);
  }

  /// The medians over processes in which the call was the first of its kernel.
  [[nodiscard]] std::optional<first_call> first_of(kernel const& k, residency where,
                                                   std::size_t n) const {
    round_times first, warm;
    for (std::size_t launch = 0; launch != asked_.launches; ++launch) {
      auto const text = output_of({own_program(), "routes", "--first-call",
                                   fmt::format("{}:{}:{}", k.what->name, name(where), n)});
      double a = 0, b = 0;
      if (!text || std::sscanf(text->c_str(), "%lf %lf", &a, &b) != 2)
        throw std::runtime_error("a process that times a first call failed");
      first.push_back(a);
      warm.push_back(b);
    }
    if (first.empty()) return {};
    return first_call{.first_ns = median(first), .warm_ns = median(warm)};
  }

  settings const& asked_;
  effort allowed_;
  std::vector<std::size_t> sizes_;
  std::vector<kernel> kernels_;
  std::vector<residency> memories_;
  double bytes_;
  column_store store_;
  std::vector<cell> cells_;
  std::string left_out_;
};

/// In a process of its own: prints the first call's nanoseconds and a later one's.
void print_first_call(std::string const& text) {
  static std::regex const form("(.+):(.+):(.+)");
  std::smatch parts;
  if (!std::regex_match(text, parts, form))
    throw std::invalid_argument("--first-call takes KERNEL:MEMORY:ELEMENTS");
  auto const all = kernels();
  auto const find = [&](std::string const& name) {
    auto const found = std::ranges::find(all, name, [](kernel const& k) { return k.what->name; });
    if (found == all.end()) throw std::invalid_argument("there is no kernel " + name);
    return *found;
  };
  std::string const name = parts[1];
  kernel const k = find(name);
  kernel const before = find(name.starts_with("scale") ? "add" : "scale/8");
  residency const where = residency_from(parts[2].str());
  if (!k.over(where)) throw std::invalid_argument(name + " is not measured over that memory");
  std::size_t const n = size_from(parts[3]);
  column_store store, store_before;
  columns_for const columns(store, k, where, n, n);
  columns_for const columns_before(store_before, before, residency::page_aligned, n, n);
  auto const [first, warm] = time_first_call(k, where, columns.get(), before, columns_before.get());
  fmt::print("{:.0f} {:.0f}\n", first, warm);
}

void write_files(settings const& asked, std::span<cell const> cells) {
  std::filesystem::path const json = asked.json;
  auto const beside = [&](char const* extension) {
    return std::filesystem::path(json).replace_extension(extension);
  };
  write_text(json, times_json(cells));
  write_text(beside(".regrets.json"), regrets_json(cells));
  write_text(beside(".csv"), times_csv(cells));
  write_text(beside(".gnuplot"), plot_script(cells, beside(".csv"), beside(".svg")));
  std::string const stem = beside("").string();
  fmt::print("written: {}, {}.regrets.json, {}.csv, {}.gnuplot\n", json.string(), stem, stem, stem);
  if (output_of({"gnuplot", beside(".gnuplot").string()}))
    fmt::print("drawn: {}.svg\n", stem);
  else
    fmt::print("no plot: that takes gnuplot (Debian, Ubuntu: apt-get install gnuplot-nox)\n");
}

void run(settings const& asked) {
  if (!asked.first_call.empty()) return print_first_call(asked.first_call);
  if (asked.list) {
    for (auto const& k : kernels()) fmt::print("{}\n", k.what->name);
    return;
  }
  double load = 0;
  if (getloadavg(&load, 1) != 1) load = 0;
  grid all(asked);
  auto const began = std::chrono::steady_clock::now();
  all.run();
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K");
  fmt::print("{} workers, level {}; profile: {}\n{:.0f} s; load of the machine before: {:.1f}\n{}",
             hetmap::physical_cores(), hetmap::name(hetmap::isa_level()), hetmap::profile_status(),
             took.count(), load, load > 0.5 ? "The machine was busy: not for comparisons.\n" : "");
  fmt::print("\n{}\n{}\n", regret_table(all.cells()), decision_table(all.cells()));
  if (!all.left_out().empty()) fmt::print("Left out:\n{}\n", all.left_out());
  write_files(asked, all.cells());
}

void add_options(CLI::App& routes, settings& asked) {
  routes
      .add_option("--kernels", asked.kernels,
                  "Regular expressions, with commas between them; default: all")
      ->delimiter(',')
      ->type_name("NAME,...");
  routes
      .add_option(
          "--memory", asked.memories,
          "page_aligned, std_vector, array, generated; default: all, array where there is a GPU")
      ->delimiter(',')
      ->type_name("MEMORY,...");
  routes
      .add_option("--sizes", asked.sizes,
                  "Elements: 4096, or 2^12; default: half decades from 1 to 2^27")
      ->delimiter(',')
      ->type_name("N,...");
  routes
      .add_option("--rounds", asked.rounds,
                  "In each of which everybody takes a turn; fewer where a cell would take too long")
      ->check(CLI::Range(4, 10'000))
      ->capture_default_str();
  routes.add_option("--seconds", asked.seconds, "Most of a cell; larger sizes are left out")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  routes
      .add_option("--memory-limit", asked.gigabytes,
                  "Most of a kernel's columns, in GB; default: half of the machine's")
      ->check(CLI::Range(0.001, 1e5))
      ->type_name("GB");
  routes
      .add_option("--launches", asked.launches,
                  "Processes for each first call, up to 10^6 elements; 0: no first calls")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  routes.add_option("--json", asked.json, "Where the times go; regrets, CSV and plot go beside it")
      ->type_name("FILE")
      ->capture_default_str();
  routes.add_flag("--quick", asked.quick,
                  "Five kernels, four sizes, less time: to see that it works");
  routes.add_flag("--list", asked.list, "The kernels' names");
  routes.add_option("--first-call", asked.first_call)->group("");
}

}  // namespace
}  // namespace bench::routes

namespace bench {

void add_routes(CLI::App& program) {
  CLI::App* const routes = program.add_subcommand("routes",
                                                  "Automatic choice against each backend by name: "
                                                  "regret over kernels, sizes and kinds of data, "
                                                  "first calls, decisions. On two cores all of it "
                                                  "takes about half an hour, --quick some seconds. "
                                                  "A machine that does nothing else, please.");
  auto const asked = std::make_shared<routes::settings>();
  routes::add_options(*routes, *asked);
  routes->callback([routes, asked] {
    if (asked->quick) {
      if (routes->count("--rounds") == 0) asked->rounds = 8;
      if (routes->count("--seconds") == 0) asked->seconds = 0.2;
      if (routes->count("--launches") == 0) asked->launches = 1;
    }
    try {
      routes::run(*asked);
    } catch (std::invalid_argument const& error) {
      throw CLI::ValidationError(error.what());
    }
  });
}

}  // namespace bench
