#!/usr/bin/env bash
# Builds digitrec with warnings as errors and runs all tests. Under 20 minutes on 2 cores from nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup/install_dependencies.sh --tests
cmake --preset dev
cmake --build --preset dev
ctest --preset dev "$@"
