#!/usr/bin/env bash
# Lets the disk run full in the middle of a training: it must end with exit 1 and one line, the last checkpoint must load, and once
# there is space again the run must go on to the very weights it would have had. Needs root, to mount a small tmpfs.
#   scripts/check/full_disk.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

digitrec=$(realpath "${DIGITREC:-build/release/digitrec}")
work=$(mktemp -d)
trap 'umount "$work/disk" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
fail() { echo "check_full_disk: $*" >&2; exit 1; }

"$digitrec" data synth --out data --train 4000 --test 100 >/dev/null
flags=(train --data data --model mlp --epochs 12 --average ema --rotate 5 --schedule one-cycle --threads 1)
"$digitrec" "${flags[@]}" --out whole >/dev/null 2>&1
size=$(du -sm whole | cut -f1)
mkdir disk
mount -t tmpfs -o size=$((size * 3))m tmpfs disk

"$digitrec" "${flags[@]}" --out disk/run >out 2>err &
training=$!
until grep -qs ' 3/12 ' disk/run/train.log; do kill -0 "$training" 2>/dev/null || fail "ended too soon: $(cat err)"; sleep 0.02; done
dd if=/dev/zero of=disk/filler bs=64k 2>/dev/null || true  # until nothing is left
code=0
wait "$training" || code=$?
[ "$code" -eq 1 ] || fail "exit $code, expected 1"
[ "$(grep -c '^digitrec: ' err)" -eq 1 ] || fail "expected one line of error: $(cat err)"
echo "full:    $(grep '^digitrec: ' err)"
"$digitrec" eval --checkpoint disk/run --data data >/dev/null 2>&1 || fail "the last checkpoint does not load"
rm disk/filler
"$digitrec" train --resume disk/run >/dev/null 2>err || fail "resume: $(cat err)"
for file in best last; do cmp "whole/$file.safetensors" "disk/run/$file.safetensors"; done
cmp <(cut -d, -f1-6 whole/metrics.csv) <(cut -d, -f1-6 disk/run/metrics.csv)
echo "resumed: best, last and metrics.csv as those of the run that was never stopped"
