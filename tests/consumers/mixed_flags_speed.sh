#!/bin/sh -e
# mixed_flags_speed.sh BUILD_DIR [ELEMENTS [ROUNDS]]: the maps of each file in the mixed-flags programs
# beside the same file in a program of its own. Nanoseconds an element, the least over all rounds; the
# programs take turns, so that a busy spell of the machine meets all of them. The last three columns are
# relative to the first: "again" is the same program once more, so it shows how far apart two equal
# things are measured. 16384 floats in and out fit the second-level cache; 16 elements show the cost of
# a call.
build=$1
elements=${2:-16384}
rounds=${3:-25}
times=$(mktemp)
trap 'rm -f "$times"' EXIT
round=0
while [ "$round" -lt "$rounds" ]; do
  for program in "$build"/alone_*; do
    "$program" --speed "$elements" | sed 's/^/alone /' >>"$times"
    "$program" --speed "$elements" | sed 's/^/again /' >>"$times"
  done
  for order in forward reversed; do
    "$build/mixed_flags_$order" --speed "$elements" | sed "s/^/$order /" >>"$times"
  done
  round=$((round + 1))
done
echo "nanoseconds an element, maps of $elements"
awk '
  { key = $2 " " $3; if (!(key in seen)) { seen[key] = 1; order[++keys] = key }
    if (!(($1, key) in least) || $4 < least[$1, key]) least[$1, key] = $4 }
  END {
    printf "%-14s %-11s %9s %9s %9s %9s\n", "file", "kernel", "alone", "again", "forward",
           "reversed"
    for (k = 1; k <= keys; ++k) {
      split(order[k], part, " ")
      alone = least["alone", order[k]]
      again = least["again", order[k]] / alone
      forward = least["forward", order[k]] / alone
      reversed = least["reversed", order[k]] / alone
      printf "%-14s %-11s %9.4f %9.3f %9.3f %9.3f\n", part[1], part[2], alone, again, forward, reversed
      if (again > noise) noise = again
      if (forward > worst) worst = forward
      if (reversed > worst) worst = reversed
    }
    printf "slowest %.3f, noise %.3f\n", worst, noise
  }' "$times"
