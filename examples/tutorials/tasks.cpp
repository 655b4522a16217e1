// Tasks and futures: a hundred items by submit and as_completed and by map, a hundred thousand
// empty tasks, and the kinds of callables that a process pool cannot send.
#include "timed.hpp"

#include <hetmap/pool.hpp>

#include <memory>
#include <numeric>
#include <ranges>
#include <vector>

namespace {

long work(long item) {
  long sum = 0;
  for (long i = 0; i != 1000; ++i) sum += (item * i) % 7;
  return sum;
}

struct account {
  long balance = 0;
  long after(long deposit) const { return balance + deposit; }
};

}  // namespace

int main() {
  hetmap::pool pool{2u};
  auto const items = std::views::iota(0L, 100L);

  long by_futures = 0;
  timed("100 items, submit and as_completed", [&] {
    by_futures = 0;
    std::vector<hetmap::future<long>> futures;
    for (long const item : items) futures.push_back(pool.submit(work, item));
    for (auto& done : hetmap::as_completed(futures)) by_futures += done.get();
  });
  timed("100 items, map", [&] {
    auto const results = pool.map(work, items);
    require(std::accumulate(results.begin(), results.end(), 0L) == by_futures, "items");
  });

  timed("10^5 empty tasks, submit", [&] {
    std::vector<hetmap::future<void>> futures;
    futures.reserve(100'000);
    for (int i = 0; i != 100'000; ++i) futures.push_back(pool.submit([] {}));
    for (auto& h : futures) h.get();
  });

  // A closure, a function that owns something, and a member function.
  account const mine{100};
  auto closure = pool.submit([&mine] { return mine.balance; });
  auto owning = pool.submit([p = std::make_unique<int>(3)] { return *p; });
  auto member = pool.submit(&account::after, &mine, 5);
  require(closure.get() == 100 && owning.get() == 3 && member.get() == 105, "callables");
}
