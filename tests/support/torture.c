/* torture.c - fail each call that can fail, in turn.
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#include <dirent.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGEST 10000

/* Commands of membarrier that register for a later one; that cannot fail. */
#define REGISTERS                               \
    (MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | \
     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)

#define REPLACED(type, name, parameters) REPLACED_AS(type, name, parameters)
#define REPLACED_AS(type, name, parameters) \
    type __real_##name parameters;          \
    type __wrap_##name parameters;          \
    type __wrap_##name parameters
#define REAL(name)    REAL_AS(name)
#define REAL_AS(name) __real_##name

/* What a call with a file offset is called in the objects; musl has one size only. */
#ifdef __GLIBC__
#define LARGE(name) name##64
#else
#define LARGE(name) name
#endif

/* In memory that forked processes share. */
struct tally {
    _Atomic long calls, failing; /* the call to fail, counted from 1 */
    _Atomic bool only_memory;
    _Atomic bool met;         /* it has failed, */
    _Atomic bool met_memory;  /* and was one for memory, */
    _Atomic bool met_a_break; /* or was but interrupted */
};

static struct tally before_any, *tally = &before_any;

/* This process's own. */
static _Atomic long allocated; /* blocks that are not freed, */
static _Atomic long mapped;    /* mappings that are not unmapped, */
static _Atomic long running;   /* and threads that are not joined */

static bool is_next(void)
{
    return atomic_fetch_add(&tally->calls, 1) + 1 == atomic_load(&tally->failing);
}

/* For a call that then has to set this errno. */
static bool fails(int number)
{
    if (atomic_load(&tally->only_memory) || !is_next())
        return false;
    atomic_store(&tally->met, true);
    errno = number;
    return true;
}

/* By a signal, which is to make no difference. */
static bool is_interrupted(void)
{
    if (!fails(EINTR))
        return false;
    atomic_store(&tally->met_a_break, true);
    return true;
}

static bool lacks_memory(void)
{
    if (!is_next())
        return false;
    atomic_store(&tally->met_memory, true);
    atomic_store(&tally->met, true);
    errno = ENOMEM;
    return true;
}

/* ---- memory ---- */

static void *counted(void *p)
{
    if (p)
        atomic_fetch_add(&allocated, 1);
    return p;
}

REPLACED(void *, malloc, (size_t size))
{
    return lacks_memory() ? NULL : counted(__real_malloc(size));
}

REPLACED(void *, calloc, (size_t n, size_t size))
{
    return lacks_memory() ? NULL : counted(__real_calloc(n, size));
}

