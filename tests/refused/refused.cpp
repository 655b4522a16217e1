// Whatever the system refuses, a call throws what says so or gives the right answer; nothing leaks,
// nothing hangs, and the next call works.
//
// For every verb the k-th request for memory, a mapping, a thread or a file is refused, for every k
// until none is: alone, or with all that come after it; in calls of a process that has used the
// verb before, and in the first call of a process.
//
//   refused [VERB]
#include "refusing.hpp"
#include "support/sanitizers.hpp"
#include "verbs.hpp"

#include <hetmap/error.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

namespace {

using refusing::mode;
using refusing::verb;

constexpr unsigned limit_seconds = 4;  // for one call

verb const* doing = nullptr;
long refused = 0;  // k
mode how = mode::only;
bool first = false;
int failures = 0;

void say(char const* what, char const* more = "") {
  std::fprintf(stderr, "FAIL: %s, %s call, %s request %ld: %s %s\n", doing->name,
               first ? "first" : "later", how == mode::only ? "without" : "from", refused, what,
               more);
  ++failures;
}
void hung(int) {
  refusing::disarm();
  say("hangs");
  _exit(3);
}
[[noreturn]] void terminated() {
  refusing::disarm();
  char const* what = "";
  try {
    if (std::current_exception()) throw;
  } catch (std::exception const& e) {
    what = e.what();
  } catch (...) {
  }
  say("std::terminate", what);
  _exit(4);
}

/// A call, right or refused by an exception that says so.
void call(bool (*right)()) {
  char const* wrong = nullptr;
  std::string other;
  try {
    if (!right()) wrong = "wrong results";
  } catch (std::bad_alloc const&) {
  } catch (std::system_error const&) {
  } catch (hetmap::io_error const&) {
  } catch (std::exception const& e) {
    refusing::disarm();
    wrong = "throws something else:";
    other = e.what();
  } catch (...) {
    wrong = "throws something that is no std::exception";
  }
  refusing::disarm();
  if (wrong != nullptr) say(wrong, other.c_str());
}

void call_again(bool (*right)()) {
  try {
    if (!right()) say("the next call gives wrong results");
  } catch (std::exception const& e) {
    say("the next call throws", e.what());
  }
}

/// The lowest descriptor that is free: it rises when one is leaked.
int free_descriptor() {
  int const d = dup(0);
  close(d);
  return d;
}

/// Whether the process comes back to so many blocks, once threads that end have ended.
bool comes_back_to(long blocks) {
  for (int tries = 0; tries != 50; ++tries) {
    if (refusing::live_blocks() <= blocks) return true;
    std::this_thread::sleep_for(std::chrono::microseconds(tries < 40 ? 50 : 5000));
  }
  return false;
}

/// The refusal once; how many requests were refused.
long refuse_once(verb const& v) {
  alarm(limit_seconds);
  refusing::arm(refused, how);
  call(v.right);
  long const count = refusing::disarm();
  call_again(v.right);
  return count;
}

/// Every k in a process that has made such calls. Returns how many requests were refused.
long refuse_later_calls(verb const& v) {
  first = false;
  long total = 0;
  for (int k = 0; k != 5; ++k) call_again(v.right);
  for (mode const m : {mode::only, mode::from}) {
    how = m;
    for (refused = 1;; ++refused) {
      long const blocks = refusing::live_blocks();
      int const descriptor = free_descriptor();
      long const count = refuse_once(v);
      total += count;
      if (free_descriptor() != descriptor) say("leaks a file descriptor");
      if (!comes_back_to(blocks)) {
        // What is kept for later calls is kept once; a leak comes again.
        int again = 0;
        for (int round = 0; round != 4; ++round) {
          long const before = refusing::live_blocks();
          refuse_once(v);
          again += !comes_back_to(before);
        }
        if (again == 4) say("leaks memory");
      }
      if (count == 0) break;
      if (failures > 20) return total;
    }
  }
  return total;
}

/// Every k in the first call of a process: each in a child that is forked for it. Returns how many
/// refusals there were.
long refuse_first_calls(verb const& v) {
  first = true;
  long total = 0;
  for (mode const m : {mode::only, mode::from}) {
    how = m;
    for (refused = 1;; ++refused) {
      std::fflush(stderr);
      pid_t const child = fork();
      if (child == 0) {
        failures = 0;
        bool const any = refuse_once(v) != 0;
        _exit(failures != 0 ? 1 : any ? 0 : 10);
      }
      int status = 0;
      waitpid(child, &status, 0);
      if (WIFEXITED(status) && WEXITSTATUS(status) == 10) break;
      if (status != 0) {
        if (WIFSIGNALED(status))
          say("killed by signal", std::to_string(WTERMSIG(status)).c_str());
        else
          ++failures;
        if (failures > 20) return total;
      }
      ++total;
    }
  }
  return total;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGALRM, hung);
  std::set_terminate(terminated);
  refusing::make_inputs();
  bool const only_first = argc > 2 && std::strcmp(argv[2], "first") == 0;
  // A sanitizer takes its time for a fork.
  bool const only_later =
      (argc == 1 && support::sanitized) || (argc > 2 && std::strcmp(argv[2], "later") == 0);
  auto const chosen = [&](verb const& v) {
    return argc < 2 || argv[1][0] == '\0' || std::strcmp(v.name, argv[1]) == 0;
  };
  auto const began = std::chrono::steady_clock::now();
  auto const seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  if (argc > 3) {  // one refusal, in this process: for a debugger
    for (verb const& v : refusing::verbs())
      if (chosen(v)) {
        doing = &v;
        how = std::strcmp(argv[2], "from") == 0 ? mode::from : mode::only;
        refused = std::atol(argv[3]);
        first = true;
        refuse_once(v);
      }
    return failures;
  }
  long in_first = 0;
  long in_later = 0;
  // First calls come first: this process has not used the library until they are done.
  for (verb const& v : refusing::verbs())
    if (chosen(v) && !only_later && (v.first || argc > 1)) {
      doing = &v;
      long const count = refuse_first_calls(v);
      if (argc > 2) std::printf("%-40s first %ld, %.1f s\n", v.name, count, seconds());
      in_first += count;
    }
  for (verb const& v : refusing::verbs())
    if (chosen(v) && !only_first) {
      doing = &v;
      std::fflush(stdout);
      long const count = refuse_later_calls(v);
      if (argc > 2) std::printf("%-40s later %ld, %.1f s\n", v.name, count, seconds());
      in_later += count;
    }
  std::printf(
      "%zu verbs: %ld requests refused in later calls, %ld first calls refused, %d failures, %.1f "
      "s\n",
      refusing::verbs().size(), in_later, in_first, failures, seconds());
  return failures != 0;
}
