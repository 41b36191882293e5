# launcher.sh - the launcher of $mpi (openmpi or mpich) as $launcher; to be sourced. Without one,
# all is skipped.
# SPDX-License-Identifier: MIT
launcher=mpiexec.$mpi
command -v "$launcher" >/dev/null 2>&1 || launcher=mpiexec
command -v "$launcher" >/dev/null 2>&1 || {
    echo "1..0 # SKIP there is no mpiexec of $mpi"
    exit 0
}
