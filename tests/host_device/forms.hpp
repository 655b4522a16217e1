// GPU forms for a pretended GPU: what a file for nvcc registers, with a loop in the kernel's place.
#pragma once

#include "vendor.hpp"

#include <hetmap/detail/seam/gpu_form.hpp>
#include <hetmap/error.hpp>
#include <hetmap/kernel.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace support {

/// Calls of fail() by the kernels of this program, as device code would count them.
inline std::atomic<std::uint64_t> failures_counted{0};

/// How a form tells of failures.
enum class telling : unsigned char {
  counts,  ///< counts them, and finds the index only when it has to be exact
  word,    ///< names the lowest at once
};

namespace detail {

namespace hd = hetmap::detail;

template <class R>
struct result_columns {
  static constexpr unsigned count = 1;
  template <std::size_t>
  using type = R;
};
template <class R>
  requires requires { std::tuple_size<R>::value; }
struct result_columns<R> {
  static constexpr unsigned count = std::tuple_size<R>::value;
  template <std::size_t I>
  using type = std::tuple_element_t<I, R>;
};

template <telling How, class F, class R, class... A>
struct looped {
  using out = result_columns<R>;

  template <class T>
  static T read(hd::gpu_column const& c, std::size_t i) {
    if constexpr (std::is_integral_v<T>)
      if (c.base == nullptr) return static_cast<T>(c.first + static_cast<std::int64_t>(i));
    return static_cast<T const*>(c.base)[i];
  }

  template <class T>
  static void spoil(hd::gpu_launch const& work, std::size_t column, std::size_t first) {
    std::size_t const n = std::min<std::size_t>(8, work.count - first);
    std::memset(static_cast<void*>(static_cast<T*>(work.columns[column].base) + first), 0xC3,
                n * sizeof(T));
  }

  template <std::size_t... O, std::size_t... I>
  static int run(hd::gpu_launch const& work, std::index_sequence<O...>,
                 std::index_sequence<I...>) noexcept {
    // A copy: that is what a launch makes.
    alignas(F) unsigned char bytes[sizeof(F)];
    std::memcpy(bytes, work.functor, sizeof(F));
    auto const& f = *std::launder(reinterpret_cast<F const*>(bytes));
    for (std::size_t i = 0; i != work.count; ++i) {
      try {
        R const result = f(read<A>(work.columns[out::count + I], i)...);
        if constexpr (out::count == 1 && std::is_same_v<R, typename out::template type<0>>) {
          static_cast<R*>(work.columns[0].base)[i] = result;
        } else {
          using std::get;
          ((static_cast<typename out::template type<O>*>(work.columns[O].base)[i] = get<O>(result)),
           ...);
        }
      } catch (hetmap::kernel_error const& e) {
        if (How == telling::counts) ++failures_counted;
        // Whoever fails ends its thread, with the other elements that it had been given.
        if (How == telling::counts && !work.exact)
          (spoil<typename out::template type<O>>(work, O, i / 8 * 8), ...);
        if ((How == telling::word || work.exact) && work.failure != nullptr &&
            *work.failure == hd::no_failure)
          *work.failure = hd::failure_of(static_cast<std::uint32_t>(i), e.code());
      }
    }
    return 0;
  }

  static int launch(hd::gpu_launch const& work) noexcept {
    return run(work, std::make_index_sequence<out::count>{}, std::index_sequence_for<A...>{});
  }

