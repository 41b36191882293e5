#!/bin/sh
# map.sh - cadre map under an MPI launcher: commands run on all ranks, and nothing else changes.
# SPDX-License-Identifier: MIT
#
# usage: map.sh SOURCE_ROOT CADRE [lost]
#
# With "lost" a rank is killed that the launcher lets die alone, which takes half a minute to
# be noticed; Open MPI's with recovery does.
set -eu
root=$1 cadre=$(realpath "$2") what=${3:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. "$root/tests/builds/tap.sh"
cd "$scratch"
each=NOTHING=0 # in the environment of each rank
ranks=3
unset CADRE_SEED PARALLEL_SEQ || true

command -v mpiexec >/dev/null 2>&1 || {
    echo "1..0 # SKIP there is no mpiexec"
    exit 0
}
mpiexec --version 2>/dev/null | grep -qi 'open.*mpi' && open_mpi=yes || open_mpi=no

# on_ranks ARG...: cadre map; what it writes is in out and err, its exit status in status.
on_ranks() {
    status=0
    timeout -k 5 100 "$root/tests/mpi/run.sh" the-default "$ranks" "$each" "$cadre" map "$@" \
        >out 2>err || status=$?
    # launchers have their own to say of an exit status other than 0
    sed '/^[-=]\{20,\}/,$d' err >said
}

# same ARG...: without a launcher and with one, the same bytes and the same end.
same() {
    rm -f tried.*
    alone=0
    "$cadre" map "$@" </dev/null >out.alone 2>err.alone || alone=$?
    rm -f tried.*
    on_ranks "$@"
    cat err.alone err
    sed 's/after [0-9.]* s$/after a while/' err.alone >err.alone.timeless
    sed 's/after [0-9.]* s$/after a while/' said >said.timeless
    [ -s out.alone ] && cmp out.alone out && cmp err.alone.timeless said.timeless &&
        equal "$alone" "$status"
}

# The same, but for the order.
same_lines() {
    "$cadre" map "$@" </dev/null | sort >out.alone
    on_ranks "$@"
    cat err
    sort out >out.sorted
    [ -s out.alone ] && cmp out.alone out.sorted
}

# gone FILE: the process whose number is in the file ends, within a while.
gone() {
    pid=$(cat "$1")
    for _ in $(seq 200); do
        [ -e "/proc/$pid" ] || return 0
        grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null && return 0
        sleep 0.1
    done
    cat "/proc/$pid/status"
    return 1
}

# For jobs: wait until there is a file, and have its name for it.
cat >wait_for <<'EOF'
#!/bin/sh
for _ in $(seq 400); do [ -s "$1" ] && exit 0; sleep 0.05; done
exit 99
EOF
chmod +x wait_for

# It fails twice.
cat >third_time <<'EOF'
#!/bin/sh
echo x >>tried.a
wc -l <tried.a
[ "$(wc -l <tried.a)" = 3 ]
EOF
chmod +x third_time
>no_program

# ---- a rank is lost ----

# The commands that ran are ended, and so is what they have started.
lost_for_good() {
    rm -f up child
    each=NOTHING=0
    on_ranks 'if [ {} = 1 ]; then sleep 1000 & echo $! >child; echo $$ >up; wait
              else ./wait_for up && kill -9 $PPID; fi' ::: 1 2
    cat err
    [ "$status" != 0 ] && gone up && gone child
}

# Its job fails, or is tried again by another.
lost_alone() {
    rm -f up down
    each=OMPI_MCA_orte_enable_recovery=1
    on_ranks "$@" 'echo {}; [ {} = 2 ] && [ ! -e down ] && echo >down && kill -9 $PPID; :' \
        ::: 1 2 3 4
    cat err out
}

names_rank() {
    lost_alone
    grep -Eq '^cadre: job 2, "2": rank [12] \(host [^)]*, process [0-9]+\) .*[^0-9]$' said &&
        equal "1 3 4" "$(tr '\n' ' ' <out | sed 's/ $//')"
}

tried_again() {
    lost_alone --retries 2
    equal "1 2 3 4" "$(tr '\n' ' ' <out | sed 's/ $//')" && ! grep '^cadre: job ' said
}

if [ "$what" = lost ]; then
    [ "$open_mpi" = yes ] || {
        echo "1..0 # SKIP only Open MPI lets the other ranks live"
        exit 0
    }
    export OMPI_MCA_orte_enable_recovery=1
    point "a job whose rank is killed fails, and names it; the others run" names_rank
    point "with --retries another rank runs it" tried_again
    finish
fi
point "nothing is left of commands when a rank is killed" lost_for_good

# ---- the same bytes ----

point "output, errors and exit statuses" \
    same --tag 'echo {} $CADRE_ITEM $CADRE_SEED $PARALLEL_SEQ; echo {} >&2; exit {}' ::: 3 0 1 0
ranks=2
point "what cannot be started, and what fails at first" \
    same --retries 3 './{}' ::: nosuch third_time no_program
point "a command that takes too long, with what it had put out" \
    same --timeout 1 'echo {}; [ {} = 1 ] && exec sleep 100; echo end' ::: 0 1
seq 1000000 >numbers # 6.9 MB
ranks=3
point "blocks of several megabytes, there and back" \
    same --pipe -a numbers --block 3M 'wc -c >&2; echo; seq 800000'
ranks=2
each=CADRE_RANK_WORKERS=processes:2
point "in any order, from two processes on each rank" \
    same_lines --unordered --wd / 'echo {} {}; pwd' ::: $(seq 40)
each=NOTHING=0

# A journal that one begins and another goes on with; the file says what ran.
journal() {
    rm -f ran
    for n in 3 5 7; do
        if [ "$n" = 5 ]; then
            on_ranks --journal kept 'echo {} >>ran; echo {}; seq {}00' ::: $(seq $n)
        else
            "$cadre" map --journal kept 'echo {} >>ran; echo {}; seq {}00' ::: $(seq $n) \
                </dev/null >out
        fi
        for i in $(seq $n); do echo "$i"; seq "${i}00"; done | cmp - out || return 1
    done
    sort ran | cmp - numbers.7
}
seq 7 >numbers.7
point "with a journal no job runs twice, here or there" journal

# ---- where they run ----

# Two that wait for each other, and say where they are.
two_at_once() {
    rm -f met.*
    on_ranks -j 9 'echo $PPID >met.{}; ./wait_for met.$((3 - {})) &&
        echo ${OMPI_COMM_WORLD_RANK:-$PMI_RANK} {%} $CADRE_WORKERS \
        ${OMPI_COMM_WORLD_SIZE:-none}' ::: 1 2
    cat err
    equal "1 none 2 none" "$(cut -d' ' -f1,4 out | sort | tr '\n' ' ' | sed 's/ $//')" &&
        equal "1 2" "$(cut -d' ' -f2 out | sort | tr '\n' ' ' | sed 's/ $//')" &&
        [ "$(cat met.1)" != "$(cat met.2)" ] &&
        equal "cadre: warning: the ranks have 2 workers: 2 jobs at a time instead of 9" \
            "$(cat said)"
}
ranks=3
point "on the ranks, all at a time, in slots of their own" two_at_once

variables() {
    timeout 100 "$root/tests/mpi/run.sh" the-default 1 X=zero Y=zero "$cadre" map --env X \
        'echo $X $Y {#}' ::: 1 : -n 1 env X=one Y=one "$cadre" >out 2>err
    cat err
    equal "zero one 1" "$(cat out)"
}
point "with the rank's environment, and what --env names of rank 0's" variables

# ---- the end ----

halted() {
    rm -f up child again
    set -- --journal halted --halt now,fail=1 'echo {}; [ -e again ] && exit 0
        if [ {} = 1 ]; then sleep 1000 & echo $! >child; echo $$ >up; wait
        else ./wait_for up && exit 7; fi' ::: 1 2 3
    on_ranks "$@"
    cat err
    equal 7 "$status" && gone up && gone child || return 1
    >again
    "$cadre" map "$@" </dev/null >out && equal "1 2 3" "$(tr '\n' ' ' <out | sed 's/ $//')"
}
point "--halt now ends a command on another rank and what it has started, and it runs again" halted

ranks=2
# Job 2 kills its worker once, and job 3 each time.
crashed() {
    rm -f down
    each=CADRE_RANK_WORKERS=processes
    on_ranks --retries 2 'echo {}; case {} in 2) [ -e down ] && exit 0; echo >down;; 3);;
        *) exit 0;; esac; kill -9 $PPID; sleep 1000' ::: 1 2 3 4
    each=NOTHING=0
    cat err
    equal 1 "$status" && equal "1 2 4" "$(tr '\n' ' ' <out | sed 's/ $//')" &&
        grep -Eq '^cadre: job 3, "3": worker .*rank 1 \(host ' said
}
point "a worker process that is killed costs its job, or a try of it" crashed

# More at a time than the soft limit allows, and each job has that limit, not the rank's.
many_files() {
    each=CADRE_RANK_WORKERS=threads:24
    (ulimit -S -n 64 && on_ranks 'echo >open.{}; ./wait_for open.24 && ulimit -S -n' \
        ::: $(seq 24) && echo "$status" >left)
    each=NOTHING=0
    cat err
    equal 0 "$(cat left)" && equal "64" "$(uniq out)"
}
point "with more workers on a rank than its soft limit of open files allows" many_files

refused() {
    on_ranks --ungroup echo ::: 1
    cat err
    equal 255 "$status" && grep -q '^cadre: --ungroup: jobs on other ranks ' said
}
point "what cannot be is refused" refused

no_folder() {
    on_ranks --wd nowhere true ::: 1
    cat err
    equal 1 "$status" &&
        equal "cadre: job 1, \"1\": \"true\" cannot change to the folder \"nowhere\": No such file or directory (host $(hostname))" \
            "$(tail -n 1 said)"
}
point "what fails on the rank names its host" no_folder
finish
