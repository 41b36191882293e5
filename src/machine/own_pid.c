/* own_pid.c - which process this is, without a system call.
 * SPDX-License-Identifier: MIT
 *
 * A pool belongs to the process that opened it, and a fork of that process is to notice:
 * so each call asks. The id lies in a page that Linux gives to a new process full of zeros,
 * however the process came to be.
 */
#include "machine/process.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 65536 /* at least one, whatever their size */

#define NO_ADVICE 0x7fff /* known to no Linux: who takes it, takes none */

/* Made by whoever comes first, and kept: released with the page behind it. */
static _Atomic(_Atomic pid_t *) kept;
static _Atomic bool cannot_be_had; /* Linux is too old, or an emulator: relaxed */

static _Atomic pid_t *make(void)
{
    _Atomic pid_t *before = NULL, *page = NULL;
    void *room =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (room == MAP_FAILED)
        return NULL;
    if (madvise(room, PAGE, MADV_WIPEONFORK) == 0 && madvise(room, PAGE, NO_ADVICE) < 0)
        page = room;
    else
        atomic_store_explicit(&cannot_be_had, true, memory_order_relaxed);
    if (page && atomic_compare_exchange_strong_explicit(
                    &kept, &before, page, memory_order_acq_rel, memory_order_acquire))
        return page;
    (void)munmap(room, PAGE);
    return before;
}

pid_t cdr_own_pid(void)
{
    _Atomic pid_t *page = atomic_load_explicit(&kept, memory_order_acquire);
    pid_t pid;

    if (!page && !atomic_load_explicit(&cannot_be_had, memory_order_relaxed))
        page = make();
    if (!page)
        return getpid();
    pid = atomic_load_explicit(page, memory_order_relaxed);
    if (pid == 0) {
        pid = getpid();
        atomic_store_explicit(page, pid, memory_order_relaxed);
    }
    return pid;
}
