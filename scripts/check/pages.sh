#!/usr/bin/env bash
# Drives the report page and the drawing page in headless Chromium, as the tests do, and keeps screenshots of them.
#
# usage: scripts/check/pages.sh [FOLDER]     FOLDER: where screenshots go; without it, none are taken
#
# Installs: what scripts/setup/install_dependencies.sh --browser names (that script's --help).
# Needs: DIGITREC=PATH names another program than build/release/digitrec.
# Takes: a minute on 2 cores.
source "$(dirname "$0")/../common.sh"
read_arguments 0 1 "$@"
need_digitrec
screenshots=()
if [ ${#args[@]} -gt 0 ]; then
  screenshots=("$(from_caller "${args[0]}")")
  mkdir -p "${screenshots[0]}"
fi
scripts/setup/install_dependencies.sh --browser
node=.cache/browser/playwright/driver/node
[ -x "$node" ] || node=$(command -v node) || die "no Node.js in .cache/browser nor on PATH; install Node.js 20 or later and run this again"
for page in report serve charts; do
  code=0
  "$node" "tests/scripts/${page}_page_test.mjs" "$digitrec" "${screenshots[@]}" || code=$?
  [ "$code" -ne 77 ] || die "no browser to drive; install Chromium or Chrome, and run this again"
  [ "$code" -eq 0 ] || exit "$code"
done
