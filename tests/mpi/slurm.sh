#!/bin/sh
# slurm.sh - programs under a real scheduler: Slurm, with this machine as its only node.
# SPDX-License-Identifier: MIT
#
# usage: slurm.sh SOURCE_ROOT MPI PI_PROGRAM RANKS_PROGRAM [CADRE]
#
# Controller, node and munge are started here, in namespaces of their own: their ports are
# nobody else's, and when this script ends, however that comes, Linux ends them, too. Their
# configuration, key, state and logs lie in a folder that goes with it.
set -eu
PATH=$PATH:/usr/sbin:/sbin
root=$1 mpi=$2 pi=$3 ranks=$4 cadre=${5:-}
[ "$cadre" != inside ] || cadre=

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}

for need in munged:munge slurmctld:slurmctld slurmd:slurmd srun:slurm-client ip:iproute2; do
    command -v "${need%:*}" >/dev/null 2>&1 ||
        skip "there is no ${need%:*} (Debian: ${need#*:})"
done
plugin=pmix
[ "$mpi" = openmpi ] || plugin=pmi2
for last; do :; done
if [ "$last" != inside ]; then
    spaces="--net --mount --uts --ipc --pid --fork --kill-child --mount-proc"
    [ "$(id -u)" = 0 ] || skip "slurmd wants to be root"
    # shellcheck disable=SC2086 # a list of words
    timeout 10 unshare $spaces true </dev/null >/dev/null 2>&1 ||
        skip "namespaces of one's own are not permitted here"
    # shellcheck disable=SC2086
    exec unshare $spaces sh "$0" "$@" inside </dev/null
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"
pi=$(realpath "$pi")
ranks=$(realpath "$ranks")
[ -z "$cadre" ] || cadre=$(realpath "$cadre")
cd "$scratch"
chmod 755 .

# ---- a cluster of one node ----

write_configuration() {
    export SLURM_CONF="$scratch/slurm.conf"
    cat >slurm.conf <<CONF
ClusterName=test
SlurmctldHost=node(10.9.1.1)
AuthType=auth/munge
AuthInfo=socket=$scratch/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
SlurmUser=root
SlurmdUser=root
SlurmdParameters=config_overrides
SlurmctldTimeout=300
SlurmdTimeout=300
MessageTimeout=60
BatchStartTimeout=60
KillWait=5
SchedulerParameters=sched_interval=1,batch_sched_delay=0
StateSaveLocation=$scratch/state
TmpFS=$scratch/tmp
SlurmdSpoolDir=$scratch/spool
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd.pid
SlurmctldLogFile=$scratch/slurmctld.log
SlurmdLogFile=$scratch/slurmd.log
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=node NodeAddr=10.9.1.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP OverSubscribe=FORCE:4
CONF
    mkdir state spool tmp
}

start_munge() {
    dd if=/dev/urandom of=munge.key bs=1024 count=1 2>/dev/null && chmod 400 munge.key &&
        munged --force --socket="$scratch/munge.socket" --key-file="$scratch/munge.key" \
            --pid-file="$scratch/munged.pid" --log-file="$scratch/munged.log" \
            --seed-file="$scratch/munged.seed"
}

is_idle() { timeout 2 sinfo -h -o '%t' 2>/dev/null | grep -qx idle; }

# With an address beside the loopback's, without which getaddrinfo finds none at all.
make_network() {
    hostname node && ip link set lo up && ip link add net type veth peer name peer &&
        ip addr add 10.9.1.1/24 dev net && ip link set net up && ip link set peer up &&
        printf '127.0.0.1 localhost\n10.9.1.1 node\n' >hosts &&
        mount --bind hosts /etc/hosts
}

start_cluster() {
    make_network && start_munge && slurmctld && slurmd -N node &&
        within 25 is_idle
}

write_configuration
if ! start_cluster >said 2>&1; then
    tail -n 60 said munged.log slurmctld.log slurmd.log 2>/dev/null | sed 's/^/# /'
    skip "Slurm does not start here"
fi

# ---- programs on it ----

export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export CADRE_JOB_MPI=$plugin

under_srun() {
    timeout 100 srun --mpi="$plugin" -n "$1" "$ranks" >out 2>&1 || echo "exit status $?" >>out
    cat out
    grep -q '^1\.\.' out && ! grep -Eq '^not ok|^exit status' out
}

prints_the_same() {
    CADRE_BACKEND=serial "$pi" >serial 2>err
    timeout 100 srun --mpi="$plugin" -n 2 "$pi" >out 2>err || echo "exit status $?"
    cat serial out err
    cmp serial out && grep -q '^mpi, 1 workers' err
}

as_a_batch_job() {
    timeout 100 sbatch --wait --ntasks=3 --output=batch.out --error=batch.err \
        "$root/examples/cluster/job.sh" "$pi" || echo "exit status $?"
    cat batch.out batch.err
    cmp serial batch.out && grep -q '^mpi, 2 workers' batch.err
}

refused() {
    if timeout 100 srun --mpi=none -n 2 "$ranks" open >out 2>&1; then
        echo "it did not fail"
        return 1
    fi
    cat out
    [ "$(grep -c 'failed: SLURM_[A-Z_]* is 2, .*srun --mpi=pmix' out)" = 2 ]
}

# The program has one MPI only.
is_for_this_mpi() {
    library=libmpich
    [ "$mpi" = mpich ] || library=libmpi.so
    ldd "$(dirname "$cadre")/cadre-mpi" 2>/dev/null | grep -q "$library"
}

program_is_the_same() {
    set -- bootstrap "$root/data/breast_cancer.csv" --label malignant --score all -n 200
    CADRE_BACKEND=serial "$cadre" "$@" >alone &&
        timeout 100 srun --mpi="$plugin" -n 3 "$cadre" "$@" >out
    [ -s alone ] && cmp alone out
}

# Its commands run on the other ranks.
commands_run_there() {
    timeout 100 srun --mpi="$plugin" -n 3 "$cadre" map 'echo {} $SLURM_PROCID' ::: $(seq 20) >out
    cut -d' ' -f1 out >numbers
    seq 20 | cmp - numbers && ! cut -d' ' -f2 out | grep -v '^[12]$'
}

no_job() { [ -z "$(timeout 5 squeue -h || echo unknown)" ]; }

# A job that is cancelled while all of its ranks are in tasks.
no_ranks() { ! pgrep -f "^$ranks" >/dev/null; }
is_running() { [ "$(pgrep -cf "^$ranks lose")" -ge 3 ]; }
cancelled() {
    sbatch --ntasks=3 --output=lost.out --error=lost.err --parsable \
        "$root/examples/cluster/job.sh" "$ranks" lose >job || return 1
    within 30 is_running || return 1
    scancel "$(cat job)"
    within 30 no_ranks
}

point "srun --mpi=$plugin starts ranks: a pool on them has the same bytes" under_srun 3
point "a program prints what it does in one thread" prints_the_same
point "so it does as a batch job" as_a_batch_job
point "ranks that srun does not join are refused, with what to type" refused
[ -z "$cadre" ] || ! is_for_this_mpi || point "cadre bootstrap under srun prints the same" program_is_the_same
[ -z "$cadre" ] || ! is_for_this_mpi || point "cadre map runs its commands on the ranks" commands_run_there
point "a job that is cancelled ends, and leaves nothing" cancelled
point "no job is left" within 30 no_job
finish
