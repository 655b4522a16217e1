// How a kernel is registered for the GPU: one line in one file for nvcc.
#pragma once

#ifndef __CUDACC__
#error "hetmap/gpu_kernel.cuh is for files that nvcc compiles"
#endif

#include <hetmap/detail/cuda/gpu_launch.cuh>
#include <hetmap/detail/cuda/gpu_reduce.cuh>
#include <hetmap/detail/seam/cuda_half.hpp>
#include <hetmap/kernel.hpp>
#include <hetmap/tuple.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

/// Registers a kernel for the GPU, for one signature:
///
///   HETMAP_GPU_KERNEL(double(double), square);
///   HETMAP_GPU_KERNEL(float(float), poly<3, float>);
///   HETMAP_GPU_KERNEL(hetmap::tuple<float, float>(float, float), polar);
///
/// Write it at namespace scope of a file for nvcc, which the program links or loads. From then on
/// every call site of that kernel, whoever compiled it, can run it on a GPU. The signature says
/// what the kernel returns and the types of its elements, without const and &; other types need
/// another line. A tuple goes to one output column per element, or to columns(...).
///
/// Requires: the kernel is a trivially copyable class whose call operator is const and marked
///           HETMAP_FN, and has a name outside the file; one to eight inputs and outputs of
///           trivially copyable elements, aligned to at most 256 bytes. The GPU must be able to
///           read what pointers in the kernel point to; nothing can check that.
/// Throws:   a call on a GPU may clear a CUDA error that its thread had pending (cudaGetLastError),
///           since the launch's own error could not be told from it: check it before the call. One
///           that cannot be cleared is thrown as device_error.
/// Cost:     nothing before the first call on a GPU; 5 to 10 s of compile time.
/// Memory:   8 KiB of pinned memory per file, from the first launch on.
#define HETMAP_GPU_KERNEL(...)                                                              \
  static ::hetmap::detail::gpu_registration<::hetmap::detail::map_form,                     \
                                            ::hetmap::detail::this_file, __VA_ARGS__> const \
  HETMAP_GPU_NAME(hetmap_gpu_kernel_, __COUNTER__) {                                        \
    #__VA_ARGS__                                                                            \
  }

/// Registers the operation of a map_reduce for the GPU: HETMAP_GPU_REDUCE(double(double, double),
/// std::plus<>). Operands keep their order; their grouping depends only on the number of elements.
///
/// Requires: as above; the operation is associative and takes and returns one default-constructible
///           type of at most 128 bytes.
#define HETMAP_GPU_REDUCE(...)                                                              \
  static ::hetmap::detail::gpu_registration<::hetmap::detail::reduce_form,                  \
                                            ::hetmap::detail::this_file, __VA_ARGS__> const \
  HETMAP_GPU_NAME(hetmap_gpu_reduce_, __COUNTER__) {                                        \
    #__VA_ARGS__                                                                            \
  }

#define HETMAP_GPU_NAME(a, b) HETMAP_GPU_NAME_(a, b)
#define HETMAP_GPU_NAME_(a, b) a##b

// hetmap_add_gpu_kernels() names each file of a static library and has the linker ask for it:
// nothing else refers to its contents.
#ifdef HETMAP_GPU_FILE
extern "C" {
extern char const HETMAP_GPU_FILE;
char const HETMAP_GPU_FILE = 0;
}
#endif

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Whether the type has no name outside of its file. Compilers spell that differently.
template <class F>
constexpr bool is_unnamed() {
  std::string_view const name = __PRETTY_FUNCTION__;
  for (std::string_view const mark : {"{anonymous}", "(anonymous", "<unnamed>", "_GLOBAL__N_"})
    if (name.find(mark) != std::string_view::npos) return true;
  return false;
}

template <class... T>
inline constexpr bool are_gpu_elements =
    sizeof...(T) >= 1 && sizeof...(T) <= most_gpu_columns &&
    (std::is_trivially_copyable_v<T> && ...) && ((alignof(T) <= largest_gpu_alignment) && ...) &&
    (std::is_same_v<T, std::remove_cvref_t<T>> && ...);

