#!/usr/bin/env bash
# The ablation table of docs/results.md: the recipe `best` shortened to EPOCHS, with one thing changed at a time. Each arm
# is trained with three seeds on the same three quarters of the rows and scored on the other quarter after its last epoch.
#   scripts/ablate.sh DATA [EPOCHS [ARM...]]    e.g. scripts/ablate.sh data 6 elastic swa
set -euo pipefail
cd "$(dirname "$0")/.."

usage="usage: scripts/ablate.sh DATA [EPOCHS [ARM...]]"
data=${1:?$usage}
epochs=${2:-6}
shift $(($# < 2 ? $# : 2))
digitrec=${DIGITREC:-build/release/digitrec}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

declare -A change=(
  [recipe]=""
  [unvaried]="--rotate 0 --scale 0 --shear 0 --shift 0"
  [unshifted]="--shift 0"
  [elastic]="--elastic 0.5"
  [thickness]="--thickness 0.5"
  [erase]="--erase 0.3"
  [clean]="--clean-epochs 1"
  [unaveraged]="--average none"
  [swa]="--average swa --average-start $((epochs * 3 / 4))"
  [unsmoothed]="--label-smoothing 0"
  [undecayed]="--weight-decay 0"
)
order=(recipe unvaried unshifted elastic thickness erase clean unaveraged swa unsmoothed undecayed)
[ $# -gt 0 ] && order=("$@")

for arm in "${order[@]}"; do
  run="$work/$arm"
  # shellcheck disable=SC2086  # flags are words
  "$digitrec" train --config configs/best.toml --data "$data" --seed 21 --val-fraction 0.25 --ensemble 3 --epochs "$epochs" \
    ${change[$arm]?no such arm: $arm} --out "$run" >/dev/null 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  tail -qn 1 "$run"/member-*/metrics.csv | awk -F, -v arm="$arm" -v change="${change[$arm]}" '
    {n++; a += $5; aa += $5 * $5; l += $4; line = line sprintf(" %.2f", 100 * $5)}
    END {printf "%-11s accuracy %.3f%%, deviation %.3f, of%s; loss %.4f; %s\n", arm, 100 * a / n,
                100 * sqrt((aa - a * a / n) / (n - 1)), line, l / n, change}'
done
