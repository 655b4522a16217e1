// Every option a stream serves changes something; the others are refused.
#include "inputs.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>

#include <chrono>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using stream_tests::counting_input;

struct same {
  HETMAP_FN long operator()(long v) const { return v; }
};

TEST(StreamOptions, ZeroesAreRefusedBeforeTheInputIsTouched) {
  counting_input input;
  for (hetmap::options const& how :
       {hetmap::options{.workers = 0}, {.chunk_size = 0}, {.window = 0}, {.max_bytes = 0}}) {
    EXPECT_THROW(static_cast<void>(hetmap::imap(how, same{}, input)), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(hetmap::imap_unordered(how, same{}, input)),
                 hetmap::option_error);
    EXPECT_THROW(static_cast<void>(hetmap::istarmap(how, same{}, std::vector<std::tuple<long>>{})),
                 hetmap::option_error);
  }
  EXPECT_EQ(input.pulled(), 0u);
}

TEST(StreamOptions, WhatStreamsDoNotServeIsRefused) {
  auto const says = [](hetmap::options const& how) {
    return support::refusal<hetmap::option_error>(
        [&] { return hetmap::imap(how, same{}, std::views::iota(0L)); });
  };
  EXPECT_SAYS(says({.deadline = std::chrono::seconds(1)}), "deadline");
  EXPECT_SAYS(says({.host_copy = true}), "host_copy");
  auto s = hetmap::imap({.resume = true}, same{}, std::views::iota(0L));
  EXPECT_SAYS(support::refusal<hetmap::option_error>([&] { return s.next(); }), "resume");
  for (hetmap::options const& how : {hetmap::options{.backend = hetmap::backend::gpu},
                                     {.backend = hetmap::backend::gpu, .device = 1}})
    EXPECT_THROW(static_cast<void>(hetmap::imap(how, same{}, std::views::iota(0L))),
                 hetmap::device_unavailable);
}

TEST(StreamOptions, MaxBytesShrinksChunksAndWindow) {
  auto const bound = [](std::size_t max_bytes) {
    return hetmap::imap({.max_bytes = max_bytes}, same{}, counting_input()).memory_bound();
  };
  EXPECT_LE(bound(10'000), 10'000u);
  EXPECT_LE(bound(1'000'000), 1'000'000u);
  EXPECT_GT(bound(1'000'000), 500'000u);
  auto s = hetmap::imap({.max_bytes = 10'000}, same{}, counting_input(1000));
  long sum = 0;
  for (long const v : s) sum += v;
  EXPECT_EQ(sum, 499500);
}

TEST(StreamOptions, MaxBytesThatCannotBeKeptIsRefusedInBytes) {
  EXPECT_SAYS(support::refusal<hetmap::option_error>(
                  [] { return hetmap::imap({.max_bytes = 10}, same{}, counting_input()); }),
              "less than the");
  EXPECT_SAYS(support::refusal<hetmap::option_error>([] {
                return hetmap::imap({.chunk_size = 1'000'000, .window = 4, .max_bytes = 1'000'000},
                                    same{}, std::views::iota(0L));
              }),
              ".window and .chunk_size");
}

TEST(StreamOptions, MoreThanCanBeAddressedIsRefused) {
  for (std::size_t const many : {std::size_t{1} << 61, std::size_t{1} << 63, ~std::size_t{0}})
    for (hetmap::options const& how :
         {hetmap::options{.chunk_size = many}, hetmap::options{.window = many},
          hetmap::options{.chunk_size = many, .window = many}}) {
      EXPECT_SAYS(support::refusal<hetmap::option_error>(
                      [&] { return hetmap::imap(how, same{}, counting_input()); }),
                  "no machine has");
      // An input that knows its length needs no more than that.
      long sum = 0;
      for (long const v : hetmap::imap(how, same{}, std::views::iota(0L, 1000L))) sum += v;
      EXPECT_EQ(sum, 499500);
    }
}

TEST(StreamOptions, SerialRunsInTheConsumer) {
  auto const caller = std::this_thread::get_id();
  for (bool const there : hetmap::imap(
           {.backend = hetmap::backend::serial},
           [&](long) { return std::this_thread::get_id() == caller; }, std::views::iota(0L, 1000L)))
    EXPECT_TRUE(there);
  for (bool const there : hetmap::imap(
           {.backend = hetmap::backend::cpu},
           [&](long) { return std::this_thread::get_id() == caller; }, std::views::iota(0L, 1000L)))
    EXPECT_FALSE(there) << "the consumer consumes";
}

}  // namespace
