#!/bin/sh
# Compiles a file for sm_90 and reads how much shared memory the kernels that run one element a thread
# take: less than 256 bytes where fail() cannot be reached, more where it can. From that a form knows
# whether a map in place may take Thrust's kernel.
#
#   may_fail.sh FILE INCLUDE_DIR NVCC
#
# In FILE the types of the kernels that can fail end in _failing, the others' in _safe.
set -eu
cubin=$(mktemp)
trap 'rm -f "$cubin"' EXIT
sizes=$("$3" -std=c++20 --expt-relaxed-constexpr -I"$2" -arch=sm_90 -cubin -Xptxas -v "$1" -o "$cubin" 2>&1 |
  awk '/Compiling entry function/ { kernel = /one_element_each/ ? $0 : "" }
       kernel != "" && /bytes smem/ {
         match($0, /[0-9]+ bytes smem/); size = substr($0, RSTART) + 0
         print (kernel ~ /_failing/ ? "failing" : "safe"), (size < 256 ? "little" : "much"); kernel = "" }' |
  sort | uniq -c | awk '{ print $1, $2, $3 }')
wanted=$(sed -n 's/^\/\/ expect: //p' "$1")
if [ "$sizes" != "$wanted" ]; then
  printf '%s: expected\n%s\nfound\n%s\n' "$1" "$wanted" "$sizes"
  exit 1
fi
