#!/bin/sh
# Compiles a file to PTX and counts the bulk copies of the kernel that Thrust made: as many as the
# file's first line says, an input each. Anything else is one of Thrust's slower kernels.
#
#   ptx.sh FILE INCLUDE_DIR NVCC
set -eu
wanted=$(sed -n '1s/^\/\/ expect: \([0-9]*\).*/\1/p' "$1")
ptx=$(mktemp)
trap 'rm -f "$ptx"' EXIT
"$3" -std=c++20 --expt-relaxed-constexpr -I"$2" -arch=compute_90 -ptx "$1" -o "$ptx"
# Every kernel of Thrust's, one for 32-bit and one for 64-bit counts, has that many.
counts=$(awk '/\.entry/ { kernel = /transform_kernel/; if (kernel) ++k; }
              kernel && /cp\.async\.bulk\.shared/ { ++n[k] }
              END { for (i = 1; i <= k; ++i) print n[i] + 0 }' "$ptx" | sort -u)
if [ "$counts" != "$wanted" ]; then
  echo "$1: $wanted bulk copies were expected in each of Thrust's kernels, found:" ${counts:-none}
  exit 1
fi
