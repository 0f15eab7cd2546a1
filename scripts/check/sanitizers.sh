#!/usr/bin/env bash
# The whole suite under AddressSanitizer and UndefinedBehaviorSanitizer, then the threads of loader, kernels, writer and
# server under ThreadSanitizer. LibTorch and OpenMP are not instrumented, so what happens inside them is not looked at.
#   scripts/check/sanitizers.sh [asan|tsan]      default: both
set -euo pipefail
cd "$(dirname "$0")/../.."

export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:second_deadlock_stack=1
names=("$@")
[ $# -gt 0 ] || names=(asan tsan)
for name in "${names[@]}"; do
  cmake --preset "$name" >/dev/null
  cmake --build --preset "$name"
  # The scripts compare speeds and drive browsers, which tells nothing here.
  which=(-E '^Scripts')
  if [ "$name" = tsan ]; then
    # A cnn-bn trained under ThreadSanitizer takes minutes; its kernels have tests of their own.
    which=(-E '^Scripts|Resume.*/cnn_bn'
           -R '(Csv|ServerTest|Corrections|RunFolder|Resume|ReadFile|Faults|Convolution|Epilogue|FusedKernels)\.')
  fi
  ctest --preset "$name" "${which[@]}"
done
