#!/bin/sh
# ends.sh - programs of several ranks that end without closing their pool first.
# SPDX-License-Identifier: MIT
#
# usage: ends.sh SOURCE_ROOT MPI PROGRAM
set -eu
root=$1 mpi=$2 program=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"

. "$root/tests/mpi/launcher.sh"

# ends STATUS HOW: with this status, or any but 0 if it is "failed", and not by the time.
ends() {
    status=0
    timeout -k 5 60 "$root/tests/mpi/run.sh" "$mpi" 3 "$program" "$2" \
        >"$scratch/out" 2>"$scratch/err" || status=$?
    cat "$scratch/out" "$scratch/err"
    case $1 in
    failed) [ "$status" != 0 ] && [ "$status" != 124 ] && [ "$status" != 137 ] ;;
    *) equal "$1" "$status" ;;
    esac
}

left_open() {
    ends 0 open && equal "results: 0" "$(cat "$scratch/out")" && [ ! -s "$scratch/err" ]
}
point "a program that leaves its pool open ends well" left_open

closed_late() {
    ends 0 late && grep -qx 'results: 0' "$scratch/out" &&
        grep -qx 'late: .*ranks are gone' "$scratch/out"
}
point "so does one that uses and closes it after MPI has ended" closed_late

in_a_run() {
    ends failed stream && grep -qx 'results: 0' "$scratch/out"
}
point "one that exits in the middle of a run has the ranks end" in_a_run

in_a_task() {
    ends failed task && grep -q 'rank [12]: a task has called exit' "$scratch/err" &&
        ! grep -q 'signal 11' "$scratch/err"
}
point "a task that calls exit ends the job, and is named" in_a_task

finalized() {
    ends failed finalize && grep -qx 'results: 0' "$scratch/out" &&
        grep -q 'MPI_Finalize .* open: close the pool before' "$scratch/err"
}
point "MPI_Finalize with an open pool ends the job, and is named" finalized
point "nothing is left of them" none_is_left "^$program "
finish
