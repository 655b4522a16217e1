#include "search.hpp"

#include "relacy_parts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace hetmap::model {
namespace {

searched current{};

/// The model to be searched, as Relacy wants it.
template <unsigned Threads>
struct suite : rl::test_suite<suite<Threads>, static_cast<rl::thread_id_t>(Threads)> {
  model* made = current.make(current.room);

  ~suite() { current.end(made); }
  void thread(unsigned number) { made->thread(number); }
  void after() { made->after(); }
};

struct finding {
  rl::test_result_e result;
  unsigned long executions;
  double seconds;
  std::string trace;
};

template <class Suite>
rl::test_result_e run(rl::test_params& params, rl::ostringstream& state) {
  constexpr auto threads = Suite::params::thread_count;
  switch (params.search_type) {
    case rl::sched_full:
      return rl::run_test<Suite, rl::full_search_scheduler<threads>>(params, state, false);
    case rl::sched_bound:
      return rl::run_test<Suite, rl::context_bound_scheduler<threads>>(params, state, false);
    default: return rl::run_test<Suite, rl::random_scheduler<threads>>(params, state, false);
  }
}

template <class Suite>
finding search(scheduler how, bool traced) {
  // Relacy writes to these while its own operator new is in force.
  rl::ostringstream trace, progress, state, again;
  rl::test_params params;
  params.output_stream = &trace;
  params.progress_stream = &progress;
  params.search_type = how.kind == scheduler::full    ? rl::sched_full
                       : how.kind == scheduler::bound ? rl::sched_bound
                                                      : rl::sched_random;
  params.context_bound = how.count;
  params.iteration_count = how.count;
  auto const began = std::chrono::steady_clock::now();
  rl::test_result_e const result = run<Suite>(params, state);
  std::chrono::duration<double> const taken = std::chrono::steady_clock::now() - began;
  auto const executions = static_cast<unsigned long>(params.stop_iteration);
  if (result != rl::test_result_success && traced) {
    // The same execution once more, with what happened in it.
    params.initial_state = state.str();
    params.collect_history = true;
    static_cast<void>(run<Suite>(params, again));
  }
  return {result, executions, taken.count(), std::string(trace.str().c_str()).substr(0, 50'000)};
}

finding found_in(searched what, char const* prefix, char const* name, scheduler how, bool traced) {
  current = what;
  finding const found =
      what.threads == 2 ? search<suite<2>>(how, traced) : search<suite<3>>(how, traced);
  std::string kind = how.kind == scheduler::full ? "full" : "random";
  if (how.kind == scheduler::bound) kind = "bound " + std::to_string(how.count);
  std::printf("%-60s %u threads  %-8s %9lu executions %6.2f s  %s\n",
              std::string(prefix).append(name).c_str(), what.threads, kind.c_str(),
              found.executions, found.seconds, rl::test_result_str(found.result));
  return found;
}

}  // namespace

void expect_sound(searched what, char const* name, scheduler how) {
  finding const found = found_in(what, "", name, how, true);
  EXPECT_EQ(found.result, rl::test_result_success) << found.trace;
}

void expect_caught(searched what, char const* fault, scheduler how) {
  finding const found = found_in(what, "  mutant: ", fault, how, false);
  EXPECT_NE(found.result, rl::test_result_success) << fault << ": nothing failed";
}

}  // namespace hetmap::model
