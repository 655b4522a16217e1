// hetmap on each of its backends, automatic choice a second time under another name for
// the noise, and the loop that stands for the memory's limit, on the same pages.
#include "../contender.hpp"
#include "../streaming_limit.hpp"
#include "../vector_math.hpp"

#include <hetmap/hetmap.hpp>

#include <cstdio>
#include <cstring>
#include <span>

// As a user says it of an operation of their own.
template <class T>
inline constexpr bool hetmap::commutative<bench::larger, T> = true;

namespace {

/// Automatic choice is what a call without options gets.
template <hetmap::backend Where>
struct on_backend {
  using math = bench::vector_math;

  template <class F, class... Out, class... In>
  static void into(std::size_t n, F f, std::tuple<Out*...> out, In const*... in) {
    std::apply(
        [&](Out*... o) {
          if constexpr (sizeof...(Out) == 1)
            call([&](auto const&... how) {
              hetmap::map_into(how..., std::span(o, n)..., f, std::span(in, n)...);
            });
          else
            call([&](auto const&... how) {
              hetmap::map_into(how..., hetmap::columns(std::span(o, n)...), f, std::span(in, n)...);
            });
        },
        out);
  }
  template <class F, class Op, class T, class... In>
  static T fold(std::size_t n, F f, Op op, T init, In const*... in) {
    return call([&](auto const&... how) {
      return hetmap::map_reduce(how..., f, op, init, std::span(in, n)...);
    });
  }
  template <class F, class... Out, class... In>
  static auto returning(std::size_t n, F f, std::tuple<Out*...>, In const*... in) {
    return call([&](auto const&... how) {
      if constexpr (sizeof...(Out) == 1)
        return hetmap::map(how..., f, std::span(in, n)...);
      else
        return hetmap::map_columns(how..., f, std::span(in, n)...);
    });
  }

 private:
  template <class Act>
  static auto call(Act act) {
    if constexpr (Where == hetmap::backend::automatic)
      return act();
    else
      return act(hetmap::options{.backend = Where});
  }
};

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
