// Options: refused before anything happens when they are wrong, obeyed when they are right.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

// Erased, so that bodies are compiled once and not into every clone of the loop.
using int_function = std::function<int(int)>;
using block_function = std::function<void(std::span<int const>, std::span<int>)>;

/// An array that notices whenever somebody looks at it.
template <class T>
class noticing {
 public:
  explicit noticing(T value) : values_(10, value) {}
  T* begin() const { return look(), first(); }
  T* end() const { return look(), first() + values_.size(); }
  T* data() const { return look(), first(); }
  std::size_t size() const { return look(), values_.size(); }
  [[nodiscard]] int looks() const { return looks_; }

 private:
  void look() const { ++looks_; }
  T* first() const { return const_cast<T*>(values_.data()); }
  std::vector<T> values_;
  mutable int looks_ = 0;
};

/// Calls `call(f, in, rows, out)` and says whether any of them was touched; what it throws goes on.
template <class Call>
bool touches(Call call, std::exception_ptr& thrown) {
  int calls = 0;
  noticing<int> in(1), out(0);
  noticing<std::pair<int, int>> rows({1, 2});
  try {
    call(calls, in, rows, out);
  } catch (...) {
    thrown = std::current_exception();
  }
  return calls != 0 || in.looks() != 0 || rows.looks() != 0 || out.looks() != 0;
}

hetmap::collect_options collecting(hetmap::options const& o) {
  return {.backend = o.backend,
          .workers = o.workers,
          .chunk_size = o.chunk_size,
          .window = o.window,
          .max_bytes = o.max_bytes,
          .errors = hetmap::collect,
          .device = o.device,
          .deadline = o.deadline,
          .resume = o.resume,
          .host_copy = o.host_copy};
}

/// Calls every verb with `how`, and expects each to throw an option_error that says `text`, with
/// nothing touched.
void every_verb_refuses(hetmap::options const& how, std::string const& text) {
  auto const refused = [&](char const* verb, auto call) {
    SCOPED_TRACE(verb);
    std::exception_ptr thrown;
    EXPECT_FALSE(touches(call, thrown));
    ASSERT_NE(thrown, nullptr) << "nothing was thrown";
    try {
      std::rethrow_exception(thrown);
    } catch (hetmap::option_error const& e) {
      EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
      EXPECT_EQ(std::string(e.what()).find(verb), 0u) << e.what();
    } catch (...) {
      ADD_FAILURE() << "not an option_error";
    }
  };
  auto const one = [](int& calls) -> int_function { return [&](int i) { return ++calls, i; }; };
  auto const two = [](int& calls) -> std::function<int(int, int)> {
    return [&](int i, int) { return ++calls, i; };
  };
  auto const twin = [](int& calls) -> std::function<std::pair<int, int>(int)> {
    return [&](int i) { return ++calls, std::pair(i, i); };
  };
  auto const block = [](int& calls) -> block_function {
    return [&](std::span<int const>, std::span<int>) { ++calls; };
  };
  auto const collect = collecting(how);
  refused("map", [&](int& c, auto& in, auto&, auto&) { hetmap::map(how, one(c), in); });
  refused("map", [&](int& c, auto& in, auto&, auto&) { hetmap::map(collect, one(c), in); });
  refused("map_into",
          [&](int& c, auto& in, auto&, auto& out) { hetmap::map_into(how, out, one(c), in); });
  refused("starmap", [&](int& c, auto&, auto& rows, auto&) { hetmap::starmap(how, two(c), rows); });
  refused("starmap",
          [&](int& c, auto&, auto& rows, auto&) { hetmap::starmap(collect, two(c), rows); });
  refused("starmap_into", [&](int& c, auto&, auto& rows, auto& out) {
    hetmap::starmap_into(how, out, two(c), rows);
  });
  refused("map_columns",
          [&](int& c, auto& in, auto&, auto&) { hetmap::map_columns(how, twin(c), in); });
  refused("map_blocks",
          [&](int& c, auto& in, auto&, auto& out) { hetmap::map_blocks(how, block(c), out, in); });
  refused("map", [&](int& c, auto& in, auto&, auto&) {
    static_cast<void>(hetmap::explain(how, one(c), in));
  });
}

