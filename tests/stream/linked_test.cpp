// Streams that wait for each other: inputs that block, functions that wait, all on the same few
// workers. Whatever waits for a worker gets one.
#include "support/calls.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <iterator>
#include <latch>
#include <mutex>
#include <optional>
#include <ranges>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

/// Numbers from one thread to another, and their end.
class queue {
 public:
  void push(long v) {
    std::lock_guard const lock(guard_);
    waiting_.push_back(v);
    changed_.notify_one();
  }
  void close() {
    std::lock_guard const lock(guard_);
    closed_ = true;
    changed_.notify_all();
  }
  std::optional<long> pop() {
    std::unique_lock lock(guard_);
    changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    long const v = waiting_.front();
    waiting_.pop_front();
    return v;
  }

 private:
  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<long> waiting_;
  bool closed_ = false;
};

auto popping(queue& from) {
  return hetmap::generate([&from] { return from.pop(); });
}

/// Threads of this process.
std::ptrdiff_t threads_now() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

/// A chain of so many stages, each made by stage(input) and read by a thread of its own, the last
/// one first, so that those that wait are there before what they wait for.
template <class Stage>
void run_chain(std::size_t stages, long n, Stage const& stage) {
  std::vector<queue> links(stages);
  std::vector<std::jthread> readers;
  for (std::size_t k = stages; k-- != 1;)
    readers.emplace_back([&, k] {
      auto input = popping(links[k - 1]);
      auto stream = stage(input);
      while (auto const v = stream.next()) links[k].push(*v);
      links[k].close();
    });
  std::this_thread::sleep_for(50ms);
  readers.emplace_back([&] {
    auto input = std::views::iota(0L, n);
    auto stream = stage(input);
    while (auto const v = stream.next()) links[0].push(*v);
    links[0].close();
  });
  long got = 0, sum = 0;
  while (auto const v = links.back().pop()) ++got, sum += *v;
  EXPECT_EQ(got, n);
  EXPECT_EQ(sum, n * (n - 1) / 2 + n * static_cast<long>(stages));
}

struct plus_one {
  long operator()(long v) const { return v + 1; }
};

TEST(LinkedStreams, MoreStagesThanWorkersThatWaitForEachOther) {
  std::size_t const cores = hetmap::physical_cores();
  for (std::size_t const stages : {cores, cores + 1, 3 * cores + 2}) {
    run_chain(stages, 2000, [](auto& in) { return hetmap::imap(plus_one{}, in); });
    run_chain(stages, 500, [](auto& in) {
      return hetmap::imap({.chunk_size = 1, .window = 1}, plus_one{}, in);
    });
    run_chain(stages, 2000, [](auto& in) { return hetmap::imap_unordered(plus_one{}, in); });
  }
}

TEST(LinkedStreams, OnAPoolWithFewerWorkersThanStages) {
  for (unsigned const workers : {1u, 2u, 3u}) {
    hetmap::pool pool(workers);
    support::concurrency_meter meter;
    auto const f = [&](long v) {
      support::concurrency_meter::call const here(meter);
      return v + 1;
    };
    run_chain(workers + 2, 2000, [&](auto& in) { return pool.imap(f, in); });
    run_chain(workers + 1, 300,
              [&](auto& in) { return pool.imap_unordered({.chunk_size = 1, .window = 2}, f, in); });
    EXPECT_LE(meter.peak(), static_cast<int>(workers)) << "a pool of N runs N calls at once";
  }
}

TEST(LinkedStreams, OtherWorkOfAPoolDoesNotWaitForTheInputOfAStream) {
  hetmap::pool pool(2);
  queue one, two, result;
  std::vector<std::jthread> readers;
  for (queue* const q : {&one, &two})
    readers.emplace_back([&pool, q, &result] {
      auto input = popping(*q);
      for (long const v : pool.imap(plus_one{}, input)) result.push(v);
    });
  std::this_thread::sleep_for(50ms);  // both workers wait for the queues
  EXPECT_EQ(pool.submit(plus_one{}, 1L).get(10s), 2);
  EXPECT_EQ(pool.submit(plus_one{}, 1L).get(), 2);
  EXPECT_EQ(pool.map(plus_one{}, std::vector{1L, 2L})[1], 3);
  EXPECT_EQ(pool.map_async(plus_one{}, std::vector{1L, 2L}).get()[1], 3);
  auto last = pool.submit(plus_one{}, 7L);
  for (auto& done : hetmap::as_completed(std::vector{last})) one.push(done.get());
  EXPECT_EQ(result.pop(), 9);
  one.close();
  two.close();
}

