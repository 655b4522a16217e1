// What crosses the seam between headers and library, once each: compiled with flags of its own, run
// against a library that was built without them.
#include <hetmap/hetmap.hpp>
#include <hetmap/raw.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

/// A range that counts itself with a signed number, as some do.
template <class Size>
class counted {
 public:
  explicit counted(std::size_t n) : kept_(n, 2.0) {}
  [[nodiscard]] double const* begin() const { return kept_.data(); }
  [[nodiscard]] double const* end() const { return kept_.data() + kept_.size(); }
  [[nodiscard]] Size size() const { return static_cast<Size>(kept_.size()); }

 private:
  std::vector<double> kept_;
};

void expect(bool holds, char const* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

template <class Error, class Call>
void expect_throws(Call&& call, char const* what) {
  bool thrown = false;
  try {
    static_cast<void>(call());
  } catch (Error const&) {
    thrown = true;
  }
  expect(thrown, what);
}

double half(double v) { return v / 2; }

}  // namespace

int main() {
  std::vector<double> const x(1000, 2.0);
  expect(hetmap::map(half, x)[999] < 2, "map");
  expect(hetmap::map(half, counted<int>(10)).size() == 10, "a size that is an int");
  expect(hetmap::map(half, counted<std::ptrdiff_t>(10)).size() == 10, "a signed size");
  expect(hetmap::map(half, counted<unsigned char>(10)).size() == 10, "a size that is a byte");
  expect(hetmap::map(half, std::list<double>(100, 2.0))[99] < 2, "map over a list");
  std::vector<double> out(1000);
  hetmap::map_into({.workers = 2u, .chunk_size = std::size_t{64}}, out, half, x);
  expect(out[999] < 2, "map_into");
  expect(
      !(hetmap::map_reduce({.backend = hetmap::backend::cpu}, half, std::plus<>(), 0.0, x) < 1000),
      "map_reduce");
  auto const join = [](std::string const& a, std::string const& b) { return a + b; };
  expect(
      hetmap::map_reduce([](double) { return std::string("x"); }, join, std::string(), x).size() ==
          1000,
      "map_reduce of strings");
  std::vector<std::pair<double, int>> const rows(100, {2.0, 3});
  expect(hetmap::starmap([](double a, int b) { return a * b; }, rows)[99] > 5, "starmap");

  expect_throws<hetmap::option_error>([&] { return hetmap::map({.workers = 0u}, half, x); },
                                      "an option_error");
  expect_throws<hetmap::kernel_error>(
      [&] {
        return hetmap::map(
            [](double v) {
              if (v > 1) hetmap::fail(3);
              return v;
            },
            x);
      },
      "a kernel_error");
  expect(hetmap::failed_index() == std::optional<std::size_t>(0), "failed_index");
  auto const outcomes = hetmap::map(
      {.errors = hetmap::collect}, [](double v) -> double { throw static_cast<int>(v); }, x);
  expect_throws<int>([&] { return outcomes[5].value(); }, "an outcome");

  double sum = 0;
  for (double const v : hetmap::imap({.window = std::size_t{4}}, half, x)) sum += v;
  for (auto const chunk : hetmap::imap_unordered(half, std::list<double>(100, 2.0)).chunks())
    for (double const v : chunk) sum += v;
  expect(sum > 1099, "imap");
  bool reported = false;
  hetmap::map({.progress = [&](hetmap::progress const& p) { reported = p.done == p.total; }}, half,
              x);
  expect(reported, "progress");

  hetmap::pool pool({.workers = 2u, .name = "strict"});
  expect(pool.name() == "strict", "the name of a pool");
  expect(pool.submit([](std::string const& s) { return s + "!"; }, std::string(40, 'a'))
                 .get()
                 .size() == 41,
         "submit");
  auto later = pool.map_async(half, x);
  expect(later.then([](auto const& y) { return y.size(); }).get() == 1000, "then");
  std::vector<hetmap::future<int>> futures;
  for (int i = 0; i != 3; ++i) futures.push_back(pool.submit([i] { return i; }));
  int all = 0;
  for (auto& done : hetmap::as_completed(futures)) all += done.get();
  expect(all == 3 && hetmap::wait(futures).done.size() == 3, "as_completed and wait");

  hetmap::array<double> const held(x);
  expect(hetmap::map(half, held).host()[5] > 0, "arrays");
  expect(!hetmap::to_string(hetmap::explain(half, x)).empty(), "explain");
  expect(hetmap::terminal_bar::line("a", {.done = 1, .total = 2}, 60).size() > 5, "a bar");
  expect_throws<hetmap::io_error>([] { return hetmap::raw::reader<int>("/nowhere/at/all").size(); },
                                  "an io_error");
}