TEST(OptionsContract, ZeroIsRefusedOnEveryVerb) {
  for (hetmap::backend const b : support::backends) {
    every_verb_refuses({.backend = b, .workers = 0}, "workers");
    every_verb_refuses({.backend = b, .chunk_size = 0}, "chunk_size");
    every_verb_refuses({.backend = b, .window = 0}, "window");
  }
}

TEST(OptionsContract, ZeroIsAnInvalidArgument) {
  EXPECT_THROW(hetmap::map(
                   {.chunk_size = 0}, [](int i) { return i; }, std::vector{1}),
               std::invalid_argument);
}

TEST(OptionsContract, WhatAVerbDoesNotServeIsRefusedByName) {
  every_verb_refuses({.window = 4}, ".window");
  every_verb_refuses({.max_bytes = 1 << 20}, ".max_bytes");
  every_verb_refuses({.deadline = std::chrono::seconds(1)}, ".deadline");
  every_verb_refuses({.resume = true}, ".resume");
  every_verb_refuses({.host_copy = true}, ".host_copy");
}

TEST(OptionsContract, OptionsAreNeverTakenForTheFunction) {
  std::vector<int> const x{1, 2, 3};
  std::vector<int> out(3);
  auto const greedy = [](auto const&... all) { return static_cast<int>(sizeof...(all)); };
  auto const rows = std::vector<std::pair<int, int>>(3, {1, 2});
  auto const check = [&](auto&& how) {
    using how_t = decltype(how);
    EXPECT_EQ(hetmap::map(std::forward<how_t>(how), greedy, x)[2], 1);
    EXPECT_EQ(hetmap::map(std::forward<how_t>(how), greedy, x, x)[2], 2);
    EXPECT_EQ(hetmap::starmap(std::forward<how_t>(how), greedy, rows)[2], 2);
    hetmap::map_into(std::forward<how_t>(how), out, greedy, x);
    EXPECT_EQ(out[2], 1);
    hetmap::starmap_into(std::forward<how_t>(how), out, greedy, rows);
    EXPECT_EQ(out[2], 2);
    EXPECT_EQ(hetmap::explain(std::forward<how_t>(how), greedy, x).elements, 3u);
  };
  hetmap::options changeable;
  hetmap::options const constant;
  check(changeable);
  check(constant);
  check(hetmap::options{});
  check(std::move(constant));
  hetmap::collect_options failures{.errors = hetmap::collect};
  EXPECT_EQ(hetmap::map(failures, greedy, x)[2].value(), 1);
  EXPECT_EQ(hetmap::map(std::as_const(failures), greedy, x)[2].value(), 1);
  EXPECT_EQ(hetmap::map({}, greedy, x)[2], 1);
  auto const inspect = [](hetmap::options const& o) { return o.reproducible; };
  EXPECT_FALSE(hetmap::map(inspect, std::vector<hetmap::options>(3))[2]);  // as data they are data
}

class OptionsOnBackends : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, OptionsOnBackends, support::each_backend(), support::backend_name);

TEST_P(OptionsOnBackends, WorkersBoundTheCallsAtOnce) {
  auto const x = support::indices(64);
  for (unsigned const workers : {1u, 2u, 3u}) {
    support::concurrency_meter meter;
    std::set<std::thread::id> threads;
    std::mutex guard;
    std::function<void(int)> const f = [&](int) {
      support::concurrency_meter::call const running(meter);
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      std::lock_guard const lock(guard);
      threads.insert(std::this_thread::get_id());
    };
    hetmap::map({.backend = GetParam(), .workers = workers, .chunk_size = 1}, f, x);
    EXPECT_LE(meter.peak(), static_cast<int>(workers));
    if (workers == 1 || here_is(hetmap::backend::serial)) {
      EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
    }
  }
}

TEST_P(OptionsOnBackends, ChunksAreHandedOutWhole) {
  std::size_t const n = 10000;
  for (std::size_t const c : support::sizes({100, 64, 999})) {
    std::vector<std::thread::id> by(n);
    std::function<void(int)> const f = [&](int i) {
      by[static_cast<std::size_t>(i)] = std::this_thread::get_id();
      if (i % 50 == 0) std::this_thread::sleep_for(std::chrono::microseconds(20));
    };
    hetmap::map({.backend = GetParam(), .chunk_size = c}, f, support::indices(n));
    for (std::size_t i = 1; i != n; ++i)
      if (i % c != 0) {
        ASSERT_EQ(by[i], by[i - 1]) << i << " in chunks of " << c;
      }
  }
}

