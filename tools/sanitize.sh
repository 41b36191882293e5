#!/bin/sh
# sanitize.sh - the tests under address, undefined-behaviour and thread sanitizers, and
# the core ones under valgrind. Ends with a line like that of `make test` for each.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
tools/setup.sh --checks

build() {
    [ -f "$1/build.ninja" ] || meson setup "$1" -Db_lundef=false -Dbench=disabled "$2" >/dev/null
    meson compile -C "$1" >/dev/null
}

build build-asan -Db_sanitize=address,undefined
build build-tsan -Db_sanitize=thread
build build-valgrind -Doptimization=1

status=0
echo "address and undefined-behaviour sanitizers"
tools/test.py build-asan --setup sanitizer --no-suite lint --no-suite slow || status=1
echo "thread sanitizer"
tools/test.py build-tsan --setup sanitizer --no-suite lint --no-suite slow --no-suite cli || status=1
echo "valgrind"
# It starts programs in a way of its own, so workers cannot be; and wakes threads by itself.
tools/test.py build-valgrind --setup valgrind --suite unit --suite contract --no-suite slow \
    --no-suite persistent --no-suite idle || status=1
exit $status
