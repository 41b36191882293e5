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
# shellcheck disable=SC2086
awk '
function bad(why) { print FILENAME ": " why > "/dev/stderr"; status = 1 }
FNR == 1 { n = split(FILENAME, part, "/") }
FNR == 1 && index($0, "/* " part[n] " - ") != 1 { bad("the first line does not say what the file is for") }
FNR == 2 && !/SPDX-License-Identifier: MIT/ { bad("line 2 is not the licence tag") }
FNR == 2 { nextfile }
END { exit status }' $files || status=1
exit $status
