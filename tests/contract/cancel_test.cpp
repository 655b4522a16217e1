// A stop token ends a call: running calls of f finish, no further one starts.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>

#include <atomic>
#include <chrono>
#include <forward_list>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using int_function = std::function<int(int)>;

class CancelContract : public support::on_each_backend {
 protected:
  [[nodiscard]] hetmap::options stoppable() const {
    return {.backend = GetParam(), .chunk_size = 1, .stop = stop.get_token()};
  }
  std::stop_source stop;
};
INSTANTIATE_TEST_SUITE_P(On, CancelContract, support::each_backend(), support::backend_name);

TEST_P(CancelContract, AStopBeforeTheCallMeansNoCallAtAll) {
  stop.request_stop();
  std::atomic<int> calls{0};
  int_function const f = [&](int i) { return ++calls, i; };
  auto const x = support::indices(1000);
  try {
    hetmap::map(stoppable(), f, x);
    FAIL() << "nothing was thrown";
  } catch (hetmap::cancelled_error const& e) {
    EXPECT_EQ(e.done(), 0u);
    EXPECT_EQ(e.total(), 1000u);
    EXPECT_NE(std::string(e.what()).find("0 of 1000"), std::string::npos);
  }
  EXPECT_EQ(calls, 0);
}

TEST_P(CancelContract, AtMostOneFurtherCallAWorkerStarts) {
  std::atomic<bool> stopped{false};
  std::atomic<unsigned> further{0};
  int_function const f = [&](int i) {
    if (stopped) ++further;
    if (i == 20) {
      stopped = true;
      stop.request_stop();
    }
    std::this_thread::sleep_for(200us);
    return i;
  };
  auto const x = support::indices(10000);
  EXPECT_THROW(hetmap::map(stoppable(), f, x), hetmap::cancelled_error);
  EXPECT_LE(further, hetmap::explain(stoppable(), f, x).workers);
}

TEST_P(CancelContract, SlowElementsOfACallThatDoesNotChooseChunksAreStoppedAsSoon) {
  std::atomic<int> calls{0};
  auto const f = [&](int i) {
    if (++calls == 1) stop.request_stop();
    std::this_thread::sleep_for(1ms);
    return i;
  };
  hetmap::options const how{.backend = GetParam(), .workers = 2, .stop = stop.get_token()};
  EXPECT_THROW(hetmap::map(how, f, support::indices(100000)), hetmap::cancelled_error);
  EXPECT_LE(calls, 2);
}

TEST_P(CancelContract, AnotherThreadStopsTheCallPromptly) {
  std::atomic<int> calls{0};
  int_function const f = [&](int i) {
    ++calls;
    std::this_thread::sleep_for(1ms);
    return i;
  };
  auto const x = support::indices(100000);
  std::jthread const other([&] {
    support::soon([&] { return calls > 5; });
    stop.request_stop();
  });
  auto const began = std::chrono::steady_clock::now();
  EXPECT_THROW(hetmap::map(stoppable(), f, x), hetmap::cancelled_error);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TEST_P(CancelContract, TheCountOfDoneElementsIsThatOfFinalOnes) {
  std::size_t const n = 500;
  std::vector<int> out(n, -1);
  int_function const f = [&](int i) {
    if (i == 100) stop.request_stop();
    return i;
  };
  try {
    hetmap::map_into(stoppable(), out, f, support::indices(n));
    FAIL() << "nothing was thrown";
  } catch (hetmap::cancelled_error const& e) {
    std::size_t written = 0;
    for (std::size_t i = 0; i != n; ++i) {
      ASSERT_TRUE(out[i] == -1 || out[i] == static_cast<int>(i));
      written += out[i] != -1;
    }
    EXPECT_EQ(e.done(), written);
    EXPECT_EQ(e.total(), n);
    EXPECT_GE(e.done(), 1u);  // the call that asked to stop was allowed to finish
  }
}

TEST_P(CancelContract, AnInputReadInBatchesIsStoppedToo) {
  std::forward_list<int> x;
  for (int i = 4999; i >= 0; --i) x.push_front(i);
  std::atomic<bool> stopped{false};
  std::atomic<unsigned> further{0}, calls{0};
  int_function const f = [&](int i) {
    ++calls;
    if (stopped) ++further;
    if (i == 1000) {
      stopped = true;
      stop.request_stop();
    }
    return i;
  };
  try {
    hetmap::map(stoppable(), f, x);
    FAIL() << "nothing was thrown";
  } catch (hetmap::cancelled_error const& e) {
    EXPECT_EQ(e.done(), calls);
  }
  EXPECT_LE(further, hetmap::physical_cores());
}

TEST_P(CancelContract, AFailureComesBeforeTheStopThatItAskedFor) {
  int_function const f = [&](int i) {
    if (i != 0) return i;
    stop.request_stop();
    throw i;
  };
  EXPECT_THROW(hetmap::map(stoppable(), f, support::indices(1000)), int);
  EXPECT_EQ(hetmap::failed_index(), 0u);
}

TEST_P(CancelContract, AStopAfterTheLastElementComesTooLate) {
  auto const x = support::indices(100);
  std::atomic<int> calls{0};
  int_function const f = [&](int i) {
    if (++calls == 100) stop.request_stop();
    return i;
  };
  EXPECT_EQ(hetmap::map(stoppable(), f, x).size(), 100u);
}

TEST_P(CancelContract, NothingToDoIsDoneDespiteAStop) {
  stop.request_stop();
  int_function const f = [](int i) { return i; };
  EXPECT_TRUE(hetmap::map(stoppable(), f, std::vector<int>()).empty());
}

TEST_P(CancelContract, AnUnusedTokenChangesNothing) {
  int_function const f = [](int i) { return 2 * i; };
  EXPECT_EQ(hetmap::map(stoppable(), f, support::indices(1000))[999], 1998);
  EXPECT_EQ(hetmap::map({.backend = GetParam(), .stop = std::stop_token()}, f,
                        support::indices(1000))[999],
            1998);
}

TEST_P(CancelContract, ACallAfterACancelledOneIsRight) {
  int_function const f = [](int i) { return 2 * i; };
  stop.request_stop();
  EXPECT_THROW(hetmap::map(stoppable(), f, support::indices(1000)), hetmap::cancelled_error);
  EXPECT_EQ(hetmap::map(here(), f, support::indices(1000))[999], 1998);
}

}  // namespace
