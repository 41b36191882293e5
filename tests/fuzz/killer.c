/* killer.c - somebody who kills worker processes from outside, at random moments.
 * SPDX-License-Identifier: MIT
 */
#include "killer.h"

#include <cadre/cadre.h>
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PLACE "CADRE_TEST_BOARD"

struct board *board;

void board_open(void)
{
    char place[40];

    board = cadre_alloc_shared(sizeof *board, NULL);
    if (!board)
        exit(1);
    atomic_store(&board->program, getpid());
    snprintf(place, sizeof place, "%p", (void *)board);
    setenv(PLACE, place, 1);
}

bool board_is_there(void)
{
    return getenv(PLACE) != NULL;
}

/* A worker that was not forked has it at the same address all the same. */
static void find_board(void)
{
    const char *place = getenv(PLACE);
    void *memory = NULL;

    if (!board && place && sscanf(place, "%p", &memory) == 1)
        board = memory;
}

static void futex_wait(_Atomic uint32_t *word, uint32_t value, long microseconds)
{
    struct timespec t = { .tv_nsec = microseconds * 1000 };

    syscall(SYS_futex, word, FUTEX_WAIT, value, microseconds ? &t : NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* libcadre calls it at each step. */
void fault_step(void);

void fault_step(void)
{
    find_board();
    if (!board || getpid() == atomic_load(&board->program))
        return;
    atomic_fetch_add(&board->steps, 1);
    if (atomic_fetch_sub(&board->countdown, 1) != 1)
        return;
    atomic_store(&board->victim, (uint32_t)getpid());
    futex_wake(&board->victim);
}

/* ---- the killer ---- */

static bool is_worker(pid_t pid)
{
    char path[64], text[400] = "";
    int parent = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (!f)
        return false;
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return strrchr(text, ')') && sscanf(strrchr(text, ')'), ") %*c %d", &parent) == 1 &&
           parent == atomic_load(&board->program);
}

/* One of the program's children, but for the killer; 0: there is none. */
static pid_t some_child(struct dice *d)
{
    char path[64];
    int pid, children[64];
    unsigned n = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children",
             (int)atomic_load(&board->program), (int)atomic_load(&board->program));
    f = fopen(path, "r");
    while (f && n < 64 && fscanf(f, "%d", &pid) == 1)
        if (pid != getpid())
            children[n++] = pid;
    if (f)
        fclose(f);
    return n ? children[dice_below(d, n)] : 0;
}

static bool may_strike(uint32_t round)
{
    return atomic_load(&board->begun) == round;
}

pid_t await_step(int64_t k, long microseconds)
{
    uint32_t victim;

    atomic_store(&board->victim, 0);
    atomic_store(&board->countdown, k);
    futex_wait(&board->victim, 0, microseconds);
    victim = atomic_load(&board->victim);
    atomic_store(&board->countdown, 0);
    return (pid_t)victim;
}

static void strike(struct dice *d, pid_t victim)
{
    /* By a descriptor, lest the number be another process's by now. */
    int fd = (int)syscall(SYS_pidfd_open, victim, 0);

    if (fd < 0)
        return;
    if (is_worker(victim)) {
        int signal = board->stops ? SIGSTOP : SIGKILL;
        if (syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) == 0)
            atomic_fetch_add(&board->struck, 1);
        if (board->stops && !board->for_good) {
            futex_wait(&board->rests, atomic_load(&board->rests),
                       (long)dice_below(d, 20000) + 1);
            syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0);
        }
    }
    close(fd);
}

static void work(struct dice *d, uint32_t round)
{
    for (int k = 0; k < board->strikes && may_strike(round);) {
        int64_t steps = 1 + (int64_t)dice_below(d, 1u << (1 + dice_below(d, 10)));
        pid_t victim = 0;
        if (board->at_steps || dice_one_in(d, 2)) {
            victim = await_step(steps, 20000);
        } else {
            futex_wait(&board->begun, round, 1 + (long)dice_below(d, 4000));
            victim = may_strike(round) ? some_child(d) : 0;
        }
        if (victim && may_strike(round)) {
            strike(d, victim);
            k++;
        }
    }
}

static void killer_main(pid_t program)
{
    uint32_t round = UINT32_MAX; /* none has begun */

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != program)
        _exit(0);
    for (;;) {
        uint32_t now = atomic_load(&board->begun);
        struct dice d = { board->seed };
        uint32_t begun = now % 2 ? now : now - 1; /* even: that round is over */
        if (begun == round) {
            futex_wait(&board->begun, now, 0);
            continue;
        }
        if (now % 2)
            work(&d, now);
        round = begun;
        atomic_store(&board->rests, round);
        futex_wake(&board->rests);
    }
}

pid_t killer_begin(void)
{
    pid_t program = getpid(), pid = fork();

    if (pid == 0)
        killer_main(program);
    return pid;
}

void killer_end(pid_t killer)
{
    kill(killer, SIGKILL);
    waitpid(killer, NULL, 0);
}

void killer_wake(uint64_t seed)
{
    board->seed = seed;
    atomic_store(&board->struck, 0);
    atomic_fetch_add(&board->begun, 1);
    futex_wake(&board->begun);
}

void killer_rest(void)
{
    uint32_t round = atomic_fetch_add(&board->begun, 1), rests;

    futex_wake(&board->begun);
    atomic_store(&board->victim, UINT32_MAX);
    futex_wake(&board->victim);
    while ((rests = atomic_load(&board->rests)) != round)
        futex_wait(&board->rests, rests, 0);
}
