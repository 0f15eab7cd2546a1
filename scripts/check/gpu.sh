#!/usr/bin/env bash
# Builds digitrec on a machine with a CUDA GPU against the torch of its python3, without network; runs the CUDA tests, the
# benchmark of GPU against CPU and one training of `fast`; prints one line of JSON.
#
# usage: scripts/check/gpu.sh pack            where digitrec builds already (Debian, Ubuntu): gathers the libraries it needs in
#                                             build/carry.tar.xz
#        scripts/check/gpu.sh [TRAIN_CSV]     on the GPU machine, with build/carry.tar.xz copied along; without a CSV it
#                                             draws synthetic digits
#
# Needs: an NVIDIA GPU, CMake, Ninja, a C++20 compiler, and a python3 with a CUDA build of torch. Writes: build/gpu.
# Takes: about 10 minutes.
source "$(dirname "$0")/../common.sh"
read_arguments 0 1 "$@"

# Headers; the libraries themselves are those that the program loads.
PACKAGES=(libcli11-dev libspdlog-dev libfmt-dev libfccp-dev nlohmann-json3-dev libtomlplusplus-dev libprotozero-dev libgtest-dev
          zlib1g-dev libzip-dev libpng-dev libjpeg62-turbo-dev libjpeg-turbo8-dev libtiff-dev libwebp-dev libgd-dev 'libboost1*-dev')

pack() {
  need_digitrec
  make_work
  mkdir -p build
  {
    { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${PACKAGES[@]}" 2>/dev/null || true; } |  # no release has them all
      awk '$1 == "installed" { print $2 }' | xargs dpkg-query -L | grep -E '/(include|lib|share/cmake)/'
    ldd "$digitrec" |
      awk '$3 ~ "^/(usr/)?lib" && $1 !~ "^(libc|libm|libstdc|libgcc_s|librt|libdl|libpthread)[.+]" { print $3 }'
  } | sed 's|^/lib|/usr/lib|' >"$work/files"
  xargs -d '\n' realpath <"$work/files" >>"$work/files.real"  # what links lead to
  sort -u "$work/files" "$work/files.real" | XZ_OPT=-T0 tar -cJf build/carry.tar.xz --no-recursion -P -T - --transform 's|^/||'
  say "build/carry.tar.xz: $(du -h build/carry.tar.xz | cut -f1)"
}

if [ "${args[0]:-}" = pack ]; then pack; exit; fi

csv=
if [ ${#args[@]} -gt 0 ]; then
  need_data "${args[0]}"
  csv=$data
fi
nvidia-smi -L >&2 || die "no NVIDIA GPU here; run it where nvidia-smi -L lists one"
if [ -f build/carry.tar.xz ]; then
  rm -rf build/carry
  mkdir -p build/carry
  tar -C build/carry -xJf build/carry.tar.xz
fi
say "building against the torch of $(command -v python3)"
cmake -S . -B build/gpu -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$PWD/build/carry/usr" \
  -DFAST_CPP_CSV_PARSER_INCLUDE_DIR="$PWD/build/carry/usr/include/libfccp" >&2
cmake --build build/gpu >&2
ctest --test-dir build/gpu -R 'Presets/Cuda' --output-on-failure >&2 && tests=passed || tests=failed

data=$csv
if [ -z "$data" ]; then
  build/gpu/digitrec data synth --out build/gpu/synth --train 42000 --test 10 >&2
  data=build/gpu/synth/train.csv
fi
build/gpu/digitrec bench --devices cpu,cuda --models cnn,cnn-bn,fast --rows 12800 --data "$data" --json >build/gpu/bench.json
rm -rf build/gpu/fast
build/gpu/digitrec train --recipe fast --data "$data" --device cuda --out build/gpu/fast >&2
python3 - "$tests" "${args[0]:-synthetic digits}" <<'PY'
import csv, json, subprocess, sys
bench = json.load(open("build/gpu/bench.json"))
rows = list(csv.DictReader(open("build/gpu/fast/metrics.csv")))
gpu = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True).stdout.strip()
print(json.dumps({"gpu": gpu, "tests": sys.argv[1], "data": sys.argv[2], "fast_seconds": float(rows[-1]["seconds"]),
                  "fast_val_accuracy": float(rows[-1]["val_accuracy"]), "bench": bench["results"]}))
PY
