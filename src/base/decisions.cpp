// The public side of the log, and decisions as text.
#include <hetmap/decisions.hpp>

#include "decision_log.hpp"
#include "text.hpp"

#include <algorithm>
#include <memory>
#include <ostream>

namespace hetmap {
inline namespace HETMAP_ABI {

vector<decision> decisions() {
  std::vector<decision> const all = core::all_decisions().all();
  auto out = detail::vector_access::with_room<decision>(all.size());
  std::uninitialized_copy(all.begin(), all.end(), out.data());
  detail::vector_access::set_size(out, all.size());
  return out;
}

char const* name(call_end how) noexcept {
  switch (how) {
    case call_end::result: return "result";
    case call_end::failure: return "failure";
    case call_end::cancellation: return "cancellation";
    case call_end::deadline: return "deadline";
    case call_end::abandoned: return "abandoned";
  }
  return "?";
}

namespace {

void add_fallback(std::string& out, fallback const& f) {
  out += "; ";
  if (f.device >= 0) core::add(out, "GPU %d: ", f.device);
  core::add(out, "%zu elements ", f.elements);
  switch (f.what) {
    case fallback_kind::given_back: out += "given back and shared anew"; break;
    case fallback_kind::retried: out += "again in smaller parts"; break;
    case fallback_kind::failed_over: out += "left to the CPU"; break;
  }
  core::add(out, " (%s)", f.why);
}

}  // namespace

std::string to_string(decision const& d) {
  plan const& p = d.plan;
  std::string out = d.verb;
  core::add(out, ": %zu elements on %s (asked: %s): predicted %s, took %s; %s", p.elements,
            name(p.chosen), name(p.asked), core::duration(p.at(p.chosen).predicted_seconds).c_str(),
            core::duration(d.seconds).c_str(), p.reason);
  if (candidate const* const other = d.runner_up(); other != nullptr)
    core::add(out, "; %s predicted %s", name(other->where),
              core::duration(other->predicted_seconds).c_str());
  for (unsigned k = 0; k != d.fallback_count; ++k) add_fallback(out, d.fallbacks[k]);
  if (d.end != call_end::result)
    core::add(out, "; ended by %s after %zu elements", name(d.end), d.done);
  return out;
}

std::ostream& operator<<(std::ostream& out, decision const& d) { return out << to_string(d); }

}  // namespace HETMAP_ABI
}  // namespace hetmap
