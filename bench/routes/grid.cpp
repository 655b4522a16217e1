#include "grid.hpp"

#include "../child.hpp"

#include <algorithm>
#include <cstdio>
#include <regex>
#include <stdexcept>

#include <fmt/format.h>
#include <unistd.h>

namespace bench::routes {
namespace {

constexpr std::size_t longest_first_call = 1'000'000;  // larger ones are all warm-up of pages

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

double half_of_memory() {
  return 0.5 * static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

grid::grid(settings const& asked)
    : asked_(asked),
      allowed_{.rounds = asked.rounds,
               .most = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * asked.seconds))},
      sizes_(sizes_of(asked)),
      kernels_(kernels_of(asked)),
      memories_(memories_of(asked)),
      bytes_(asked.gigabytes > 0 ? asked.gigabytes * 1e9 : half_of_memory()) {}

void grid::run() {
  for (auto const& k : kernels_)
    for (residency const where : memories_)
      if (k.over(where)) run(k, where);
}

void grid::run(kernel const& k, residency where) {
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
bool grid::wants_arrays(kernel const& k, operands const& columns) const {
  return !asked_.memories.empty() ||
         explain(k.array, columns).at(hetmap::backend::gpu).unavailable == nullptr;
}

void grid::leave_out(kernel const& k, residency where, std::size_t above, char const* what) {
  left_out_ += fmt::format("  {} above {}: {}\n", record_name(k, where), above, what);
}

/// The medians over processes in which the call was the first of its kernel.
std::optional<first_call> grid::first_of(kernel const& k, residency where, std::size_t n) const {
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

}  // namespace bench::routes
