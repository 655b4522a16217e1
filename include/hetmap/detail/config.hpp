// What every header needs before it can say anything else: the version, the ABI namespace, the
// build tag, and the attributes of the element loops. Macros live here and nowhere else; none of
// them may steer the body of an inline function outside the tagged namespace (docs/design.md,
// Tags).
#pragma once

#include <cstddef>

#include <hetmap/detail/macros_aside.hpp>

#if __cplusplus < 202002L
#error "hetmap needs C++20: compile with -std=c++20 or later"
#endif
#if !defined __cpp_exceptions && !defined __CUDACC__
#error "hetmap needs exceptions: compile without -fno-exceptions"
#endif
#if !defined __cpp_rtti && !defined __CUDACC__
#error "hetmap needs run-time type information: compile without -fno-rtti"
#endif

// std::string in the library's interface must have the layout that the library was compiled with.
#if defined _GLIBCXX_USE_CXX11_ABI && !_GLIBCXX_USE_CXX11_ABI && !defined HETMAP_BUILT_ALIKE
#error \
    "hetmap hands over std::string: compile without -D_GLIBCXX_USE_CXX11_ABI=0, or compile hetmap with it too and define HETMAP_BUILT_ALIKE"
#endif

#define HETMAP_VERSION_MAJOR 0
#define HETMAP_VERSION_MINOR 1
#define HETMAP_VERSION_PATCH 0

/// The inline namespace of types and of the compiled core: it changes when their layout does.
#define HETMAP_ABI abi0

#define HETMAP_API __attribute__((__visibility__("default")))

/// Marks the call operator of a kernel: inlined into every clone of the element loop, also at -O0,
/// and callable on the GPU when the file is compiled by nvcc.
#ifdef __CUDACC__
#define HETMAP_FN __host__ __device__ inline __attribute__((__always_inline__))
#else
#define HETMAP_FN inline __attribute__((__always_inline__))
#endif

/// Part of an element loop: must be inlined into the clone that uses it, whatever the -O level.
#define HETMAP_INLINE inline __attribute__((__always_inline__))

// -- the build tag ---------------------------------------------------------------------------
// Verbs and loops are templates, and the same template compiled twice in one program merges to
// whichever the linker met first. Every flag that changes what such a body compiles to is therefore
// part of the name of the namespace they live in, one letter each; absent flags leave no letter.

#if defined __CUDACC__
#define HETMAP_TAG_COMPILER nvcc
#elif defined __clang__
#define HETMAP_TAG_COMPILER clang
#else
#define HETMAP_TAG_COMPILER gcc
#endif

#if !defined __OPTIMIZE__
#define HETMAP_TAG_OPTIMIZE _o0
#elif defined __OPTIMIZE_SIZE__
#define HETMAP_TAG_OPTIMIZE _os
#else
#define HETMAP_TAG_OPTIMIZE _o
#endif

#ifdef __FAST_MATH__
#define HETMAP_TAG_FAST _fast
#else
#define HETMAP_TAG_FAST
#endif

#if defined __SANITIZE_ADDRESS__
#define HETMAP_TAG_SANITIZE _asan
#elif defined __SANITIZE_THREAD__
#define HETMAP_TAG_SANITIZE _tsan
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define HETMAP_TAG_SANITIZE _tsan
#else
#define HETMAP_TAG_SANITIZE
#endif
#else
#define HETMAP_TAG_SANITIZE
#endif

/// Whether the thread sanitizer is on, for which a word that one thread writes and others read is a
/// race unless every access to it is atomic.
#if defined __SANITIZE_THREAD__
#define HETMAP_THREAD_SANITIZER 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define HETMAP_THREAD_SANITIZER 1
#endif
#endif
#ifndef HETMAP_THREAD_SANITIZER
#define HETMAP_THREAD_SANITIZER 0
#endif

#if defined __AVX512F__ && defined __AVX512BW__ && defined __AVX512DQ__ && defined __AVX512VL__
#define HETMAP_TAG_VECTOR _avx512
#elif defined __AVX512F__
#define HETMAP_TAG_VECTOR _avx512f
#elif defined __AVX2__
#define HETMAP_TAG_VECTOR _avx2
#elif defined __AVX__
#define HETMAP_TAG_VECTOR _avx
#elif defined __SSE4_1__
#define HETMAP_TAG_VECTOR _sse4
#else
#define HETMAP_TAG_VECTOR
#endif

#ifdef __FMA__
#define HETMAP_TAG_FMA _fma
#else
#define HETMAP_TAG_FMA
#endif

#ifdef __BMI2__
#define HETMAP_TAG_BMI _bmi
#else
#define HETMAP_TAG_BMI
#endif

#ifdef __AES__
#define HETMAP_TAG_AES _aes
#else
#define HETMAP_TAG_AES
#endif

