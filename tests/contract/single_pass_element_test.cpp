// What an element of an input is that is read once: what the range gives, or the range is refused.
#include "support/backends.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <cstring>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

/// A single-pass range over what `Get` makes of 0, 1, ... n - 1.
template <class Value, class Get>
class scanned {
 public:
  scanned(int n, Get get) : n_(n), get_(std::move(get)) {}
  class iterator {
   public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit iterator(scanned* of) : of_(of) {}
    decltype(auto) operator*() const { return of_->get_(at_); }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    void operator++(int) { ++at_; }
    bool operator==(std::default_sentinel_t) const { return at_ == of_->n_; }

   private:
    scanned* of_;
    int at_ = 0;
  };
  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  int n_;
  Get get_;
};
template <class Value, class Get>
auto scan(int n, Get get) {
  return scanned<Value, Get>(n, std::move(get));
}

struct shape {
  virtual ~shape() = default;
  [[nodiscard]] virtual int area() const { return 0; }
};
struct square : shape {
  explicit square(int s) : side(s) {}
  [[nodiscard]] int area() const override { return side * side; }
  int side;
};
struct drawing {
  virtual ~drawing() = default;
  [[nodiscard]] virtual int lines() const = 0;
};
struct plot final : drawing {
  [[nodiscard]] int lines() const override { return 3; }
};

template <class F, class In>
constexpr bool is_taken = hetmap::mappable<F, In&> && hetmap::streamable<F, In&>;
template <class F, class In>
constexpr bool is_refused = !hetmap::mappable<F, In&> && !hetmap::streamable<F, In&> &&
                            !hetmap::map_reducible<F, std::plus<>, int, In&>;

TEST(SinglePassElements, OfAClassWithVirtualFunctionsAreNotSliced) {
  auto const area = [](shape const& s) { return s.area(); };
  square one(3);
  auto references = scan<shape>(3, [&](int) -> shape const& { return one; });
  static_assert(is_refused<decltype(area), decltype(references)>);
  auto moved = scan<shape>(3, [&](int) -> shape&& { return std::move(one); });
  static_assert(is_refused<decltype(area), decltype(moved)>);
  // Values are what they are, also those of a derived class.
  auto values = scan<shape>(3, [](int i) { return square(i); });
  static_assert(is_taken<decltype(area), decltype(values)>);
  EXPECT_EQ(hetmap::map(area, values)[2], 4);
  EXPECT_EQ(hetmap::map_reduce(area, std::plus<>(), 0, values), 5);
  int sum = 0;
  for (int const v : hetmap::imap(area, values)) sum += v;
  EXPECT_EQ(sum, 5);
  // So are objects of final classes, and what a generator returns.
  plot sheet;
  auto const lines = [](drawing const& d) { return d.lines(); };
  EXPECT_EQ(hetmap::map(lines, scan<plot>(3, [&](int) -> plot& { return sheet; }))[2], 3);
  EXPECT_EQ(hetmap::map(area, hetmap::generate([i = 0]() mutable -> std::optional<square> {
                          return i == 3 ? std::nullopt : std::optional<square>(i++);
                        }))[2],
            4);
  auto abstract = scan<plot>(3, [&](int) -> drawing& { return sheet; });
  static_assert(is_refused<decltype(lines), decltype(abstract)>);
  // Where elements stay, they are read where they lie.
  std::list<square> const squares{square(1), square(2)};
  EXPECT_EQ(hetmap::map(area, squares)[1], 4);
}

struct point {
  int x = 0;
};
struct pixel : point {
  int colour = 7;
};

TEST(SinglePassElements, HaveTheTypeThatTheRangeGivesWhateverItsValueTypeIs) {
  std::vector<pixel> pixels(3);
  auto const colour = [](pixel const& p) { return p.colour; };
  EXPECT_EQ(
      hetmap::map(
          colour,
          scan<point>(3, [&](int i) -> pixel& { return pixels[static_cast<std::size_t>(i)]; }))[2],
      7);
  EXPECT_EQ(hetmap::map(colour, scan<point>(3, [](int) { return pixel(); }))[2], 7);
  // A number that is no number of the value type: 1/2 stays 1/2.
  EXPECT_EQ(hetmap::map([](auto v) { return v; }, scan<int>(3, [](int i) { return i * 0.5; }))[1],
            0.5);
  // A view of a string, which is kept: nobody sees the next one in its place.
  std::string line;
  auto lines = scan<std::string>(200, [&](int i) -> std::string_view {
    line = std::to_string(i);
    return line;
  });
  auto const number = [](std::string_view s) { return std::stoi(std::string(s)); };
  static_assert(std::same_as<hetmap::detail::argument_t<decltype(lines)&>, std::string_view>);
  EXPECT_EQ(hetmap::map(number, lines)[123], 123);
  int k = 0;
  for (int const v : hetmap::imap(number, lines)) EXPECT_EQ(v, k++);
  EXPECT_EQ(k, 200);
}

struct bit_reference {
  bool* at;
  operator bool() const { return *at; }
  bit_reference const& operator=(bool v) const {
    *at = v;
    return *this;
  }
};
}  // namespace
template <template <class> class A, template <class> class B>
struct std::basic_common_reference<bit_reference, bool, A, B> {
  using type = bool;
};
template <template <class> class A, template <class> class B>
struct std::basic_common_reference<bool, bit_reference, A, B> {
  using type = bool;
};
namespace {

TEST(SinglePassElements, ThatCannotBeKeptAreRefused) {
  auto const any = [](auto&&) { return 1; };
  std::unique_ptr<int> only;
  auto pointers = scan<std::unique_ptr<int>>(3, [&](int) -> std::unique_ptr<int>& { return only; });
  static_assert(std::ranges::input_range<decltype(pointers)&>);
  static_assert(is_refused<decltype(any), decltype(pointers)>);
  // What is given away can be kept.
  auto made = scan<std::unique_ptr<int>>(3, [](int i) { return std::make_unique<int>(i); });
  static_assert(is_taken<decltype(any), decltype(made)>);
  EXPECT_EQ(hetmap::map([](std::unique_ptr<int> p) { return *p; }, made)[2], 2);
  // A proxy that no kept value can have.
  bool kept = true;
  auto bits = scan<bool>(3, [&](int) { return bit_reference{&kept}; });
  static_assert(std::ranges::input_range<decltype(bits)&>);
  static_assert(is_refused<decltype(any), decltype(bits)>);
  // A view of the range's own, which goes on with it.
  std::istringstream in("a b");
  auto words = std::views::istream<char>(in) | std::views::lazy_split(' ');
  static_assert(is_refused<decltype(any), decltype(words)>);
}

#if defined __cpp_lib_ranges_zip
TEST(SinglePassElements, OfAZipAreRowsOfReferencesToWhatWasKept) {
  std::istringstream in("1 2 3");
  std::vector<int> const weights{10, 20, 30};
  auto const y = hetmap::starmap([](int a, int b) { return a * b; },
                                 std::views::zip(std::ranges::istream_view<int>(in), weights));
  EXPECT_EQ(y[2], 90);
}
#endif

}  // namespace
