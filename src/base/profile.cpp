#include "profile.hpp"

#include "kept_file.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <vector>

namespace hetmap::core {
namespace {

/// Bounds are wide: a value beyond them was not measured on any machine, but would make plans that
/// never share, or always. Three are narrower: a worker that has long been asleep may take longer
/// to wake up, but calls mostly come sooner; and what small parts cost where they do not fill
/// vectors does not show in what is measured.
constexpr profile_field<cpu_values> of_cpu[] = {
    {"team_wake", "s", &cpu_values::team_wake_seconds, 1e-6, 50e-6},
    {"team_hand_over", "s", &cpu_values::team_hand_over_seconds, 1e-7, 20e-6},
    {"hot_hand_over", "s", &cpu_values::hot_hand_over_seconds, 0.8e-6, 20e-6},
    {"hot_division", "s", &cpu_values::hot_division_seconds, 3e-6, 30e-6},
    {"claim_cost", "s", &cpu_values::claim_cost_seconds, 1e-8, 0.5e-6},
    {"read_rate", "B/s", &cpu_values::read_bytes_per_second, 1e8, 1e14},
    {"write_rate", "B/s", &cpu_values::write_bytes_per_second, 1e8, 1e14},
    {"nontemporal_rate", "B/s", &cpu_values::nontemporal_bytes_per_second, 1e8, 1e14},
    {"nontemporal_footprint", "B", &cpu_values::nontemporal_footprint_bytes, 65536, 1e15},
    {"tile", "B", &cpu_values::tile_bytes, 64, 4096},
    {"tiles_ahead", "", &cpu_values::tiles_ahead, 0, 64},
};

constexpr profile_field<gpu_values> of_gpu[] = {
    {"resident_call", "s", &gpu_values::resident_call_seconds, 1e-7, 1e-1},
    {"travelling_call", "s", &gpu_values::travelling_call_seconds, 1e-7, 1e-1},
    {"pinned_in", "B/s", &gpu_values::pinned_in_bytes_per_second, 1e6, 1e14},
    {"pinned_out", "B/s", &gpu_values::pinned_out_bytes_per_second, 1e6, 1e14},
    {"pageable_in", "B/s", &gpu_values::pageable_in_bytes_per_second, 1e6, 1e14},
    {"pageable_out", "B/s", &gpu_values::pageable_out_bytes_per_second, 1e6, 1e14},
    {"both_ways", "B/s", &gpu_values::both_ways_bytes_per_second, 1e6, 1e14},
    {"memory_rate", "B/s", &gpu_values::memory_bytes_per_second, 1e8, 1e15},
};

static_assert(sizeof(cpu_values) == std::size(of_cpu) * sizeof(double), "a value has no line");
static_assert(sizeof(gpu_values) == std::size(of_gpu) * sizeof(double), "a value has no line");

/// The same digits whatever the locale, and the same value when they are read.
std::string digits(double value) {
  char text[32];
  auto const end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

template <class Values>
void find_implausible(std::span<profile_field<Values> const> fields, Values const& values,
                      std::string& text) {
  for (profile_field<Values> const& f : fields)
    if (double const value = values.*f.member; !f.is_plausible(value) && text.empty())
      text.append(f.name)
          .append(" = ")
          .append(digits(value))
          .append(" is beyond what is plausible, " + digits(f.least) + " to " + digits(f.most));
}

template <class Values>
void clamp_all(std::span<profile_field<Values> const> fields, Values& values) noexcept {
  for (profile_field<Values> const& f : fields)
    values.*f.member = std::clamp(values.*f.member, f.least, f.most);
}

}  // namespace

std::span<profile_field<cpu_values> const> cpu_fields() noexcept { return of_cpu; }
std::span<profile_field<gpu_values> const> gpu_fields() noexcept { return of_gpu; }

std::string implausible(machine_profile const& profile) {
  std::string text;
  find_implausible(cpu_fields(), profile.cpu, text);
  if (profile.gpu_count > machine_profile::most_gpus) return "it has too many GPUs";
  for (unsigned k = 0; k != profile.gpu_count; ++k)
    find_implausible(gpu_fields(), profile.gpus[k].values, text);
  return text;
}

void make_plausible(cpu_values& values) noexcept { clamp_all(cpu_fields(), values); }
void make_plausible(gpu_values& values) noexcept { clamp_all(gpu_fields(), values); }

// -- text -----------------------------------------------------------------------------------------

namespace {

constexpr std::string_view first_line = "hetmap machine profile, format 1";

void add_line(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append(" = ");
  // A name of a device's could hold anything.
  for (char const c : value) to += c == '\n' ? ' ' : c;
  to += '\n';
}

template <class Values>
void add_fields(std::string& to, std::span<profile_field<Values> const> fields,
                Values const& values) {
  for (profile_field<Values> const& f : fields) {
    std::string value = digits(values.*f.member);
    if (*f.unit != '\0') value.append(" ").append(f.unit);
    add_line(to, f.name, value);
  }
}

/// One line of a profile: a name and what it is.
struct entry {
  std::string_view name;
  std::string_view value;
};

/// Reads a profile's lines one after another; what is wrong first is what is said.
class profile_reader {
 public:
  explicit profile_reader(std::string_view text) : rest_(text) {}

  parsed_profile read() {
    std::string_view const whole = rest_;
    if (take_line() != first_line) return refused("it does not begin as a profile of this format");
    std::string_view summed = whole;
    if (!take_checksum(summed) || summed.size() < whole.size() - rest_.size())
      return refused("it was cut off or changed: its checksum is another");
    rest_ = summed.substr(whole.size() - rest_.size());
    bool known = true;
    while (known && !rest_.empty() && out_.error.empty()) {
      entry const e = split(take_line());
      known = e.name == "gpu" ? begin_gpu(e.value) : take(e);
      if (!known)
        out_.error = "it holds a line that says nothing, or twice: " + std::string(e.name);
    }
    if (out_.error.empty()) check_complete();
    if (out_.error.empty()) out_.error = implausible(out_.profile);
    if (!out_.error.empty()) return refused(out_.error);
    return std::move(out_);
  }

