// Forks and ends of processes that are busy, for process_end_test.cpp to judge by the exit status:
// 0 for a task that found everything right; "exit" tasks end with 7.
//
//   process_end_child fork LOAD | fork-stream | fork-future | exit WHO VERB | exit-under LOAD
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <ranges>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

// Never destroyed: threads go on when static objects are gone.
auto const& serially = *new hetmap::options{.backend = hetmap::backend::serial};
auto const& on_cpu = *new hetmap::options{.backend = hetmap::backend::cpu};

double twice(double v) { return 2 * v; }
// Never destroyed, since others are inside when the process ends; and made before main, since a
// child could find the guard of a local one taken.
std::vector<double> const& all_numbers = *new std::vector<double>(50'000, 1.0);
std::vector<double> const& numbers() { return all_numbers; }

template <int N>
struct plus_n {
  int operator()(int i) const { return i + N; }
};
template <int N>
bool maps(hetmap::options const& how, int n) {
  auto const y = hetmap::map(how, plus_n<N>{}, std::views::iota(0, n));
  return y.size() == static_cast<std::size_t>(n) && y[y.size() - 1] == n - 1 + N;
}

// What another thread does all the time; each takes other locks of the process.
using load = bool (*)(unsigned);
struct named_load {
  char const* name;
  load run;
};
constexpr named_load loads[] = {
    // 128 KiB and more, of several size classes: the cache of blocks.
    {"blocks",
     [](unsigned k) { return maps<1>(serially, (1 << 17) + 4096 * static_cast<int>(k % 3)); }},
    // Through a pointer: the costs are looked up at every call.
    {"rates",
     [](unsigned) {
       return hetmap::map(serially, twice,
                          std::views::iota(0, 3) | std::views::transform(twice))[1] == 4;
     }},
    {"lanes", [](unsigned) { return hetmap::map(on_cpu, twice, numbers())[7] == 2; }},
    {"streams",
     [](unsigned) {
       double sum = 0;
       for (double const v : hetmap::imap({.chunk_size = 500}, twice, numbers())) sum += v;
       return sum == 1e5;
     }},
    {"futures",
     [](unsigned) {
       std::vector<hetmap::future<int>> all;
       for (int i = 0; i != 20; ++i)
         all.push_back(
             hetmap::default_pool().submit([i] { return i; }).then([](int j) { return j; }));
       int sum = 0;
       for (auto& done : hetmap::as_completed(all)) sum += done.get();
       return sum == 190;
     }},
    {"pools", [](unsigned) { return hetmap::pool(2).map(twice, numbers())[7] == 2; }},
    {"arrays",
     [](unsigned) {
       hetmap::array<int> a(std::vector<int>(100, 1));
       return hetmap::map(plus_n<2>{}, a).host()[99] == 3;
     }},
    {"plans",
     [](unsigned) {
       return hetmap::explain(plus_n<3>{},
                              numbers() | std::views::transform([](double) { return 1; }))
                  .elements == 50'000;
     }},
};

load load_named(std::string_view name) {
  for (named_load const& l : loads)
    if (l.name == name) return l.run;
  std::exit(2);
}

bool all_loads() {
  for (named_load const& l : loads)
    if (!l.run(1)) return false;
  return true;
}

/// Forks again and again while two threads do the same, first calls included.
int fork_under(load work) {
  std::atomic<bool> over{false};
  std::vector<std::thread> others;
  for (unsigned t = 0; t != 2; ++t)
    others.emplace_back([&, t] {
      for (unsigned k = t; !over; ++k)
        if (!work(k)) std::_Exit(3);
    });
  int wrong = 0;
  for (int i = 0; i != 30 && wrong == 0; ++i) {
    pid_t const child = fork();
    if (child == 0) {
      alarm(10);
      _exit(work(1) && all_loads() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) {
      std::printf("fork %d: a child ends with status %#x\n", i, static_cast<unsigned>(status));
      wrong = 1;
    }
  }
  over = true;
  for (std::thread& t : others) t.join();
  return wrong;
}

template <class Act>
bool is_refused(Act act) {
  try {
    act();
  } catch (hetmap::broken_pool_error const&) {
    return true;
  }
  std::printf("not refused\n");
  return false;
}

/// 0 if `act` returns true in a forked child, which it leaves by a return: all is destroyed there.
template <class Act>
int in_child(Act act) {
  std::fflush(stdout);
  pid_t const child = fork();
  if (child == 0) {
    alarm(10);
    return act() ? 0 : 1;
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0 ? 0 : 1;
}

/// A stream that is read in part, then in a child.
int fork_stream() {
  std::list<int> const input(1000, 1);
  auto const slowly = [](int i) {
    std::this_thread::sleep_for(100us);
    return i;
  };
  auto ordered = hetmap::imap({.chunk_size = 1}, slowly, input);
  hetmap::pool pool(2);
  auto on_pool = pool.imap_unordered({.chunk_size = 1}, slowly, input);
  auto serial = hetmap::imap(serially, slowly, input);
  if (!ordered.next() || !on_pool.next() || !serial.next()) return 1;
  return in_child([&] {
    ordered.close();
    return is_refused([&] { static_cast<void>(ordered.next()); }) &&
           is_refused([&] { static_cast<void>(on_pool.next(10ms)); }) && serial.next() == 1 &&
           maps<1>(on_cpu, 1000);
  });
}

/// Futures that a child has of its parent's pool: what is done can be had, the rest is refused.
int fork_future() {
  hetmap::pool pool(1);
  std::atomic<bool> begun{false}, go{false};
  auto const done = pool.submit([] { return 3; });
  done.wait();
  auto const running = pool.submit([&] {
    begun = true;
    while (!go) std::this_thread::sleep_for(1ms);
    return 4;
  });
  while (!begun) std::this_thread::sleep_for(1ms);
  std::vector<hetmap::future<int>> const queued{pool.submit([] { return 5; })};
  auto const after = queued[0].then([](int i) { return i; });
  int const failed = in_child([&]() -> bool {
    bool const right =
        done.get() == 3 && is_refused([&] { static_cast<void>(running.get()); }) &&
        is_refused([&] { static_cast<void>(running.get(10ms)); }) &&
        is_refused([&] { static_cast<void>(after.get()); }) &&
        is_refused([&] { static_cast<void>(hetmap::wait(queued)); }) &&
        is_refused([&] { static_cast<void>(hetmap::as_completed(queued).begin()); }) &&
        is_refused([&] { static_cast<void>(pool.submit([] { return 6; })); }) && !running.ready() &&
        !running.cancel() && queued[0].cancel() && queued[0].cancelled() &&
        done.then([](int i) { return i + 1; }).get() == 4;
    if (!right) std::fflush(stdout);
    _exit(right ? 0 : 1);  // `go` is never set here
  });
  go = true;
  return failed != 0 || after.get() != 5 ? 1 : 0;
}

// -- exit ------------------------------------------------------------------------------------

/// Maps before main has begun to use anything, and when all is over.
struct early_and_late {
  hetmap::vector<double> kept = hetmap::map(twice, numbers());
  ~early_and_late() {
    if (hetmap::map(on_cpu, twice, numbers()) != kept) _exit(9);
    double sum = 0;
    for (double const v : hetmap::imap(twice, numbers())) sum += v;
    if (sum != 1e5 || hetmap::default_pool().submit([] { return 1; }).get() != 1) _exit(9);
  }
};

std::thread::id caller;
bool by_caller = false;
std::atomic<bool> leaving{false};

/// exit(7), by the thread that called or by another one; the others go on for a while.
int leave(int i) {
  if ((std::this_thread::get_id() == caller) == by_caller && i % 50 > 5 && !leaving.exchange(true))
    std::exit(7);
  std::this_thread::sleep_for(100us);
  return i;
}

int exit_in(std::string_view verb) {
  static early_and_late const object;
  std::atexit([] { static_cast<void>(hetmap::map(on_cpu, twice, numbers())); });
  caller = std::this_thread::get_id();
  auto const input = std::views::iota(0, 10'000);
  if (verb == "map") {
    static_cast<void>(hetmap::map(on_cpu, leave, input));
  } else if (verb == "reduce") {
    static_cast<void>(hetmap::map_reduce(on_cpu, leave, std::plus<>{}, 0, input));
  } else if (verb == "nested") {
    auto const inner = [&](int) { return hetmap::map(on_cpu, leave, input)[0]; };
    static_cast<void>(hetmap::map(on_cpu, inner, std::views::iota(0, 8)));
  } else if (verb == "imap") {
    for (int const v : hetmap::imap(leave, input)) static_cast<void>(v);
  } else if (verb == "pool") {
    static_cast<void>(hetmap::default_pool().map(leave, input));
  } else if (verb == "submit") {
    hetmap::default_pool().submit([] { leave(6); }).get();
  }
  return 8;  // nobody left: no such thread took part
}

/// main returns while another thread goes on.
int return_under(load work) {
  static early_and_late const object;
  for (int t = 0; t != 2; ++t)
    std::thread([work] {
      for (unsigned k = 0;; ++k) work(k);
    }).detach();
  std::this_thread::sleep_for(3ms);
  return 7;
}

int run(std::string_view task, std::string_view which, std::string_view verb) {
  if (task == "fork") return fork_under(load_named(which));
  if (task == "fork-stream") return fork_stream();
  if (task == "fork-future") return fork_future();
  if (task == "exit-under") return return_under(load_named(which));
  if (task == "exit") {
    by_caller = which == "caller";
    return exit_in(verb);
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  return run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "", argc > 3 ? argv[3] : "");
}
