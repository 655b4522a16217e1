#include "plan.hpp"

#include "backend.hpp"

#include <hetmap/detail/config.hpp>

#include <algorithm>

namespace hetmap::core {
namespace {

constexpr std::size_t block = detail::block_elements;

/// Elements that boundaries are multiples of: what was asked for; single elements while nothing is
/// known of their cost, so that a stop, a deadline or a failure never waits for a block of slow
/// ones; else whole blocks, unless a block is too much at a time, or leaves too few pieces to share
/// out evenly while smaller ones are still worth handing out.
std::size_t granule_for(problem const& p, machine const& m, unsigned workers) {
  if (p.exact_chunk != 0) return p.exact_chunk;
  if (p.chunk_size != 0) return p.chunk_size;
  if (p.element_nanoseconds < 0) return 1;
  std::size_t const even = std::size_t{16} * workers;
  std::size_t granule = block;
  while (p.together && granule > 1 && p.elements / granule < workers) granule /= 2;
  thresholds const limits = thresholds_of(m.cpu);
  auto const seconds = [&] { return p.element_nanoseconds * 1e-9 * static_cast<double>(granule); };
  while (granule > 1 && (seconds() > limits.claim_seconds ||
                         (seconds() > limits.worthwhile_seconds && p.elements / granule < even)))
    granule /= 2;
  return granule;
}

/// The same for a call on the GPU, whose slots are filled in whole blocks if these are many.
std::size_t granule_on_gpu(problem const& p, std::size_t granule, unsigned workers) {
  if (p.gpu.exact_chunk != 0) return p.gpu.exact_chunk;
  bool const open = p.exact_chunk == 0 && p.chunk_size == 0 && p.element_nanoseconds < 0;
  return open && p.elements / block >= std::size_t{16} * workers ? block : granule;
}

/// Elements handed out at a time; 0 where the cost has to be found first.
std::size_t chunk_for(problem const& p, machine const& m, std::size_t granule) {
  if (p.chunk_size != 0) return granule;
  if (p.element_nanoseconds < 0) return 0;
  double const elements =
      thresholds_of(m.cpu).claim_seconds * 1e9 / std::max(p.element_nanoseconds, 1e-3);
  if (elements >= static_cast<double>(p.elements)) return std::max(p.elements, granule);
  auto const chunk = static_cast<std::size_t>(elements);
  return std::max(chunk - chunk % granule, granule);
}

unsigned allowed_workers(problem const& p, machine const& m) {
  return std::max(1u, std::min(p.workers != 0 ? p.workers : m.workers, m.concurrency));
}

/// The call's work, as the CPU's workers would share it.
struct shares {
  unsigned allowed;     // workers, at most
  std::size_t granule;  // elements that boundaries are multiples of
  std::size_t pieces;
  unsigned team;    // workers that there is a piece for
  double serial;    // seconds in one thread, as its elements cost; negative while nothing is known
  double alone;     // the same, as such calls took
  double parallel;  // by the team
  bool measured;    // `parallel` is what such calls took
};

shares shares_of(problem const& p, machine const& m) {
  shares out{};
  out.allowed = allowed_workers(p, m);
  out.granule = granule_for(p, m, out.allowed);
  out.pieces = p.elements / out.granule + (p.elements % out.granule != 0);
  out.team = static_cast<unsigned>(std::clamp<std::size_t>(out.pieces, 1, out.allowed));
  if (p.element_nanoseconds < 0) {
    out.serial = out.alone = out.parallel = -1;
    return out;
  }
  double const nanoseconds = 1e-9 * static_cast<double>(p.elements);
  out.serial = nanoseconds * p.element_nanoseconds;
  out.alone = p.alone_nanoseconds >= 0 ? nanoseconds * p.alone_nanoseconds : out.serial;
  bool const measured = p.team_nanoseconds >= 0 && out.team == allowed_workers({}, m);
  thresholds const limits = thresholds_of(m.cpu);
  // What other calls have at work is no help. A long call outlives them, so it asks for all.
  unsigned const busy = out.serial < limits.longest_shared_seconds ? m.busy : 0;
  out.measured = measured && busy == 0;
  unsigned const free = allowed_workers(p, m) - std::min(busy, allowed_workers(p, m) - 1);
  out.parallel = out.measured ? nanoseconds * p.team_nanoseconds
                              : limits.wake_seconds + out.serial / std::min(out.team, free);
  return out;
}

/// Size, in bytes, beyond which a call's memory counts as larger than the caches.
double cache_share(machine const& m) noexcept {
  return static_cast<double>(
      std::min(m.cache_bytes != 0 ? m.cache_bytes : largest_cache_share, largest_cache_share));
}

/// Size, in bytes, of what the call reads and writes.
double footprint(problem const& p) noexcept {
  return static_cast<double>(p.elements) * static_cast<double>(p.bytes_in + p.bytes_out);
}

bool goes_past_caches(problem const& p, machine const& m) noexcept {
  return p.can_stream && footprint(p) > nontemporal_footprint(m);
}

/// Seconds that the memory takes to deliver and to take what the call reads and writes, whoever
/// computes; 0 where the caches hold it.
double memory_seconds(problem const& p, machine const& m) noexcept {
  if (footprint(p) <= cache_share(m)) return 0;
  double const writes =
      goes_past_caches(p, m) ? m.cpu.nontemporal_bytes_per_second : m.cpu.write_bytes_per_second;
  return static_cast<double>(p.elements) *
         (static_cast<double>(p.bytes_in) / m.cpu.read_bytes_per_second +
          static_cast<double>(p.bytes_out) / writes);
}

/// Seconds that it takes to bring home what is on the GPU only.
double fetch_seconds(problem const& p, machine const& m) {
  return static_cast<double>(p.elements) * static_cast<double>(p.gpu.fetched_bytes) /
         m.gpu.pageable_out_bytes_per_second;
}

/// Seconds that an element's way to the GPU and back takes.
double link_seconds(gpu_problem const& call, gpu_values const& gpu) noexcept {
  auto const staged_in = static_cast<double>(call.staged_bytes_in);
  auto const staged_out = static_cast<double>(call.staged_bytes_out);
  auto const all_in = static_cast<double>(call.link_bytes_in);
  auto const all_out = static_cast<double>(call.link_bytes_out);
  double const by_way_in = staged_in / gpu.pageable_in_bytes_per_second;
  double const by_way_out = staged_out / gpu.pageable_out_bytes_per_second;
  double const in = by_way_in + (all_in - staged_in) / gpu.pinned_in_bytes_per_second;
  double const out = by_way_out + (all_out - staged_out) / gpu.pinned_out_bytes_per_second;
  // Those who stage have one memory to do it in, both ways.
  return std::max(
      {in, out, (all_in + all_out) / gpu.both_ways_bytes_per_second, by_way_in + by_way_out});
}

/// Seconds that the smallest call of this kind takes.
double gpu_call_seconds(problem const& p, machine const& m) noexcept {
  bool const travels = p.gpu.link_bytes_in + p.gpu.link_bytes_out != 0;
  return travels ? m.gpu.travelling_call_seconds : m.gpu.resident_call_seconds;
}

}  // namespace

double nontemporal_footprint(machine const& m) noexcept {
  double const measured = m.cpu.nontemporal_footprint_bytes;
  return m.measured ? measured : std::min(cache_share(m), measured);
}

char const* no_cpu(problem const& p, machine const&) { return p.no_cpu; }

char const* no_gpu(problem const& p, machine const& m) {
  if (p.reproducible) return "reproducible results are the CPU's";
  return m.no_gpu != nullptr ? m.no_gpu : p.gpu.unavailable;
}

char const* no_hybrid(problem const& p, machine const& m) {
  if (char const* const none = no_gpu(p, m)) return none;
  return p.no_cpu;
}

double predicted_serially(problem const& p, machine const& m) {
  shares const s = shares_of(p, m);
  return s.alone < 0 ? -1 : s.alone + fetch_seconds(p, m);
}

double predicted_on_cores(problem const& p, machine const& m) {
  shares const s = shares_of(p, m);
  if (s.alone < 0) return -1;
  // No number of workers is faster than the memory; what one of them was measured at includes it.
  double const shared =
      s.measured ? s.parallel : std::max(s.parallel, std::min(memory_seconds(p, m), s.serial));
  return (s.team > 1 ? shared : s.alone) + fetch_seconds(p, m);
}

namespace {

/// Seconds that it takes to send arrays there, which no call is measured with.
double ahead_seconds(problem const& p, machine const& m) {
  return static_cast<double>(p.elements) * static_cast<double>(p.gpu.ahead_bytes_in) /
         m.gpu.pageable_in_bytes_per_second;
}

/// Seconds on the GPU as far as nothing but elements is known, there or on the CPU; negative if
/// nothing is.
double gpu_seconds_by_elements(problem const& p, machine const& m) {
  auto const n = static_cast<double>(p.elements);
  if (p.gpu.element_nanoseconds >= 0)
    return gpu_call_seconds(p, m) + ahead_seconds(p, m) + n * p.gpu.element_nanoseconds * 1e-9;
  if (p.element_nanoseconds < 0 && p.gpu.fetched_bytes == 0) return -1;
  double const kernel =
      n * std::max(static_cast<double>(p.bytes_in + p.bytes_out) / m.gpu.memory_bytes_per_second,
                   std::max(p.element_nanoseconds, 0.0) * 1e-9 / m.gpu_workers);
  return gpu_call_seconds(p, m) + std::max(n * link_seconds(p.gpu, m.gpu), kernel);
}

}  // namespace

double predicted_on_gpu(problem const& p, machine const& m) {
  if (no_gpu(p, m) != nullptr) return -1;
  double const by_elements = gpu_seconds_by_elements(p, m);
  if (p.gpu.whole_nanoseconds < 0) return by_elements;
  double const whole =
      ahead_seconds(p, m) + static_cast<double>(p.elements) * p.gpu.whole_nanoseconds * 1e-9;
  return p.gpu.whole_is_first && by_elements >= 0 ? std::min(whole, by_elements) : whole;
}

double predicted_on_both(problem const& p, machine const& m) {
  double const gpu = no_hybrid(p, m) == nullptr ? predicted_on_gpu(p, m) : -1;
  if (gpu < 0 || p.element_nanoseconds < 0) return -1;
  if (p.gpu.both_nanoseconds >= 0)
    return static_cast<double>(p.elements) * p.gpu.both_nanoseconds * 1e-9;
  unsigned const team = std::max(allowed_workers(p, m) - 1, 1u);
  double const cpu = static_cast<double>(p.elements) * p.element_nanoseconds * 1e-9 / team;
  // One thread stages what the GPU gets, while the others compute.
  double const staged = static_cast<double>(p.gpu.staged_bytes_in + p.gpu.staged_bytes_out) /
                        least_worker_bandwidth * 1e-9;
  double const device =
      std::max(gpu - gpu_call_seconds(p, m), static_cast<double>(p.elements) * staged);
  double const both = cpu + device > 0 ? cpu * device / (cpu + device) : 0;
  return gpu_call_seconds(p, m) + both + fetch_seconds(p, m);
}

unsigned most_workers(problem const& p, machine const& m) {
  return p.asked == backend::serial ? 1 : allowed_workers(p, m);
}

namespace {

/// Why the GPU is to have a call that leaves the choice; null if the CPU is.
char const* why_the_gpu(problem const& p, candidate const& gpu, candidate const& cpu) {
  if (gpu.unavailable != nullptr) return nullptr;
  if (p.no_cpu != nullptr) return "its data is out of the CPU's reach";
  if (p.elements == 0) return nullptr;
  if (p.element_nanoseconds < 0)
    return p.gpu.fetched_bytes != 0 ? "its data is on the GPU, and its cost is not known yet"
                                    : nullptr;
  bool const faster = gpu.predicted_seconds >= 0 &&
                      gpu.predicted_seconds < cpu.predicted_seconds * (1 - clear_gain);
  return faster ? "the GPU is predicted to finish first" : nullptr;
}

/// Whether the workers spend most of their time on waiting for memory, as far as is known.
bool is_bound_by_memory(problem const& p, machine const& m) {
  double const moving = static_cast<double>(p.bytes_in + p.bytes_out) / least_worker_bandwidth;
  shares const s = shares_of(p, m);
  return p.element_nanoseconds < 2 * moving || s.serial / s.allowed < 2 * memory_seconds(p, m);
}

/// Why both are to have a call that leaves the choice, `best` being the better one alone; null if
/// not.
char const* why_both(problem const& p, machine const& m, candidate const& both,
                     candidate const& best) {
  // What is only guessed of the GPU is found out by calls that it has alone.
  if (both.unavailable != nullptr || both.predicted_seconds < 0) return nullptr;
  if (p.gpu.element_nanoseconds < 0 || p.together || is_bound_by_memory(p, m)) return nullptr;
  // Results of both are the host's, and whoever uses the array next may be the GPU.
  if (p.gpu.results_stay) return nullptr;
  return both.predicted_seconds < best.predicted_seconds * (1 - clear_gain)
             ? "the GPU and the CPU together are predicted to finish first"
             : nullptr;
}

char const* why_the_cpu(problem const& p, shares const& s, bool share) {
  if (p.elements <= 1 || s.pieces <= 1) return "too few elements to share";
  if (s.allowed == 1) return "one worker is allowed";
  if (p.together) return "a pool's workers run at once, all that there is work for";
  if (p.element_nanoseconds < 0)
    return "cost not known yet: the work is shared at once, so that slow elements lose nothing";
  return share ? "sharing is predicted to finish first"
               : "predicted to end before a worker could wake up";
}

}  // namespace

plan make_plan(problem const& p, machine const& m) {
  plan out;
  out.asked = p.asked;
  out.elements = p.elements;
  out.bytes_in = p.bytes_in;
  out.bytes_out = p.bytes_out;
  out.reads = p.reads;
  out.element_nanoseconds = p.element_nanoseconds;
  out.reproducible = p.reproducible;
  out.level = p.reproducible ? p.floor : std::max(p.floor, m.level);

  out.past_caches = goes_past_caches(p, m);

  auto candidate_at = out.candidates.begin();
  for (backend_entry const& entry : all_backends())
    *candidate_at++ = {entry.where, entry.predicted_seconds(p, m), entry.why_not(p, m)};
  out.gpu_element_nanoseconds =
      p.gpu.element_nanoseconds >= 0 ? p.gpu.element_nanoseconds : p.gpu.whole_nanoseconds;
  out.link_bytes_in = p.gpu.link_bytes_in;
  out.link_bytes_out = p.gpu.link_bytes_out;

  shares const s = shares_of(p, m);
  bool const known = p.element_nanoseconds >= 0;
  bool const share =
      p.asked != backend::serial && s.team > 1 && (p.together || !(known && s.alone <= s.parallel));
  backend const on_cpu = share ? backend::cpu : backend::serial;
  char const *for_gpu = nullptr, *for_both = nullptr;
  if (p.asked == backend::automatic) {
    for_gpu = why_the_gpu(p, out.at(backend::gpu), out.at(on_cpu));
    for_both =
        why_both(p, m, out.at(backend::hybrid), out.at(for_gpu != nullptr ? backend::gpu : on_cpu));
  }
  out.chosen = p.asked != backend::automatic ? p.asked
               : for_both != nullptr         ? backend::hybrid
               : for_gpu != nullptr          ? backend::gpu
                                             : on_cpu;
  // On the GPU they copy, and do what the GPU gives up.
  bool const on_gpu = needs_gpu(out.chosen);
  out.workers = on_gpu ? s.allowed : share ? s.team : 1;
  if (out.chosen == backend::hybrid) out.workers = std::max(out.workers, 2u);
  out.granule = on_gpu ? granule_on_gpu(p, s.granule, s.allowed) : s.granule;
  out.chunk_elements = chunk_for(p, m, s.granule);
  bool const by_name = p.asked != backend::automatic && p.asked != backend::cpu;
  out.reason = for_both != nullptr  ? for_both
               : for_gpu != nullptr ? for_gpu
               : by_name            ? "asked for by name"
                                    : why_the_cpu(p, s, share);
  return out;
}

}  // namespace hetmap::core
