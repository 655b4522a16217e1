#include "cell.hpp"

#include "../repetition.hpp"

#include <hetmap/decisions.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace bench::routes {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr nanoseconds long_enough = std::chrono::microseconds(200);
constexpr std::size_t fewest_rounds = 4;

/// What is timed: a route over its columns.
struct course {
  route const& way;
  operands const& columns;
  /// The columns are brought to the GPU before each sample, which then is a single call: what
  /// another backend reads, it has to bring back. A second call would find both sides current.
  bool resident = false;

  /// `calls` calls of one contender.
  [[nodiscard]] nanoseconds time(hetmap::backend where, std::size_t calls) const {
    if (resident) {
      use(hetmap::backend::gpu);
      way.run(columns);
    }
    use(where);
    auto const began = clock::now();
    for (std::size_t k = 0; k != calls; ++k) way.run(columns);
    return clock::now() - began;
  }
};

std::vector<contender> fixed_contenders(course const& c) {
  hetmap::plan const plan = explain(c.way, c.columns);
  std::vector<contender> found;
  for (auto const& b : plan.candidates)
    if (b.unavailable == nullptr) found.push_back({.where = b.where, .name = name(b.where)});
  return found;
}

/// The backend of most calls with automatic choice since that decision. Trials are not choices, and
/// are all timed, of which other short calls are one in 64.
hetmap::backend chosen_since(std::uint64_t before, std::size_t elements) {
  std::map<hetmap::backend, std::size_t> calls;
  for (auto const& d : hetmap::decisions())
    if (d.number > before && d.plan.asked == hetmap::backend::automatic &&
        d.plan.elements == elements && !std::string_view(d.plan.reason).starts_with("a trial"))
      ++calls[d.plan.chosen];
  auto const most = std::ranges::max_element(calls, {}, [](auto const& c) { return c.second; });
  return most == calls.end() ? hetmap::backend::inherit : most->first;
}

std::uint64_t last_decision() {
  std::uint64_t last = 0;
  for (auto const& d : hetmap::decisions()) last = std::max(last, d.number);
  return last;
}

/// One contender's way through a cell.
struct turn {
  contender* who;
  repetition sample = {};
};

/// Finds how many calls make a sample. False if one call takes more than allowed.
bool get_ready(course const& c, turn& t, nanoseconds most) {
  auto const sample = [&](std::size_t calls) { return c.time(t.who->where, calls); };
  // The first call takes pages and threads; it alone says whether the size is out of reach.
  if (sample(1) > most) return false;
  t.sample = c.resident ? repetition{.calls = 1, .took = sample(1)}
                        : calls_per_sample(long_enough, sample);
  // One sample may be disturbed, and the fastest contender gets a second name by these.
  for (int again = 0; again != 2 && t.sample.took < most / 32; ++again)
    t.sample.took = std::min(t.sample.took, sample(t.sample.calls));
  return true;
}

void run_rounds(course const& c, std::vector<turn>& turns, std::size_t rounds) {
  for (std::size_t round = 0; round != rounds; ++round)
    for (std::size_t k = 0; k != turns.size(); ++k) {
      auto& [who, sample] = turns[(k + round / 2) % turns.size()];  // nobody is always first
      // A call that does not count, since another contender ran before it.
      if (sample.calls > 1) static_cast<void>(c.time(who->where, 1));
      auto const took = c.time(who->where, sample.calls);
      who->rounds.push_back(static_cast<double>(took.count()) / static_cast<double>(sample.calls));
    }
}

/// What a call took, in nanoseconds, in the best sample.
double a_call(repetition const& sample) {
  return static_cast<double>(sample.took.count()) / static_cast<double>(sample.calls);
}

}  // namespace

std::optional<double> cell::cost_of_choice() const {
  auto const by_name = std::ranges::find(fixed, chosen, &contender::where);
  if (by_name == fixed.end()) return {};
  return median(by_name->rounds) / median(fixed[best].rounds);
}

bool cell::is_right_choice(double cost) const { return cost <= std::max({1.01, noise, 1 / noise}); }

std::string record_name(kernel const& k, residency where) {
  return k.what->name + (where == residency::page_aligned ? "" : std::string("/") + name(where));
}

std::optional<cell> measure(kernel const& k, residency where, operands const& columns,
                            effort allowed) {
  course c{.way = k.over(where), .columns = columns};
  cell found{.name = record_name(k, where),
             .elements = columns.elements,
             .bytes = k.what->bytes(columns.elements),
             .fixed = fixed_contenders(c),
             .again = {},
             .automatic = {.where = hetmap::backend::automatic, .name = "auto"}};
  c.resident =
      where == residency::array &&
      std::ranges::find(found.fixed, hetmap::backend::gpu, &contender::where) != found.fixed.end();
  std::vector<turn> turns;
  for (auto& one : found.fixed) turns.push_back({&one});
  turns.push_back({&found.automatic});

  nanoseconds round{0};
  for (auto& t : turns) {
    if (!get_ready(c, t, allowed.most)) return {};
    round += t.sample.took;
  }
  auto const fastest = std::ranges::min_element(turns.begin(), turns.end() - 1, {},
                                                [](turn const& t) { return a_call(t.sample); });
  auto const original = static_cast<std::size_t>(fastest - turns.begin());
  found.again = {.where = fastest->who->where, .name = fastest->who->name + "-again"};
  turns.push_back({&found.again, fastest->sample});
  round += fastest->sample.took;

  std::size_t rounds = std::min<std::size_t>(
      allowed.rounds, static_cast<std::size_t>(allowed.most / std::max(round, nanoseconds{1})));
  rounds = std::max(rounds - rounds % 2, fewest_rounds);
  if (round * static_cast<nanoseconds::rep>(rounds) > 2 * allowed.most) return {};

  std::uint64_t const before = last_decision();
  run_rounds(c, turns, rounds);
  found.chosen = chosen_since(before, columns.elements);

  std::vector<round_times> times;
  for (auto const& one : found.fixed) times.push_back(one.rounds);
  found.best = fastest_of(times);
  found.regret = regret(found.automatic.rounds, times);
  found.noise = regret(found.again.rounds, std::span(times).subspan(original, 1));
  return found;
}

first_call time_first_call(kernel const& k, residency where, operands const& columns,
                           kernel const& before, operands const& columns_before) {
  constexpr auto automatic = hetmap::backend::automatic;
  auto const until_known = [](course const& c) {
    round_times seen;
    auto const began = clock::now();
    while (seen.size() < 5 ||
           (clock::now() - began < std::chrono::milliseconds(20) && seen.size() < 2000))
      seen.push_back(static_cast<double>(c.time(automatic, 1).count()));
    // What is learned in the first half is used in the second.
    return median({seen.begin() + static_cast<std::ptrdiff_t>(seen.size() / 2), seen.end()});
  };
  static_cast<void>(until_known({before.host, columns_before}));
  course const c{k.over(where), columns};
  auto const first = c.time(automatic, 1);
  return {.first_ns = static_cast<double>(first.count()), .warm_ns = until_known(c)};
}

}  // namespace bench::routes