  template <class Indices>
  struct sizes;
  template <std::size_t... O>
  struct sizes<std::index_sequence<O...>> {
    static constexpr std::size_t bytes[] = {sizeof(typename out::template type<O>)...,
                                            sizeof(A)...};
    static constexpr std::size_t alignments[] = {alignof(typename out::template type<O>)...,
                                                 alignof(A)...};
  };
};

template <class Signature>
struct form_maker;
template <class R, class... A>
struct form_maker<R(A...)> {
  template <class F, telling How>
  static hd::gpu_form make(char const* kernel_text, char const* signature_text,
                           char const* vendor) {
    using loop = looped<How, F, R, A...>;
    return {
        .vendor = vendor,
        .kernel = typeid(hd::kernel_identity_t<F>).name(),
        .signature = typeid(R(A...)).name(),
        .kernel_text = kernel_text,
        .signature_text = signature_text,
        .functor_bytes = sizeof(F),
        .outputs = loop::out::count,
        .inputs = sizeof...(A),
        .element_bytes = loop::template sizes<std::make_index_sequence<loop::out::count>>::bytes,
        .element_alignments =
            loop::template sizes<std::make_index_sequence<loop::out::count>>::alignments,
        .launch = loop::launch,
        .failures =
            How == telling::counts ? +[]() noexcept { return failures_counted.load(); } : nullptr};
  }
};

/// The form of an operation, as gpu_reduce.cuh makes it, with loops in the kernel's place.
template <class Op, class T>
struct looped_fold {
  static constexpr std::size_t bytes[] = {sizeof(T), sizeof(T)};
  static constexpr std::size_t alignments[] = {alignof(T), alignof(T)};

  static int launch(hd::gpu_launch const& work) noexcept {
    alignas(Op) unsigned char copied[sizeof(Op)];
    std::memcpy(copied, work.functor, sizeof(Op));
    auto const& op = *std::launder(reinterpret_cast<Op const*>(copied));
    auto const* const in = static_cast<T const*>(work.columns[1].base);
    auto* const out = static_cast<T*>(work.columns[0].base);
    for (std::size_t begin = 0; begin < work.count; begin += work.piece) {
      std::size_t const n = std::min(work.piece, work.count - begin);
      std::size_t const piece = begin / work.piece;
      try {
        out[piece] = fold(op, in + begin, n);
      } catch (hetmap::kernel_error const& e) {
        ++failures_counted;
        std::memset(static_cast<void*>(out + piece), 0xC3, sizeof(T));
        auto const thread = static_cast<std::uint32_t>(piece * hd::fold_threads + 7);
        *work.failure = std::min(*work.failure, hd::failure_of(thread, e.code()));
      }
    }
    return 0;
  }

 private:
  /// Grouped otherwise than the CPU does it.
  static T fold(Op const& op, T const* in, std::size_t n) {
    if (n == 1) return in[0];
    std::size_t const left = (n + 2) / 3;
    return n == 2 ? T(op(in[0], in[1])) : T(op(fold(op, in, left), fold(op, in + left, n - left)));
  }
};

}  // namespace detail

/// Registers the form of F for a signature for as long as it lives.
template <class F, class Signature, telling How = telling::counts>
class host_form {
 public:
  explicit host_form(char const* kernel_text = "kernel", char const* signature_text = "signature",
                     char const* vendor = host_vendor)
      : registered_(detail::form_maker<Signature>::template make<F, How>(kernel_text,
                                                                         signature_text, vendor)) {}

 private:
  hetmap::detail::registered_gpu_form registered_;
};

/// The same of an operation over T.
template <class Op, class T>
class host_fold {
 public:
  explicit host_fold(char const* kernel_text = "operation",
                     char const* signature_text = "signature")
      : registered_({.kind = hetmap::detail::form_kind::reduce,
                     .vendor = host_vendor,
                     .kernel = typeid(hetmap::detail::kernel_identity_t<Op>).name(),
                     .signature = typeid(T(T, T)).name(),
                     .kernel_text = kernel_text,
                     .signature_text = signature_text,
                     .functor_bytes = sizeof(Op),
                     .outputs = 1,
                     .inputs = 1,
                     .element_bytes = detail::looped_fold<Op, T>::bytes,
                     .element_alignments = detail::looped_fold<Op, T>::alignments,
                     .launch = detail::looped_fold<Op, T>::launch,
                     .failures = +[]() noexcept { return failures_counted.load(); }}) {}

 private:
  hetmap::detail::registered_gpu_form registered_;
};

}  // namespace support
