// Streams that end in a sink: one line, bounded, resumable; what was complete stays readable.
#include "inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/generate.hpp>
#include <hetmap/imap.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/raw.hpp>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <list>
#include <optional>
#include <ranges>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace npy = hetmap::npy;
using stream_tests::counting_input;

struct twice {
  template <class T>
  HETMAP_FN double operator()(T v) const {
    return 2 * static_cast<double>(v);
  }
};

class Sinks : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string file(std::string const& name) const { return folder_ + "/" + name; }

  std::string const folder_ = testing::TempDir() + "hetmap_sinks_" + std::to_string(getpid());
};

void expect_doubled(std::string const& path, std::size_t n) {
  npy::mapped<double> const y(path);
  ASSERT_EQ(y.size(), n);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y.data()[i], 2.0 * static_cast<double>(i));
}

TEST_F(Sinks, AFileThroughAKernelIntoAFile) {
  std::vector<double> x(100'000);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<double>(i);
  npy::write(file("x.npy"), x);
  std::size_t reported = 0;
  EXPECT_EQ(hetmap::imap({.max_bytes = 100'000,
                          .progress = [&](hetmap::progress const& p) { reported = p.done; }},
                         twice{}, npy::reader<double>(file("x.npy"))) |
                npy::save(file("y.npy")),
            x.size());
  EXPECT_EQ(reported, x.size());
  expect_doubled(file("y.npy"), x.size());
}

TEST_F(Sinks, ShapesAreKept) {
  EXPECT_EQ(hetmap::imap(twice{}, std::views::iota(0, 24)) | npy::save(file("y.npy"), {0, 3, 4}),
            24u);
  EXPECT_EQ(npy::inspect(file("y.npy")).shape, (std::vector<std::size_t>{2, 3, 4}));
  EXPECT_THROW(hetmap::imap(twice{}, std::views::iota(0, 25)) | npy::save(file("y.npy"), {0, 3, 4}),
               hetmap::size_error);
  EXPECT_EQ(npy::inspect(file("y.npy")).shape, (std::vector<std::size_t>{2, 3, 4}))
      << "whole rows stay readable";
  EXPECT_EQ(hetmap::imap(twice{}, std::vector<double>{}) | npy::save(file("y.npy")), 0u);
  EXPECT_EQ(npy::inspect(file("y.npy")).shape, (std::vector<std::size_t>{0}));
}

TEST_F(Sinks, AFailureLeavesWhatWasCompleteAndAResumedRunGoesOn) {
  std::atomic<int> calls{0};
  bool broken = true;
  std::function<double(long)> const f = [&](long i) {
    ++calls;
    if (broken && i == 577) throw std::runtime_error("577");
    return 2.0 * static_cast<double>(i);
  };
  EXPECT_THROW(hetmap::imap({.chunk_size = 10}, f, counting_input(1000)) | npy::save(file("y.npy")),
               std::runtime_error);
  EXPECT_EQ(hetmap::failed_index(), 577u);
  expect_doubled(file("y.npy"), 577);
  broken = false;
  for (bool const again : {false, true}) {
    calls = 0;
    std::size_t first = 0;
    EXPECT_EQ(hetmap::imap({.chunk_size = 10,
                            .progress =
                                [&](hetmap::progress const& p) {
                                  if (first == 0) first = p.done;
                                },
                            .resume = true},
                           f, counting_input(1000)) |
                  npy::save(file("y.npy")),
              1000u);
    EXPECT_EQ(calls, again ? 0 : 423);
    EXPECT_GE(first, 577u);
    expect_doubled(file("y.npy"), 1000);
  }
}

TEST_F(Sinks, AResumedRunStartsWhereThereIsNothing) {
  EXPECT_EQ(
      hetmap::imap({.resume = true}, twice{}, std::views::iota(0, 50)) | npy::save(file("y.npy")),
      50u);
  expect_doubled(file("y.npy"), 50);
}

TEST_F(Sinks, EverySourceResumes) {
  auto const resumes = [&](auto&& input) {
    hetmap::imap(twice{}, std::views::iota(0, 33)) | npy::save(file("y.npy"));
    hetmap::imap({.resume = true}, twice{}, std::forward<decltype(input)>(input)) |
        npy::save(file("y.npy"));
    expect_doubled(file("y.npy"), 200);
  };
  std::vector<double> x(200);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<double>(i);
  npy::write(file("x.npy"), x);
  resumes(x);
  resumes(std::views::iota(0, 200));
  resumes(std::list<double>(x.begin(), x.end()));
  resumes(counting_input(200));
  resumes(npy::reader<double>(file("x.npy")));
  resumes(npy::mapped<double>(file("x.npy")));
}

TEST_F(Sinks, WhatCannotBeResumedIsRefused) {
  npy::write(file("y.npy"), std::vector<float>{1, 2, 3});
  auto const resume = [&](std::vector<std::size_t> shape) {
    return hetmap::imap({.resume = true}, twice{}, std::views::iota(0, 2)) |
           npy::save(file("y.npy"), std::move(shape));
  };
  EXPECT_THROW(resume({}), npy::format_error) << "another type";
  npy::write(file("y.npy"), std::vector<double>{1, 2, 3});
  EXPECT_THROW(resume({0, 3}), npy::format_error) << "other rows";
  EXPECT_THROW(resume({}), npy::format_error) << "more than will come";
  std::ofstream(file("y.npy")) << "no such file";
  EXPECT_THROW(resume({}), npy::format_error);
  EXPECT_EQ(std::filesystem::file_size(file("y.npy")), 12u) << "it is not touched";
}

TEST_F(Sinks, AFullDiskRaises) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  try {
    hetmap::imap(twice{}, std::views::iota(0, 100'000)) | npy::save("/dev/full");
    ADD_FAILURE() << "nothing was thrown";
  } catch (hetmap::io_error const& e) {
    EXPECT_EQ(e.code(), ENOSPC);
  }
  EXPECT_THROW(hetmap::imap(twice{}, std::views::iota(0, 10)) | hetmap::raw::save("/dev/full"),
               hetmap::io_error);
}

TEST_F(Sinks, AFileSizeLimitLeavesWholeElements) {
  // In a process of its own: the limit, and the signal that it sends, are the process's.
  pid_t const child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit const limit{100'000, 100'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      // Serial: a forked process may not start threads under every sanitizer.
      hetmap::imap({.backend = hetmap::backend::serial, .chunk_size = 1000}, twice{},
                   std::views::iota(0, 100'000)) |
          npy::save(file("y.npy"));
      _exit(1);
    } catch (hetmap::io_error const& e) {
      _exit(e.code() == EFBIG ? 0 : 2);
    }
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  expect_doubled(file("y.npy"), 12'000);
}

TEST_F(Sinks, AClosedPipeRaisesInsteadOfASignal) {
  ASSERT_EQ(mkfifo(file("pipe").c_str(), 0600), 0);
  std::jthread reader([&] {
    int const d = open(file("pipe").c_str(), O_RDONLY);
    char some[100];
    static_cast<void>(!read(d, some, sizeof some));
    close(d);
  });
  try {
    hetmap::imap({.chunk_size = 100'000}, twice{}, std::views::iota(0, 10'000'000)) |
        npy::save(file("pipe"));
    ADD_FAILURE() << "nothing was thrown";
  } catch (hetmap::io_error const& e) {
    EXPECT_EQ(e.code(), EPIPE);
  }
}

TEST_F(Sinks, APipeTakesAStreamOfKnownLength) {
  ASSERT_EQ(mkfifo(file("pipe").c_str(), 0600), 0);
  std::vector<double> got;
  std::jthread reader([&] {
    for (double const v : npy::reader<double>(file("pipe"))) got.push_back(v);
  });
  EXPECT_EQ(hetmap::imap(twice{}, std::views::iota(0, 1000)) | npy::save(file("pipe")), 1000u);
  reader.join();
  ASSERT_EQ(got.size(), 1000u);
  EXPECT_EQ(got[999], 1998);
}

TEST_F(Sinks, APipeRefusesAStreamOfUnknownLength) {
  ASSERT_EQ(mkfifo(file("pipe").c_str(), 0600), 0);
  int const d = open(file("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  EXPECT_THROW(hetmap::imap(twice{}, counting_input(7)) | npy::save(file("pipe")),
               hetmap::io_error);
  close(d);
}

TEST_F(Sinks, RawBytes) {
  EXPECT_EQ(hetmap::imap(twice{}, std::views::iota(0, 40)) | hetmap::raw::save(file("y.bin")), 40u);
  EXPECT_EQ(hetmap::imap({.resume = true}, twice{}, std::views::iota(0, 100)) |
                hetmap::raw::save(file("y.bin")),
            100u);
  double expected = 0;
  for (double const v : hetmap::raw::reader<double>(file("y.bin"))) EXPECT_EQ(v, 2 * expected++);
  EXPECT_EQ(expected, 100);
}

TEST_F(Sinks, AnyFunctionOfASpan) {
  double sum = 0;
  EXPECT_EQ(hetmap::imap(twice{}, std::views::iota(0, 1000)) |
                hetmap::each([&](std::span<double const> block) {
                  for (double const v : block) sum += v;
                }),
            1000u);
  EXPECT_EQ(sum, 999000);
}

/// Throws when it is opened, written to, or finished.
struct broken_sink {
  int at;

  template <class R>
  std::size_t open(hetmap::sink_start const&) {
    return at == 0 ? throw 1 : 0u;
  }
  template <class R>
  void write(std::span<R const>) {
    if (at == 1) throw 1;
  }
  void finish() {
    if (at == 2) throw 1;
  }
  void abandon() noexcept {}
};

TEST_F(Sinks, WhatTheyThrowIsNoElementsFailure) {
  auto const x = std::views::iota(0, 100);
  auto const failing = [](int i) { return i == 31 ? throw i : i; };
  auto const index_after = [&](auto call) {
    EXPECT_THROW(hetmap::imap(failing, x) | broken_sink{3}, int);
    EXPECT_EQ(hetmap::failed_index(), 31u);
    EXPECT_ANY_THROW(call());
    return hetmap::failed_index();
  };
  auto const nothing = std::optional<std::size_t>();
  for (int const at : {0, 1, 2})
    EXPECT_EQ(index_after([&] { hetmap::imap(twice{}, x) | broken_sink{at}; }), nothing) << at;
  EXPECT_EQ(index_after([&] { hetmap::imap(twice{}, x) | hetmap::each([](auto) { throw 1; }); }),
            nothing);
  std::ofstream(file("short.npy")) << "abc";
  EXPECT_EQ(index_after([&] { npy::reader<double> const r(file("none.npy")); }), nothing);
  EXPECT_EQ(index_after([&] { npy::reader<double> const r(file("short.npy")); }), nothing);
  EXPECT_EQ(index_after([&] { npy::mapped<double> const m(file("short.npy")); }), nothing);
  EXPECT_EQ(index_after([&] { hetmap::raw::reader<char> const r(file("short.npy"), 4); }), nothing);
  EXPECT_EQ(index_after([&] { hetmap::raw::reader<char> const r("/dev/null"); }), nothing);
  EXPECT_EQ(index_after([&] { npy::write(file("y.npy"), std::vector<double>(6), {7}); }), nothing);
  EXPECT_EQ(index_after([&] {
              hetmap::imap(twice{}, x) | npy::save(file("y.npy"), {7, 7});
            }),
            nothing);
  hetmap::imap(twice{}, x) | hetmap::raw::save(file("y.raw"));
  EXPECT_EQ(index_after([&] {
              hetmap::imap({.resume = true}, twice{}, x | std::views::take(10)) |
                  hetmap::raw::save(file("y.raw"));
            }),
            nothing);
}

TEST_F(Sinks, AGeneratorIsASource) {
  int next = 0;
  auto const source = [&]() -> std::optional<int> {
    return next == 100 ? std::nullopt : std::optional(next++);
  };
  double sum = 0;
  for (double const v : hetmap::imap(twice{}, hetmap::generate(source))) sum += v;
  EXPECT_EQ(sum, 9900);
  int endless = 0;
  auto s = hetmap::imap({.chunk_size = 2, .window = 2}, twice{},
                        hetmap::generate([&] { return endless++; }));
  for (int i = 0; i != 10; ++i) EXPECT_EQ(s.next(), 2.0 * i);
}

}  // namespace
