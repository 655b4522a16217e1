// Every option a stream serves changes something; the others are refused.
#include "inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>

#include <ranges>
#include <string>
#include <thread>
#include <vector>

namespace {

using stream_tests::counting_input;

struct same {
  HETMAP_FN long operator()(long v) const { return v; }
};

template <class Call>
std::string refusal(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (hetmap::option_error const& e) {
    return e.what();
  }
  return "";
}

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
    return refusal([&] { return hetmap::imap(how, same{}, std::views::iota(0L)); });
  };
  EXPECT_NE(says({.deadline = std::chrono::seconds(1)}).find("deadline"), std::string::npos);
  EXPECT_NE(says({.host_copy = true}).find("host_copy"), std::string::npos);
  auto s = hetmap::imap({.resume = true}, same{}, std::views::iota(0L));
  EXPECT_NE(refusal([&] { return s.next(); }).find("resume"), std::string::npos);
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
  EXPECT_NE(refusal([] {
              return hetmap::imap({.max_bytes = 10}, same{}, counting_input());
            }).find("less than the"),
            std::string::npos);
  EXPECT_NE(refusal([] {
              return hetmap::imap({.chunk_size = 1'000'000, .window = 4, .max_bytes = 1'000'000},
                                  same{}, std::views::iota(0L));
            }).find(".window and .chunk_size"),
            std::string::npos);
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
