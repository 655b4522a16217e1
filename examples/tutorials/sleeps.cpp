// Functions that block: three different ones at once, and 24 sleeps on eight workers.
#include "timed.hpp"

#include <hetmap/pool.hpp>

#include <chrono>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::string boil_water() { return std::this_thread::sleep_for(300ms), "water"; }
std::string toast_bread() { return std::this_thread::sleep_for(200ms), "toast"; }
std::string fry_egg() { return std::this_thread::sleep_for(100ms), "egg"; }

}  // namespace

int main() {
  hetmap::pool pool{{.workers = 8}};
  timed("three sleeping functions", [&] {
    std::vector<hetmap::future<std::string>> breakfast;
    for (auto* const step : {boil_water, toast_bread, fry_egg})
      breakfast.push_back(pool.submit(step));
    std::string served;
    for (auto& done : hetmap::as_completed(breakfast)) served += done.get() + " ";
    require(served == "egg toast water ", "the quickest comes first");
  });
  timed("24 sleeps of 100 ms, 8 workers", [&] {
    pool.map([](int) { std::this_thread::sleep_for(100ms); }, std::views::iota(0, 24));
  });
}
