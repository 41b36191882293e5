#!/bin/sh
# local.sh - the workers of each rank, with a folder for what their tasks tell each other.
# SPDX-License-Identifier: MIT
#
# usage: local.sh SOURCE_ROOT MPI RANKS [NAME=VALUE...] PROGRAM [name]
set -eu
root=$1 mpi=$2 ranks=$3
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
settings=
while case $1 in *=*) true ;; *) false ;; esac do
    settings="$settings $1"
    shift
done
program=$1
shift
# shellcheck disable=SC2086 # words are what we want
timeout 200 "$root/tests/mpi/run.sh" "$mpi" "$ranks" $settings "$program" "$scratch" "$@"
