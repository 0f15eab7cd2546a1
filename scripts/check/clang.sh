#!/usr/bin/env bash
# Builds digitrec with Clang, warnings as errors, and runs the tests of the C++ code.
#
# usage: scripts/check/clang.sh [-- CTEST_FLAG...]     e.g. scripts/check/clang.sh -- -R Checkpoint
#
# Installs: what scripts/setup/install_dependencies.sh --clang names (that script's --help). Writes: build/clang.
# Takes: half an hour on 2 cores from nothing. CXX=clang++-18 before it: that Clang.
source "$(dirname "$0")/../common.sh"
takes_rest=yes
read_arguments 0 0 "$@"

scripts/setup/install_dependencies.sh --clang
cmake --preset dev -B build/clang -DCMAKE_CXX_COMPILER="${CXX:-clang++}"
cmake --build build/clang
# The scripts test what the compiler has no part in, or compare speeds, which are GCC's in what users run.
ctest --test-dir build/clang -j 2 --output-on-failure --no-tests=error -E '^Scripts' "${rest[@]}"
