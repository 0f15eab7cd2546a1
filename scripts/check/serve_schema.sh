#!/usr/bin/env bash
# Has schemathesis make requests out of /openapi.json, sound ones and broken ones, and compares the answers with what the
# document promises: no 5xx, no status or field that it does not name.
#
# usage: scripts/check/serve_schema.sh [EXAMPLES] [-- SCHEMATHESIS_FLAG...]     default: 200 examples an operation
#
# Installs: schemathesis, into .venv. Needs: DIGITREC=PATH names another program than build/release/digitrec.
# Takes: some minutes on 2 cores.
source "$(dirname "$0")/../common.sh"
takes_rest=yes
read_arguments 0 1 "$@"
examples=${args[0]:-200}
need_count "$examples" EXAMPLES
need_digitrec
need_python schemathesis schemathesis
make_work

"$digitrec" data synth --out "$work/data" --train 1000 --test 10 >/dev/null
quietly "$digitrec" train --data "$work/data" --model mlp-128 --epochs 1 --out "$work/run"
start_server "$work/run"
cd "$work"  # schemathesis keeps what it found in the folder it runs in
# Left out: that every picture of the right type must be read. A sound PNG file may be blank.
"$root/.venv/bin/st" run "$url/openapi.json" --max-examples "$examples" --checks all \
  --exclude-checks positive_data_acceptance "${rest[@]}"
