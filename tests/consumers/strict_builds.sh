#!/bin/bash
# strict_builds.sh PREFIX COMPILER [CLANG]: programs whose flags change warnings, the standard library's
# containers, enumerations or visibility, against the library as it is installed; and what is refused.
set -u
prefix=$1 compiler=$2 clang=${3:-}
here=$(dirname "$0")
source=$here/strict/main.cpp
libdir=$(dirname "$(find "$prefix" -name 'libhetmap.so' -o -name 'libhetmap.a' | head -1)")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
link=(-I"$prefix/include" -L"$libdir" -lhetmap "-Wl,-rpath,$libdir")
strict=(-Werror -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  -Wcast-qual -Wcast-align -Wnon-virtual-dtor -Woverloaded-virtual -Wdouble-promotion -Wundef -Wextra-semi
  -Wzero-as-null-pointer-constant -Wsuggest-override)

# works name compiler flag...: compiled with these flags, it runs.
works() {
  local name=$1 with=$2
  shift 2
  if ! "$with" "$@" "$source" -o "$scratch/$name" "${link[@]}" >"$scratch/$name.log" 2>&1; then
    echo "does not compile ($name): $with $*"
    grep -m3 -E 'error|undefined' "$scratch/$name.log"
    return 1
  fi
  timeout 60 "$scratch/$name" || { echo "fails ($name): $with $*"; return 1; }
}
# refused reason compiler flag...: the compiler says why not.
refused() {
  local reason=$1 with=$2 said
  shift 2
  said=$("$with" -fsyntax-only "$@" -I"$prefix/include" -x c++ - 2>&1 \
    <<<'#include <hetmap/hetmap.hpp>
#include <hetmap/npy.hpp>') && { echo "compiled: $with $*"; return 1; }
  grep -qF "$reason" <<<"$said" || { echo "not said of $with $*: $reason"; return 1; }
}

# Two at a time; each is silent if it is well.
jobs=()
{
  works debug "$compiler" -std=c++20 -D_GLIBCXX_DEBUG -D_GLIBCXX_DEBUG_PEDANTIC &&
    works assertions "$compiler" -std=c++20 -D_GLIBCXX_ASSERTIONS -fno-strict-aliasing -funsigned-char
} &
jobs+=($!)
{
  works strict "$compiler" -std=c++23 "${strict[@]}" -Wuseless-cast -Wduplicated-cond -Wlogical-op &&
    works hidden "$compiler" -std=c++20 -fshort-enums -fvisibility=hidden -fvisibility-inlines-hidden \
      -Os -flto=auto &&
    refused 'hetmap needs run-time type information' "$compiler" -std=c++20 -fno-rtti &&
    refused 'compile without -D_GLIBCXX_USE_CXX11_ABI=0' "$compiler" -std=c++20 \
      -D_GLIBCXX_USE_CXX11_ABI=0 &&
    refused 'hetmap/npy.hpp: compile without -D_GLIBCXX_DEBUG' "$compiler" -std=c++20 -D_GLIBCXX_DEBUG
} &
jobs+=($!)
status=0
for job in "${jobs[@]}"; do wait "$job" || status=1; done
if [ -n "$clang" ]; then
  works everything "$clang" -std=c++2b "${strict[@]}" -Weverything -Wno-c++98-compat \
    -Wno-c++98-compat-pedantic -Wno-c++20-compat -Wno-pre-c++20-compat-pedantic -Wno-padded -Wno-unsafe-buffer-usage \
    -Wno-weak-vtables || status=1
  refused 'hetmap needs run-time type information' "$clang" -std=c++20 -fno-rtti || status=1
fi
exit "$status"
