#!/bin/bash
# No call in a header is left to be found by argument-dependent lookup: a user's namespace could take
# its place. Clang says which are, and which operators of user's types may be.
# calls_are_qualified.sh include-directory clang
set -u
include=$1 clang=$2
found=$(mktemp)
trap 'rm -f "$found"' EXIT
(cd "$include" && find hetmap -name '*.hpp' ! -name 'macros_*.hpp' | sort | sed 's/.*/#include <&>/') |
  "$clang" -x c++ -std=c++20 -I"$include" -fsyntax-only -Xclang -ast-dump -fno-color-diagnostics - |
  awk -v root="$include/hetmap/" '
    # Locations are told relative to the one before: <file:line:column, line:column, column>.
    match($0, /<[^<>]*>/) {
      place = substr($0, RSTART + 1, RLENGTH - 2)
      while (match(place, /(\/[^:,]+:[0-9]+:[0-9]+|line:[0-9]+:[0-9]+)/)) {
        one = substr(place, RSTART, RLENGTH)
        place = substr(place, RSTART + RLENGTH)
        split(one, part, ":")
        if (part[1] != "line") file = part[1]
        line = part[2]
      }
      if (index(file, root) == 1 && /UnresolvedLookupExpr/) {
        ++seen
        if (match($0, /\(ADL\) = .[^ ]*/))
          print substr(file, length(root) + 1) ":" line ": " substr($0, RSTART + 8, RLENGTH - 8)
      }
    }
    END { if (seen < 200) print "only " seen " calls found" }' | sort -u >"$found"
# get of rows that users take apart is meant to be found so; the operands there are numbers.
if grep -vE "^detail/data/element.hpp:[0-9]+: 'get'$|^math.hpp:[0-9]+: 'operator\|'$" "$found"; then
  echo "the calls above may be a user's function: qualify them"
  exit 1
fi
