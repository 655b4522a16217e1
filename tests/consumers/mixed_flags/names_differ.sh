#!/bin/sh -e
# names_differ.sh OBJECT...: no two of these files define an element loop under the same name.
# Names that two of them share would be merged by the linker, and one file would run the other's code.
loops='9clones_ofI.*E(8baseline|12uncontracted|4avx2|6avx512)E'
all=$(mktemp)
trap 'rm -f "$all"' EXIT
for object in "$@"; do
  names=$(nm "$object" | awk '{print $NF}' | grep -E "$loops" | sort -u)
  echo "$(echo "$names" | wc -l) element loops in $(basename "$object")," \
    "namespace $(echo "$names" | head -n 1 | grep -oE '(gcc|clang)_[a-z0-9_]*' | head -n 1)"
  [ "$(echo "$names" | wc -l)" -ge 4 ]
  echo "$names" >>"$all"
done
shared=$(sort "$all" | uniq -d)
[ -z "$shared" ] || { echo "in more than one file:"; echo "$shared" | c++filt; exit 1; }
