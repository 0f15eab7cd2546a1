#!/usr/bin/env bash
# clang-tidy, with the checks of .clang-tidy, over every source that the dev preset compiles; a finding is an error.
#
# usage: scripts/check/tidy.sh [FILE...]     default: all tracked .cpp files below src/ and tests/ but the fuzz targets
#
# Installs: clang-tidy 23.1.4 (pip), into .venv: another version finds other things; and what
# scripts/setup/install_dependencies.sh names (that script's --help). Writes: build/tidy (configured, not built).
# Takes: 15 minutes for all on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 0 any "$@"
files=()
for file in "${args[@]}"; do
  files+=("$(from_caller "$file")")
  [ -f "${files[-1]}" ] || usage_error "$file: no such file"
done
need_tool clang-tidy 23.1.4
scripts/setup/install_dependencies.sh
# One command a file, without what only GCC reads: a compilation database of unity files would not name the sources.
quietly cmake --preset dev -B build/tidy -DCMAKE_UNITY_BUILD=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON \
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
if [ ${#files[@]} -eq 0 ]; then
  while read -r file; do [ ! -f "$file" ] || files+=("$root/$file"); done < <(git ls-files 'src/*.cpp' 'tests/*.cpp' ':!tests/fuzz')
fi
omp=$(dirname "$(g++ -print-file-name=include/omp.h)")  # a compiler's own
tidy() {  # FILE; without OpenMP's pragmas; the tests' precompiled header as a plain one
  local flags=(--extra-arg=-fno-openmp --extra-arg=-idirafter --extra-arg="$omp"
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-deprecated-declarations)
  [[ $1 != "$root"/tests/* ]] || flags+=(--extra-arg=-include --extra-arg="$root/tests/pch.h")
  .venv/bin/clang-tidy -p build/tidy --quiet --warnings-as-errors='*' "${flags[@]}" "$1" 2>&1 | grep -vE '^[0-9]+ (warnings?|errors?) |Processing file'
  [ "${PIPESTATUS[0]}" -eq 0 ]
}
export -f tidy; export root omp
failed=0
# shellcheck disable=SC2016  # the inner shell expands it
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -I {} bash -c 'tidy "$1"' bash {} || failed=1
[ $failed -eq 0 ] || die "clang-tidy found the above; mend it, or name the check in .clang-tidy with a reason"
echo "${#files[@]} files: nothing found"
