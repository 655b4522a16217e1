// Inputs that are read once: no further than is needed, begun once and late.
#include "support/backends.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <cstring>
#include <functional>
#include <iterator>
#include <list>
#include <optional>
#include <ranges>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

class SinglePassContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, SinglePassContract, support::each_backend(), support::backend_name);

int product(int a, int b) { return a * b; }

/// Runs verb(input) with an input that counts how often it is asked, and expects `wanted`.
template <class Verb>
void asks(std::size_t wanted, Verb&& verb, char const* what) {
  SCOPED_TRACE(what);
  std::size_t calls = 0;
  verb(hetmap::generate([&] { return static_cast<int>(calls++); }));
  EXPECT_EQ(calls, wanted);
}

/// Every verb over `other` and a generator, in both orders.
template <class Other>
void asks_for_no_more(hetmap::backend where, Other const& make, std::size_t n) {
  hetmap::options const here{.backend = where};
  hetmap::collect_options const collecting{.backend = where, .errors = hetmap::collect};
  std::vector<int> out(n + 5);
  hetmap::pool pool(2);
  asks(
      n, [&](auto g) { EXPECT_EQ(hetmap::map(here, product, make(), g).size(), n); }, "map");
  asks(
      n, [&](auto g) { EXPECT_EQ(hetmap::map(here, product, g, make()).size(), n); },
      "map, turned");
  asks(
      n,
      [&](auto g) {
        hetmap::map(
            here, [](int, int) {}, g, make());
      },
      "map of nothing");
  asks(
      n, [&](auto g) { EXPECT_EQ(hetmap::map(collecting, product, g, make()).size(), n); },
      "collect");
  asks(
      n, [&](auto g) { hetmap::map_into(here, out, product, g, make()); }, "map_into");
  asks(
      n,
      [&](auto g) {
        EXPECT_EQ(hetmap::map_reduce(
                      here, [](int, int) { return 1; }, std::plus<>(), 0, g, make()),
                  static_cast<int>(n));
      },
      "map_reduce");
  asks(
      n,
      [&](auto g) {
        auto const longer = [](std::string a, std::string const& b) { return a + b; };
        EXPECT_EQ(
            hetmap::map_reduce(
                here, [](int, int) { return std::string("x"); }, longer, std::string(), make(), g)
                .size(),
            n);
      },
      "map_reduce of strings");
  auto const count = [](auto&& stream) {
    return std::ranges::distance(stream.begin(), stream.end());
  };
  auto const expected = static_cast<std::ptrdiff_t>(n);
  asks(
      n, [&](auto g) { EXPECT_EQ(count(hetmap::imap(here, product, make(), g)), expected); },
      "imap");
  asks(
      n, [&](auto g) { EXPECT_EQ(count(hetmap::imap(here, product, g, make())), expected); },
      "imap, turned");
  asks(
      n,
      [&](auto g) { EXPECT_EQ(count(hetmap::imap_unordered(here, product, g, make())), expected); },
      "imap_unordered");
  if (where == hetmap::backend::serial) return;
  asks(
      n, [&](auto g) { EXPECT_EQ(pool.map(product, g, make()).size(), n); }, "pool::map");
  asks(
      n, [&](auto g) { EXPECT_EQ(pool.map_async(product, g, make()).get().size(), n); },
      "map_async");
  asks(
      n, [&](auto g) { EXPECT_EQ(count(pool.imap(product, g, make())), expected); }, "pool::imap");
}

TEST_P(SinglePassContract, IsAskedForAsManyElementsAsASizedInputHas) {
  for (std::size_t const n : support::sizes({0, 1, 3, 63, 64, 65, 200})) {
    SCOPED_TRACE(n);
    asks_for_no_more(
        GetParam(), [&] { return std::vector<int>(n, 1); }, n);
  }
  asks_for_no_more(
      GetParam(), [] { return std::list<int>(65, 1); }, 65);
  asks_for_no_more(
      GetParam(), [] { return std::views::iota(0, 65); }, 65);
}

TEST_P(SinglePassContract, IsAskedForNoMoreThanAnInputOfUnknownLengthHasThatCanBeReadAgain) {
  for (int const n : {0, 1, 64, 65})
    asks_for_no_more(
        GetParam(),
        [&] {
          return std::views::iota(0, 1000) |
                 std::views::filter([n](int i) { return i % 10 == 0 && i < 10 * n; });
        },
        static_cast<std::size_t>(n));
}

TEST_P(SinglePassContract, IsAskedOnceMoreWhereNothingElseTellsTheEnd) {
  int calls = 0;
  auto const three = [&]() -> std::optional<int> {
    return calls++ < 3 ? std::optional(1) : std::nullopt;
  };
  EXPECT_EQ(hetmap::map(here(), std::negate<>(), hetmap::generate(three)).size(), 3u);
  EXPECT_EQ(calls, 4);
  calls = 0;
  std::vector<int> out(3);
  hetmap::map_into(here(), out, std::negate<>(), hetmap::generate(three));
  EXPECT_EQ(calls, 4);
  calls = 0;
  std::vector<int> room(2);
  EXPECT_THROW(hetmap::map_into(here(), room, std::negate<>(), hetmap::generate(three)),
               hetmap::size_error);
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(room, std::vector<int>(2, -1));
}

TEST_P(SinglePassContract, AnInputThatThrowsBehindAFullOutputFailsThere) {
  int calls = 0;
  std::vector<int> out(3);
  auto const three = [&]() -> int {
    if (calls == 3) throw std::string("behind");
    return calls++;
  };
  EXPECT_THROW(hetmap::map_into(here(), out, std::negate<>(), hetmap::generate(three)),
               std::string);
  EXPECT_EQ(hetmap::failed_index(), 3u);
  EXPECT_EQ(out, (std::vector<int>{0, -1, -2}));
}

