#!/bin/sh
# variants.sh - with other options of Meson it builds without a warning, and works.
# SPDX-License-Identifier: MIT
#
# usage: variants.sh SOURCE_ROOT
set -eu
root=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"
unset CADRE_WORKERS CADRE_BACKEND || true

# variant NAME OPTION...: the libraries, the program and one run of it.
variant() {
    name=$1 dir=$scratch/$1
    shift
    point "$name: it sets up" meson setup "$dir" "$root" -Dtests=disabled -Dbench=disabled "$@"
    point "$name: it builds without a warning" quiet_build "$dir"
    if [ -x "$dir/cadre" ]; then
        point "$name: the program runs" equal "$expected" \
            "$("$dir/cadre" random --seed 42 --item 3 --draw u64 --count 2 2>&1)"
    fi
    if [ "$name" = counters ]; then
        point "$name: explain tells them" told_counters "$dir"
    fi
    rm -rf "$dir"
}
told_counters() { "$1/cadre" explain | grep -q '^counted:  next [0-9]* [0-9]*$'; }
expected="14092074099048316712
17917988523554539185"

quiet_build() {
    meson compile -C "$1" >"$scratch/build.log" 2>&1 || {
        cat "$scratch/build.log"
        return 1
    }
    ! grep -A 8 'warning:' "$scratch/build.log"
}

variant lto -Db_lto=true
variant unity -Dunity=on
variant static -Ddefault_library=static
variant optimized -Dbuildtype=release
variant counters -Dcounters=true
finish
