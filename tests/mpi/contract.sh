#!/bin/sh
# contract.sh - the contract suite on the ranks of an MPI program.
# SPDX-License-Identifier: MIT
#
# usage: contract.sh BUILD SOURCE_ROOT MPI RANKS RANK_WORKERS BACKEND.so CONTRACT_PROGRAM...
#
# RANK_WORKERS is as in CADRE_RANK_WORKERS: threads:1, processes:2.
set -eu
build=$1 root=$2 mpi=$3 ranks=$4 kind=${5%:*} workers=${5#*:} backend=$6
shift 6
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"

. "$root/tests/mpi/launcher.sh"

# Ranks share the region that tests and their tasks use for what they tell each other.
on_ranks() {
    rm -f "$scratch/region"
    : >"$scratch/region"
    timeout 200 "$root/tests/mpi/run.sh" "$mpi" "$ranks" LD_LIBRARY_PATH="$build/src" \
        CADRE_TEST_BACKEND="$backend" CADRE_TEST_REGION="$scratch/region" \
        CADRE_TEST_WORKERS=$(((ranks - 1) * workers)) CADRE_TEST_RANK_WORKERS="$workers" \
        CADRE_TEST_RANK_KIND="$kind" \
        CMOCKA_MESSAGE_OUTPUT=TAP "$1"
}

for program; do
    point "$mpi, $ranks ranks, $kind: $(basename "$program")" on_ranks "$program"
done
finish