TEST(LinkedStreams, WorkBehindAnInputThatWaitsIsDoneHoweverItIsWaitedFor) {
  using work = hetmap::future<long>;
  std::vector<std::function<void(hetmap::pool&, work)>> const ways{
      [](auto&, work f) { f.wait(); },
      [](auto&, work f) { EXPECT_TRUE(f.wait(10s)); },
      [](auto&, work f) { EXPECT_EQ(hetmap::wait(std::vector{f}).done.size(), 1u); },
      [](auto&, work f) {
        auto const when = hetmap::return_when::first_completed;
        EXPECT_GE(hetmap::wait(std::vector{f, f.then(plus_one{})}, when, 10s).done.size(), 1u);
      },
      [](auto&, work f) {
        for (auto& done : hetmap::as_completed(std::vector{f})) EXPECT_EQ(done.get(), 2);
      },
      [](auto&, work f) { EXPECT_EQ(f.then(plus_one{}).then(plus_one{}).get(), 4); },
      [](hetmap::pool& pool, work) {
        pool.close();
        pool.join();
      }};
  for (std::size_t k = 0; k != ways.size(); ++k) {
    SCOPED_TRACE(k);
    hetmap::pool pool(1);
    queue waits;
    auto input = popping(waits);
    auto results = pool.imap(plus_one{}, input);
    EXPECT_THROW(static_cast<void>(results.next(20ms)), hetmap::timeout_error);
    // What the input waits for comes of that work.
    auto const f = pool.submit([&] {
      waits.push(1);
      return 2L;
    });
    ways[k](pool, f);
    waits.close();
  }
}

TEST(LinkedStreams, AnEndlessStreamLetsOthersHaveItsWorkers) {
  hetmap::pool pool(1);
  std::atomic<bool> over{false};
  std::jthread reader([&] {
    for (long const v : pool.imap(plus_one{}, std::views::iota(0L)))
      if (over || v < 0) break;
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(pool.submit(plus_one{}, 1L).get(10s), 2);
  auto s = pool.imap(plus_one{}, std::views::iota(0L, 100'000L));
  for (long i = 0; i != 100'000; ++i) ASSERT_EQ(s.next(10s), i + 1);
  over = true;
}

TEST(LinkedStreams, AnotherStreamsProgressIsWhatAFunctionWaitsFor) {
  // Of the process's own workers all are held by functions that wait.
  std::latch go(1);
  std::vector<std::jthread> readers;
  for (unsigned k = 0; k != hetmap::physical_cores() + 1; ++k)
    readers.emplace_back([&] {
      for (long const v :
           hetmap::imap([&](long i) { return go.wait(), i; }, std::views::iota(0L, 100L)))
        ASSERT_GE(v, 0);
    });
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(hetmap::imap(plus_one{}, std::views::iota(0L, 10L)).next(30s), 1);
  go.count_down();
}

TEST(LinkedStreams, AConsumerInAnotherStreamsFunction) {
  queue numbers;
  std::jthread feeder([&] {
    std::this_thread::sleep_for(50ms);
    for (long const v : hetmap::imap(plus_one{}, std::views::iota(0L, 1000L))) numbers.push(v);
    numbers.close();
  });
  std::size_t const n = 2 * hetmap::physical_cores();
  std::size_t got = 0;
  for (std::size_t const count : hetmap::imap(
           [&](std::size_t) {
             std::size_t mine = 0;
             auto input = popping(numbers);
             for (long const v : hetmap::imap({.chunk_size = 1}, plus_one{}, input)) mine += v != 0;
             return mine;
           },
           std::views::iota(std::size_t{0}, n)))
    got += count;
  EXPECT_EQ(got, 1000u);
}

TEST(LinkedStreams, AStreamAsTheInputOfAnother) {
  hetmap::pool pool(1);
  queue numbers;
  std::jthread feeder([&] {
    for (long i = 0; i != 200; ++i) {
      if (i % 50 == 0) {
        std::this_thread::sleep_for(10ms);
        EXPECT_EQ(pool.submit(plus_one{}, 1L).get(10s), 2);
      }
      numbers.push(i);
    }
    numbers.close();
  });
  // The worker reads the outer stream's input, which is a stream that it computes itself.
  long expected = 3;
  for (long const v :
       pool.imap({.chunk_size = 1}, plus_one{},
                 pool.imap({.chunk_size = 1}, plus_one{}, pool.imap(plus_one{}, popping(numbers)))))
    EXPECT_EQ(v, expected++);
  EXPECT_EQ(expected, 203);
}

TEST(LinkedStreams, ThreadsInAdditionAreGoneAfterwards) {
  static_cast<void>(hetmap::imap(plus_one{}, std::views::iota(0L, 10L)).next());  // the workers
  auto const before = threads_now();
  run_chain(3 * hetmap::physical_cores(), 100,
            [](auto& in) { return hetmap::imap(plus_one{}, in); });
  EXPECT_TRUE(support::soon([&] { return threads_now() <= before; })) << threads_now() - before;
}

TEST(LinkedStreams, NoThreadIsAddedWhereNoneWaitsForAWorker) {
  hetmap::pool pool(2);
  auto const before = threads_now();
  std::ptrdiff_t most = before;
  queue numbers;
  std::jthread feeder([&] {
    for (long i = 0; i != 40; ++i) {
      std::this_thread::sleep_for(5ms);
      numbers.push(i);
    }
    numbers.close();
  });
  auto input = popping(numbers);
  for (long const v : pool.imap({.chunk_size = 1}, plus_one{}, input)) {
    EXPECT_GT(v, 0);
    most = std::max(most, threads_now());
  }
  EXPECT_LE(most, before + 1) << "the feeder";
}

}  // namespace
