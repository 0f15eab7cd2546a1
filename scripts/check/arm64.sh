#!/usr/bin/env bash
# Compiles the kernels for arm64 (NEON) with GCC and with Clang, and compares each kernel with plain loops on an emulated processor.
# The rest of digitrec needs a LibTorch for arm64 and is not built here.
#
# usage: scripts/check/arm64.sh
#
# Installs: with apt-get, GCC's cross compiler (g++-aarch64-linux-gnu), Clang and QEMU (qemu-user).
# Takes: a minute.
source "$(dirname "$0")/../common.sh"
read_arguments 0 0 "$@"

apt_install g++-aarch64-linux-gnu clang qemu-user
make_work

check() {  # COMPILER...
  local flags=(-std=c++20 -O3 -ffp-contract=fast -fno-math-errno -Wall -Wextra -Werror -Isrc)
  "$@" "${flags[@]}" -DDIGITREC_ISA=baseline -c src/kernels/isa/table.cpp -o "$work/baseline.o"
  "$@" "${flags[@]}" -DDIGITREC_ISA=plain_tiles -DDIGITREC_PLAIN_TILES -c src/kernels/isa/table.cpp -o "$work/tiles.o"
  "$@" "${flags[@]}" -static tests/portable/kernels.cpp "$work/baseline.o" "$work/tiles.o" -o "$work/kernels"
  qemu-aarch64 "$work/kernels" >"$work/out" || { grep -v '^ok' "$work/out" >&2 || true; die "a kernel differs from plain loops"; }
  say "$1: $(grep -c '^ok' "$work/out") comparisons, none differs"
}

check aarch64-linux-gnu-g++
check clang++ --target=aarch64-linux-gnu
