// npy_copy IN OUT: streams a .npy file of any served type into another, shape kept.
#include <hetmap/imap.hpp>
#include <hetmap/npy.hpp>

#include <algorithm>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <span>

namespace {

template <class... T>
bool copy(char const* from, char const* to) {
  auto const h = hetmap::npy::inspect(from);
  auto const as = [&]<class U>(U) {
    hetmap::npy::mapped<U> const whole(from);
    hetmap::imap({.chunk_size = 7}, std::identity{}, hetmap::npy::reader<U>(from)) |
        hetmap::npy::save(to, h.shape);
    hetmap::npy::mapped<U> const copied(to);
    // As bytes: NaNs are copied too.
    return std::ranges::equal(std::as_bytes(std::span(whole)), std::as_bytes(std::span(copied)));
  };
  return ((h.type == hetmap::npy::type_of<T> && as(T{})) || ...);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  return copy<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
              std::uint32_t, std::uint64_t, float, double, std::complex<float>,
              std::complex<double>>(argv[1], argv[2])
             ? 0
             : 1;
} catch (std::exception const& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
