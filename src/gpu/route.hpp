// What a call and this machine's GPUs are to each other: whether one can run it, where its data is.
#pragma once

#include "../base/plan.hpp"
#include "columns.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/options.hpp>

#include <vector>

namespace hetmap::core {

/// A GPU that can run a call, or why there is none.
struct gpu_route {
  char const* no_gpu = nullptr;  ///< null: the rest is there
  device* gpu = nullptr;
  detail::gpu_form const* form = nullptr;       ///< null: nothing is mapped
  detail::gpu_form const* fold_form = nullptr;  ///< null: nothing is folded
  std::vector<located_column> columns{};
  bool travels = false;      ///< some column has to go there or come back
  bool unreachable = false;  ///< some column is nothing but memory of the GPU
};

/// Looks for what `work` needs to run on a GPU. With automatic, devices are not probed for a kernel
/// that has no form, so that a program which has none never starts a driver.
///
/// in_words: say what is missing in full, which takes time; otherwise a short text will do.
[[nodiscard]] gpu_route find_route(detail::job const& work, detail::settings const& how,
                                   backend asked, bool in_words);

/// Makes what the GPU computes into arrays come to their copies on the host, where the CPU computes
/// the rest.
void bring_results_home(gpu_route& route);

/// What the planner needs to know of that.
[[nodiscard]] gpu_problem describe(gpu_route const& route, detail::job const& work);

}  // namespace hetmap::core
