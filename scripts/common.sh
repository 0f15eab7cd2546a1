# shellcheck shell=bash
# shellcheck disable=SC2034  # the scripts read what is set here
# What the shell scripts share. A script sources it first, then reads its command line:
#
#   source "$(dirname "$0")/../common.sh"
#   flags="--fix --out="                    # the flags it takes; one that ends in = takes a value
#   read_arguments 1 2 "$@"                 # one or two words besides
#
# The comment at a script's head is its help, so it is written once. Runs under Bash 3.2 too, which is what macOS brings.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$(basename "$0")
caller=$PWD                     # relative paths on the command line start here
python=$root/.venv/bin/python

say() { printf '== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$script" "$*" >&2; exit 1; }
usage_error() { printf '%s: %s; --help says more\n' "$script" "$*" >&2; exit 2; }

# ---- the command line ----

print_help() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

# MIN MAX ARGUMENT...: answers --help, refuses flags that the script does not take, and goes to the root folder. Words are in
# `args` then, a flag's value in flag_NAME ("yes" where it takes none), what follows -- in `rest` where `takes_rest` is set.
read_arguments() {
  local min=$1 max=$2 word
  shift 2
  args=()
  rest=()
  for word in "$@"; do
    case $word in
      --) break ;;
      -h | --help) print_help; exit 0 ;;
    esac
  done
  while [ $# -gt 0 ]; do
    word=$1
    shift
    case $word in
      --)
        [ -n "${takes_rest:-}" ] || [ $# -eq 0 ] || usage_error "nothing expected after --, found '$1'"
        rest=("$@")
        break
        ;;
      -?*) if read_flag "$word" ${1+"$1"}; then shift; fi ;;
      *) args+=("$word") ;;
    esac
  done
  [ ${#args[@]} -ge "$min" ] || usage_error "${#args[@]} words given, at least $min expected"
  [ "$max" = any ] || [ ${#args[@]} -le "$max" ] || usage_error "unexpected word '${args[$max]}'"
  cd "$root"
}

# FLAG [NEXT]: true where it took the next word as its value.
read_flag() {
  local name=${1%%=*} flag known='' value=yes took=1
  for flag in ${flags:-}; do
    if [ "${flag%=}" = "$name" ]; then known=$flag; fi
  done
  case $known in
    '') usage_error "unknown flag '$1'" ;;
    *=)
      if [ "$1" != "$name" ]; then
        value=${1#*=}
      else
        [ $# -gt 1 ] || usage_error "$name needs a value"
        value=$2
        took=0
      fi
      [ -n "$value" ] || usage_error "$name needs a value"
      ;;
    *) [ "$1" = "$name" ] || usage_error "$name takes no value, found '$1'" ;;
  esac
  name=${name#--}
  printf -v "flag_${name//-/_}" %s "$value"
  return $took
}

# PATH: the same from the root, where it was meant from the caller's folder.
from_caller() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "$caller/$1" ;; esac; }

# PATH: checks what the command line names as data; sets `data`.
need_data() {
  data=$(from_caller "$1")
  [ -e "$data" ] || die "$1: no such file or folder; expected Kaggle's train.csv or the folder that holds it, which scripts/setup/get_data.sh kaggle fetches"
}

# WORD NAME: a whole number above 0.
need_count() { case $1 in '' | *[!0-9]* | 0*) usage_error "$2 is '$1', expected a whole number above 0" ;; esac; }

# ---- a temporary folder, and processes that end with the script ----

started=()  # process ids

# Sets `work` to a folder of its own (below TMPDIR). However the script ends: ends what is in `started`, calls clean_up where a
# script defines it, and removes the folder. Bash runs an EXIT trap on signals too, and at once where the signal has no trap.
make_work() {
  work=$(mktemp -d)
  trap leave EXIT
}

leave() {
  local pid
  trap - EXIT
  for pid in ${started[@]+"${started[@]}"}; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  if declare -F clean_up >/dev/null; then clean_up; fi
  rm -rf "$work"
}

# COMMAND...: shows what it printed only where it fails, and ends the script then.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "this failed: $*"
  fi
  rm -f "$log"
}

