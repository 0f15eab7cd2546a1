#!/usr/bin/env bash
# Installs what building digitrec needs and is not there yet: Debian or Ubuntu packages, and LibTorch from its Python
# wheel in .venv. Says what it installs; does nothing the second time.
#   --tests  also the Python packages that the interoperability tests use
#   --fuzz   also Clang with its sanitizers and LLVM's coverage tools
set -euo pipefail
cd "$(dirname "$0")/../.."

TORCH=2.13.0
# Without these nothing builds, or a test cannot run.
NEEDED=(g++ cmake make ninja-build curl ca-certificates python3 python3-venv python3-pip zlib1g-dev libpng-dev libjpeg-dev libmicrohttpd-dev)
# CMake fetches the libraries where they are missing; ccache and mold only make building quicker; gnuplot draws figures.
WANTED=(git ccache mold libcli11-dev libspdlog-dev libfccp-dev libgtest-dev nlohmann-json3-dev libtomlplusplus-dev libprotozero-dev gnuplot-nox)

if [ "${1:-}" = --fuzz ]; then NEEDED+=(clang llvm libclang-rt-dev libomp-dev); fi

say() { printf '== %s\n' "$*" >&2; }

missing_of() {  # PACKAGE...: those that are not installed
  local package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

install_packages() {
  if ! command -v apt-get >/dev/null; then
    say "no apt-get here: needed are a C++20 compiler, CMake, Ninja, Python 3, zlib, libpng, libjpeg and libmicrohttpd; CMake fetches the rest"
    return
  fi
  local needed wanted as_root=
  needed=$(missing_of "${NEEDED[@]}")
  wanted=$(missing_of "${WANTED[@]}")
  [ -n "$needed$wanted" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null; then
      as_root=sudo
    elif [ -z "$needed" ]; then
      say "not installed, which makes building slower (and without gnuplot no figures are drawn): $wanted"
      return
    else
      say "missing packages, and neither root nor sudo to install them; as root, run: apt-get install $needed$wanted"
      exit 1
    fi
  fi
  say "installing with apt-get: $needed$wanted"
  # shellcheck disable=SC2086  # the lists are words
  $as_root apt-get update -qq
  # A release that lacks one of the wanted packages still gets the others.
  for package in $wanted; do apt-cache show "$package" >/dev/null 2>&1 && needed+="$package "; done
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $needed >/dev/null
}

has_torch() {  # PYTHON: does it hold LibTorch 2.4 or later with today's C++ ABI?
  "$1" - 2>/dev/null <<'PY'
import importlib.util, pathlib, re
root = pathlib.Path(importlib.util.find_spec("torch").submodule_search_locations[0], "share", "cmake", "Torch")
version = re.search(r'PACKAGE_VERSION "(\d+)\.(\d+)', (root / "TorchConfigVersion.cmake").read_text())
old_abi = "_GLIBCXX_USE_CXX11_ABI=0" in (root / "TorchConfig.cmake").read_text()
raise SystemExit(old_abi or tuple(map(int, version.groups())) < (2, 4))
PY
}

names_libtorch() {  # does Torch_DIR or CMAKE_PREFIX_PATH lead to a LibTorch?
  [ -f "${Torch_DIR:-}/TorchConfig.cmake" ] && return 0
  local prefix
  for prefix in ${CMAKE_PREFIX_PATH//:/ }; do
    [ -f "$prefix/share/cmake/Torch/TorchConfig.cmake" ] || [ -f "$prefix/Torch/TorchConfig.cmake" ] && return 0
  done
  return 1
}

install_libtorch() {
  if CMAKE_PREFIX_PATH=${CMAKE_PREFIX_PATH:-} names_libtorch; then
    say "LibTorch: the one that Torch_DIR or CMAKE_PREFIX_PATH names"
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
  .venv/bin/python -c 'import torch, safetensors.torch, numpy, sklearn, tensorboard' 2>/dev/null && return
  say "installing safetensors, scikit-learn, tensorboard and what PyTorch needs in Python into .venv"
  .venv/bin/pip install -q safetensors numpy scikit-learn tensorboard typing_extensions sympy networkx jinja2 fsspec filelock 2>/dev/null ||
    say "they cannot be had: the interoperability tests will be skipped"
}

install_packages
install_libtorch
if [ "${1:-}" = --tests ]; then install_test_packages; fi
