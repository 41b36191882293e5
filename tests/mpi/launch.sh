#!/bin/sh
# launch.sh - how programs of several ranks are started, and started wrongly.
# SPDX-License-Identifier: MIT
#
# usage: launch.sh SOURCE_ROOT MPI RANKS_PROGRAM OTHER_BUILD_OF_IT
set -eu
root=$1 mpi=$2 program=$3 other=$4
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"
run=$root/tests/mpi/run.sh

. "$root/tests/mpi/launcher.sh"

# says PATTERN COMMAND...: it fails, and says so.
says() {
    pattern=$1
    shift
    if "$@" >"$scratch/said" 2>&1; then
        echo "it did not fail"
        return 1
    fi
    cat "$scratch/said"
    tr '\n' ' ' <"$scratch/said" | grep -Eq "$pattern"
}

alone() {
    env -i PATH="$PATH" ${LD_LIBRARY_PATH:+LD_LIBRARY_PATH="$LD_LIBRARY_PATH"} \
        OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "$@"
}

point "a rank alone has a pool of its machine" \
    sh -c "'$run' '$mpi' 1 '$program' open | grep -E '^opened: (threads|serial), '"
point "so has a program without a launcher" \
    sh -c "env OMPI_MCA_btl=self '$program' open | grep -E '^opened: (threads|serial), '"
point "several alone in their MPI are refused" \
    says 'failed: SLURM_NTASKS is 4, .*mpirun.*srun --mpi=pmix' \
    alone SLURM_NTASKS=4 SLURM_PROCID=0 "$program" open
point "two builds of a program are refused" \
    says 'failed: rank 1 \(host [^)]*\) has another build of .*other' \
    "$run" "$mpi" 1 "$program" open : -n 1 "$other" open
point "auto, and twice" \
    sh -c "'$run' '$mpi' 3 '$program' name | grep -v '^not ok' | grep '^1..2'"
point "workers of ranks that nobody can read are refused" \
    says 'CADRE_RANK_WORKERS is "processes:many"' \
    "$run" "$mpi" 2 CADRE_RANK_WORKERS=processes:many "$program" name
point "a rank that falls silent ends the run, and is named with what it had" \
    says 'lost: rank [12] \(host [^)]*, process [0-9]+\) has said nothing for [0-9.]+ s; it had tasks [0-9]+ to [0-9]+.*then: rank [12]' \
    timeout 60 "$run" "$mpi" 3 "$program" lose
point "nothing is left of it" none_is_left "$program lose"
finish
