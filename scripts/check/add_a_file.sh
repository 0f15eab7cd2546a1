#!/usr/bin/env bash
# Whether anybody may add a source file anywhere: puts one that sorts first into each folder below src/ that holds .cpp files, one
# folder after the other, and configures, builds and links digitrec each time. So it finds names that only differ by luck of
# which files are compiled together, and folders that the build does not look into. A copy of the tree is built, never the tree.
#
# usage: scripts/check/add_a_file.sh [--plain] [--unity] [FOLDER...]     default: both builds, all folders
#
#   --plain    only as `cmake -B build` builds it
#   --unity    only with -DCMAKE_UNITY_BUILD=ON, which compiles several files as one
#
# Installs: what scripts/setup/install_dependencies.sh names (that script's --help). Writes: build/add-a-file.
# Takes: on 2 cores from nothing 10 minutes for the first build, then seconds a folder without, minutes with unity files.
source "$(dirname "$0")/../common.sh"
flags="--plain --unity"
read_arguments 0 any "$@"
builds=(plain unity)
if [ -n "${flag_plain:-}" ] && [ -z "${flag_unity:-}" ]; then builds=(plain); fi
if [ -n "${flag_unity:-}" ] && [ -z "${flag_plain:-}" ]; then builds=(unity); fi

# kernels/isa holds one source, which is compiled once for each instruction set.
mapfile -t folders < <(git ls-files --cached --others --exclude-standard 'src/*.cpp' | sed 's|/[^/]*$||' | sort -u | grep -vx 'src/kernels/isa')
if [ ${#args[@]} -gt 0 ]; then
  for folder in "${args[@]}"; do
    printf '%s\n' "${folders[@]}" | grep -qxF "${folder%/}" || usage_error "$folder: no folder below src/ with .cpp files in it"
  done
  folders=("${args[@]%/}")
fi
scripts/setup/install_dependencies.sh

here=$root/build/add-a-file
tree=$here/tree
clean_up() { rm -rf "$tree"; }
make_work
mkdir -p "$here"

add_probe() {  # FOLDER
  local name=aaa_probe_${1//[^a-zA-Z0-9]/_}
  cat >"$tree/$1/aaa_probe.cpp" <<CPP
namespace digitrec {
int $name();
int $name() { return 0; }
}  // namespace digitrec
CPP
}

# BUILD [FLAG...]: whether it configures, builds and links.
build() {
  # Optimised as little as can be: only what compiles and links is asked.
  cmake -S "$tree" -B "$here/$1" -G Ninja -DCMAKE_CXX_FLAGS_RELEASE=-O0 -DDIGITREC_TESTS=OFF "${@:2}" >"$work/log" 2>&1 &&
    cmake --build "$here/$1" --target digitrec >>"$work/log" 2>&1
}

check() {  # BUILD FOLDER [FLAG...]
  local begin=$SECONDS
  build "$1" "${@:3}" || {
    cp "$work/log" "$here/$1.log"
    grep -E -m 5 'error|multiple definition|undefined reference' "$here/$1.log" >&2 || tail -n 5 "$here/$1.log" >&2
    die "$2: with one file more in it the $1 build fails; see build/add-a-file/$1.log"
  }
  # Where the build does not look for new files, the probe never reached the compiler.
  if [ -f "$tree/$2/aaa_probe.cpp" ] && ! grep -rqsF "$2/aaa_probe.cpp" "$here/$1/build.ninja" "$here/$1/CMakeFiles"; then
    die "$2: a file more in it is not compiled by the $1 build; does a CMakeLists.txt list the sources of that folder by name?"
  fi
  printf '%-6s %-28s builds and links, %d s\n' "$1" "$2" $((SECONDS - begin))
}

for kind in "${builds[@]}"; do
  rm -rf "$tree"
  copy_tree "$tree"
  [ ! -e .venv ] || ln -s "$(realpath .venv)" "$tree/.venv"
  unity=()
  [ "$kind" = plain ] || unity=(-DCMAKE_UNITY_BUILD=ON)
  check "$kind" "(as it is)" "${unity[@]}"
  for folder in "${folders[@]}"; do
    add_probe "$folder"
    check "$kind" "$folder" "${unity[@]}"
  done
done
