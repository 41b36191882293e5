#!/bin/sh
# compare.sh - a program prints what a file says.
# SPDX-License-Identifier: MIT
set -eu
"$1" 2>/dev/null | diff "$2" -
