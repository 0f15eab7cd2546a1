#!/usr/bin/env bash
# Installs what building digitrec needs and is not there yet, and says what. Does nothing the second time.
#
# usage: scripts/setup/install_dependencies.sh [--tests] [--browser] [--clang] [--fuzz]
#
#   (always)   with apt-get: compiler, CMake, Ninja, libraries, ccache, mold, gnuplot; with pip: LibTorch from its wheel, into
#              .venv, unless Torch_DIR, CMAKE_PREFIX_PATH or python3's torch leads to one; with an NVIDIA GPU also CUDA's
#              headers beside it
#   --tests    also Python's safetensors, scikit-learn and TensorBoard, into .venv, and what --browser installs
#   --browser  Chromium (apt-get) where there is no Chrome; Node.js and playwright-core as one Python wheel (pip, 53 MB), into
#              .cache/browser
#   --clang    Clang and its OpenMP
#   --fuzz     Clang with its sanitizers and LLVM's coverage tools
#
# Needs: root or sudo where packages are missing. Without apt-get it names what to install by hand.
# Takes: 2 to 5 minutes the first time, as the network is; then a second.
source "$(dirname "$0")/../common.sh"
flags="--tests --browser --clang --fuzz"
read_arguments 0 0 "$@"

TORCH=2.13.0
# Its wheel holds Node.js and playwright-core. The npm of Debian would pull in some hundreds of packages, and the Node.js of
# Debian 12 is out of support.
PLAYWRIGHT=1.65.2
# Without these nothing builds, or a test cannot run.
NEEDED=(g++ cmake make ninja-build curl ca-certificates python3 python3-venv python3-pip zlib1g-dev libzip-dev libpng-dev libjpeg-dev libtiff-dev libwebp-dev libgd-dev libboost-dev)
# CMake fetches the libraries where they are missing; ccache and mold only make building quicker; gnuplot draws figures.
WANTED=(git ccache mold libcli11-dev libspdlog-dev libfccp-dev libgtest-dev nlohmann-json3-dev libtomlplusplus-dev libprotozero-dev gnuplot-nox)

if [ -n "${flag_clang:-}${flag_fuzz:-}" ]; then NEEDED+=(clang libomp-dev); fi
if [ -n "${flag_fuzz:-}" ]; then NEEDED+=(llvm libclang-rt-dev); fi
if [ -n "${flag_tests:-}${flag_browser:-}" ]; then
  has_browser() { command -v chromium || command -v google-chrome || command -v chromium-browser; }
  has_browser >/dev/null || WANTED+=(chromium)
fi

install_packages() {
  if ! command -v apt-get >/dev/null; then
    say "no apt-get here: needed are a C++20 compiler, CMake, Ninja, Python 3, zlib, libzip, libpng, libjpeg, libtiff, libwebp, libgd and Boost's headers; CMake fetches the rest"
    return
  fi
  local needed wanted package
  needed=$(missing_packages "${NEEDED[@]}")
  wanted=$(missing_packages "${WANTED[@]}")
  [ -n "$needed$wanted" ] || return 0
  if ! find_root; then
    [ -z "$needed" ] || die "missing packages, and neither root nor sudo to install them; as root, run: apt-get install $needed$wanted"
    say "not installed (building is slower, figures and tests of pages may be left out): $wanted"
    return
  fi
  [ -n "$(apt-cache madison make)" ] || apt_update  # a fresh system has no lists yet
  # A release that lacks one of the wanted packages still gets the others.
  for package in $wanted; do
    if [ -n "$(apt-cache madison "$package")" ]; then needed+="$package "; else say "this release has no package $package: left out"; fi
  done
  [ -n "$needed" ] || return 0
  # shellcheck disable=SC2086  # a list of words
  apt_install $needed
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
  local prefix prefixes=${CMAKE_PREFIX_PATH:-}
  for prefix in ${prefixes//:/ }; do
    [ -f "$prefix/share/cmake/Torch/TorchConfig.cmake" ] || [ -f "$prefix/Torch/TorchConfig.cmake" ] && return 0
  done
  return 1
}

install_libtorch() {
  if names_libtorch; then
    say "LibTorch: the one that Torch_DIR or CMAKE_PREFIX_PATH names"
    return
  fi
  if [ -x "$python" ] && has_torch "$python"; then return; fi
  if has_torch python3; then
    say "LibTorch: the one of $(command -v python3)"
    return
  fi
  make_venv
  if [ "$(uname -sm)" = "Linux x86_64" ] && ! nvidia-smi -L >/dev/null 2>&1; then
    say "installing LibTorch $TORCH for the CPU (no NVIDIA GPU here) into .venv"
    # The CPU build is on PyTorch's own index; first ask whatever index this machine is set up with.
    "$python" -m pip install -q --no-deps "torch==$TORCH+cpu" 2>/dev/null ||
      "$python" -m pip install -q --no-deps --index-url https://download.pytorch.org/whl/cpu "torch==$TORCH+cpu"
  else
    say "installing LibTorch $TORCH into .venv"
    "$python" -m pip install -q "torch==$TORCH"
  fi
}

# A CUDA build of torch comes with CUDA's headers but for crt/, which they include.
install_cuda_headers() {
  [ -x "$python" ] || return 0
  local crt
  crt=$("$python" - <<'PY'
from importlib.metadata import PackageNotFoundError, version
try:
    major, minor = version("nvidia-cuda-runtime").split(".")[:2]
    crt = f"nvidia-cuda-crt=={major}.{minor}.*"
    try:
        version("nvidia-cuda-crt")
    except PackageNotFoundError:
        print(crt)
except PackageNotFoundError:
    pass
PY
  )
  [ -n "$crt" ] || return 0
  say "installing CUDA's headers ($crt) into .venv"
  "$python" -m pip install -q --no-deps "$crt" || say "pip could not install them: digitrec is built without CUDA graphs"
}

# The tests let Python read what digitrec wrote.
install_test_packages() {
  [ -x "$python" ] || return 0
  local modules="safetensors numpy sklearn tensorboard typing_extensions sympy networkx jinja2 fsspec filelock"
  # Looked for, not imported, which would take seconds.
  "$python" -c 'import importlib.util, sys; sys.exit(None in map(importlib.util.find_spec, sys.argv[1].split()))' "$modules" && return
  say "installing safetensors, scikit-learn, tensorboard and what PyTorch needs in Python into .venv"
  # shellcheck disable=SC2086  # a list of words
  "$python" -m pip install -q ${modules/sklearn/scikit-learn} 2>/dev/null ||
    say "pip could not install them: the interoperability tests will be skipped"
}

# What drives Chromium. In a folder of its own: it is no part of the Python that digitrec is built with.
install_driver() {
  [ ! -d ".cache/browser/playwright-$PLAYWRIGHT.dist-info" ] || return 0
  say "installing Node.js and playwright-core (the wheel of playwright $PLAYWRIGHT) into .cache/browser"
  rm -rf .cache/browser .cache/browser.part
  local with=python3
  [ ! -x "$python" ] || with=$python
  if "$with" -m pip install -q --no-deps --target .cache/browser.part "playwright==$PLAYWRIGHT" 2>/dev/null; then
    mv .cache/browser.part .cache/browser
  else
    rm -rf .cache/browser.part
    say "pip could not install it: the tests of pages will be skipped"
  fi
}

install_packages
install_libtorch
install_cuda_headers
if [ -n "${flag_tests:-}" ]; then install_test_packages; fi
if [ -n "${flag_tests:-}${flag_browser:-}" ]; then install_driver; fi
