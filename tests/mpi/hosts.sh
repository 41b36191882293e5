#!/bin/sh
# hosts.sh - ranks on two hosts: network namespaces with one cable between them.
# SPDX-License-Identifier: MIT
#
# usage: hosts.sh SOURCE_ROOT MPI HOSTS_PROGRAM
#        hosts.sh SOURCE_ROOT MPI CADRE map
#
# All of it is in namespaces of its own, of processes and mounts, too: when this script ends,
# however that comes, Linux ends what it started and takes the hosts away.
set -eu
PATH=$PATH:/usr/sbin:/sbin
root=$1 mpi=$2 program=$(realpath "$3") what=${4:-pool}

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}

. "$root/tests/mpi/launcher.sh"
command -v ip >/dev/null 2>&1 || skip "there is no ip (Debian: iproute2)"

if [ "${5:-}" != inside ]; then
    spaces="--net --mount --uts --pid --fork --kill-child --mount-proc"
    [ "$(id -u)" = 0 ] || spaces="--user --map-root-user $spaces"
    # shellcheck disable=SC2086 # a list of words
    timeout 10 unshare $spaces true </dev/null >/dev/null 2>&1 ||
        skip "namespaces of one's own are not permitted: root is needed here"
    # shellcheck disable=SC2086
    exec unshare $spaces sh "$0" "$root" "$mpi" "$program" "$what" inside </dev/null
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"

# ---- two hosts ----

# It stands for ssh: a host, and what a shell there is to do. /sys has the host's devices.
cat >"$scratch/on" <<'ON'
#!/bin/sh
host=$1
shift
exec nsenter --net="/run/netns/$host" unshare --uts --mount sh -c '
    hostname "$0" && { mount -t sysfs sys /sys 2>/dev/null || true; } && eval "exec $1"' "$host" "$*"
ON
chmod +x "$scratch/on"

# A link that is cut is noticed by TCP soon, not after a quarter of an hour.
make_host() {
    ip -n "$1" link set lo up && ip -n "$1" link set "cable-$1" up &&
        ip -n "$1" addr add "$2/24" dev "cable-$1" &&
        "$scratch/on" "$1" sysctl -qw net.ipv4.tcp_retries2=3
}

make_hosts() {
    mount -t tmpfs none /run && mkdir /run/netns && ip netns add near && ip netns add far &&
        ip link add cable-near netns near type veth peer name cable-far netns far &&
        make_host near 10.9.0.1 && make_host far 10.9.0.2 &&
        printf '127.0.0.1 localhost\n10.9.0.1 near\n10.9.0.2 far\n' >"$scratch/hosts" &&
        mount --bind "$scratch/hosts" /etc/hosts
}

make_hosts 2>"$scratch/why" ||
    skip "two hosts cannot be made of namespaces: $(tail -n 1 "$scratch/why")"

# ---- ranks on them: rank 2 is alone on the far one ----

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
on_ranks() {
    if [ "$mpi" = openmpi ]; then
        set -- --bind-to none --oversubscribe --host near:2,far:1 \
            --mca plm_rsh_agent "$scratch/on" --mca mpi_yield_when_idle 1 \
            --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include 10.9.0.0/24 \
            --mca oob_tcp_if_include 10.9.0.0/24 --mca oob_tcp_keepalive_time 1 \
            --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 3 \
            -n 3 "$program" "$@"
    else
        set -- -launcher rsh -launcher-exec "$scratch/on" -iface cable-near \
            -hosts near:2,far:1 -genv UCX_TLS tcp,self -genv MPIR_CVAR_NOLOCAL 1 \
            -n 3 "$program" "$@"
    fi
    "$scratch/on" near timeout -k 5 30 "$launcher" "$@"
}

# MPICH 4.0 on UCX's TCP does not always come back from MPI_Finalize; what it would have
# returned is not cadre's.
ended() { [ "$1" = 0 ] || { [ "$mpi$1" = mpich124 ] && grep -qx '1..2' "$scratch/out"; }; }

across() {
    rm -f "$scratch/near" "$scratch/far"
    status=0
    on_ranks "$scratch" >"$scratch/out" 2>&1 || status=$?
    ended "$status" || echo "exit status $status" >>"$scratch/out"
    cat "$scratch/out"
    grep -qx '1..2' "$scratch/out" && ! grep -Eq '^not ok|^exit status' "$scratch/out"
}

# Of all in this namespace, what is neither this shell nor what looks.
others() {
    ps -e -o pid= -o ppid= -o stat= -o args= |
        awk '$1 != 1 && $3 !~ /^Z/ && $0 !~ / (ps -e|awk|sh .* inside$|tail|sleep 0)/'
}
none_left() { [ -z "$(others)" ]; }

cut() {
    rm -f "$scratch/near" "$scratch/far"
    on_ranks "$scratch" lose >"$scratch/out" 2>&1 &
    job=$!
    within 30 test -e "$scratch/far" && ip -n far link set cable-far down
    wait "$job" && echo "it did not fail"
    cat "$scratch/out"
    grep -Eq '^lost: rank 2 \(host far, process [0-9]+\) has said nothing for [0-9.]+ s; it had tasks [0-9]+ to [0-9]+' \
        "$scratch/out"
}

# ---- cadre map ----

# For jobs: both wait for each other, and the second one's host may be the far one.
cat >"$scratch/meet" <<'MEET'
hostname >"at.$1"
until [ -s at.1 ] && [ -s at.2 ]; do sleep 0.05; done
[ "${2:-}" = stay ] && [ "$(hostname)" = far ] && echo $$ >far && exec sleep 1000
echo "$1"
MEET

map_across() {
    status=0
    on_ranks map sh ./meet {} ::: 1 2 >out 2>err || status=$?
    cat err out
    [ "$status" = 0 ] && printf '1\n2\n' | cmp - out &&
        [ "$(sort at.1 at.2 | tr '\n' ' ')" = "far near " ]
}

map_cut() {
    rm -f at.* far
    on_ranks map sh ./meet {} stay ::: 1 2 >out 2>err &
    job=$!
    within 30 test -s far && ip -n far link set cable-far down
    wait "$job" && echo "it did not fail"
    cat err out
    grep -Eq 'rank 2 \(host far, process|on node far' err # by cadre or the launcher, the first to see it
}

gone() {
    within 10 none_left || {
        others
        return 1
    }
}

if [ "$what" = map ]; then
    cd "$scratch"
    point "cadre map runs commands on both hosts" map_across
    point "nothing is left of it on either" gone
    point "where the cable is cut it ends, and says which host has gone" map_cut
    point "nothing is left on either side" gone
    finish
fi
point "$mpi: a pool of ranks on two hosts" across
point "nothing is left of it on either" gone
point "a link that is cut ends the run, and names the rank beyond it" cut
point "nothing is left on either side" gone
finish
