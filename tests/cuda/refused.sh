#!/bin/sh
# Compiles a file that has to be refused, for the reason that its first line names.
#
#   refused.sh FILE INCLUDE_DIR NVCC
set -eu
wanted=$(sed -n '1s/^\/\/ expect: //p' "$1")
if said=$("$3" -std=c++20 --expt-relaxed-constexpr -I"$2" -arch=compute_90 -ptx "$1" -o /dev/null 2>&1)
then
  echo "$1 was compiled"
  exit 1
fi
# Messages are broken into lines.
if ! echo "$said" | tr -s '\n ' '  ' | grep -qF "$wanted"; then
  echo "$said"
  echo "$1 was refused for another reason than: $wanted"
  exit 1
fi
