// What hangs ends the program, which names the test, instead of waiting for whoever runs it.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include <unistd.h>

namespace support {

/// While one exists, the program has so many seconds.
class no_hang {
 public:
  explicit no_hang(unsigned seconds) {
    std::signal(SIGALRM, [](int) {
      static char const text[] = "this test hangs\n";
      static_cast<void>(!write(STDERR_FILENO, text, sizeof text - 1));
      _exit(3);
    });
    alarm(seconds);
  }
  ~no_hang() { alarm(0); }
  no_hang(no_hang const&) = delete;
  no_hang& operator=(no_hang const&) = delete;
};

}  // namespace support
