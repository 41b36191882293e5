#!/bin/sh
# setup.sh - install what the build and the tests need, by name, if it is missing.
# SPDX-License-Identifier: MIT
#
# As root, or where sudo asks nothing, it installs; otherwise it prints the one line to
# type and stops. With --peers it also installs what `make bench` compares with, and
# with --checks what `make sanitize` needs; without those it never fails for their sake.
set -eu

# A package, and how to see that what it brings is there.
build_needs='
gcc            command gcc
meson          command meson
ninja-build    command ninja
pkg-config     command pkg-config
python3        command python3
libc6-dev      header stdio.h
libcmocka-dev  module cmocka
libjansson-dev module jansson
libcsv-dev     header csv.h
libcairo2-dev  module cairo
libpango1.0-dev module pangocairo
zlib1g-dev     module zlib
g++            command g++
clang-format   command clang-format
mandoc         command mandoc
fonts-dejavu-core   font DejaVuSans.ttf
fonts-wqy-microhei  font wqy-microhei.ttc
'
check_needs='
clang          command clang
valgrind       command valgrind
'
peer_needs='
libtbb-dev       module tbb
libhts-dev       module htslib
libglib2.0-dev   module glib-2.0
python3-numpy    python numpy
python3-sklearn  python sklearn
python3-joblib   python joblib
'

there() {
    case $1 in
    command) command -v "$2" >/dev/null 2>&1 ;;
    module) pkg-config --exists "$2" 2>/dev/null ;;
    python) /usr/bin/python3 -c "import $2" 2>/dev/null ;;
    font) find /usr/share/fonts /usr/local/share/fonts -name "$2" 2>/dev/null | grep -q . ;;
    header) echo "#include <$2>" | ${CC:-cc} -E - >/dev/null 2>&1 ;;
    esac
}

missing() {
    echo "$1" | while read -r package kind name; do
        [ -z "$package" ] || there "$kind" "$name" || printf ' %s' "$package"
    done
}

wanted=$build_needs
case ${1:-} in
--peers) wanted="$build_needs$peer_needs" ;;
--checks) wanted="$build_needs$check_needs" ;;
esac

packages=$(missing "$wanted")
[ -n "$packages" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: this system has no apt-get; install what provides:$packages" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root=sudo
else
    echo "setup: missing packages; type:  sudo apt-get install -y$packages" >&2
    exit 1
fi
echo "setup: installing$packages"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $packages >/dev/null
