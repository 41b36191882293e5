#!/bin/sh
# check_format.sh - the code is laid out as .clang-format says, and plainly written.
# SPDX-License-Identifier: MIT
set -eu
cd "$1"
files=$(find include src plot cli bindings examples bench tests -name '*.[ch]' -o -name '*.cc' \
    -o -name '*.[ch]pp' | sort)
status=0

if command -v clang-format >/dev/null 2>&1; then
    # shellcheck disable=SC2086 # a list of words
    clang-format --dry-run --Werror $files || status=1
else
    echo "clang-format is not installed" >&2
    exit 77
fi
text=$(find include src plot cli bindings examples bench tests/*.[ch] tools doc README.md NEWS.md \
    CONTRIBUTING.md Makefile meson.build -type f ! -name '*.png' ! -name '*.pyc' 2>/dev/null || :)
# shellcheck disable=SC2086
if grep -nP '[ \t]+$' $text /dev/null; then
    echo "white space at the end of a line" >&2
    status=1
fi
for f in $files; do
    case $(head -n 1 "$f") in
    "/* $(basename "$f") - "*) ;;
    *) echo "$f: the first line does not say what the file is for" >&2 && status=1 ;;
    esac
    sed -n 2p "$f" | grep -q 'SPDX-License-Identifier: MIT' ||
        { echo "$f: line 2 is not the licence tag" >&2 && status=1; }
done
exit $status
