#!/bin/sh
# lost.sh - a rank is lost in the middle of a run, killed or stopped.
# SPDX-License-Identifier: MIT
#
# usage: lost.sh SOURCE_ROOT MPI PROGRAM HOW...
#
# HOW is fails-stop and so on: see lost.c. To be killed takes a launcher that lets the others
# live, which is Open MPI's with recovery.
set -eu
root=$1 mpi=$2 program=$3
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"

. "$root/tests/mpi/launcher.sh"
export OMPI_MCA_orte_enable_recovery=1

# The job ends by MPI_Abort: what rank 0 has written counts.
lose() {
    rm -f "$scratch/lost" "$scratch/said"
    status=0
    timeout -k 5 100 "$root/tests/mpi/run.sh" "$mpi" 3 "$program" "$scratch" "$1" "$2" || status=$?
    cat "$scratch/said"
    [ "$status" != 124 ] || return 1 # it did not end by itself
    grep -q '^1\.\.[1-9]' "$scratch/said" && ! grep -q '^not ok' "$scratch/said"
}

for how; do
    point "$mpi: $how" lose "${how%-*}" "${how#*-}"
done
point "nothing is left of it" none_is_left "$program $scratch"
finish
