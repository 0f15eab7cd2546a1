#!/usr/bin/env bash
# Drives the HTML pages in headless Chromium. Installs Chromium and Node (apt-get) and playwright-core (into build/) if missing.
#   scripts/check/pages.sh [SCREENSHOT_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."

digitrec=${DIGITREC:-build/dev/digitrec}
[ -x "$digitrec" ] || { echo "$digitrec is missing; build it: scripts/test.sh, or name another with DIGITREC=" >&2; exit 1; }
missing=
for package in chromium nodejs npm; do
  command -v "${package/nodejs/node}" >/dev/null || missing+="$package "
done
if [ -n "$missing" ]; then
  echo "== installing with apt-get: $missing" >&2
  apt-get update -qq
  # shellcheck disable=SC2086  # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
if [ ! -d build/node_modules/playwright-core ]; then
  echo "== installing playwright-core into build/node_modules" >&2
  npm install --silent --no-save --prefix build playwright-core
fi
for page in report serve; do
  NODE_PATH=$PWD/build/node_modules node "tests/scripts/${page}_page_test.mjs" "$(realpath "$digitrec")" ${1:+"$(realpath "$1")"}
done
