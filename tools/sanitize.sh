#!/bin/sh
# sanitize.sh - the larger tests, and those of `make test` under address, undefined-behaviour
# and thread sanitizers and valgrind: one line of counts for each, and status 0 if nothing failed.
# SPDX-License-Identifier: MIT
#
# usage: sanitize.sh [larger] [address] [thread] [valgrind]
#
# `larger` is no sanitizer: the tests that take minutes and that `make test` leaves out.
# What a tool cannot run is left out, by name and with the reason: see tools/left_out/.
set -eu
cd "$(dirname "$0")/.."
tools/setup.sh --look sanitize
[ $# -gt 0 ] || set -- larger address thread valgrind
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
status=0 said=
# No tool is needed for lint, which runs nothing, and none has the time for what takes long.
usual="--no-suite lint --no-suite slow --no-suite larger"

build() { # FOLDER OPTION
    [ -f "$1/build.ninja" ] ||
        meson setup "$1" -Db_lundef=false -Dtests=enabled -Dbench=disabled "$2" >/dev/null
    meson compile -C "$1" >"$logs/compile" 2>&1 || { tail -n 60 "$logs/compile" && exit 1; }
}

# leg NAME FOLDER OPTION SETUP TESTS...: shows what it prints, keeps its last line.
leg() {
    name=$1 folder=$2 option=$3 setup=$4
    shift 4
    echo "== $name"
    build "$folder" "$option"
    if tools/test.py "$folder" --setup "$setup" "$@" >"$logs/leg" 2>&1; then
        grep '^left out\|^    ' "$logs/leg" || true
    else
        cat "$logs/leg"
        status=1
    fi
    said="$said$name: $(tail -n 1 "$logs/leg")
"
}

for which in "$@"; do
    case $which in
    larger)
        leg "the larger settings" build-larger -Doptimization=2 long --suite larger
        ;;
    address)
        leg "address and undefined-behaviour sanitizers" build-asan \
            -Db_sanitize=address,undefined sanitizer --leave-out tools/left_out/address $usual
        ;;
    thread)
        leg "thread sanitizer" build-tsan -Db_sanitize=thread sanitizer \
            --leave-out tools/left_out/thread $usual --no-suite cli
        ;;
    valgrind)
        leg valgrind build-valgrind -Doptimization=1 valgrind \
            --leave-out tools/left_out/valgrind --suite unit --suite contract $usual
        ;;
    *)
        echo "sanitize.sh: no leg called \"$which\"; there are: larger, address, thread, valgrind" >&2
        exit 64
        ;;
    esac
done
printf '\n%s' "$said"
exit $status
