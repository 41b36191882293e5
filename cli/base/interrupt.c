/* interrupt.c - Ctrl-C: stop the run, leave nothing half done, say so.
 * SPDX-License-Identifier: MIT
 */
#include "cli/base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 4

/* Written by the handler, in whichever thread the signal reaches. */
static atomic_int caught;

/* Written by the main thread, read by the handler. */
static _Atomic(cadre_pool *) watched;
static _Atomic(const char *) files[FILES_MAX];
static atomic_int reading = -1, notified = -1;

static int empty_file = -1; /* set before the handler is */

/* Set before the handler is, armed by it: cadre_cancel ends what runs, and a command may be
 * between two runs. */
static timer_t again;
static bool has_timer;

static bool size_ends; /* set before anything is started: SIGXFSZ was not ignored */

static pid_t owner; /* set before the handlers are: the files are not its children's */

/* Only what is safe in a signal handler. */
static void remove_files(void)
{
    if (getpid() != owner)
        return;
    for (int i = 0; i < FILES_MAX; i++) {
        const char *name = atomic_exchange(&files[i], NULL);

        if (name)
            (void)unlink(name); /* nobody is left to be told */
    }
}

/* From now on, again and again. timer_settime is safe in a signal handler. */
static void keep_cancelling(void)
{
    static const struct itimerspec often = { .it_value = { .tv_nsec = 50000000 },
                                             .it_interval = { .tv_nsec = 50000000 } };

    if (has_timer)
        (void)timer_settime(again, 0, &often, NULL); /* valid: cannot fail */
}

static void on_timer(int number)
{
    (void)number;
    cadre_cancel(atomic_load(&watched));
}

static void on_signal(int number)
{
    int none = 0, saved = errno, fd = atomic_load(&reading);
    uint64_t one = 1;

    if (!atomic_compare_exchange_strong(&caught, &none, number)) {
        remove_files();
        _exit(CDR_EXIT_SIGNAL + number);
    }
    cadre_cancel(atomic_load(&watched));
    keep_cancelling();
    if (fd >= 0 && empty_file >= 0)
        (void)dup2(empty_file, fd); /* where it fails, the read is what it was */
    fd = atomic_load(&notified);
    if (fd >= 0 && write(fd, &one, sizeof one) < 0)
        errno = saved; /* it was written to before */
    errno = saved;
}

/* The signal goes on to end the program as it does by itself: its action is the default
 * again, and it arrives when this returns. */
static void on_end(int number)
{
    remove_files();
    (void)raise(number); /* cannot fail for a signal that has just come */
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, before;

    /* No SA_RESTART: a read from a terminal or pipe is to end, too. */
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        (void)sigaction(number, &action, NULL); /* fails for wrong numbers only */
}

static void make_timer(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };

    handle(SIGRTMIN, on_timer, SA_RESTART);
    has_timer = timer_create(CLOCK_MONOTONIC, &event, &again) == 0;
}

/* A file that may not be larger is an error of write, which is reported. */
static void ignore_size(void)
{
    struct sigaction action = { .sa_handler = SIG_IGN }, before;

    sigemptyset(&action.sa_mask);
    size_ends =
        sigaction(SIGXFSZ, &action, &before) == 0 && before.sa_handler != SIG_IGN;
}

void cdr_interrupt_install(void)
{
    static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
    static const int ends[] = { SIGQUIT, SIGPIPE, SIGALRM, SIGXCPU };

    owner = getpid();
    empty_file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    make_timer();
    ignore_size();
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++)
        handle(stops[i], on_signal, 0);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        handle(ends[i], on_end, (int)SA_RESETHAND);
    (void)atexit(remove_files); /* fails without memory only */
}

bool cdr_interrupt_size_ends(void)
{
    return size_ends;
}

void cdr_interrupt_watch(cadre_pool *pool)
{
    atomic_store(&watched, pool);
}

void cdr_interrupt_reading(int fd)
{
    atomic_store(&reading, fd);
}

void cdr_interrupt_notify(int fd)
{
    atomic_store(&notified, fd);
}

int cdr_interrupt_number(void)
{
    return atomic_load(&caught);
}

bool cdr_interrupted(void)
{
    return cdr_interrupt_number() != 0;
}

void cdr_interrupt_remember(const char *name)
{
    for (int i = 0; i < FILES_MAX; i++) {
        const char *none = NULL;

        if (atomic_compare_exchange_strong(&files[i], &none, name))
            return;
    }
}

void cdr_interrupt_forget(const char *name)
{
    for (int i = 0; i < FILES_MAX; i++) {
        const char *expected = name;

        (void)atomic_compare_exchange_strong(&files[i], &expected, NULL);
    }
}
