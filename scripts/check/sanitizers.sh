#!/usr/bin/env bash
# The whole suite under AddressSanitizer and UndefinedBehaviorSanitizer, then the threads of loader, kernels, writer and server
# under ThreadSanitizer. LibTorch and OpenMP are not instrumented, so what happens inside them is not looked at.
#
# usage: scripts/check/sanitizers.sh [asan] [tsan]     default: both
#
# Installs: what scripts/setup/install_dependencies.sh names (that script's --help). Writes: build/asan, build/tsan.
# Takes: an hour each on 2 cores from nothing, half of it to build.
source "$(dirname "$0")/../common.sh"
read_arguments 0 2 "$@"
[ ${#args[@]} -gt 0 ] || args=(asan tsan)
for name in "${args[@]}"; do
  case $name in asan | tsan) ;; *) usage_error "unknown word '$name', expected asan or tsan" ;; esac
done

scripts/setup/install_dependencies.sh
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:second_deadlock_stack=1
for name in "${args[@]}"; do
  cmake --preset "$name" >/dev/null
  cmake --build --preset "$name"
  # The scripts compare speeds and drive browsers, which tells nothing here.
  which=(-E '^Scripts')
  if [ "$name" = tsan ]; then
    # A cnn-bn trained under ThreadSanitizer takes minutes; its kernels have tests of their own.
    which=(-E '^Scripts|Resume.*/cnn_bn'
           -R '(Csv|ServerTest|HttpTest|Corrections|RunFolder|Resume|ReadFile|Faults|Convolution|Epilogue|FusedKernels|AdamStep|FairShareTest)\.')
  fi
  ctest --preset "$name" "${which[@]}"
done
