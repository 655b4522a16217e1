#!/bin/sh -e
# reproducible_at_every_level.sh PROGRAM: .reproducible bits are the same at every instruction-set level
# that this processor has.
expected=$(HETMAP_ISA=baseline "$1" --reproducible)
[ "$(echo "$expected" | wc -l)" -ge 10 ]
for level in avx2 avx512; do
  found=$(HETMAP_ISA=$level "$1" --reproducible) || {
    echo "$level: $found"
    continue
  }
  if [ "$found" != "$expected" ]; then
    printf 'baseline:\n%s\n%s:\n%s\n' "$expected" "$level" "$found"
    exit 1
  fi
  echo "$level: $(echo "$found" | wc -l) checksums as at baseline"
done
