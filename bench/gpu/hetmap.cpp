// hetmap, as a user's file for the host compiler calls it.
#include "cases.hpp"

#include <hetmap/hetmap.hpp>

#include <ranges>
#include <span>
#include <utility>

namespace bench::gpu {
namespace {

template <class Kernel, std::size_t Inputs>
class calls {
 public:
  using T = typename Kernel::value;

  static void resident(operands const& o) {
    with_device(o, hetmap::device_span<T>{static_cast<T*>(o.out), o.elements, {}});
  }
  /// In the stream of the operands, as the bare Thrust call does; the bench waits.
  static void on_stream(operands const& o) {
    with_device(o, hetmap::device_span<T>{static_cast<T*>(o.out), o.elements, o.stream});
  }
  template <hetmap::backend Where>
  static void on_host(operands const& o) {
    with_inputs([&](auto... k) {
      hetmap::map_into({.backend = Where}, std::span(static_cast<T*>(o.out), o.elements), Kernel{},
                       std::span(static_cast<T const*>(o.in[k]), o.elements)...);
    });
  }

  static void add(std::vector<contender>& all, std::string_view case_name) {
    all.push_back({case_name, "hetmap", false, resident});
    all.push_back({case_name, "hetmap-stream", false, on_stream});
    all.push_back({case_name, "hetmap", true, on_host<hetmap::backend::gpu>});
    all.push_back({case_name, "hetmap-auto", true, on_host<hetmap::backend::automatic>});
    all.push_back({case_name, "hetmap-cpu", true, on_host<hetmap::backend::cpu>});
  }

 private:
  template <class Act>
  static void with_inputs(Act act) {
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      act(K...);
    }(std::make_index_sequence<Inputs>());
  }
  static void with_device(operands const& o, hetmap::device_span<T> const& out) {
    with_inputs([&](auto... k) {
      hetmap::map_into(
          out, Kernel{},
          hetmap::device_span<T const>{static_cast<T const*>(o.in[k]), o.elements, {}}...);
    });
  }
};

void generated(operands const& o) {
  hetmap::map_into(hetmap::device_span<float>{static_cast<float*>(o.out), o.elements, {}},
                   from_index{},
                   std::views::iota(std::int32_t{0}, static_cast<std::int32_t>(o.elements)));
}

}  // namespace

std::vector<contender> hetmap_contenders() {
  std::vector<contender> all;
  add_column_cases<calls>(all);
  all.push_back({"from_index", "hetmap", false, generated});
  return all;
}

}  // namespace bench::gpu
