// hetmap on each of its backends, automatic choice a second time under another name for
// the noise, and the loop that stands for the memory's limit, on the same pages.
#include "../contender.hpp"
#include "../streaming_limit.hpp"
#include "hetmap_calls.hpp"

#include <hetmap/hetmap.hpp>

#include <cstdio>
#include <cstring>

namespace {

/// Automatic choice is what a call without options gets.
template <hetmap::backend Where>
struct always {
  template <class Act>
  static auto call(Act act) {
    if constexpr (Where == hetmap::backend::automatic)
      return act();
    else
      return act(hetmap::options{.backend = Where});
  }
};
template <hetmap::backend Where>
using on_backend = bench::hetmap_calls<always<Where>>;

/// What the memory allows: stores past the caches, by hand.
struct streaming_limit {
  static void into(bench::operands const& o) {
    bench::stream_axpb(static_cast<float*>(o.out[0]), static_cast<float const*>(o.in[0]),
                       o.elements);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--machine") == 0) {
    std::printf("{\"workers\": %u, \"isa\": \"%s\"}\n", hetmap::physical_cores(),
                name(hetmap::isa_level()));
    return 0;
  }
  using hetmap::backend;
  bench::program self{.use_workers = bench::use_streaming_workers};
  bench::add_all<on_backend<backend::serial>>(self.entries, "hetmap-serial");
  bench::add_all<on_backend<backend::cpu>>(self.entries, "hetmap-cpu");
  bench::add_all<on_backend<backend::automatic>>(self.entries, "hetmap-auto");
  bench::add_all<on_backend<backend::automatic>>(self.entries, "hetmap-auto-again");
  self.entries.push_back(
      {"streaming-limit", "axpb", "into", streaming_limit::into, streaming_limit::into});
  return bench::run_program(self, argc, argv);
}
