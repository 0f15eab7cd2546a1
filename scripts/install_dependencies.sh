#!/usr/bin/env bash
# Installs what building digitrec needs and is not there yet: Debian or Ubuntu packages, and LibTorch from its Python
# wheel in .venv. Says what it installs; does nothing the second time.
#   --tests  also the Python packages that the interoperability tests use
set -euo pipefail
cd "$(dirname "$0")/.."

TORCH=2.13.0
PACKAGES=(g++ cmake ninja-build git ccache mold curl python3 python3-venv python3-pip libcli11-dev libspdlog-dev
          libfccp-dev libgtest-dev nlohmann-json3-dev libtomlplusplus-dev zlib1g-dev libpng-dev libjpeg-dev)

say() { printf '== %s\n' "$*" >&2; }

install_packages() {
  if ! command -v apt-get >/dev/null; then
    say "no apt-get here: needed are a C++20 compiler, CMake, Ninja, Python 3, zlib, libpng and libjpeg; CMake fetches the rest"
    return
  fi
  local missing=() as_root=()
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  say "installing with apt-get: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

has_torch() {  # PYTHON: does it hold LibTorch 2.4 or later?
  "$1" - <<'PY' 2>/dev/null
import importlib.metadata as m
major, minor = m.version("torch").split(".")[:2]
raise SystemExit((int(major), int(minor)) < (2, 4))
PY
}

install_libtorch() {
  if [ -n "${Torch_DIR:-}${CMAKE_PREFIX_PATH:-}" ]; then
    say "LibTorch: left to Torch_DIR and CMAKE_PREFIX_PATH"
    return
  fi
  if [ -x .venv/bin/python ] && has_torch .venv/bin/python; then return; fi
  if has_torch python3; then
    say "LibTorch: the one of $(command -v python3)"
    return
  fi
  [ -x .venv/bin/pip ] || python3 -m venv .venv
  if [ "$(uname -sm)" = "Linux x86_64" ] && ! nvidia-smi -L >/dev/null 2>&1; then
    say "installing LibTorch $TORCH for the CPU (no NVIDIA GPU here) into .venv"
    # The CPU build is on PyTorch's own index; first ask whatever index this machine is set up with.
    .venv/bin/pip install -q --no-deps "torch==$TORCH+cpu" 2>/dev/null ||
      .venv/bin/pip install -q --no-deps --index-url https://download.pytorch.org/whl/cpu "torch==$TORCH+cpu"
  else
    say "installing LibTorch $TORCH into .venv"
    .venv/bin/pip install -q "torch==$TORCH"
  fi
}

# The tests let Python read what digitrec wrote.
install_test_packages() {
  [ -x .venv/bin/python ] || return 0
  .venv/bin/python -c 'import torch, safetensors.torch, numpy' 2>/dev/null && return
  say "installing safetensors, numpy and what PyTorch needs in Python into .venv"
  .venv/bin/pip install -q safetensors numpy typing_extensions sympy networkx jinja2 fsspec filelock 2>/dev/null ||
    say "they cannot be had: the interoperability tests will be skipped"
}

install_packages
install_libtorch
if [ "${1:-}" = --tests ]; then install_test_packages; fi