REPLACED(void *, aligned_alloc, (size_t alignment, size_t size))
{
    return lacks_memory() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

REPLACED(char *, strdup, (const char *text))
{
    return lacks_memory() ? NULL : counted(__real_strdup(text));
}

REPLACED(void *, realloc, (void *old, size_t size))
{
    void *p;

    if (lacks_memory())
        return NULL;
    p = __real_realloc(old, size);
    return old ? p : counted(p);
}

REPLACED(void, free, (void *p))
{
    if (p)
        atomic_fetch_sub(&allocated, 1);
    __real_free(p);
}

REPLACED(void *, LARGE(mmap),
         (void *at, size_t size, int protection, int flags, int fd, off_t from))
{
    void *p;

    if (lacks_memory())
        return MAP_FAILED;
    p = REAL(LARGE(mmap))(at, size, protection, flags, fd, from);
    if (p != MAP_FAILED)
        atomic_fetch_add(&mapped, 1);
    return p;
}

REPLACED(int, munmap, (void *at, size_t size))
{
    int rc = __real_munmap(at, size);

    if (rc == 0)
        atomic_fetch_sub(&mapped, 1);
    return rc;
}

/* A hint that is refused, or no memory to populate pages with. */
REPLACED(int, madvise, (void *at, size_t size, int advice))
{
    return fails(ENOMEM) ? -1 : __real_madvise(at, size, advice);
}

/* ---- descriptors ---- */

/* Without a mode: nothing here makes files. */
REPLACED(int, LARGE(open), (const char *path, int flags))
{
    return fails(EMFILE) ? -1 : REAL(LARGE(open))(path, flags);
}

REPLACED(FILE *, LARGE(fopen), (const char *path, const char *mode))
{
    return fails(EMFILE) ? NULL : REAL(LARGE(fopen))(path, mode);
}

REPLACED(int, eventfd, (unsigned count, int flags))
{
    return fails(EMFILE) ? -1 : __real_eventfd(count, flags);
}

REPLACED(int, pipe2, (int ends[2], int flags))
{
    return fails(EMFILE) ? -1 : __real_pipe2(ends, flags);
}

REPLACED(int, memfd_create, (const char *name, unsigned flags))
{
    return fails(EMFILE) ? -1 : __real_memfd_create(name, flags);
}

REPLACED(int, epoll_create1, (int flags))
{
    return fails(EMFILE) ? -1 : __real_epoll_create1(flags);
}

REPLACED(int, timerfd_create, (int clock, int flags))
{
    return fails(EMFILE) ? -1 : __real_timerfd_create(clock, flags);
}

/* ---- what is done with descriptors ---- */

/* To remove one needs nothing. */
REPLACED(int, epoll_ctl, (int set, int what, int fd, struct epoll_event *event))
{
    return what == EPOLL_CTL_ADD && fails(ENOSPC)
               ? -1
               : __real_epoll_ctl(set, what, fd, event);
}

REPLACED(int, epoll_wait, (int set, struct epoll_event *events, int n, int timeout))
{
    return is_interrupted() ? -1 : __real_epoll_wait(set, events, n, timeout);
}

REPLACED(int, poll, (struct pollfd * fds, nfds_t n, int timeout))
{
    return is_interrupted() || fails(ENOMEM) ? -1 : __real_poll(fds, n, timeout);
}

REPLACED(ssize_t, read, (int fd, void *to, size_t size))
{
    return is_interrupted() || fails(EIO) ? -1 : __real_read(fd, to, size);
}

REPLACED(ssize_t, LARGE(pread), (int fd, void *to, size_t size, off_t from))
{
    return is_interrupted() || fails(EIO) ? -1 : REAL(LARGE(pread))(fd, to, size, from);
}

REPLACED(int, LARGE(fallocate), (int fd, int mode, off_t from, off_t size))
{
    return is_interrupted() || fails(ENOSPC)
               ? -1
               : REAL(LARGE(fallocate))(fd, mode, from, size);
}

/* ---- threads and processes ---- */

REPLACED(int, pthread_mutex_init,
         (pthread_mutex_t * mutex, const pthread_mutexattr_t *attr))
{
    return fails(ENOMEM) ? ENOMEM : __real_pthread_mutex_init(mutex, attr);
}

REPLACED(int, pthread_create,
         (pthread_t * thread, const pthread_attr_t *attr, void *(*start)(void *),
          void *arg))
{
    int rc = fails(EAGAIN) ? EAGAIN : __real_pthread_create(thread, attr, start, arg);

    if (rc == 0)
        atomic_fetch_add(&running, 1);
    return rc;
}

REPLACED(int, pthread_join, (pthread_t thread, void **result))
{
    int rc = __real_pthread_join(thread, result);

    if (rc == 0)
        atomic_fetch_sub(&running, 1);
    return rc;
}

REPLACED(pid_t, fork, (void))
{
    return fails(EAGAIN) ? -1 : __real_fork();
}

static bool call_fails(long number, int first)
{
    if (number == SYS_pidfd_open)
        return fails(EMFILE);
    if (number == SYS_waitid)
        return is_interrupted();
    return number == SYS_membarrier && (first & REGISTERS) && fails(ENOSYS);
}

/* How many of the six there are, Linux knows. */
REPLACED(long, syscall, (long number, ...))
{
    long a[6];
    va_list args;

    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    return call_fails(number, (int)a[0])
               ? -1
               : __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- what is there ---- */

struct there {
    long allocated, mapped, running, opened, shared;
    bool children;
};

static long count_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    long n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

/* Mappings that processes forked from this one share with it. */
static long count_shared(void)
{
    FILE *f = fopen("/proc/self/maps", "re");
    char line[512];
    long n = 0;

    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        n += strstr(line, "/dev/zero (deleted)") || strstr(line, "/memfd:");
    fclose(f);
    return n;
}

static struct there what_is_there(void)
{
    return (struct there){ .allocated = atomic_load(&allocated),
                           .mapped = atomic_load(&mapped),
                           .running = atomic_load(&running),
                           .opened = count_descriptors(),
                           .shared = count_shared(),
                           .children = waitpid(-1, NULL, WNOHANG) >= 0 };
}

static void check_nothing_is_left(const struct there *before)
{
    struct there after = what_is_there();

    assert_int_equal(after.allocated, before->allocated);
    assert_int_equal(after.mapped, before->mapped);
    assert_int_equal(after.running, before->running);
    assert_int_equal(after.opened, before->opened);
    assert_int_equal(after.shared, before->shared);
    assert_false(after.children);
}

/* ---- the torture ---- */

static const char *backend(void)
{
    const char *name = getenv("CADRE_TEST_BACKEND");

    return name && *name ? name : "threads";
}

bool torture_is_apart(void)
{
    return strcmp(backend(), "processes") == 0;
}

int torture_pool(cadre_pool **pool, cadre_error *err)
{
    *pool = NULL;
    if (strcmp(backend(), "null") == 0)
        return CADRE_OK;
    return cadre_open(pool,
                      &(cadre_options){ .backend = backend(),
                                        .workers = 3,
                                        .oversubscribe = true,
                                        .ignore_environment = true,
                                        .min_items = 1 },
                      err);
}

/* What the library makes once and keeps. */
static void have_what_stays(void)
{
    cadre_pool *pool;

    cadre_free_shared(cadre_alloc_shared(1, NULL)); /* its books */
    assert_int_equal(cadre_open(&pool, &(cadre_options){ .backend = "serial" }, NULL),
                     0);
    cadre_close(pool); /* and which process it is */
}

static void begin(bool only_memory)
{
    if (tally == &before_any) {
        tally = REAL(LARGE(mmap))(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        have_what_stays();
    }
    assert_true(tally != MAP_FAILED);
    atomic_store(&tally->only_memory, only_memory);
}

static void forget(long failing)
{
    atomic_store(&tally->met, false);
    atomic_store(&tally->met_memory, false);
    atomic_store(&tally->met_a_break, false);
    atomic_store(&tally->calls, 0);
    atomic_store(&tally->failing, failing);
}

/* A worker process that has no memory to begin with dies. */
static void check_failure(int rc, const cadre_error *err)
{
    size_t length = strnlen(err->message, sizeof err->message);

    assert_int_equal(err->code, rc);
    assert_in_range(length, 11, sizeof err->message - 1);
    if (atomic_load(&tally->met_a_break) ||
        (atomic_load(&tally->met_memory) && rc != CADRE_ENOMEM && rc != CADRE_ECRASH))
        fail_msg("failed with: %s", err->message);
}

static int run_failing(scenario *run, const void *arg, long call)
{
    struct there before = what_is_there();
    cadre_error err;
    int rc;

    memset(&err, 0x55, sizeof err);
    forget(call);
    rc = run(arg, &err);
    atomic_store(&tally->failing, 0);
    if (rc)
        check_failure(rc, &err);
    check_nothing_is_left(&before);
    return rc;
}

/* Returns how many failures there were; *survived of them did no harm. */
static long run_with_each(scenario *run, const void *arg, bool only_memory,
                          long *survived)
{
    long call = 1;
    int rc = CADRE_OK;

    begin(only_memory);
    for (; call < LONGEST; call++) {
        rc = run_failing(run, arg, call);
        if (!atomic_load(&tally->met))
            break;
        *survived += rc == CADRE_OK;
    }
    assert_true(call > 1 && call < LONGEST);
    assert_int_equal(rc, CADRE_OK); /* when nothing failed */
    return call - 1;
}

void torture(scenario *run, const void *arg)
{
    long survived = 0, failures = run_with_each(run, arg, false, &survived);

    print_message("# %ld failures, %ld of them without harm\n", failures, survived);
}

void torture_memory(scenario *run, const void *arg)
{
    long survived = 0;

    run_with_each(run, arg, true, &survived);
}
