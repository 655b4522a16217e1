// thrust::transform on its TBB system: several columns by zip_iterator, new memory by
// device_vector, which is this system's own.
#include "../contender.hpp"
#include "../workers.hpp"

#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/inner_product.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/transform.h>
#include <thrust/transform_reduce.h>
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

  template <class F, class Out, class In>
  static void into(std::size_t n, F f, std::tuple<Out*> out, In const* in) {
    thrust::transform(thrust::device, in, in + n, std::get<0>(out), f);
  }
  template <class F, class Out, class A, class B>
  static void into(std::size_t n, F f, std::tuple<Out*> out, A const* a, B const* b) {
    thrust::transform(thrust::device, a, a + n, b, std::get<0>(out), f);
  }
  template <class F, class... Out, class... In>
  static void into(std::size_t n, F f, std::tuple<Out*...> out, In const*... in) {
    auto const from = thrust::make_zip_iterator(in...);
    auto const to = from + static_cast<std::ptrdiff_t>(n);
    if constexpr (sizeof...(Out) == 1)
      thrust::transform(thrust::device, from, to, std::get<0>(out), thrust::make_zip_function(f));
    else
      thrust::transform(thrust::device, from, to,
                        std::apply([](Out*... o) { return thrust::make_zip_iterator(o...); }, out),
                        thrust::make_zip_function(to_columns<F>{f}));
  }
  template <class F, class Op, class T, class In>
  static T fold(std::size_t n, F f, Op op, T init, In const* in) {
    return thrust::transform_reduce(thrust::device, in, in + n, f, init, op);
  }
  template <class F, class Op, class T, class A, class B>
  static T fold(std::size_t n, F f, Op op, T init, A const* a, B const* b) {
    return thrust::inner_product(thrust::device, a, a + n, b, init, op, f);
  }
  template <class F, class... Out, class... In>
  static auto returning(std::size_t n, F f, std::tuple<Out*...> kept, In const*... in) {
    return bench::made<memory>(n, kept, [&](auto out) { into(n, f, out, in...); });
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
