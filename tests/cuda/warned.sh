#!/bin/sh
# Compiles a file that nvcc has to take, with the warning that its first line names.
#
#   warned.sh FILE INCLUDE_DIR NVCC
set -eu
wanted=$(sed -n '1s/^\/\/ expect: //p' "$1")
if ! said=$("$3" -std=c++20 --extended-lambda -I"$2" -arch=compute_90 -c "$1" -o /dev/null 2>&1); then
  echo "$said"
  exit 1
fi
# Messages are broken into lines.
if ! echo "$said" | tr -s '\n ' '  ' | grep -qF "$wanted"; then
  echo "$said"
  echo "$1 was compiled without the warning: $wanted"
  exit 1
fi
