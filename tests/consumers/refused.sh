#!/bin/bash
# What cannot be compiled is refused, in words that say why.
# refused.sh include-directory compiler
set -u
status=0

# refuses reason statement flag...: the statement does not compile, and the compiler says that.
refuses() {
  local reason=$1 statement=$2 said
  shift 2
  said=$(printf '%s\n' '#include <hetmap/hetmap.hpp>' '#include <list>' '#include <ranges>' \
    'void f(std::vector<double> x, std::vector<double> out) {' "$statement" '}' |
    "$compiler" -x c++ -std=c++20 -fsyntax-only -I"$include" "$@" - 2>&1) &&
    { echo "compiled: $statement $*"; status=1; return; }
  grep -qF "$reason" <<<"$said" || { echo "not said of $statement $*: $reason"; status=1; }
}

include=$1
compiler=$2
refuses 'hetmap needs exceptions' '' -fno-exceptions
refuses 'hetmap needs run-time type information' '' -fno-rtti
refuses 'hetmap needs C++20' '' -std=c++17
refuses 'write 0.0, not 0' '(void)hetmap::map_reduce(std::identity(), std::plus<>(), 0, x);'
exit "$status"
