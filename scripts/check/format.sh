#!/usr/bin/env bash
# Says which C++ files are not formatted as .clang-format wants, or formats them.
#
# usage: scripts/check/format.sh [--fix] [FILE...]     default: all tracked .h and .cpp files
#
# Installs: clang-format 20.1.8 (pip), into .venv: another version formats differently.
# Takes: seconds.
source "$(dirname "$0")/../common.sh"
flags="--fix"
read_arguments 0 any "$@"
need_tool clang-format 20.1.8
files=()
for file in "${args[@]}"; do
  files+=("$(from_caller "$file")")
  [ -f "${files[-1]}" ] || usage_error "$file: no such file"
done
if [ ${#files[@]} -eq 0 ]; then
  while read -r file; do [ ! -f "$file" ] || files+=("$file"); done < <(git ls-files '*.h' '*.cpp')
fi
if [ -n "${flag_fix:-}" ]; then
  .venv/bin/clang-format -i "${files[@]}"
  exit
fi
# shellcheck disable=SC2016  # the inner shell expands it
mapfile -t wrong < <(printf '%s\0' "${files[@]}" |
  xargs -0 -P "$(nproc)" -I {} sh -c '.venv/bin/clang-format --dry-run --Werror "$1" 2>/dev/null || echo "$1"' sh {} | sort)
[ ${#wrong[@]} -gt 0 ] || { echo "${#files[@]} files, all formatted as .clang-format wants"; exit 0; }
printf '%s\n' "${wrong[@]#"$root/"}"
die "${#wrong[@]} of ${#files[@]} files are not formatted as .clang-format wants; run scripts/check/format.sh --fix"
