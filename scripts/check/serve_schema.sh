#!/usr/bin/env bash
# Has schemathesis make requests out of /openapi.json, sound ones and broken ones, and compares the answers with what the document
# promises: no 5xx, no status or field that it does not name.
#   scripts/check/serve_schema.sh [EXAMPLES]        default: 200 an operation. Installs schemathesis (into .venv) if missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

digitrec=$(realpath "${DIGITREC:-build/release/digitrec}")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
.venv/bin/python -c 'import schemathesis' 2>/dev/null || {
  echo "== installing schemathesis into .venv" >&2
  .venv/bin/python -m pip install -q schemathesis
}
"$digitrec" data synth --out "$work/data" --train 1000 --test 10 >/dev/null
"$digitrec" train --data "$work/data" --model mlp-128 --epochs 1 --out "$work/run" >/dev/null 2>&1
"$digitrec" serve --checkpoint "$work/run" --port 0 --corrections "$work/corrections.csv" >"$work/url" 2>"$work/log" &
server=$!
until [ -s "$work/url" ]; do kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }; sleep 0.1; done
python=$PWD/.venv/bin
cd "$work"  # schemathesis keeps what it found in the folder it runs in
# Left out: that every picture of the right type must be read. A sound PNG file may be blank.
"$python/st" run "$(cat "$work/url")openapi.json" --max-examples "${1:-200}" --checks all --exclude-checks positive_data_acceptance "${@:2}"
