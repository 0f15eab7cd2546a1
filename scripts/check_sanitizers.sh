#!/usr/bin/env bash
# The whole suite under AddressSanitizer and UndefinedBehaviorSanitizer, then the threads of loader, writer and server under
# ThreadSanitizer. LibTorch and OpenMP are not instrumented, so what happens inside them is not looked at.
#   scripts/check_sanitizers.sh [asan|tsan]      default: both
set -euo pipefail
cd "$(dirname "$0")/.."

export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:second_deadlock_stack=1
names=("$@")
[ $# -gt 0 ] || names=(asan tsan)
for name in "${names[@]}"; do
  cmake --preset "$name" >/dev/null
  cmake --build --preset "$name"
  which=()
  [ "$name" = asan ] || which=(-R 'Csv|ServerTest|Corrections|RunFolder|Resume|ReadFile|Faults')
  # The scripts compare speeds and drive browsers, which tells nothing here.
  ctest --preset "$name" -E '^Scripts' "${which[@]}"
done
