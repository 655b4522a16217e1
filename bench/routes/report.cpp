#include "report.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

namespace bench::routes {
namespace {

/// The regret that is allowed (docs/design.md, Regret); cells above it are listed.
constexpr double bearable = 1.08;
constexpr std::size_t most_listed = 20;

constexpr std::array contenders{hetmap::backend::serial, hetmap::backend::cpu, hetmap::backend::gpu,
                                hetmap::backend::hybrid, hetmap::backend::automatic};

std::string duration(double ns) {
  for (char const* unit : {"ns", "us", "ms"}) {
    if (ns < 999.5) return fmt::format("{:.3g} {}", ns, unit);
    ns /= 1000;
  }
  return fmt::format("{:.3g} s", ns);
}

/// Neighbours of one name, which are the sizes of one kernel over one kind of data.
std::vector<std::span<cell const>> by_name(std::span<cell const> cells) {
  std::vector<std::span<cell const>> found;
  for (std::size_t begin = 0; begin != cells.size();) {
    std::size_t end = begin;
    while (end != cells.size() && cells[end].name == cells[begin].name) ++end;
    found.push_back(cells.subspan(begin, end - begin));
    begin = end;
  }
  return found;
}

std::size_t longest_name(std::span<cell const> cells) {
  std::size_t longest = 0;
  for (cell const& c : cells) longest = std::max(longest, c.name.size());
  return longest;
}

template <class Value>
std::vector<double> values_of(std::span<cell const> cells, Value value) {
  std::vector<double> found;
  std::ranges::transform(cells, std::back_inserter(found), value);
  return found;
}

std::string ratio(double r) { return r == 0 ? "-" : fmt::format("{:.2f}", r); }

std::string regret_row(std::string const& title, std::size_t width, std::span<cell const> cells) {
  spread const regrets = spread_of(values_of(cells, [](cell const& c) { return c.regret; }));
  spread const noise = spread_of(values_of(cells, [](cell const& c) { return c.noise; }));
  spread const first = spread_of(values_of(
      cells, [](cell const& c) { return c.first ? c.first->first_ns / c.first->warm_ns : 0; }));
  spread const later = spread_of(values_of(
      cells, [](cell const& c) { return c.first ? c.first->first_ns - c.first->warm_ns : 0; }));
  cell const& worst = cells[regrets.worst_one];
  return fmt::format("{:<{}}{:>6}{:>8}{:>8}{:>11}{:>9}{:>8}{:>8}{:>9}{:>11}\n", title, width,
                     regrets.count, ratio(regrets.median), ratio(regrets.worst), worst.elements,
                     worst.fixed[worst.best].name, ratio(noise.median), ratio(noise.worst),
                     ratio(first.worst), later.worst > 0 ? duration(later.worst) : "-");
}

/// The cells that are not bearable, the worst one first, and how many first calls are too slow.
std::string failings(std::span<cell const> cells) {
  std::vector<cell const*> over;
  for (cell const& c : cells)
    if (c.regret > bearable) over.push_back(&c);
  std::ranges::sort(over, std::greater<>{}, &cell::regret);
  spread const noise = spread_of(values_of(cells, [](cell const& c) { return c.noise; }));
  auto const beyond =
      std::ranges::count_if(over, [&](cell const* c) { return c->regret > noise.worst; });
  std::string text = fmt::format("{} of {} cells above {}, {} of them above the worst A/A too\n",
                                 over.size(), cells.size(), bearable, beyond);
  for (cell const* c : std::span(over).first(std::min(over.size(), most_listed)))
    fmt::format_to(std::back_inserter(text),
                   "  {} of {}: {:.2f} (A/A {:.2f}), {} under auto, {} under {}\n", c->name,
                   c->elements, c->regret, c->noise, duration(median(c->automatic.rounds)),
                   duration(median(c->fixed[c->best].rounds)), c->fixed[c->best].name);
  if (over.size() > most_listed) text += fmt::format("  and {} more\n", over.size() - most_listed);
  auto const measured =
      std::ranges::count_if(cells, [](cell const& c) { return c.first.has_value(); });
  auto const slow = std::ranges::count_if(cells, [](cell const& c) {
    return c.first && c.first->first_ns > 2 * c.first->warm_ns + 30e3;
  });
  if (measured != 0)
    text += fmt::format("{} of {} first calls took more than twice the later one and 30 us\n", slow,
                        measured);
  return text;
}

/// Backends in the order of the columns.
contender const* find(cell const& c, hetmap::backend where) {
  if (where == hetmap::backend::automatic) return &c.automatic;
  auto const found = std::ranges::find(c.fixed, where, &contender::where);
  return found == c.fixed.end() ? nullptr : &*found;
}

std::string json_list(std::vector<std::string> const& records) {
  return fmt::format("[\n{}\n]\n", fmt::join(records, ",\n"));
}

std::string quoted(std::string const& text) {
  std::string found = "'";
  for (char const c : text) found.append(c == '\'' ? 2 : 1, c);
  return found + "'";
}

}  // namespace

std::string regret_table(std::span<cell const> cells) {
  std::size_t const width = longest_name(cells);
  std::string text = fmt::format(
      "Regret: time(auto) / time(fastest fixed backend), chosen on one half of the rounds and "
      "scored "
      "on the other.\nA/A: the same of a fixed backend, mostly the fastest one, against itself "
      "under another name.\n"
      "{:<{}}{:>6}{:>8}{:>8}{:>11}{:>9}{:>8}{:>8}{:>9}{:>11}\n",
      "", width, "sizes", "median", "worst", "at", "best", "A/A", "worst", "first", "later by");
  for (auto const& rows : by_name(cells)) text += regret_row(rows.front().name, width, rows);
  if (!cells.empty()) text += regret_row("all", width, cells) + failings(cells);
  return text;
}

std::string decision_table(std::span<cell const> cells) {
  std::size_t const width = longest_name(cells);
  std::string text = fmt::format(
      "Decisions: right where the backend that auto took most was the fastest by name, or within "
      "the "
      "A/A of it;\nelse wrong by time(that backend) / time(the "
      "fastest).\n{:<{}}{:>6}{:>7}{:>9}{:>8}{:>8}{:>11}{:>9}\n",
      "", width, "known", "right", "wrong by", "worst", "took", "at", "best");
  auto const row = [&](std::string const& title, std::span<cell const> of) {
    std::vector<double> wrong;
    std::vector<cell const*> where;
    std::size_t known = 0;
    for (cell const& c : of)
      if (auto const cost = c.cost_of_choice()) {
        ++known;
        if (c.is_right_choice(*cost)) continue;
        wrong.push_back(*cost);
        where.push_back(&c);
      }
    spread const by = spread_of(wrong);
    cell const* const worst = wrong.empty() ? nullptr : where[by.worst_one];
    fmt::format_to(std::back_inserter(text), "{:<{}}{:>6}{:>7}{:>9}{:>8}{:>8}{:>11}{:>9}\n", title,
                   width, known, known - wrong.size(), ratio(by.median), ratio(by.worst),
                   worst ? hetmap::name(worst->chosen) : "-",
                   worst ? fmt::to_string(worst->elements) : "-",
                   worst ? worst->fixed[worst->best].name : "-");
  };
  for (auto const& rows : by_name(cells)) row(rows.front().name, rows);
  if (!cells.empty()) row("all", cells);
  return text;
}

std::string times_json(std::span<cell const> cells) {
  std::vector<std::string> records;
  for (cell const& c : cells) {
    auto const add = [&](contender const& who) {
      records.push_back(fmt::format(
          R"({{"case": "{}", "elements": {}, "contender": "{}", "median_ns": {:.2f}, "min_ns": {:.2f}, "bytes": {}}})",
          c.name, c.elements, who.name, median(who.rounds), *std::ranges::min_element(who.rounds),
          c.bytes));
    };
    for (contender const& who : c.fixed) add(who);
    add(c.again);
    add(c.automatic);
  }
  return json_list(records);
}

std::string regrets_json(std::span<cell const> cells) {
  std::vector<std::string> records;
  for (cell const& c : cells) {
    std::string text = fmt::format(
        R"({{"case": "{}", "elements": {}, "regret": {:.4f}, "again": {:.4f}, "best": "{}", "chosen": )",
        c.name, c.elements, c.regret, c.noise, c.fixed[c.best].name);
    text += c.chosen == hetmap::backend::inherit ? "null"
                                                 : fmt::format("\"{}\"", hetmap::name(c.chosen));
    if (auto const cost = c.cost_of_choice())
      text += fmt::format(R"(, "chosen_over_best": {:.4f})", *cost);
    text += fmt::format(R"(, "rounds": {})", c.automatic.rounds.size());
    if (c.first)
      text += fmt::format(R"(, "first_ns": {:.0f}, "warm_ns": {:.0f})", c.first->first_ns,
                          c.first->warm_ns);
    records.push_back(text + "}");
  }
  return json_list(records);
}

std::string times_csv(std::span<cell const> cells) {
  std::string text = "case,elements";
  for (hetmap::backend const where : contenders) text += fmt::format(",{}", hetmap::name(where));
  text += '\n';
  for (cell const& c : cells) {
    text += fmt::format("{},{}", c.name, c.elements);
    for (hetmap::backend const where : contenders) {
      contender const* const who = find(c, where);
      text += who == nullptr ? "," : fmt::format(",{:.2f}", median(who->rounds));
    }
    text += '\n';
  }
  return text;
}

std::string plot_script(std::span<cell const> cells, std::filesystem::path const& csv,
                        std::filesystem::path const& picture) {
  auto const panels = by_name(cells);
  std::size_t const across = std::clamp<std::size_t>(panels.size(), 1, 4);
  std::size_t const down = std::max<std::size_t>((panels.size() + across - 1) / across, 1);
  std::string text = fmt::format(
      "# Time of a call against its elements, a panel per kernel and kind of data.\n"
      "set datafile separator ','\nset terminal svg size {},{} font 'sans,10' background 'white'\n"
      "set output {}\nset logscale xy\nset format '10^{{%T}}'\nset key left top\nset grid\n"
      "set xlabel 'elements'\nset ylabel 'nanoseconds'\nset multiplot layout {},{}\n",
      400 * across, 300 * down, quoted(picture.string()), down, across);
  for (auto const& rows : panels) {
    text += fmt::format("set title {} noenhanced\nplot", quoted(rows.front().name));
    char const* between = " ";
    for (std::size_t k = 0; k != contenders.size(); ++k) {
      bool const automatic = contenders[k] == hetmap::backend::automatic;
      if (std::ranges::none_of(rows, [&](cell const& c) { return find(c, contenders[k]); }))
        continue;
      text += fmt::format("{}{} using (strcol(1) eq {} ? column(2) : NaN):{} with {} title '{}'",
                          between, quoted(csv.string()), quoted(rows.front().name), k + 3,
                          automatic ? "points pointtype 6 linecolor 'black'" : "lines linewidth 2",
                          hetmap::name(contenders[k]));
      between = ", \\\n  ";
    }
    text += '\n';
  }
  return text + "unset multiplot\n";
}

void write_text(std::filesystem::path const& path, std::string const& text) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  bool const written =
      file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  // Closing is what finds a full disk, so its answer counts too.
  if ((file != nullptr && std::fclose(file) != 0) || !written)
    throw std::runtime_error(
        fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
}

}  // namespace bench::routes
