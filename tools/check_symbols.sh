#!/bin/sh
# check_symbols.sh - a library exports cadre_* and nothing else, and all that its
# headers declare.
# SPDX-License-Identifier: MIT
#
# usage: check_symbols.sh LIBRARY.so LIBRARY.a HEADER...
set -eu
shared=$1 static=$2
shift 2
status=0

exported=$(nm -D --defined-only "$shared" | awk '{ print $3 }' | sort -u)
stray=$(echo "$exported" | grep -v '^cadre_' || true)
if [ -n "$stray" ]; then
    echo "exported, but not called cadre_*:" $stray
    status=1
fi
stray=$(nm -g --defined-only "$static" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u |
    grep -vE '^(cadre|cdr)_' || true)
if [ -n "$stray" ]; then
    echo "global in the static library, but not called cadre_* or cdr_*:" $stray
    status=1
fi
declared=$(cat "$@" | tr '\n' ' ' | grep -oE 'CADRE_API [^;{]*' |
    grep -oE 'cadre_[a-z0-9_]+\(' | tr -d '(' | sort -u)
for name in $declared; do
    echo "$exported" | grep -qx "$name" || { echo "declared, not exported: $name" && status=1; }
done
for name in $exported; do
    echo "$declared" | grep -qx "$name" || { echo "exported, not declared: $name" && status=1; }
done
[ $status = 0 ] && echo "$(echo "$declared" | wc -l) functions declared and exported"
exit $status
