#!/usr/bin/env bash
# Lets the disk run full in the middle of a training: it must end with exit 1 and one line, the last checkpoint must load, and
# once there is space again the run must resume to the very weights it would have had.
#
# usage: scripts/check/full_disk.sh
#
# Needs: root, to mount a small tmpfs. DIGITREC=PATH names another program than build/release/digitrec.
# Takes: half a minute.
source "$(dirname "$0")/../common.sh"
read_arguments 0 0 "$@"
[ "$(id -u)" -eq 0 ] || die "not root; a tmpfs must be mounted: run it with sudo"
need_digitrec
clean_up() { umount -l "$work/disk" 2>/dev/null || true; }
make_work
cd "$work"

"$digitrec" data synth --out data --train 4000 --test 100 >/dev/null
train=(train --data data --model mlp --epochs 12 --average ema --rotate 5 --schedule one-cycle --threads 1)
quietly "$digitrec" "${train[@]}" --out whole
size=$(du -sm whole | cut -f1)
mkdir disk
mount -t tmpfs -o size=$((size * 3))m tmpfs disk

"$digitrec" "${train[@]}" --out disk/run >out 2>err &
training=$!
until grep -qs ' 3/12 ' disk/run/train.log; do kill -0 "$training" 2>/dev/null || die "ended too soon: $(cat err)"; sleep 0.02; done
dd if=/dev/zero of=disk/filler bs=64k 2>/dev/null || true  # until nothing is left
code=0
wait "$training" || code=$?
[ "$code" -eq 1 ] || die "digitrec train: exit $code on a full disk, expected 1"
[ "$(grep -c '^digitrec: ' err)" -eq 1 ] || die "digitrec train on a full disk: expected one line of error, found: $(cat err)"
echo "full:    $(grep '^digitrec: ' err)"
quietly "$digitrec" eval --checkpoint disk/run --data data
rm disk/filler
quietly "$digitrec" train --resume disk/run
for file in best last; do cmp "whole/$file.safetensors" "disk/run/$file.safetensors"; done
cmp <(cut -d, -f1-6 whole/metrics.csv) <(cut -d, -f1-6 disk/run/metrics.csv)
echo "resumed: best, last and metrics.csv as those of the run that was never stopped"
