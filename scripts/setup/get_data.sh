#!/usr/bin/env bash
# Fetches digits to train on into data/: the Digit Recognizer competition's files with the official Kaggle CLI, or MNIST's four
# IDX files over HTTPS, each checked by its SHA-256. Run it again after a break: it resumes where it stopped.
#
# usage: scripts/setup/get_data.sh [kaggle|mnist] [--out DIR]     default: kaggle where its CLI is set up, else mnist
#
# Needs: curl for MNIST; for Kaggle its CLI (pip install kaggle), an API token, and the competition's rules accepted.
#        MNIST_MIRRORS="https://host/path/ ..." names mirrors of your own.
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

get_kaggle() {
  command -v kaggle >/dev/null || die "the kaggle program is missing; pip install kaggle, put your API token in ~/.kaggle, accept the rules on kaggle.com/c/digit-recognizer"
  if [ -f "$out/train.csv" ] && [ -f "$out/test.csv" ]; then
    echo "$out/train.csv, $out/test.csv: already here"
    return
  fi
  TMPDIR=$out make_work  # on the same disk, so that mv renames
  kaggle competitions download -c digit-recognizer -p "$work" >&2 ||
    die "the kaggle program failed; check your API token, and that you accepted the rules on kaggle.com/c/digit-recognizer"
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
    if command -v kaggle >/dev/null && { [ -f ~/.kaggle/kaggle.json ] || [ -n "${KAGGLE_KEY:-}${KAGGLE_API_TOKEN:-}" ]; }; then what=kaggle; fi
    ;;
  *) usage_error "unknown word '$what', expected kaggle or mnist" ;;
esac
mkdir -p "$out"
"get_$what"
