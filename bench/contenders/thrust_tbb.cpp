// thrust::transform on its TBB system: several columns by zip_iterator, new memory by
// device_vector, which is this system's own.
#include "../contender.hpp"
#include "../workers.hpp"

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/transform.h>
#include <thrust/tuple.h>
#include <thrust/zip_function.h>

namespace {

/// A kernel's std::tuple as the tuple that Thrust's zip_iterator takes.
template <class F>
struct to_columns {
  F f;

  template <class... In>
  HETMAP_FN auto operator()(In const&... in) const {
    return std::apply([](auto... r) { return thrust::make_tuple(r...); }, f(in...));
  }
};

struct thrust_tbb {
  using math = bench::standard_math;

  template <class F, class T, class In>
  static void into(std::size_t n, F f, std::array<T*, 1> out, In const* in) {
    thrust::transform(thrust::device, in, in + n, out[0], f);
  }
  template <class F, class T, std::size_t K, class... In>
  static void into(std::size_t n, F f, std::array<T*, K> out, In const*... in) {
    auto const from = thrust::make_zip_iterator(in...);
    auto const to = from + static_cast<std::ptrdiff_t>(n);
    if constexpr (K == 1)
      thrust::transform(thrust::device, from, to, out[0], thrust::make_zip_function(f));
    else
      thrust::transform(thrust::device, from, to,
                        thrust::make_zip_iterator(out[0], out[1], out[2], out[3], out[4]),
                        thrust::make_zip_function(to_columns<F>{f}));
  }
  template <class F, class T, std::size_t K, class... In>
  static auto returning(std::size_t n, F f, std::array<T*, K>, In const*... in) {
    return bench::made<memory<T>, K>(n, [&](auto out) { into(n, f, out, in...); });
  }

 private:
  /// A device_vector whose begin() is a pointer: on this system its memory is the host's.
  template <class T>
  class memory {
   public:
    using value_type = T;
    explicit memory(std::size_t n) : elements_(n) {}
    [[nodiscard]] T* begin() { return thrust::raw_pointer_cast(elements_.data()); }
    [[nodiscard]] T const* begin() const { return thrust::raw_pointer_cast(elements_.data()); }
    [[nodiscard]] T const* end() const { return begin() + elements_.size(); }

   private:
    thrust::device_vector<T> elements_;
  };
};

}  // namespace

int main(int argc, char** argv) {
  bench::program self{.use_workers = bench::use_tbb_workers};
  bench::add_all<thrust_tbb>(self.entries, "thrust-tbb");
  return bench::run_program(self, argc, argv);
}
