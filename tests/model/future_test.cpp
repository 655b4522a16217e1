// A future's state, which is run, cancelled and waited for at once: one of these gets it, and
// whoever is to be told is told once, and sees the result.
#include "pool/future_word.hpp"

#include "atomics.hpp"
#include "search.hpp"

#include <gtest/gtest.h>

namespace {

using namespace hetmap::model;
using state = hetmap::detail::future_state;
using hetmap::detail::claim_pending;
using hetmap::detail::future_watch;

/// One that waits, with its place on its own stack.
template <class Atomics>
struct watcher {
  typename Atomics::template plain<watcher*> previous{nullptr}, next{nullptr};
  typename Atomics::template plain<bool> listed{false};
  typename sound::atomic<unsigned> told{0};

  static void tell(watcher& self) {
    // Its own lock orders what it is told with; here nothing shall.
    require(self.told.fetch_add(1, std::memory_order_relaxed) == 0, "told twice");
  }
};

template <class Atomics>
struct continuation {
  typename Atomics::template plain<continuation*> next{nullptr};
  unsigned runs = 0;
};

/// What a thread does with the state.
enum class does { run, cancel, wait, give_up, follow };

template <class Atomics, does... Does>
struct future final : model {
  static constexpr unsigned threads = sizeof...(Does);

  using watcher_of = watcher<Atomics>;
  using continuation_of = continuation<Atomics>;

  typename Atomics::template atomic<unsigned> word{state::pending};
  typename Atomics::mutex guard;
  typename Atomics::template plain<watcher_of*> watchers{nullptr};
  typename Atomics::template plain<continuation_of*> continuations{nullptr};
  typename Atomics::template plain<unsigned> result{0};
  continuation_of followers[sizeof...(Does)];
  unsigned completions = 0;

  static constexpr does what[] = {Does...};

  auto watch() {
    return future_watch(
        word, [this]() -> auto& { return guard; }, watchers, continuations);
  }
  [[nodiscard]] bool done() {
    return (word.load(std::memory_order_acquire) & state::phases) >= state::with_value;
  }

  void thread(unsigned thread) override {
    switch (what[thread]) {
      case does::run:
        if (claim_pending(word, state::running)) complete(state::with_value);
        return;
      case does::cancel:
        if (claim_pending(word, state::dropping)) complete(state::without_running);
        return;
      case does::wait: return wait(true);
      case does::give_up: return wait(false);
      case does::follow:
        if (!watch().add_continuation(followers[thread])) run(followers[thread]);
    }
  }

  void complete(unsigned how) {
    require(++completions == 1, "both run and cancelled");
    result = how;
    auto* const last = watch().template complete<watcher_of, continuation_of>(how);
    if (last == nullptr) return;
    continuation_of* const first = last->next;
    last->next = nullptr;
    for (continuation_of* c = first; c != nullptr;) {
      continuation_of* const next = c->next;
      run(*c);
      c = next;
    }
  }
  void run(continuation_of& c) {
    require(++c.runs == 1, "a continuation runs twice");
    require_result();
  }

  // As future_state::wait_until().
  void wait(bool long_enough) {
    watcher_of me;
    if (watch().add(me)) {
      for (unsigned looks = 0; long_enough || looks != 1; ++looks) {
        if (me.told.load(std::memory_order_relaxed) != 0) break;
        yield();
      }
      watch().remove(me);
    }
    bool const is_done = done();
    require(is_done || !long_enough, "told of what is not done");
    if (is_done) require_result();
  }
  void require_result() {
    unsigned const how = result;
    require(how == state::with_value || how == state::without_running, "done without a result");
  }

  void after() override {
    require(completions == 1, "not completed");
    for (unsigned k = 0; k != sizeof...(Does); ++k)
      require(what[k] != does::follow || followers[k].runs == 1, "a continuation never ran");
  }
};

template <fault Fault, text Where, does... Does>
using mutant = future<atomics<Fault, Where>, Does...>;

TEST(Model, AFutureIsEitherRunOrCancelled) {
  using enum does;
  expect_sound<future<sound, run, cancel>>("run, cancel", every);
  expect_sound<future<sound, run, run, cancel>>("run by two, cancel", every);
  expect_caught<mutant<fault::torn, "claim_pending", run, cancel>>("claimed in two steps",
                                                                   switches(2));
}

TEST(Model, WhoeverWaitsForAFutureIsToldOnceAndSeesTheResult) {
  using enum does;
  expect_sound<future<sound, run, wait>>("run, wait", every);
  expect_sound<future<sound, run, give_up>>("run, wait and give up", every);
  expect_sound<future<sound, run, cancel, wait>>("run, cancel, wait", switches(3));
  expect_sound<future<sound, run, wait, wait>>("run, wait by two", switches(3));
  expect_sound<future<sound, run, wait, give_up>>("run, wait, wait and give up", switches(3));

  expect_caught<mutant<fault::torn, "is_done", run, wait>>("asked in two steps", switches(2));
  expect_caught<mutant<fault::torn, "complete", run, wait>>("completed in two steps", switches(2));
  expect_caught<mutant<fault::missing, "is_done", run, wait>>("not asked to be told", switches(2));
  expect_caught<mutant<fault::no_release, "complete", run, wait>>("completing releases nothing",
                                                                  switches(2));
  expect_caught<mutant<fault::no_acquire, "done", run, wait>>("done acquires nothing", switches(2));
  expect_caught<mutant<fault::unguarded, "", run, wait, give_up>>("no lock", switches(3));
}

TEST(Model, AContinuationOfAFutureRunsOnceAndSeesTheResult) {
  using enum does;
  expect_sound<future<sound, run, follow>>("run, follow", every);
  expect_sound<future<sound, run, cancel, follow>>("run, cancel, follow", switches(3));
  expect_sound<future<sound, run, follow, follow>>("run, follow by two", switches(3));
  expect_sound<future<sound, run, follow, wait>>("run, follow, wait", switches(3));

  expect_caught<mutant<fault::torn, "is_done", run, follow>>("asked in two steps", switches(2));
  expect_caught<mutant<fault::torn, "complete", run, follow>>("completed in two steps",
                                                              switches(2));
  expect_caught<mutant<fault::no_acquire, "is_done", run, follow>>("asking acquires nothing",
                                                                   switches(2));
  expect_caught<mutant<fault::unguarded, "", run, follow, follow>>("no lock", switches(2));
}

}  // namespace
