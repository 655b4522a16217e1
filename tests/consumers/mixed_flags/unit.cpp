// Compiled several times, each time with other flags and another UNIT_NAME.
#include "unit.hpp"

#include "kernels.hpp"

#include <hetmap/hetmap.hpp>

namespace {

void map_into(hetmap::options const& how, std::size_t kernel, std::span<float> out,
              std::span<float const> in) {
  mixed::for_each_kernel([&](auto f, std::size_t index) {
    if (index == kernel) hetmap::map_into(how, out, f, in);
  });
}

hetmap::plan explain(hetmap::options const& how, std::size_t kernel, std::span<float const> in) {
  hetmap::plan found;
  mixed::for_each_kernel([&](auto f, std::size_t index) {
    if (index == kernel) found = hetmap::explain(how, f, in);
  });
  return found;
}

#ifdef __clang__
constexpr bool gcc = false;
#else
constexpr bool gcc = true;
#endif

// What hetmap documents: Clang contracts where the kernel's text is, so .reproducible needs a file
// whose own flags have no fused multiply-add.
#if defined __clang__ && defined __FMA__
constexpr bool can_be_reproducible = false;
#else
constexpr bool can_be_reproducible = true;
#endif

[[maybe_unused]] bool const listed = [] {
  mixed::units().push_back({UNIT_NAME, gcc, can_be_reproducible, map_into, explain});
  return true;
}();

}  // namespace
