#!/bin/sh
# job.sh - have Slurm run a program on several ranks: sbatch job.sh [PROGRAM [ARG...]]
# SPDX-License-Identifier: MIT
#
# Options to sbatch take the place of those here: sbatch --ntasks=512 job.sh ./pi
#SBATCH --job-name=cadre
#SBATCH --ntasks=128
#SBATCH --time=00:30:00
#SBATCH --output=cadre-%j.out
#SBATCH --error=cadre-%j.err
[ $# -gt 0 ] || set -- ./pi

# How ranks find each other: pmix for Open MPI, pmi2 for MPICH.
exec srun --mpi="${CADRE_JOB_MPI:-pmix}" --kill-on-bad-exit=1 "$@"
