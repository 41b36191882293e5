#!/bin/sh
# run.sh - run a program on several ranks, however many CPUs there are.
# SPDX-License-Identifier: MIT
#
# usage: run.sh MPI RANKS [NAME=VALUE...] PROGRAM [ARG...]
#
# MPI is openmpi or mpich. Skips where its launcher is missing.
set -eu
mpi=$1 ranks=$2
shift 2
. "$(dirname "$0")/launcher.sh"
# More ranks than CPUs, none bound to one of them, and none that waits with all its might.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
unset CADRE_WORKERS CADRE_BACKEND CADRE_RANK_WORKERS || true
exec "$launcher" -n "$ranks" env "$@" </dev/null
