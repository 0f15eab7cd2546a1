#!/usr/bin/env bash
# Fetches digits to train on into data/: the Digit Recognizer competition's files with the official Kaggle CLI, or without it by a
# token, or MNIST's four IDX files over HTTPS, each checked by its SHA-256. Run it again after a break: it resumes where it stopped.
#
# usage: scripts/setup/get_data.sh [kaggle|mnist] [--out DIR]     default: kaggle where you are logged in there, else mnist
#
# Needs: curl; for Kaggle the competition's rules accepted, and a token (kaggle.com/settings/api) in KAGGLE_API_TOKEN or
#        ~/.kaggle/access_token, or its CLI (pip install kaggle, kaggle auth login).
#        MNIST_MIRRORS="https://host/path/ ..." names mirrors of your own, KAGGLE_URL another address of Kaggle's API.
# Takes: seconds; 16 MB (kaggle) or 11 MB (mnist).
source "$(dirname "$0")/../common.sh"
flags="--out="
read_arguments 0 1 "$@"

MIRRORS=${MNIST_MIRRORS:-https://ossci-datasets.s3.amazonaws.com/mnist/ https://storage.googleapis.com/cvdf-datasets/mnist/}
MNIST_FILES=${MNIST_FILES:-"
440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609 train-images-idx3-ubyte.gz
3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c train-labels-idx1-ubyte.gz
8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6 t10k-images-idx3-ubyte.gz
f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6 t10k-labels-idx1-ubyte.gz"}

sha256() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

# URL FILE SHA256: downloads to FILE.part, resuming what is there, and gives it its name once the sum is right.
fetch() {
  local url=$1 file=$2 sum=$3
  curl --fail --location --silent --show-error --connect-timeout 20 --retry 2 --continue-at - --output "$file.part" "$url" || return 1
  if [ "$(sha256 "$file.part")" != "$sum" ]; then
    echo "get_data.sh: $url: wrong SHA-256, thrown away" >&2
    rm -f "$file.part"
    return 1
  fi
  mv "$file.part" "$file"
}

get_mnist() {
  command -v curl >/dev/null || die "curl is missing; install it, or put MNIST's files into $out by hand"
  local sum name mirror
  while read -r sum name; do
    [ -n "$name" ] || continue
    if [ -f "$out/$name" ] && [ "$(sha256 "$out/$name")" = "$sum" ]; then
      echo "$out/$name: already here"
      continue
    fi
    for mirror in $MIRRORS; do
      if fetch "$mirror$name" "$out/$name" "$sum"; then
        echo "$out/$name: $mirror"
        continue 2
      fi
    done
    die "$name: no mirror gave it whole; check the network and run this again, or set MNIST_MIRRORS"
  done <<<"$MNIST_FILES"
  echo "MNIST's files hold the images of Kaggle's test set: do not submit a model trained on them to the competition."
}

KAGGLE_URL=${KAGGLE_URL:-https://www.kaggle.com}
login="run kaggle auth login, or put a token made on kaggle.com/settings/api into KAGGLE_API_TOKEN or ~/.kaggle/access_token"
rules="accept the rules on kaggle.com/c/digit-recognizer/rules, then run this again"
unreachable="Kaggle cannot be reached; check the network, and HTTPS_PROXY where a proxy leads out, then run this again"

# Prints the token that Kaggle's own program would take: KAGGLE_API_TOKEN, which may name a file, else the file's.
kaggle_token() {
  local file
  if [ -n "${KAGGLE_API_TOKEN:-}" ] && [ ! -f "$KAGGLE_API_TOKEN" ]; then
    printf %s "$KAGGLE_API_TOKEN"
    return
  fi
  for file in "${KAGGLE_API_TOKEN:-}" ~/.kaggle/access_token ~/.kaggle/access_token.txt; do
    if [ -s "$file" ]; then
      tr -d '[:space:]' <"$file"
      return
    fi
  done
  return 1
}

has_program() { command -v kaggle >/dev/null; }
# Whether Kaggle's program has a login that is no token: kaggle auth login's, or the old way's.
has_login() { [ -f ~/.kaggle/credentials.json ] || [ -f ~/.kaggle/kaggle.json ] || [ -n "${KAGGLE_KEY:-}" ]; }

# LOG: what to do about what Kaggle's program wrote there, by its own sentences: 401kB/s is a speed.
explain_kaggle() {
  if grep -q "^ModuleNotFoundError: " "$1"; then
    echo "the kaggle program does not start: $(grep "^ModuleNotFoundError: " "$1" | tail -n 1); install that with pip"
  elif grep -qE "Max retries exceeded|Failed to (resolve|establish a new connection)|Read timed out|Connection aborted" "$1"; then
    echo "$unreachable"
  elif grep -qE "^Authentication required|Could not find kaggle.json|^401 - |401 Client Error|(^|: )Unauthenticated" "$1"; then
    echo "Authentication required: $login"
  elif grep -qE "^You don't have access|^Permission '|^403 - |403 Client Error" "$1"; then
    echo "Kaggle refused: $rules"
  else
    echo "the kaggle program failed; check your API token, and that you accepted the rules on kaggle.com/c/digit-recognizer"
  fi
}

# FILE: by Kaggle's program.
download_with_program() {
  kaggle competitions download -c digit-recognizer -p "$(dirname "$1")" 2>&1 | tee "$work/log" >&2 || die "$(explain_kaggle "$work/log")"
}

# FILE: without it. The token comes through stdin, since a list of processes shows arguments; curl does not pass it on to the
# server with the files, to which Kaggle redirects.
download_with_token() {
  local status
  status=$(printf 'Authorization: Bearer %s\n' "$(kaggle_token)" |
    curl --location --silent --show-error --connect-timeout 20 --retry 2 --header @- --write-out '%{http_code}' --output "$1" \
      "$KAGGLE_URL/api/v1/competitions/data/download-all/digit-recognizer") || die "$unreachable"
  case $status in
    200) ;;
    401) die "Authentication required: Kaggle does not know the token; $login" ;;
    403) die "Kaggle refused: $rules" ;;
    *) die "Kaggle answered with HTTP status $status; run this again later, or download the files on kaggle.com/c/digit-recognizer/data" ;;
  esac
}

get_kaggle() {
  if [ -f "$out/train.csv" ] && [ -f "$out/test.csv" ]; then
    echo "$out/train.csv, $out/test.csv: already here"
    return
  fi
  TMPDIR=$out make_work  # on the same disk, so that mv renames
  if has_program; then
    download_with_program "$work"/digit-recognizer.zip
  elif kaggle_token >/dev/null; then
    download_with_token "$work"/digit-recognizer.zip
  else
    die "the kaggle program is missing, and so is a token: pip install kaggle and $login; accept the rules on kaggle.com/c/digit-recognizer"
  fi
  python3 -m zipfile -e "$work"/digit-recognizer.zip "$work/files" || die "what Kaggle sent is no zip file; run this again"
  for name in sample_submission.csv test.csv train.csv; do
    [ -f "$work/files/$name" ] || die "$name is not among what Kaggle sent"
    mv "$work/files/$name" "$out/$name"
    echo "$out/$name"
  done
}

out=data
[ -z "${flag_out:-}" ] || out=$(from_caller "$flag_out")
what=${args[0]:-}
case $what in
  kaggle | mnist) ;;
  '')
    what=mnist
    if kaggle_token >/dev/null || { has_program && has_login; }; then what=kaggle; fi
    ;;
  *) usage_error "unknown word '$what', expected kaggle or mnist" ;;
esac
mkdir -p "$out"
"get_$what"
