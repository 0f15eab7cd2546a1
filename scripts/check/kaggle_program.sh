#!/usr/bin/env bash
# Whether digitrec submit understands Kaggle's own program of today: installs it from PyPI and submits through it to a stand-in
# for Kaggle on loopback (kaggle_stand_in.py), which takes, scores, refuses and vanishes in turn; then get_data.sh, with the program
# and without it. Sends nothing to Kaggle.
#
# usage: scripts/check/kaggle_program.sh [VERSION]     default: the newest that pip finds
#
# Installs: kaggle with pip, into a folder that is removed. Needs: openssl.
# Takes: 2 minutes.
source "$(dirname "$0")/../common.sh"
read_arguments 0 1 "$@"
command -v openssl >/dev/null || die "openssl is missing; install it"
need_digitrec
make_work

say "installing kaggle${args[0]:+ ${args[0]}} into a folder of its own"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q "kaggle${args[0]:+==${args[0]}}" 2>"$work/pip.log" || die "pip could not install kaggle: $(tail -n 1 "$work/pip.log")"
mkdir "$work/home" "$work/stand-in"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=stand-in" -addext subjectAltName=DNS:api.kaggle.com,DNS:www.kaggle.com \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,digitalSignature,keyCertSign \
  -keyout "$work/stand-in/key.pem" -out "$work/stand-in/cert.pem" 2>/dev/null
python3 scripts/check/kaggle_stand_in.py "$work/stand-in" >"$work/port" &
started+=($!)
until [ -s "$work/port" ]; do sleep 0.1; done

cd "$work"
"$digitrec" data synth --out data --train 10 --test 20 >/dev/null 2>&1
cp data/sample_submission.csv submission.csv  # any labels will do

# The program's own environment, its proxy the stand-in, and the assignments given.
with_kaggle() {
  env -i HOME="$work/home" PATH="$work/venv/bin:$PATH" LANG="${LANG:-C.UTF-8}" HTTPS_PROXY="http://127.0.0.1:$(cat port)" \
    REQUESTS_CA_BUNDLE="$work/stand-in/cert.pem" "$@"
}

failures=0
result() {  # COMMAND FOUND STATUS WORDS: compares what came out with what was expected
  if [ "$2" = "$3" ] && grep -qF -- "$4" answer; then
    printf 'as expected  %s exits with %s: %s\n' "$1" "$2" "$(tail -n 1 answer)"
  else
    printf 'NOT AS EXPECTED  %s: exit code %s, expected %s with: %s\n' "$1" "$2" "$3" "$4"
    sed 's/^/    /' answer
    failures=$((failures + 1))
  fi
}

# MODE STATUS WORDS [ASSIGNMENT...] [-- FLAG...]: submits while the stand-in is in that mode; both must come out.
expect() {
  local mode=$1 status=$2 words=$3 found=0 environment=()
  shift 3
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    environment+=("$1")
    shift
  done
  [ $# -eq 0 ] || shift
  echo "$mode" >stand-in/mode
  with_kaggle ${environment[@]+"${environment[@]}"} "$digitrec" submit submission.csv -m "try it" "$@" >answer 2>&1 || found=$?
  result "submit ($mode)" "$found" "$status" "$words"
}

# STATUS WORDS [ASSIGNMENT...]
expect_data() {
  local status=$1 words=$2 found=0
  shift 2
  rm -rf fetched
  with_kaggle "$@" "$root/scripts/setup/get_data.sh" kaggle --out "$work/fetched" >answer 2>&1 || found=$?
  result "get_data.sh" "$found" "$status" "$words"
}

# What pip installs may lack a package that it needs; digitrec must say so then.
if ! with_kaggle kaggle --version >answer 2>&1; then
  lacks=$(sed -n "s/.*No module named '\([^'.]*\).*/\1/p" answer)
  [ -n "$lacks" ] || die "the kaggle program does not start: $(tail -n 1 answer)"
  expect ok 1 "pip install $lacks"
  venv/bin/pip install -q "$lacks" 2>/dev/null
fi
version=$(with_kaggle kaggle --version)
say "$version"

token=KAGGLE_API_TOKEN=right
expect ok 1 "Authentication required"
expect ok 1 "Authentication required" KAGGLE_API_TOKEN=wrong
expect token 1 "Authentication required" $token
expect ok 1 "Kaggle cannot be reached" $token HTTPS_PROXY=http://127.0.0.1:9
expect ok 1 "Kaggle cannot be reached" KAGGLE_USERNAME=old KAGGLE_KEY=way HTTPS_PROXY=http://127.0.0.1:9
expect ok 0 "10 of 10 submissions are left today" $token
expect ok 0 "Successfully submitted" KAGGLE_USERNAME=old KAGGLE_KEY=way
mkdir home/.kaggle
echo right >home/.kaggle/access_token
expect ok 0 "public score is 0.99142" -- --wait --poll-interval 1
expect error 1 "could not score the submission: Could not parse '7.0'" -- --wait --poll-interval 1
expect pending 1 "no score after 2 s" -- --wait --timeout 2 --poll-interval 1
expect uncounted 1 "does not list the submission" -- --poll-interval 1
expect rules 1 "accept the rules"
expect unknown 1 "closed to submissions"
expect refused 1 "Kaggle takes no more submissions today"
expect limit 1 "Kaggle takes no more submissions today: 10 were sent"
expect busy 1 "asked too often"
expect down 1 "Kaggle itself has failed"
echo ok >stand-in/mode
expect_data 0 fetched/train.csv
echo token >stand-in/mode
expect_data 1 "Authentication required"
echo ok >stand-in/mode
expect_data 1 "Kaggle cannot be reached" HTTPS_PROXY=http://127.0.0.1:9
rm venv/bin/kaggle
expect_data 0 fetched/train.csv CURL_CA_BUNDLE="$work/stand-in/cert.pem"
expect_data 1 "Authentication required" CURL_CA_BUNDLE="$work/stand-in/cert.pem" KAGGLE_API_TOKEN=wrong
[ "$(grep -c '^upload' stand-in/log)" -ge 6 ] || { echo "the stand-in has seen too few uploads"; failures=$((failures + 1)); }

echo "not tried: kaggle auth login (it needs a browser), Kaggle's own wording of its refusals (the stand-in's is a guess),"
echo "           and the server that Kaggle has files uploaded to"
[ "$failures" = 0 ] || die "$failures answers were not as expected"
say "digitrec understands $version"
