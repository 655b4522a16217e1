#include "verbs.hpp"

#include <hetmap/hetmap.hpp>
#include <hetmap/npy.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <unistd.h>

namespace refusing {
namespace {

constexpr int n = 200;

int next(int i) { return i + 1; }
int sum(int a, int b) { return a + b; }
/// More than fits a string by itself: an allocation of the user's for each element.
std::string spelled(int i) { return "the number whose digits are " + std::to_string(i); }

// Never destroyed; f gets at them without an allocation.
struct inputs {
  std::vector<int> numbers;
  std::vector<std::pair<int, int>> rows;
  std::list<int> list;
  // What it costs is never remembered, so that calls of it are always shared.
  std::function<int(int)> unknown = [](int i) { return i + 1; };
  std::function<std::string(int)> spelled = [](int i) { return ::refusing::spelled(i); };
  std::string file = "/tmp/hetmap-refused-" + std::to_string(getpid()) + ".npy";
};
inputs* given = nullptr;

bool counts_up(auto&& results) {
  int i = 1;
  for (int const r : results)
    if (r != i++) return false;
  return i == n + 1;
}
bool spells(auto&& results) {
  int i = 0;
  for (std::string const& s : results)
    if (s != spelled(i++)) return false;
  return i == n;
}
hetmap::options on_cpu() { return {.backend = hetmap::backend::cpu}; }

bool numbers_in_order(std::span<int const> block, int& i) {
  for (int const v : block)
    if (v != ++i) return false;
  return true;
}

/// The same numbers, read once.
auto generated() {
  return hetmap::generate([i = 0]() mutable { return i == n ? std::nullopt : std::optional(i++); });
}

}  // namespace

void make_inputs() {
  given = new inputs;
  for (int i = 0; i != n; ++i) {
    given->numbers.push_back(i);
    given->rows.emplace_back(i, 1);
    given->list.push_back(i);
  }
}

std::span<verb const> verbs() {
  static constexpr verb all[] = {
      {"map", [] { return counts_up(hetmap::map(on_cpu(), next, given->numbers)); }},
      {"map, shared",
       [] { return counts_up(hetmap::map(on_cpu(), given->unknown, given->numbers)); }, true},
      {"map, shared by blocks",
       [] {
         return counts_up(hetmap::map({.backend = hetmap::backend::cpu, .chunk_size = 5},
                                      given->unknown, given->list));
       }},
      {"map, alone",
       [] {
         return counts_up(hetmap::map({.backend = hetmap::backend::serial}, next, given->numbers));
       }},
      {"map, not asked where", [] { return counts_up(hetmap::map(next, given->numbers)); }},
      {"map, large",
       [] {
         auto const y = hetmap::map(next, std::views::iota(0, 1 << 17));
         return y.size() == 1 << 17 && y[9] == 10 && y[(1 << 17) - 1] == 1 << 17;
       },
       true},
      {"map of a function that allocates",
       [] { return spells(hetmap::map(on_cpu(), spelled, given->numbers)); }},
      {"map of a function that allocates, alone",
       [] {
         return spells(
             hetmap::map({.backend = hetmap::backend::serial}, given->spelled, given->numbers));
       }},
      {"map over a list", [] { return counts_up(hetmap::map(on_cpu(), next, given->list)); }, true},
      {"map over generated numbers",
       [] { return counts_up(hetmap::map(on_cpu(), next, generated())); }},
      {"map in collect mode",
       [] {
         auto const all_of = hetmap::map(
             {.backend = hetmap::backend::cpu, .errors = hetmap::collect}, spelled, given->numbers);
         int i = 0;
         for (auto const& one : all_of) {
           if (one.has_value() && *one != spelled(i)) return false;
           ++i;
         }
         return i == n;
       }},
      {"map with a deadline",
       [] {
         hetmap::pool pool(2);
         return counts_up(pool.map(
             {.deadline = std::chrono::seconds(20)},
             [](int i, std::stop_token const&) { return i + 1; }, given->numbers));
       }},
      {"map_into",
       [] {
         std::vector<int> out(n);
         hetmap::map_into(on_cpu(), out, next, given->numbers);
         return counts_up(out);
       }},
      {"map in place",
       [] {
         std::vector<int> out(given->numbers);
         hetmap::map_into(on_cpu(), out, next, out);
         return counts_up(out);
       }},
      {"starmap", [] { return counts_up(hetmap::starmap(on_cpu(), sum, given->rows)); }},
      {"map_columns",
       [] {
         auto const [a, b] = hetmap::map_columns(
             on_cpu(), [](int i) { return std::tuple(i + 1, i); }, given->numbers);
         return counts_up(a) && b[7] == 7;
       }},
      {"map_blocks",
       [] {
         std::vector<int> out(n);
         hetmap::map_blocks(
             {.backend = hetmap::backend::cpu, .chunk_size = 16},
             [](std::span<int const> in, std::span<int> to, hetmap::scratch& memory) {
               auto const aside = memory.get<int>(in.size());
               for (std::size_t i = 0; i != in.size(); ++i) aside[i] = in[i] + 1;
               std::copy(aside.begin(), aside.end(), to.begin());
             },
             out, given->numbers);
         return counts_up(out);
       }},
      {"map_reduce",
       [] {
         return hetmap::map_reduce(on_cpu(), next, std::plus<>{}, 0, given->numbers) ==
                n * (n + 1) / 2;
       }},
      {"map_reduce, shared",
       [] {
         return hetmap::map_reduce(on_cpu(), given->unknown, std::plus<>{}, 0, given->numbers) ==
                n * (n + 1) / 2;
       }},
      {"map_reduce of strings",
       [] {
         auto const s = hetmap::map_reduce(
             on_cpu(), [](int i) { return std::to_string(i % 10); }, std::plus<>{},
             std::string("> "), given->list);
         return s.size() == n + 2 && s.starts_with("> 0123456789012");
       }},
      {"imap", [] { return counts_up(hetmap::imap({.chunk_size = 16}, next, given->numbers)); },
       true},
      {"imap of a function that allocates",
       [] { return spells(hetmap::imap(spelled, given->list)); }},
      {"imap_unordered over generated numbers",
       [] {
         long all_of = 0;
         for (int const v :
              hetmap::imap_unordered({.chunk_size = 8, .window = 4}, next, generated()))
           all_of += v;
         return all_of == n * (n + 1) / 2;
       }},
      {"istarmap", [] { return counts_up(hetmap::istarmap(sum, given->rows)); }},
      {"chunks",
       [] {
         int i = 0;
         for (std::span<int const> const block :
              hetmap::imap({.workers = 4, .chunk_size = 16}, next, given->numbers).chunks())
           if (!numbers_in_order(block, i)) return false;
         return i == n;
       }},
      {"a sink",
       [] {
         int i = 0;
         bool right = true;
         hetmap::imap(next, given->list) | hetmap::each([&](std::span<int const> block) {
           right = right && numbers_in_order(block, i);
         });
         return right && i == n;
       }},
      {"npy::write and npy::reader",
       [] {
         hetmap::npy::write(given->file, given->numbers, {n / 2, 2});
         return counts_up(hetmap::imap(next, hetmap::npy::reader<int>(given->file)));
       }},
      {"npy::save and npy::mapped",
       [] {
         hetmap::imap(next, given->numbers) | hetmap::npy::save(given->file);
         hetmap::npy::mapped<int> const back(given->file);
         return counts_up(back) && hetmap::npy::inspect(given->file).elements() == n;
       },
       true},
      {"a pool",
       [] {
         hetmap::pool own(
             {.workers = 3, .initializer = [] {}, .name = "a name too long for a small string"});
         return own.submit([] { return 3; }).get() == 3;
       },
       true},
      {"a pool's map", [] { return counts_up(hetmap::default_pool().map(next, given->list)); }},
      {"a pool's map_reduce",
       [] {
         return hetmap::default_pool().map_reduce(next, std::plus<>{}, 0, given->numbers) ==
                n * (n + 1) / 2;
       }},
      {"a pool's imap",
       [] { return spells(hetmap::default_pool().imap(spelled, given->numbers)); }},
      {"a pool's starmap",
       [] { return counts_up(hetmap::default_pool().starmap(sum, given->rows)); }},
      {"map_async",
       [] { return spells(hetmap::default_pool().map_async(spelled, given->numbers).get()); }},
      {"submit and then",
       [] {
         auto const text = hetmap::default_pool().submit(spelled, 7).then([](std::string const& s) {
           return s + "!";
         });
         return text.get() == spelled(7) + "!";
       }},
      {"callbacks",
       [] {
         auto const called = std::make_shared<std::atomic<int>>(0);
         auto const one = hetmap::default_pool().submit([] { return 1; });
         one.on_value([called](int v) { *called += v; });
         one.get();
         auto const after = one.then([](int v) { return v + 1; });
         return after.get() == 2;
       }},
      {"as_completed and wait",
       [] {
         std::vector<hetmap::future<int>> all_of;
         for (int i = 0; i != 10; ++i) all_of.push_back(hetmap::default_pool().submit(next, i));
         int total = 0;
         for (auto& done : hetmap::as_completed(all_of)) total += done.get();
         auto const [done, waiting] = hetmap::wait(all_of);
         return total == 55 && done.size() == 10 && waiting.empty();
       }},
      {"terminate",
       [] {
         hetmap::pool own(2);
         std::vector<hetmap::future<int>> all_of;
         for (int i = 0; i != 10; ++i) all_of.push_back(own.submit(next, i));
         own.terminate();
         for (auto const& f : all_of) try {
             static_cast<void>(f.get());
           } catch (hetmap::cancelled_error const&) {
           }
         return true;
       }},
      {"close and join",
       [] {
         hetmap::pool own(2);
         auto const later = own.map_async(next, given->numbers);
         own.close();
         own.join();
         return later.ready() && counts_up(later.get());
       }},
      {"an array",
       [] {
         hetmap::array<int> const in(given->numbers);
         return counts_up(hetmap::map(next, in).host());
       },
       true},
      {"explain",
       [] {
         return hetmap::explain(next, given->numbers).elements == n &&
                !hetmap::to_string(hetmap::explain(next, given->list)).empty();
       },
       true},
      {"decisions",
       [] {
         hetmap::map(on_cpu(), next, given->numbers);
         auto const known = hetmap::decisions();
         return !known.empty() && !to_string(known.back()).empty();
       },
       true},
      {"progress and a stop token",
       [] {
         std::size_t reported = 0;
         hetmap::options how = on_cpu();
         std::stop_source never;
         how.stop = never.get_token();
         how.progress = [&](hetmap::progress const& p) { reported = p.done; };
         return counts_up(hetmap::map(how, next, given->numbers)) && reported == n;
       }},
  };
  return all;
}

}  // namespace refusing
