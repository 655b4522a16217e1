#!/bin/sh -e
# needs_no_tbb.sh PREFIX COMPILER: a consumer of the shared library reads no header of oneTBB's and
# its program asks for no library of it; the runtime library is all that hetmap itself needs.
prefix=$1 compiler=$2
source=$(dirname "$0")/program/main.cpp
libdir=$(dirname "$(find "$prefix" -name libhetmap.so)")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$compiler" -std=c++20 -H -fsyntax-only -I"$prefix/include" "$source" 2>"$scratch/read"
grep -q 'hetmap/hetmap.hpp' "$scratch/read"
# Where hetmap itself lies may have any name: build/cuda, for one.
if grep -vF -e "$prefix/include/hetmap/" -e "$source" "$scratch/read" |
  grep -iE 'tbb|oneapi|hwloc|cuda'; then
  echo "the consumer reads the headers above"
  exit 1
fi
"$compiler" -std=c++20 -I"$prefix/include" "$source" -o "$scratch/consumer" \
  -L"$libdir" -lhetmap "-Wl,-rpath,$libdir"
readelf -d "$scratch/consumer" >"$scratch/dynamic"
grep -q 'NEEDED.*libhetmap\.so\.[0-9]' "$scratch/dynamic"
if grep -iE 'NEEDED.*(tbb|hwloc|cuda)' "$scratch/dynamic"; then
  echo "the consumer asks for the libraries above"
  exit 1
fi
"$scratch/consumer"
