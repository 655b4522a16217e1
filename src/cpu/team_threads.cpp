#include "team.hpp"
#include "thread.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace hetmap::core {

void run_team_of_own_threads(unsigned lanes, void (*body)(void* context, unsigned lane),
                             void* context) {
  // Where the system gives fewer, those that there are do the rest.
  threads const others("hetmap", 1, lanes - 1, body, context);
  body(context, 0);
}

namespace {

struct posted_team {
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
  std::size_t unfinished = 0;
  bool withdrawn = false;

  static void run(task& self) noexcept {
    auto& mine = static_cast<lane&>(self);
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
};

}  // namespace

void run_team_on(workers& on, unsigned lanes, void (*body)(void* context, unsigned lane),
                 void* context) {
  bool const takes_part = on.own_this_thread();
  if (takes_part && lanes == 1) return body(context, 0);
  posted_team team{on, body, context, std::vector<posted_team::lane>(lanes)};
  team.unfinished = lanes;
  for (unsigned k = 0; k != lanes; ++k) {
    team.lanes[k].run = &posted_team::run;
    team.lanes[k].of = &team;
    team.lanes[k].number = k;
    if (k != 0) team.lanes[k].next = &team.lanes[k - 1];
  }
  on.post(team.lanes[lanes - 1], team.lanes[takes_part ? 1 : 0]);
  if (takes_part) posted_team::run(team.lanes[0]);
  std::unique_lock lock(team.guard);
  // Input that somebody waits for may hold the threads.
  workers::patience seen;
  while (!team.ended.wait_for(lock, workers::between_looks, [&] { return team.unfinished == 0; }))
    on.relieve(seen);
}

}  // namespace hetmap::core
