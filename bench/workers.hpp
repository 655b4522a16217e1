// How many threads oneTBB has in a contender that runs on it.
#pragma once

#include <oneapi/tbb/global_control.h>

namespace bench {

inline void use_tbb_workers(unsigned workers) {
  using tbb::global_control;
  static global_control const limit(global_control::max_allowed_parallelism, workers);
}

}  // namespace bench
