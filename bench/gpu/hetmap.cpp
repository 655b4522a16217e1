// hetmap, as a user's file for the host compiler calls it.
#include "cases.hpp"

#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <span>
#include <utility>

namespace bench::gpu {
namespace {

template <std::size_t N, class Act>
void with_indices(Act act) {
  [&]<std::size_t... K>(std::index_sequence<K...>) {
    act(std::integral_constant<std::size_t, K>()...);
  }(std::make_index_sequence<N>());
}

template <class T>
std::span<T const> column(operands const& o, std::size_t k) {
  return {static_cast<T const*>(o.in[k]), o.elements};
}
template <class T>
std::span<T> result(operands const& o, std::size_t k) {
  return {static_cast<T*>(o.out[k]), o.elements};
}

template <class Kernel, std::size_t Inputs, std::size_t Outputs>
class calls {
 public:
  using T = typename Kernel::value;

  static void resident(operands const& o) { on_device(o, {}); }
  /// In the stream of the operands, as the bare Thrust call does; the bench waits.
  static void on_stream(operands const& o) { on_device(o, o.stream); }
  template <hetmap::backend Where>
  static void on_host(operands const& o) {
    with_indices<Inputs>([&](auto... k) {
      if constexpr (Outputs == 1)
        hetmap::map_into({.backend = Where}, result<T>(o, 0), Kernel{}, column<T>(o, k)...);
      else
        with_indices<Outputs>([&](auto... r) {
          hetmap::map_into({.backend = Where}, hetmap::columns(result<T>(o, r)...), Kernel{},
                           column<T>(o, k)...);
        });
    });
  }

  static void add(std::vector<contender>& all, std::string_view case_name) {
    all.push_back({case_name, "hetmap", input::device, resident});
    all.push_back({case_name, "hetmap-stream", input::device, on_stream});
    all.push_back({case_name, "hetmap", input::host, on_host<hetmap::backend::gpu>});
    all.push_back({case_name, "hetmap-auto", input::host, on_host<hetmap::backend::automatic>});
    all.push_back({case_name, "hetmap-cpu", input::host, on_host<hetmap::backend::cpu>});
  }

 private:
  static void on_device(operands const& o, std::optional<void*> stream) {
    auto const out = [&](std::size_t k) {
      return hetmap::device_span<T>{static_cast<T*>(o.out[k]), o.elements, stream};
    };
    with_indices<Inputs>([&](auto... k) {
      auto const map_into = [&](auto const& results) {
        hetmap::map_into(
            results, Kernel{},
            hetmap::device_span<T const>{static_cast<T const*>(o.in[k]), o.elements, {}}...);
      };
      if constexpr (Outputs == 1)
        map_into(out(0));
      else
        with_indices<Outputs>([&](auto... r) { map_into(hetmap::columns(out(r)...)); });
    });
  }
};

auto indices(operands const& o) {
  return std::views::iota(std::int32_t{0}, static_cast<std::int32_t>(o.elements));
}

void generated(operands const& o) {
  hetmap::map_into(hetmap::device_span<float>{static_cast<float*>(o.out[0]), o.elements, {}},
                   from_index{}, indices(o));
}

// -- folds -------------------------------------------------------------------------------------

void resident_sum(operands const& o) {
  *o.value = hetmap::map_reduce(
      square{}, std::plus<>(), 0.0f,
      hetmap::device_span<float const>{static_cast<float const*>(o.in[0]), o.elements, {}});
}
template <hetmap::backend Where>
void host_sum(operands const& o) {
  *o.value =
      hetmap::map_reduce({.backend = Where}, square{}, std::plus<>(), 0.0f, column<float>(o, 0));
}
template <hetmap::backend Where>
void generated_sum(operands const& o) {
  *o.value =
      hetmap::map_reduce({.backend = Where}, square_of_index{}, std::plus<>(), 0.0f, indices(o));
}

}  // namespace

std::vector<contender> hetmap_contenders() {
  using hetmap::backend;
  std::vector<contender> all;
  add_column_cases<calls>(all);
  all.push_back({"from_index", "hetmap", input::generated, generated});
  all.push_back({"sum_of_squares", "hetmap", input::device, resident_sum});
  all.push_back({"sum_of_squares", "hetmap", input::host, host_sum<backend::gpu>});
  all.push_back({"sum_of_squares", "hetmap-auto", input::host, host_sum<backend::automatic>});
  all.push_back({"sum_of_squares", "hetmap-cpu", input::host, host_sum<backend::cpu>});
  all.push_back({"sum_of_squares", "hetmap", input::generated, generated_sum<backend::gpu>});
  all.push_back(
      {"sum_of_squares", "hetmap-auto", input::generated, generated_sum<backend::automatic>});
  all.push_back({"sum_of_squares", "hetmap-cpu", input::generated, generated_sum<backend::cpu>});
  return all;
}

}  // namespace bench::gpu