TEST_P(OptionsOnBackends, ThePlanShowsWhatWasAsked) {
  int_function const f = [](int i) { return i; };
  auto const x = support::indices(100000);
  auto const p = hetmap::explain(
      {.backend = GetParam(), .workers = 1, .chunk_size = 123, .reproducible = true}, f, x);
  EXPECT_EQ(p.asked, GetParam());
  EXPECT_EQ(p.workers, 1u);
  EXPECT_EQ(p.chunk_elements, 123u);
  EXPECT_TRUE(p.reproducible);
  EXPECT_EQ(hetmap::explain(here(), f, x).workers > 1,
            GetParam() != hetmap::backend::serial && hetmap::physical_cores() > 1);
}

class AbsentBackend : public testing::TestWithParam<hetmap::backend> {};
INSTANTIATE_TEST_SUITE_P(Is, AbsentBackend,
                         testing::Values(hetmap::backend::gpu, hetmap::backend::hybrid),
                         support::backend_name);

TEST_P(AbsentBackend, ThrowsWithAReasonAndTouchesNothing) {
  hetmap::options const how{.backend = GetParam()};
  int calls = 0;
  int_function const f = [&](int i) { return ++calls, i; };
  for (std::size_t const n : support::sizes({0, 1, 10000})) {
    auto const x = support::indices(n);
    std::vector<int> out(n, -1);
    EXPECT_THROW(hetmap::map_into(how, out, f, x), hetmap::device_unavailable);
    EXPECT_EQ(out, std::vector<int>(n, -1));
    EXPECT_THROW(hetmap::map(how, f, std::list<int>(x.begin(), x.end())),
                 hetmap::device_unavailable);
    EXPECT_THROW(static_cast<void>(hetmap::explain(how, f, x)), hetmap::device_unavailable);
    block_function const block = [&](std::span<int const>, std::span<int>) { ++calls; };
    EXPECT_THROW(hetmap::map_blocks(how, block, out, x), hetmap::device_unavailable);
    std::function<std::pair<int, int>(int)> const twin = [&](int i) {
      return ++calls, std::pair(i, i);
    };
    EXPECT_THROW(hetmap::map_columns(how, twin, x), hetmap::device_unavailable);
    try {
      hetmap::map(how, f, x);
      FAIL() << "nothing was thrown";
    } catch (hetmap::device_unavailable const& e) {
      std::string const text = e.what();
      EXPECT_NE(text.find(hetmap::name(GetParam())), std::string::npos) << text;
      EXPECT_NE(text.find("GPU"), std::string::npos) << text;
      EXPECT_NE(text.find("use "), std::string::npos) << text << ": says what to do";
    }
  }
  EXPECT_EQ(calls, 0);
}

TEST(OptionsContract, BackendsHaveNamesThatReadBack) {
  using enum hetmap::backend;
  for (auto const b : {automatic, serial, cpu, gpu, hybrid})
    EXPECT_EQ(hetmap::backend_from_name(hetmap::name(b)), b);
  for (char const* const wrong : {"", "inherit", "GPU", "cuda", "cpu "}) {
    try {
      static_cast<void>(hetmap::backend_from_name(wrong, "--backend"));
      ADD_FAILURE() << wrong << " was accepted";
    } catch (hetmap::option_error const& e) {
      std::string const text = e.what();
      EXPECT_NE(text.find("--backend"), std::string::npos);
      for (char const* const valid : {"auto", "serial", "cpu", "gpu", "hybrid"})
        EXPECT_NE(text.find(valid), std::string::npos) << text;
    }
  }
}

TEST(OptionsContract, TimeLimitsTakeAnyDuration) {
  EXPECT_DOUBLE_EQ(hetmap::time_limit(std::chrono::milliseconds(1500)).seconds(), 1.5);
  EXPECT_DOUBLE_EQ(hetmap::time_limit(std::chrono::minutes(2)).seconds(), 120);
}

}  // namespace
