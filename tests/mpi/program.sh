#!/bin/sh
# program.sh - the program and the example print under an MPI launcher what they do without.
# SPDX-License-Identifier: MIT
#
# usage: program.sh SOURCE_ROOT CADRE EXAMPLE
set -eu
root=$1 cadre=$2 example=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"
data=$root/data/breast_cancer.csv
run=$root/tests/mpi/run.sh
each=NOTHING=0 # in the environment of each rank

command -v mpiexec >/dev/null 2>&1 || {
    echo "1..0 # SKIP there is no mpiexec"
    exit 0
}

# same ARG...: three ranks, and this process alone.
same() {
    "$cadre" "$@" >"$scratch/alone" 2>"$scratch/alone.err" || echo "alone: $?"
    "$run" the-default 3 "$each" "$cadre" "$@" >"$scratch/ranks" 2>"$scratch/ranks.err" ||
        echo "ranks: $?"
    cat "$scratch/ranks.err"
    [ -s "$scratch/alone" ] && cmp "$scratch/alone" "$scratch/ranks"
}

point "bootstrap" same bootstrap "$data" --label malignant --score all -n 300
point "bootstrap, with JSON" \
    same bootstrap "$data" --label malignant --score mean_radius -n 200 --seed 7 --format json
point "compare" same compare "$data" --label malignant -a mean_radius -b mean_texture -n 200
point "map" same map -k echo '{}' ::: 3 1 2
each=CADRE_RANK_WORKERS=processes:2
point "bootstrap, with two processes on each rank" \
    same bootstrap "$data" --label malignant --score all -n 300
point "which is explained" \
    sh -c "'$run' the-default 3 $each '$cadre' explain | grep '^ *where: *2 ranks on 1 host, 2 processes each'"
each=NOTHING=0
point "the ranks are its workers" \
    sh -c "'$run' the-default 3 '$cadre' explain | grep '^ *backend: *mpi'"

pi() {
    CADRE_BACKEND=serial "$example" >"$scratch/serial"
    "$example" >"$scratch/threads"
    "$run" the-default 4 "$example" >"$scratch/ranks"
    cat "$scratch/serial"
    cmp "$scratch/serial" "$scratch/threads" && cmp "$scratch/serial" "$scratch/ranks" &&
        grep -qx 'pi is about 3\.14.*' "$scratch/ranks"
}
point "the example, run in one thread, on threads and on ranks" pi
finish
