#!/bin/sh
# run.sh - backends outside of the tree, built against what is installed: the whole contract
# suite runs on them, and what concerns them alone.
# SPDX-License-Identifier: MIT
#
# usage: run.sh BUILD SOURCE_ROOT BACKEND CONTRACT_PROGRAM...
set -eu
build=$1 root=$2 backend=$3
shift 3
cc=${CC:-cc}
here=$root/tests/outside
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"

DESTDIR=$scratch/root meson install -C "$build" --no-rebuild --quiet >/dev/null
pc=$(dirname "$(find "$scratch/root" -name cadre.pc)")
libdir=$(dirname "$pc")
export PKG_CONFIG_PATH="$pc" PKG_CONFIG_SYSROOT_DIR="$scratch/root"
unset CADRE_WORKERS CADRE_BACKEND || true
[ -e "$libdir/libcadre.so" ] || {
    echo "1..0 # SKIP only a static libcadre was built"
    exit 0
}
case $backend in
forked) sources="$here/forked.c" own="$here/forked_test.c" ;;
socket) sources="$here/socket.c $here/socket_team.c $here/socket_worker.c" own="$here/lost.c" ;;
esac

compile() {
    # shellcheck disable=SC2046,SC2086 # words are what we want
    $cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 "$@" $sources -pthread \
        $(pkg-config --cflags --libs cadre)
}

# Its own test runs with the library that is installed.
runs_alone() {
    LD_LIBRARY_PATH=$libdir "$scratch/own"
}

# The contract suite runs with the one of this build, which is the same.
runs_on_it() {
    env LD_LIBRARY_PATH="$build/src" CADRE_TEST_BACKEND="$scratch/backend.so" \
        CADRE_TEST_WORKERS=2 CMOCKA_MESSAGE_OUTPUT=TAP timeout 200 "$1"
}

point "it builds against what is installed" compile -shared -fPIC -o "$scratch/backend.so"
point "so does its own test" compile "$own" -o "$scratch/own"
point "its own test" runs_alone
for program; do
    point "contract: $(basename "$program")" runs_on_it "$program"
done
finish
