// The table of backends, and how each of them runs a call that has been planned for it.
#include "../base/backend.hpp"

#include "../base/plan.hpp"
#include "../base/rates.hpp"
#include "../cpu/call.hpp"
#include "../cpu/executor.hpp"
#include "../gpu/devices.hpp"
#include "../gpu/executor.hpp"
#include "../gpu/held_arrays.hpp"
#include "../gpu/route.hpp"
#include "machine.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <algorithm>
#include <chrono>
#include <exception>

namespace hetmap::core {
namespace {

call_effort run_at_home(call const& c, held_arrays& arrays) {
  if (!holds_arrays(c.work)) return execute_on_cpu(c);
  auto const columns = arrays.to_host();
  detail::job here = c.work;
  here.columns = columns.data();
  call_effort const spent = execute_on_cpu(c.over(here));
  arrays.are_written(nullptr);
  return spent;
}

call_effort run_on_cpu(call const& c, gpu_route&) {
  held_arrays arrays(c.work);
  return run_at_home(c, arrays);
}

/// What a call took that the device had alone, for the next plan.
void learn_of_call(call const& c, gpu_outcome const& met, device const& gpu) {
  if (c.work.learned == nullptr || met.elements == 0) return;
  gpu_values const known = values_of(&gpu);
  std::chrono::duration<double> const smallest(met.travelled ? known.travelling_call_seconds
                                                             : known.resident_call_seconds);
  c.work.learned->learn_call_on_gpu(met.travelled, met.elements, met.taken,
                                    std::chrono::round<std::chrono::nanoseconds>(smallest));
}

/// The same of a share. In that time the device would not have computed what was taken over.
void learn_of_share(call const& c, gpu_outcome const& met) {
  std::size_t const elements = met.elements + met.left;
  if (c.work.learned != nullptr && elements != 0)
    c.work.learned->on_gpu(met.travelled).learn(elements, met.taken);
}

/// Under automatic the CPU runs what the GPU left undone: all of it, where what the GPU has done
/// is in its own memory.
call_effort run_on_gpu(call const& c, gpu_route& route) {
  held_arrays arrays(c.work);
  bool const stay = arrays.hold_results();
  bool const can_go_on = c.how.asked == backend::automatic && !route.unreachable;
  gpu_outcome met;
  met.why = arrays.to_device(*route.gpu, route.columns);
  if (met.why.ok())
    met = execute_on_gpu(c, route, arrays, {.cpu_goes_on = can_go_on});
  else
    met.how = met.why.what == fault::lost ? gpu_end::lost : gpu_end::gave_up;
  if (met.how == gpu_end::done) {
    learn_of_call(c, met, *route.gpu);
    arrays.are_written(route.gpu);
    if (c.work.keep_on_host) arrays.keep_on_host();
    return {};
  }
  if (met.how == gpu_end::lost) mark_lost(*route.gpu, met.why);
  bool const anew = stay && c.account.done() != 0;
  if (can_go_on && !(anew && arrays.results_replace_only_copy())) {
    c.notes.note_fallback(fallback_kind::failed_over, c.work.count - (anew ? 0 : c.account.done()),
                          static_cast<int>(route.gpu->index()), met.why.text);
    if (anew) {
      c.reports.take_back(c.account.done());
      c.account.begin_anew();
    }
    call_effort const spent = run_at_home(c, arrays);
    write_again(c, met.torn);
    return spent;
  }
  write_again(c, met.torn);
  c.account.interrupt(failure_of(*route.gpu, met.why, c.options.verb));
  return {};
}

/// The device's part of a call, as a lane of the CPU's team runs it.
struct part_of_device {
  call const& c;
  gpu_route const& route;
  held_arrays const& arrays;
  device_share share;
  gpu_outcome met{};

  static void run(void* self) noexcept {
    auto& me = *static_cast<part_of_device*>(self);
    try {
      me.met = execute_on_gpu(
          me.c, me.route, me.arrays,
          {.lane = me.c.account.lanes() - 1, .share = &me.share, .cpu_goes_on = true});
    } catch (...) {
      me.c.account.interrupt(std::current_exception());
    }
  }
};

/// What the device leaves undone is the CPU's.
call_effort run_on_both(call const& c, gpu_route& route) {
  held_arrays arrays(c.work);
  auto const columns = arrays.to_host();
  detail::job here = c.work;
  here.columns = columns.data();
  call const at_home = c.over(here);
  status const ready = arrays.to_device(*route.gpu, route.columns);
  int const number = static_cast<int>(route.gpu->index());
  if (!ready.ok()) {
    if (ready.what == fault::lost) mark_lost(*route.gpu, ready);
    c.notes.note_fallback(fallback_kind::failed_over, c.work.count, number, ready.text);
    call_effort const spent = execute_on_cpu(at_home);
    arrays.are_written(nullptr);
    return spent;
  }
  plan const& how = c.how;
  double const cpu = how.element_nanoseconds / std::max(how.workers - 1, 1u);
  part_of_device device{.c = at_home,
                        .route = route,
                        .arrays = arrays,
                        .share = {c.work.count,
                                  c.account.granule(),
                                  {.on_device = how.gpu_element_nanoseconds, .on_cpu = cpu}}};
  beside_cpu const other{.self = &device, .run = part_of_device::run};
  call_effort const spent = execute_on_cpu(at_home, &other);
  write_again(at_home, device.met.torn);
  arrays.are_written(nullptr);
  gpu_outcome const& met = device.met;
  bool const done = met.how == gpu_end::done;
  if (done) learn_of_share(c, met);
  if (!done || met.left != 0)
    c.notes.note_fallback(done ? fallback_kind::given_back : fallback_kind::failed_over, met.left,
                          number, done ? "it took far longer than was expected" : met.why.text);
  return spent;
}

constexpr backend_entry table[] = {
    {backend::serial, "serial", false, false, no_cpu, predicted_serially, run_on_cpu},
    {backend::cpu, "cpu", false, false, no_cpu, predicted_on_cores, run_on_cpu},
    {backend::gpu, "gpu", true, false, no_gpu, predicted_on_gpu, run_on_gpu},
    {backend::hybrid, "hybrid", true, true, no_hybrid, predicted_on_both, run_on_both},
};

}  // namespace

std::span<backend_entry const, detail::backend_count> all_backends() noexcept { return table; }

backend_entry const* entry_of(backend where) noexcept {
  for (backend_entry const& entry : table)
    if (entry.where == where) return &entry;
  return nullptr;
}

}  // namespace hetmap::core
