#!/usr/bin/env bash
# Whether digitrec builds against the CUDA build of LibTorch where there is no CUDA toolkit, as on a machine that has a GPU's
# driver and nothing else: first with what pip brings beside torch (no CUDA graphs then), next with the headers that
# install_dependencies.sh adds. Each time the program lists its devices and models, trains and predicts. Needs no GPU.
#
# usage: scripts/check/cuda_wheel.sh
#
# Installs: what scripts/setup/install_dependencies.sh names (that script's --help); the CUDA build of torch, some 5 GB, with pip.
# Writes: build/cuda-wheel, a copy of the tree with a .venv of its own.
# Takes: on 2 cores from nothing 15 minutes.
source "$(dirname "$0")/../common.sh"
read_arguments 0 0 "$@"

scripts/setup/install_dependencies.sh
make_work
tree=$root/build/cuda-wheel
copy_tree "$tree"
root=$tree
python=$tree/.venv/bin/python
cd "$tree"
has_cuda() { ls .venv/lib/python3*/site-packages/torch/lib/libtorch_cuda.so >/dev/null 2>&1; }
torch=$(sed -n 's/^TORCH=//p' scripts/setup/install_dependencies.sh)
if ! has_cuda; then
  make_venv
  say "installing the CUDA build of torch $torch into build/cuda-wheel/.venv"
  "$python" -m pip install -q "torch==$torch"
  has_cuda || die "pip chose a torch without CUDA; with PIP_CONFIG_FILE=/dev/null and an empty PIP_FIND_LINKS it looks on PyPI alone"
fi
unset Torch_DIR CMAKE_PREFIX_PATH

check() {  # with | no
  quietly build_digitrec
  local digitrec=$tree/build/release/digitrec
  cmake --preset release | grep -F "CUDA graphs: $1" || die "expected of CMake: CUDA graphs: $1"
  ldd "$digitrec" | grep -q libtorch_cuda.so || die "the program does not load libtorch_cuda.so"
  "$digitrec" devices
  "$digitrec" models
  rm -rf "$work/data" "$work/run"
  quietly "$digitrec" data synth --out "$work/data" --train 2000 --test 500
  quietly "$digitrec" train --model cnn --epochs 2 --data "$work/data" --out "$work/run"
  "$digitrec" eval --checkpoint "$work/run" --data "$work/data"
}

"$python" -m pip uninstall -q -y nvidia-cuda-crt 2>/dev/null
say "with what pip brings"
check no
scripts/setup/install_dependencies.sh
say "with CUDA's headers"
check with
say "digitrec builds and runs with torch $torch for CUDA, without a toolkit"