template <class R, class Indices = std::make_index_sequence<result_columns<R>::count>>
inline constexpr bool is_gpu_result = false;
template <class R, std::size_t... I>
inline constexpr bool is_gpu_result<R, std::index_sequence<I...>> =
    are_gpu_elements<typename result_columns<R>::template type<I>...>;

/// State that a launch may carry, in bytes.
inline constexpr std::size_t largest_functor = 3072;

template <class Signature, class F>
struct gpu_requirements {
  static_assert(
      std::is_function_v<Signature>,
      "HETMAP_GPU_KERNEL takes the signature first, then the kernel: (double(double), f)");
};
template <class R, class... A, class F>
struct gpu_requirements<R(A...), F> {
  static_assert(std::is_class_v<F>,
                "a GPU form needs a kernel that is a class with a call operator: functions and "
                "pointers to them have no code on the GPU");
  static_assert(!is_unnamed<F>(),
                "a kernel in an unnamed namespace, or made of such types, cannot have a GPU form: "
                "another file's could not be told from it; give its namespace a name");
  static_assert(std::is_trivially_copyable_v<F>,
                "a kernel with a GPU form is copied to the GPU byte by byte, so it has to be "
                "trivially copyable: numbers and hetmap::ref instead of containers and strings");
  static_assert(sizeof(F) <= largest_functor,
                "a kernel's state goes along with every launch, 3072 bytes at most: keep larger "
                "tables in a hetmap::array and a hetmap::ref to it in the kernel");
  static_assert(are_gpu_elements<A...>,
                "a GPU form takes one to eight inputs, of trivially copyable types without const "
                "and &, aligned to 256 bytes at most");
  static_assert(is_gpu_result<R>,
                "a GPU form returns one trivially copyable value, or a tuple of one to eight, "
                "aligned to 256 bytes at most");
  static_assert(std::is_invocable_v<F const&, A const&...>,
                "the kernel cannot be called with these arguments, or its call operator is not "
                "const");
  static_assert(std::is_same_v<std::remove_cvref_t<std::invoke_result_t<F const&, A const&...>>, R>,
                "the signature's result is not what the kernel returns for these arguments");
};

/// A registration for as long as the file is loaded.
template <template <class, class, class> class Form, class File, class Signature, class F>
class gpu_registration {
 public:
  /// text: the macro's arguments, as written.
  explicit gpu_registration(char const* text)
      : signature_text_(text, end_of_signature(text)),
        kernel_text_(kernel_part(text)),
        registered_(form()) {
    use_cuda_devices();
  }

 private:
  using requirements = gpu_requirements<Signature, F>;
  static_assert(sizeof(requirements) > 0);
  using made = Form<File, F, Signature>;

  gpu_form form() const {
    return {.kind = made::kind,
            .vendor = cuda_vendor,
            .kernel = typeid(kernel_identity_t<F>).name(),
            .signature = typeid(Signature).name(),
            .kernel_text = kernel_text_.c_str(),
            .signature_text = signature_text_.c_str(),
            .functor_bytes = sizeof(F),
            .outputs = made::output_count,
            .inputs = made::input_count,
            .element_bytes = made::element_bytes,
            .element_alignments = made::element_alignments,
            .launch = made::launch,
            .failures = count_failures};
  }

  /// The first comma outside brackets.
  static std::size_t end_of_signature(std::string_view text) {
    int depth = 0;
    for (std::size_t i = 0; i != text.size(); ++i) {
      if (text[i] == '(' || text[i] == '<' || text[i] == '[') ++depth;
      if (text[i] == ')' || text[i] == '>' || text[i] == ']') --depth;
      if (text[i] == ',' && depth == 0) return i;
    }
    return text.size();
  }
  static std::string kernel_part(std::string_view text) {
    text.remove_prefix(std::min(end_of_signature(text) + 1, text.size()));
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return std::string(text);
  }

  std::string signature_text_;
  std::string kernel_text_;
  registered_gpu_form registered_;
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
