#!/bin/sh
# lint_pages.sh - mandoc has nothing to say about the pages, down to matters of style.
# SPDX-License-Identifier: MIT
#
# usage: lint_pages.sh PAGE...
#
# Whether other manuals are installed is the system's business; what the pages say of
# each other, check_pages.py looks at. Skipped (77) where there is no mandoc.
set -eu
if ! command -v mandoc >/dev/null 2>&1; then
    echo "mandoc is not installed" >&2
    exit 77
fi
for page in "$@"; do
    [ -r "$page" ] || { echo "$page: cannot be read" >&2 && exit 1; }
done
found=$(mandoc -Tlint -W style "$@" 2>/dev/null |
    grep -v 'STYLE: referenced manual not found' || true)
[ -z "$found" ] || { echo "$found" >&2 && exit 1; }
echo "$# pages are clean"