#if defined _GLIBCXX_DEBUG
#define HETMAP_TAG_CHECKS _debug
#elif defined _GLIBCXX_ASSERTIONS
#define HETMAP_TAG_CHECKS _checked
#else
#define HETMAP_TAG_CHECKS
#endif

#define HETMAP_JOIN_(a, b, c, d, e, f, g, h, i) a##b##c##d##e##f##g##h##i
#define HETMAP_JOIN(a, b, c, d, e, f, g, h, i) HETMAP_JOIN_(a, b, c, d, e, f, g, h, i)

/// The inline namespace of verbs and loops: one per set of flags that changes their code.
#define HETMAP_TAG                                                                            \
  HETMAP_JOIN(HETMAP_TAG_COMPILER, HETMAP_TAG_OPTIMIZE, HETMAP_TAG_FAST, HETMAP_TAG_SANITIZE, \
              HETMAP_TAG_VECTOR, HETMAP_TAG_FMA, HETMAP_TAG_BMI, HETMAP_TAG_AES,              \
              HETMAP_TAG_CHECKS)

// -- the clones ------------------------------------------------------------------------------
// The element loop exists once per instruction-set level, chosen at run time by the core. Feature
// lists are additive: arch= would drop what the command line gave, and the kernel with it.
// GCC compiles the clones at -O2 whatever the file's own level is, so that contraction (and with it
// the bits) does not depend on it, and unrolls the inner loop over a block whole (axpb over 4096
// floats in the first-level cache: 179 ns without, 129 ns with). In a file at -O0 they stay scalar
// all the same. Clang has no such attribute and needs none.

#define HETMAP_AVX2_FEATURES "avx2,fma,bmi,bmi2,f16c,lzcnt,movbe"
#define HETMAP_AVX512_FEATURES HETMAP_AVX2_FEATURES ",avx512f,avx512bw,avx512dq,avx512vl,avx512cd"

// Nothing known of a clone's caller may change it: its parameters' promises would be lost. Blocks
// that are only copied stay loops: with a call of memcpy for each they took 1.2 to 1.6 times as
// long (bench/results/intel-xeon-processor-2026-11-26-loops.txt, 4).

#ifdef __clang__
#define HETMAP_CLONE __attribute__((__flatten__, __noinline__))
#define HETMAP_CLONE_UNCONTRACTED HETMAP_CLONE
#define HETMAP_ENTRY
#else
#define HETMAP_LOOP_OPTIONS "O2", "peel-loops", "no-tree-loop-distribute-patterns"
#define HETMAP_CLONE __attribute__((__flatten__, __noipa__, __optimize__(HETMAP_LOOP_OPTIONS)))
#define HETMAP_CLONE_UNCONTRACTED \
  __attribute__((__flatten__, __noipa__, __optimize__(HETMAP_LOOP_OPTIONS, "fp-contract=off")))
/// A function that only forwards to a clone: a jump, also in a file at -O0.
#define HETMAP_ENTRY __attribute__((__optimize__("O2")))
#endif

#if defined __x86_64__ && !defined __CUDA_ARCH__
#define HETMAP_HAS_X86_CLONES 1
#define HETMAP_CLONE_AVX2 HETMAP_CLONE __attribute__((__target__(HETMAP_AVX2_FEATURES)))
#ifdef __clang__
#define HETMAP_CLONE_AVX512 HETMAP_CLONE __attribute__((__target__(HETMAP_AVX512_FEATURES)))
#else
#define HETMAP_CLONE_AVX512 \
  HETMAP_CLONE __attribute__((__target__(HETMAP_AVX512_FEATURES ",prefer-vector-width=512")))
#endif
#else
#define HETMAP_HAS_X86_CLONES 0
#endif

/// The level of the file's own flags: its loops cannot run below it.
#if defined __AVX512F__ && defined __AVX512BW__ && defined __AVX512DQ__ && defined __AVX512VL__
#define HETMAP_FILE_LEVEL isa::avx512
#elif defined __AVX2__ && defined __FMA__
#define HETMAP_FILE_LEVEL isa::avx2
#else
#define HETMAP_FILE_LEVEL isa::baseline
#endif

/// GCC turns contraction off per function. Clang decides it where the kernel is written, so under
/// Clang the file's own flags must have no fused multiply-add. Fast-math files promise nothing.
#if defined __FAST_MATH__ || (defined __clang__ && (defined __FMA__ || !defined __x86_64__))
#define HETMAP_CAN_BE_REPRODUCIBLE false
#else
#define HETMAP_CAN_BE_REPRODUCIBLE true
#endif

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {

/// Elements in one block of the element loop: a constant trip count that every vector width
/// divides, so that the loop vectorises at plain -O2. Automatic chunk boundaries are multiples of
/// it, counted from index 0.
inline constexpr std::size_t block_elements = 64;

/// What is left after the last block goes through a loop of this many elements, one vector of
/// floats at the widest, before the last few go one by one.
inline constexpr std::size_t small_block_elements = 16;

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
