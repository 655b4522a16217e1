#!/bin/sh -e
# pkg_config.sh PREFIX COMPILER [PKG_CONFIG_OPTION...]: the consumer compiled by hand with what
# pkg-config says, under the strictest warnings, in a directory that is gone afterwards.
prefix=$1 compiler=$2
shift 2
source=$(dirname "$0")/program/main.cpp
pc=$(find "$prefix" -name hetmap.pc)
export PKG_CONFIG_PATH="${pc%/*}${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

pkg-config --print-errors --exists 'hetmap >= 0.1'
flags=$(pkg-config "$@" --cflags --libs hetmap)
echo "pkg-config says: $flags"
# What it says is quoted for a shell: a folder may have a space in its name.
eval "set -- $flags -Wl,-rpath,$(pkg-config --variable=libdir hetmap)"
"$compiler" -std=c++20 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror \
  "$source" -o "$scratch/consumer" "$@"
"$scratch/consumer"
