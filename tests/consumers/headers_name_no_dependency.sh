#!/bin/sh -e
# headers_name_no_dependency.sh PREFIX: what the library is built on does not show in the headers
# that users see. nvcc's macros (__CUDACC__, __CUDA_ARCH__) are no header of CUDA's.
headers=$1/include/hetmap
count=$(find "$headers" -name '*.hpp' | wc -l)
[ "$count" -ge 10 ] || { echo "only $count headers in $headers"; exit 1; }
if grep -rniE --include='*.hpp' 'tbb|hwloc|cuda_runtime|#[[:space:]]*include[[:space:]]*[<"]cuda' "$headers"; then
  echo "the lines above name a dependency of the library's"
  exit 1
fi
echo "$count headers name no dependency"
