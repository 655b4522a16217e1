#include "../base/thread.hpp"
#include "team.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace hetmap::core {

void run_team_of_own_threads(unsigned lanes, void (*body)(void* context, unsigned lane),
                             void* context) {
  struct attended {
    void (*body)(void*, unsigned);
    void* context;
  } team{body, context};
  lanes_end others(&team);
  // Where the system gives fewer, those that there are do the rest.
  threads more(
      "hetmap", 1, lanes - 1,
      [](void* c, unsigned k) {
        auto const& t = *static_cast<attended*>(c);
        doing const here(&t);
        t.body(t.context, k);
      },
      &team);
  body(context, 0);
  waiting const here(others);
  more.join();
}

namespace {

struct posted_team : lanes_end {
  struct lane : task {
    posted_team* of = nullptr;
    unsigned number = 0;
  };

  workers& on;
  void (*body)(void*, unsigned);
  void* context;
  std::vector<lane> lanes;
  std::mutex guard{};
  std::condition_variable ended{};
  std::size_t unfinished;
  bool withdrawn = false;

  posted_team(workers& w, void (*b)(void*, unsigned), void* c, unsigned count)
      : lanes_end(this), on(w), body(b), context(c), lanes(count), unfinished(count) {}

  /// Lanes that have begun do all of it, unless one of them is held up; else one has to be begun.
  bool goes_on(waiters& all) override {
    if (all.hold_up(this)) return false;
    auto const comes = [&](lane& l) { return !on.queues(l) && !all.hold_up(&l); };
    return std::any_of(lanes.begin(), lanes.end(), comes) || all.serve(on);
  }
  bool take(waiters& all, serving_team*& from, task*& item) override {
    if (all.hold_up(this)) return false;
    from = &on;
    item = &lanes.front();
    return on.withdraw(lanes.front());
  }

  static void run(task& self) noexcept {
    auto& mine = static_cast<lane&>(self);
    doing const here(mine.of);
    mine.of->body(mine.of->context, mine.number);
    mine.of->end_lane();
  }

  void end_lane() noexcept {
    std::lock_guard const lock(guard);
    --unfinished;
    // One lane's end means that nothing is left for those that have not begun.
    if (!std::exchange(withdrawn, true))
      for (lane& l : lanes)
        if (on.withdraw(l)) --unfinished;
    if (unfinished == 0) ended.notify_one();
  }

  bool has_ended() {
    std::lock_guard const lock(guard);
    return unfinished == 0;
  }
  void wait() {
    std::unique_lock lock(guard);
    // Input that somebody waits for may hold the threads.
    workers::patience seen;
    while (!ended.wait_for(lock, workers::between_looks, [this] { return unfinished == 0; }))
      on.relieve(seen);
  }
};

}  // namespace

void run_team_on(workers& on, unsigned lanes, void (*body)(void* context, unsigned lane),
                 void* context) {
  bool const takes_part = on.own_this_thread();
  if (takes_part && lanes == 1) return body(context, 0);
  posted_team team(on, body, context, lanes);
  for (unsigned k = 0; k != lanes; ++k) {
    team.lanes[k].run = &posted_team::run;
    team.lanes[k].of = &team;
    team.lanes[k].number = k;
    if (k != 0) team.lanes[k].next = &team.lanes[k - 1];
  }
  on.post(team.lanes[lanes - 1], team.lanes[takes_part ? 1 : 0]);
  if (takes_part) posted_team::run(team.lanes[0]);
  if (team.has_ended()) return;
  // A call that waits for its pool's threads is held up by nothing that holds up only this thread:
  // who waits for these threads sees them.
  if (does_only(&on)) return team.wait();
  waiting const here(team);
  team.wait();
}

}  // namespace hetmap::core
