#!/usr/bin/env bash
# Makes the reference of include/digitrec with Doxygen; what is not documented, or documented wrong, is an error.
#
# usage: scripts/check/doxygen.sh
#
# Installs: doxygen (apt-get). Writes: build/docs/html.
# Takes: seconds.
source "$(dirname "$0")/../common.sh"
read_arguments 0 0 "$@"
command -v doxygen >/dev/null || apt_install doxygen
rm -rf build/docs
mkdir -p build/docs
doxygen docs/Doxyfile || die "Doxygen warned of the above; document it where it is declared, in include/digitrec"
echo "build/docs/html/index.html: no warnings"
