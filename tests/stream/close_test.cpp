// close(): no further pulls, what was pulled can be read, never a silent end.
#include "inputs.hpp"
#include "support/backends.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using stream_tests::counting_input;

class StreamClose : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, StreamClose, support::each_backend(), support::backend_name);

struct same {
  HETMAP_FN long operator()(long v) const { return v; }
};

TEST_P(StreamClose, WhatWasPulledComesThenClosedError) {
  counting_input input;
  auto s = hetmap::imap({.backend = GetParam(), .chunk_size = 4, .window = 3}, same{}, input);
  EXPECT_EQ(s.next(), 0);
  s.close();
  s.close();
  long expected = 1;
  try {
    while (auto const v = s.next()) ASSERT_EQ(*v, expected++);
    ADD_FAILURE() << "a silent end";
  } catch (hetmap::closed_error const&) {
    EXPECT_EQ(static_cast<std::size_t>(expected), input.pulled());
    EXPECT_LE(expected, 12);
  }
  EXPECT_THROW(static_cast<void>(s.next()), hetmap::closed_error);
}

TEST_P(StreamClose, AfterTheEndItIsTheEnd) {
  auto s = hetmap::imap({.backend = GetParam()}, same{}, std::vector{1L, 2L});
  while (s.next()) {
  }
  s.close();
  EXPECT_FALSE(s.next());
}

TEST_P(StreamClose, BeforeTheFirstPullNothingIsRead) {
  counting_input input;
  auto s = hetmap::imap({.backend = GetParam()}, same{}, input);
  s.close();
  EXPECT_THROW(static_cast<void>(s.begin()), hetmap::closed_error);
  EXPECT_EQ(input.pulled(), 0u);
}

TEST_P(StreamClose, FromAnotherThread) {
  auto s = hetmap::imap({.backend = GetParam(), .chunk_size = 1}, same{}, counting_input());
  EXPECT_EQ(s.next(), 0);
  std::jthread closer([&] {
    std::this_thread::sleep_for(5ms);
    s.close();
  });
  long expected = 1;
  try {
    while (auto const v = s.next()) ASSERT_EQ(*v, expected++);
    ADD_FAILURE() << "a silent end";
  } catch (hetmap::closed_error const&) {
  }
}

}  // namespace