# FOLDER: copies what git knows or would, as it is now, over what is in the folder. Files keep their times, so that a second
# build there compiles only what changed.
copy_tree() {
  mkdir -p "$1"
  git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\0' "$file"; fi
  done | tar -c --null -T - | tar -x -C "$1"
}

# ---- the program ----

# Builds build/release/digitrec, or brings it up to date.
build_digitrec() {
  cmake --preset release -DDIGITREC_TESTS=OFF
  cmake --build --preset release
}

# Sets `digitrec` to the program's absolute path: the one that DIGITREC names, else build/release/digitrec, built where missing.
need_digitrec() {
  digitrec=$root/build/release/digitrec
  if [ -n "${DIGITREC:-}" ]; then
    digitrec=$(from_caller "$DIGITREC")
    [ -x "$digitrec" ] || die "DIGITREC=$DIGITREC: no program there; name one that is built, or unset it to have build/release/digitrec built"
  elif [ ! -x "$digitrec" ]; then
    say "building build/release/digitrec"
    "$root/scripts/setup/install_dependencies.sh"
    build_digitrec >&2
  fi
}

# RUN: starts digitrec serve with it in `work`; sets `url` once it answers.
start_server() {
  "$digitrec" serve --checkpoint "$1" --port 0 --corrections "$work/corrections.csv" >"$work/url" 2>"$work/serve.log" &
  local server=$!
  started+=("$server")
  until [ -s "$work/url" ]; do
    kill -0 "$server" 2>/dev/null || die "digitrec serve ended: $(cat "$work/serve.log")"
    sleep 0.1
  done
  url=$(sed 's|/$||' "$work/url")
}

# ---- what must be installed ----

# PACKAGE...: those of Debian's that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

# Sets `as_root` to what a command needs before it to run as root; false where nothing does.
find_root() {
  as_root=
  [ "$(id -u)" -ne 0 ] || return 0
  as_root=sudo
  command -v sudo >/dev/null
}

apt_update() {  # once a script
  [ -z "${apt_is_fresh:-}" ] || return 0
  $as_root apt-get update -qq
  apt_is_fresh=yes
}

# PACKAGE...: installs those that are missing, and says which.
apt_install() {
  command -v apt-get >/dev/null || die "no apt-get here; install by hand what Debian calls $*"
  local missing
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  find_root || die "missing packages, and neither root nor sudo to install them; as root, run: apt-get install $missing"
  say "installing with apt-get: $missing"
  apt_update
  # shellcheck disable=SC2086  # a list of words
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

make_venv() {
  [ ! -x "$root/.venv/bin/pip" ] || return 0
  # Debian's python3 makes half a .venv where python3-venv is missing.
  python3 -c 'import ensurepip' 2>/dev/null || apt_install python3 python3-venv
  python3 -m venv "$root/.venv" || die "python3 -m venv could not make .venv; remove what is there, and run this again"
}

# "MODULE..." PACKAGE...: installs the packages into .venv where its Python cannot import the modules.
need_python() {
  make_venv
  "$python" -c "import ${1// /, }" 2>/dev/null && return
  shift
  say "installing into .venv: $*"
  "$python" -m pip install -q "$@" || die "pip could not install $*; check the network and run this again"
}

# PROGRAM VERSION: a tool of that very version in .venv, since another formats or warns differently.
need_tool() {
  make_venv
  if [ -x "$root/.venv/bin/$1" ] && "$root/.venv/bin/$1" --version | grep -qF "$2"; then return; fi
  say "installing $1 $2 into .venv"
  "$python" -m pip install -q "$1==$2" || die "pip could not install $1 $2; check the network and run this again"
}