 private:
  static parsed_profile refused(std::string why) {
    parsed_profile out;
    out.error = std::move(why);
    return out;
  }

  std::string_view take_line() {
    std::size_t const end = rest_.find('\n');
    std::string_view const line = rest_.substr(0, end);
    rest_ = end != std::string_view::npos ? rest_.substr(end + 1) : std::string_view();
    return line;
  }

  static entry split(std::string_view line) {
    std::size_t const at = line.find(" = ");
    if (at == std::string_view::npos) return {line, {}};
    return {line.substr(0, at), line.substr(at + 3)};
  }

  bool begin_gpu(std::string_view identity) {
    unsigned& count = out_.profile.gpu_count;
    if (count == machine_profile::most_gpus) return false;
    out_.profile.gpus[count++].identity = identity;
    seen_gpu_.emplace_back(gpu_fields().size());
    return true;
  }

  bool take(entry const& e) {
    if (e.name == "machine") return take_text(e.value, out_.profile.machine);
    if (e.name == "build") return take_text(e.value, out_.profile.build);
    unsigned const count = out_.profile.gpu_count;
    if (count == 0) return take_field(e, cpu_fields(), out_.profile.cpu, seen_cpu_);
    return take_field(e, gpu_fields(), out_.profile.gpus[count - 1].values, seen_gpu_.back());
  }

  static bool take_text(std::string_view value, std::string& to) {
    if (!to.empty() || value.empty()) return false;
    to = value;
    return true;
  }

  template <class Values>
  static bool take_field(entry const& e, std::span<profile_field<Values> const> fields, Values& to,
                         std::vector<bool>& seen) {
    for (std::size_t k = 0; k != fields.size(); ++k) {
      profile_field<Values> const& f = fields[k];
      if (e.name != f.name) continue;
      double& value = to.*f.member;
      char const* const end = e.value.data() + e.value.size();
      auto const [rest, error] = std::from_chars(e.value.data(), end, value);
      std::string_view const unit(rest, static_cast<std::size_t>(end - rest));
      std::string_view const wanted(f.unit);
      bool const fits = wanted.empty() ? unit.empty()
                                       : unit.size() == wanted.size() + 1 && unit.front() == ' ' &&
                                             unit.substr(1) == wanted;
      if (error != std::errc() || !fits || seen[k]) return false;
      seen[k] = true;
      return true;
    }
    return false;
  }

  void check_complete() {
    auto const all = [](std::vector<bool> const& seen) {
      return std::find(seen.begin(), seen.end(), false) == seen.end();
    };
    bool complete = all(seen_cpu_) && !out_.profile.machine.empty() && !out_.profile.build.empty();
    for (std::vector<bool> const& seen : seen_gpu_) complete = complete && all(seen);
    if (!complete) out_.error = "it does not hold every value";
  }

  std::string_view rest_;
  parsed_profile out_;
  std::vector<bool> seen_cpu_ = std::vector<bool>(cpu_fields().size());
  std::vector<std::vector<bool>> seen_gpu_;
};

}  // namespace

std::string profile_text(machine_profile const& profile) {
  std::string text(first_line);
  text += '\n';
  add_line(text, "machine", profile.machine);
  add_line(text, "build", profile.build);
  add_fields(text, cpu_fields(), profile.cpu);
  for (unsigned k = 0; k != profile.gpu_count; ++k) {
    add_line(text, "gpu", profile.gpus[k].identity);
    add_fields(text, gpu_fields(), profile.gpus[k].values);
  }
  add_checksum(text);
  return text;
}

parsed_profile parse_profile(std::string_view text) {
  if (text.size() > largest_profile) return {.error = "it is too large to be a profile"};
  return profile_reader(text).read();
}

}  // namespace hetmap::core

namespace hetmap {
inline namespace HETMAP_ABI {

namespace {

std::string in_words(double value, std::string_view unit) {
  char line[64];
  auto const say = [&](double scale, char const* name) {
    std::snprintf(line, sizeof line, "%.3g %s", value / scale, name);
  };
  if (unit == "s")
    value < 1e-6 ? say(1e-9, "ns") : value < 1e-3 ? say(1e-6, "us") : say(1e-3, "ms");
  else if (unit == "B/s")
    say(1e9, "GB/s");
  else if (unit == "B" && value > 1e12)
    return "no size";
  else if (unit == "B")
    value < 1 << 20 ? say(1024, "KiB") : say(1 << 20, "MiB");
  else
    say(1, "");
  return line;
}

template <class Values>
void add_table(std::string& out, std::span<core::profile_field<Values> const> fields,
               Values const& values) {
  for (core::profile_field<Values> const& f : fields) {
    char line[128];
    std::snprintf(line, sizeof line, "  %-22s %12s   default %s\n", f.name,
                  in_words(values.*f.member, f.unit).c_str(),
                  in_words(f.otherwise(), f.unit).c_str());
    out += line;
  }
}

}  // namespace

std::string to_string(machine_profile const& profile) {
  std::string out = profile.machine + "\n";
  add_table(out, core::cpu_fields(), profile.cpu);
  for (unsigned k = 0; k != profile.gpu_count; ++k) {
    out.append(profile.gpus[k].identity).append("\n");
    add_table(out, core::gpu_fields(), profile.gpus[k].values);
  }
  return out.append(profile.notes);
}

}  // namespace HETMAP_ABI
}  // namespace hetmap
