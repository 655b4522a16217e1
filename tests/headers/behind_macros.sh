#!/bin/bash
# The headers behind macros of others, and the macros behind the headers.
# behind_macros.sh include-directory compiler
set -u
include=$1 compiler=$2
here=$(dirname "$0")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0
fail() {
  echo "$1"
  status=1
}

headers=$(cd "$include" && find hetmap -name '*.hpp' ! -name 'macros_*.hpp' | sort | sed 's/.*/#include <&>/')
[ "$(wc -l <<<"$headers")" -ge 40 ] || fail "only $(wc -l <<<"$headers") headers in $include"
# What the headers include of the standard library comes first: it may not stand these macros.
standard=$(cat "$include"/hetmap/*.hpp "$include"/hetmap/detail/*.hpp "$include"/hetmap/detail/*/*.hpp |
  grep -E '^#include <[a-z_/]+(\.h)?>' | grep -v hetmap | sort -u)
names=$(sed -n '/^#/d; s/^[^ ]* //p' "$here/macros.txt" | tr ' ' '\n' | sort -u)

# compiles file what
compiles() {
  "$compiler" -std=gnu++20 -fsyntax-only -Wall -Wextra -Werror -I"$include" "$1" 2>"$scratch/said" ||
    fail "does not compile $2: $(grep -m3 error "$scratch/said")"
}

for parameters in '' '(...)'; do
  macros=$(sed "s/.*/#define &$parameters hetmap_sees_a_macro(/" <<<"$names")
  printf '%s\n' "$standard" '#undef linux' '#undef unix' "$macros" "$headers" >"$scratch/behind.cpp"
  compiles "$scratch/behind.cpp" "behind macros like A$parameters"
  # They are as they were afterwards.
  "$compiler" -std=gnu++20 -I"$include" -dM -E "$scratch/behind.cpp" | sort >"$scratch/after"
  missing=$(sort <<<"$macros" | comm -23 - "$scratch/after")
  [ -z "$missing" ] || fail "not given back: $missing"
done

# The headers themselves, as they come: nothing of the standard library before them.
{
  for header in complex.h termios.h sys/param.h sys/sysmacros.h stdnoreturn.h curses.h term.h X11/Xlib.h; do
    printf '#if __has_include(<%s>)\n#include <%s>\n#endif\n' $header $header
  done
  echo "$headers"
} >"$scratch/real.cpp"
compiles "$scratch/real.cpp" 'behind the headers of the system'

# Every macro that is defined in one of the headers.
printf '%s\n' "$headers" >"$scratch/all.cpp"
strangers=$("$compiler" -std=c++20 -I"$include" -dD -E "$scratch/all.cpp" |
  awk -v folder="$include/hetmap/" '/^# [0-9]+ "/ { ours = index($0, folder) }
       ours && /^#define / && $2 !~ /^HETMAP_/ { print $2 }
       ours && /^#define HETMAP_/ { ++count }
       END { if (count < 20) print "only " count " definitions found" }')
[ -z "$strangers" ] || fail "defined outside of HETMAP_: $strangers"
exit "$status"