/// Reads as much of a stream of numbers as a loop does.
TEST_P(SinglePassContract, ReadsNoMoreOfAStreamThanALoopDoes) {
  auto const left = [](auto&& read) {
    std::istringstream in("1 2 3 4 5 6");
    read(in);
    int next = 0;
    in >> next;
    return next;
  };
  std::vector<int> const weights{1, 1, 1};
  EXPECT_EQ(left([&](std::istream& in) {
              hetmap::map(here(), product, weights, std::ranges::istream_view<int>(in));
            }),
            4);
  EXPECT_EQ(left([&](std::istream& in) {
              for (int const v :
                   hetmap::imap(here(), product, std::ranges::istream_view<int>(in), weights))
                EXPECT_LE(v, 3);
            }),
            4);
  auto const loop = left([](std::istream& in) {
    for (int const v : std::ranges::istream_view<int>(in) | std::views::take(3)) EXPECT_LE(v, 3);
  });
  EXPECT_EQ(left([&](std::istream& in) {
              hetmap::map(here(), std::negate<>(),
                          std::ranges::istream_view<int>(in) | std::views::take(3));
            }),
            loop);
  EXPECT_EQ(left([&](std::istream& in) {
              hetmap::map(here(), product, weights,
                          std::ranges::istream_view<int>(in) | std::views::take(3));
            }),
            4);
}

/// A range of `Tag`s iterators that counts who asks it for what.
template <class Tag>
class counted {
 public:
  struct counts {
    int begun = 0;
    int ended = 0;
    int stepped = 0;
  };
  class iterator {
   public:
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = Tag;

    iterator() = default;
    iterator(counts* c, int at) : counts_(c), at_(at) {}
    int operator*() const { return at_; }
    iterator& operator++() {
      ++counts_->stepped;
      ++at_;
      return *this;
    }
    iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    bool operator==(iterator const& other) const { return at_ == other.at_; }

   private:
    counts* counts_ = nullptr;
    int at_ = 0;
  };

  counted(counts& c, int n) : counts_(&c), n_(n) {}
  iterator begin() {
    ++counts_->begun;
    return {counts_, 0};
  }
  iterator end() {
    ++counts_->ended;
    return {counts_, n_};
  }

 private:
  counts* counts_;
  int n_;
};

template <class Tag>
void is_begun_once(hetmap::options const& how) {
  using range = counted<Tag>;
  typename range::counts c;
  range whole(c, 200);
  EXPECT_EQ(hetmap::map(how, std::negate<>(), whole).size(), 200u);
  EXPECT_EQ(c.begun, 1);
  EXPECT_EQ(c.ended, 1);
  EXPECT_EQ(c.stepped, 200);
  c = {};
  for (int const v : hetmap::imap(how, std::negate<>(), whole)) EXPECT_LE(v, 0);
  EXPECT_EQ(c.begun, 1);
  EXPECT_EQ(c.ended, 1);
  EXPECT_EQ(c.stepped, 200);
  c = {};
  std::vector<int> const few(100, 1);
  EXPECT_EQ(hetmap::map_reduce(how, product, std::plus<>(), 0, whole, few), 4950);
  EXPECT_EQ(c.begun, 1);
  EXPECT_EQ(c.stepped, 99);
  c = {};
  std::vector<int> const none;
  EXPECT_TRUE(hetmap::map(how, product, whole, none).empty());
  EXPECT_TRUE(hetmap::map(how, product, none, whole).empty());
  EXPECT_EQ(hetmap::map_reduce(how, product, std::plus<>(), 0, whole, none), 0);
  EXPECT_FALSE(hetmap::imap(how, product, whole, none).next().has_value());
  EXPECT_EQ(c.begun, 0);
  EXPECT_EQ(c.ended, 0);
}

TEST_P(SinglePassContract, RangesAreBegunOnceAndNotAtAllForNoElements) {
  is_begun_once<std::input_iterator_tag>(here());
  is_begun_once<std::forward_iterator_tag>(here());
}

/// A range that can be read many at a time, and counts how many were.
class bulk {
 public:
  explicit bulk(std::size_t& read) : read_(&read) {}
  std::size_t read(std::span<int> room) {
    for (int& v : room) v = static_cast<int>((*read_)++);
    return room.size();
  }

  class iterator {
   public:
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit iterator(bulk* of) : of_(of), now_(static_cast<int>((*of->read_)++)) {}
    int const& operator*() const { return now_; }
    iterator& operator++() {
      now_ = static_cast<int>((*of_->read_)++);
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return false; }

   private:
    bulk* of_;
    int now_;
  };
  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::size_t* read_;
};

TEST_P(SinglePassContract, ManyAtATimeAreReadOnlyWhereAllAreUsed) {
  std::size_t read = 0;
  bulk endless(read);
  int calls = 0;
  auto ten = hetmap::generate(
      [&]() -> std::optional<int> { return calls++ < 10 ? std::optional(1) : std::nullopt; });
  std::size_t results = 0;
  for (int const v : hetmap::imap(here(), product, ten, endless)) results += v >= 0 ? 1 : 0;
  EXPECT_EQ(results, 10u);
  EXPECT_LE(read, 11u);  // as in a loop, which asks its inputs in turn
  read = 0;
  results = 0;
  for (int const v : hetmap::imap(here(), product, std::vector<int>(70, 1), endless))
    results += v >= 0 ? 1 : 0;
  EXPECT_EQ(results, 70u);
  EXPECT_EQ(read, 70u);
}

}  // namespace
