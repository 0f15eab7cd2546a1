#!/usr/bin/env bash
# Feeds every parser with made-up input (libFuzzer, AddressSanitizer, UndefinedBehaviorSanitizer), beginning with the files in
# tests/fuzz/corpus, and prints how much of the parsers that input reached. What breaks one stays in build/fuzz/found.
#
# usage: scripts/check/fuzz.sh [SECONDS [TARGET...]]     default: 60 seconds each of all targets
#
# Installs: what scripts/setup/install_dependencies.sh --fuzz names (that script's --help). Writes: build/fuzz.
# Takes: 10 minutes on 2 cores to build, then SECONDS times the targets, divided by the processors.
source "$(dirname "$0")/../common.sh"
read_arguments 0 any "$@"
seconds=${args[0]:-60}
need_count "$seconds" SECONDS
# The parsers with a file of their own, and each data format in the table of them.
all=()
for file in tests/fuzz/*.cpp; do [ "$file" = tests/fuzz/format.cpp ] || all+=("$(basename "$file" .cpp)"); done
while read -r format; do all+=("$format"); done < <(sed -nE 's/.*\{\.name = "([^"]*)".*/\L\1/p' src/data/formats.cpp)
targets=("${args[@]:1}")
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
for target in "${targets[@]}"; do
  [[ " ${all[*]} " = *" $target "* ]] || usage_error "no target '$target', expected of ${all[*]}"
done

scripts/setup/install_dependencies.sh --fuzz
llvm=$(llvm-config --bindir 2>/dev/null || dirname "$(realpath "$(command -v clang++)")")
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"

out=$PWD/build/fuzz
mkdir -p "$out/found" "$out/grown"
cores=$(nproc)  # asked now: OMP_NUM_THREADS changes its answer
export UBSAN_OPTIONS=print_stacktrace=1 OMP_NUM_THREADS=1
# A network under LibTorch needs half a gigabyte; no input may ask for much more.
run() {  # TARGET ARGUMENT...
  LLVM_PROFILE_FILE="$out/$1.profraw" "$out/tests/fuzz/fuzz_$1" -timeout=10 -rss_limit_mb=2500 -malloc_limit_mb=1000 \
    -artifact_prefix="$out/found/$1-" "${@:2}"
}
failed=0
fuzz_one() {
  mkdir -p "$out/grown/$1"
  if run "$1" -max_total_time="$seconds" -max_len=65536 -print_final_stats=1 "$out/grown/$1" "tests/fuzz/corpus/$1" 2>"$out/$1.log"; then
    awk -v target="$1" '/number_of_executed_units/ {n = $2} /peak_rss_mb/ {m = $2} END {printf "%-12s %10d inputs, nothing found; at most %d MiB\n", target, n, m}' \
      "$out/$1.log"
  else
    echo "$1: FOUND SOMETHING; see $out/$1.log" && tail -n 30 "$out/$1.log" >&2
    return 1
  fi
}
for target in "${targets[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$cores" ]; do wait -n || failed=1; done
  fuzz_one "$target" &
done
while [ "$(jobs -rp | wc -l)" -gt 0 ]; do wait -n || failed=1; done

echo
echo "Lines of the parsers that these inputs reach:"
profiles=()
objects=()
for target in "${targets[@]}"; do
  run "$target" -runs=0 "$out/grown/$target" "tests/fuzz/corpus/$target" 2>/dev/null || failed=1
  profiles+=("$out/$target.profraw")
  objects+=(-object "$out/tests/fuzz/fuzz_$target")
done
"$llvm/llvm-profdata" merge -sparse "${profiles[@]}" -o "$out/all.profdata"
# By name alone, wherever below src/ they are.
parsers='csv|csv_source|csv_lines|csv_text|csv_columns|plain_csv|idx|arrays|npy|pixels|archive|byte_stream|image_file|decode_png|decode_jpeg|decode_gd|decode_tiff|decode_webp|tiff_tags|orientation|pixel_rows|safetensors|pickle|state_dict|pth|mapping|checkpoint|training_state|config|api|request_body|request_reader|content|access'
mapfile -t files < <(find src -name '*.cpp' | grep -E "/($parsers)\.cpp$" | sort)
"$llvm/llvm-cov" export -summary-only -instr-profile "$out/all.profdata" "${objects[@]:1}" "${files[@]}" 2>/dev/null |
  python3 -c '
import json, os, sys
files = json.load(sys.stdin)["data"][0]["files"]
total = covered = 0
for file in files:
    lines = file["summary"]["lines"]
    total, covered = total + lines["count"], covered + lines["covered"]
    name = os.path.relpath(file["filename"])
    print("  %-34s %5.1f%% of %d" % (name, lines["percent"], lines["count"]))
print("  %-34s %5.1f%% of %d" % ("all", 100 * covered / total, total))
'
exit $failed
