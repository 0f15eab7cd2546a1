#!/usr/bin/env bash
# Builds digitrec with warnings as errors and runs all tests, those of the pages in Chromium among them. Tests that need a
# GPU, or the cases beside the repository (tests/cli/shared_cases_test.cpp), are skipped where there are none.
#
# usage: scripts/test.sh [-- CTEST_FLAG...]     e.g. scripts/test.sh -- -R Checkpoint
#
# Installs: what scripts/setup/install_dependencies.sh --tests names (that script's --help).
# Writes: build/dev, .venv, .cache/browser.
# Takes: under 20 minutes on 2 cores from nothing; the second time what the tests take, about 6.
source "$(dirname "$0")/common.sh"
takes_rest=yes
read_arguments 0 0 "$@"

scripts/setup/install_dependencies.sh --tests
cmake --preset dev
cmake --build --preset dev
ctest --preset dev ${rest[@]+"${rest[@]}"}
