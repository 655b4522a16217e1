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

#include <hetmap/detail/seam/job.hpp>

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

/// Under automatic the CPU runs what the GPU gave up.
call_effort run_on_gpu(call const& c, gpu_route& route) {
  held_arrays arrays(c.work);
  gpu_outcome met;
  met.why = arrays.to_device(*route.gpu, route.columns);
  if (met.why.ok())
    met = execute_on_gpu(c, route, arrays);
  else
    met.how = met.why.what == fault::lost ? gpu_end::lost : gpu_end::gave_up;
  if (met.how == gpu_end::done) {
    if (c.work.learned != nullptr)
      c.work.learned->on_gpu(met.travelled).learn(met.elements, met.taken);
    arrays.are_written(route.gpu);
    if (c.work.keep_on_host) arrays.keep_on_host();
    return {};
  }
  // Results that are on the GPU already would have to come back first.
  bool const can_go_on = !route.unreachable && (c.work.arrays == nullptr || c.account.done() == 0);
  if (met.how == gpu_end::gave_up && c.how.asked == backend::automatic && can_go_on) {
    c.notes.note_fallback(fallback_kind::failed_over, c.work.count - c.account.done(),
                          static_cast<int>(route.gpu->index()), met.why.text);
    return run_at_home(c, arrays);
  }
  c.account.interrupt(failure_of(*route.gpu, met.why, c.options.verb));
  return {};
}

char const* no_hybrid(problem const& p, machine const& m) {
  char const* const none = no_gpu(p, m);
  return none != nullptr ? none : "no call runs on both at once in this version; use auto";
}

double not_known(problem const&, machine const&) { return -1; }

constexpr backend_entry table[] = {
    {backend::serial, "serial", false, no_cpu, predicted_serially, run_on_cpu},
    {backend::cpu, "cpu", false, no_cpu, predicted_on_cores, run_on_cpu},
    {backend::gpu, "gpu", true, no_gpu, predicted_on_gpu, run_on_gpu},
    {backend::hybrid, "hybrid", true, no_hybrid, not_known, nullptr},
};

}  // namespace

std::span<backend_entry const, detail::backend_count> all_backends() noexcept { return table; }

backend_entry const* entry_of(backend where) noexcept {
  for (backend_entry const& entry : table)
    if (entry.where == where) return &entry;
  return nullptr;
}

}  // namespace hetmap::core
