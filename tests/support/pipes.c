/* pipes.c - files and pipes with given contents, for the tests of streams.
 * SPDX-License-Identifier: MIT
 */
#include "pipes.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0)
            return; /* nobody reads any more */
        bytes += n;
        size -= (size_t)n;
    }
}

void plain_begin(struct plain *file, const void *bytes, size_t size)
{
    file->fd = memfd_create("plain", MFD_CLOEXEC);
    assert_true(file->fd >= 0);
    write_all(file->fd, bytes, size);
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
}

void plain_end(struct plain *file)
{
    close(file->fd);
}

/* ---- pipes ---- */

/* A worker process that had the ends of a pipe too would keep it from ending. */
#define PIPES 8
static struct pour *pipes[PIPES];
static pthread_mutex_t pipes_lock = PTHREAD_MUTEX_INITIALIZER; /* guards all of them */

static void before_fork(void)
{
    pthread_mutex_lock(&pipes_lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&pipes_lock);
}

static void in_child(void)
{
    for (int i = 0; i < PIPES; i++) {
        if (pipes[i] && pipes[i]->write_end >= 0)
            close(pipes[i]->write_end);
        if (pipes[i])
            close(pipes[i]->read_end);
    }
    pthread_mutex_unlock(&pipes_lock);
}

/* Put `now` where `before` is in the list. */
static void list(const struct pour *before, struct pour *now)
{
    static bool prepared;
    int i = 0;

    if (!prepared)
        assert_int_equal(pthread_atfork(before_fork, in_parent, in_child), 0);
    prepared = true;
    pthread_mutex_lock(&pipes_lock);
    while (i < PIPES && pipes[i] != before)
        i++;
    assert_true(i < PIPES);
    pipes[i] = now;
    pthread_mutex_unlock(&pipes_lock);
}

void pipe_begin(struct pour *p)
{
    int ends[2];

    memset(p, 0, sizeof *p);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    p->read_end = ends[0];
    p->write_end = ends[1];
    snprintf(p->path, sizeof p->path, "/proc/self/fd/%d", p->read_end);
    list(NULL, p);
}

void pipe_write(struct pour *p, const void *bytes, size_t size)
{
    write_all(p->write_end, bytes, size);
}

void pipe_close(struct pour *p)
{
    pthread_mutex_lock(&pipes_lock);
    close(p->write_end);
    p->write_end = -1;
    pthread_mutex_unlock(&pipes_lock);
}

static void wait_until_read(const struct pour *p)
{
    int left = 1;

    while (left > 0 && !atomic_load(&p->enough) &&
           ioctl(p->write_end, FIONREAD, &left) == 0)
        sched_yield();
}

static void *pour(void *arg)
{
    static const size_t pieces[] = { 1, 3, 2, 7, 64, 5, 1021, 1, 4099, 13 };
    struct pour *p = arg;
    size_t done = 0;

    for (unsigned i = 0; done < p->size && !atomic_load(&p->enough); i++) {
        size_t n = p->slowly ? pieces[i % 10] : p->size;
        if (n > p->size - done)
            n = p->size - done;
        write_all(p->write_end, p->bytes + done, n);
        done += n;
        if (p->slowly)
            wait_until_read(p);
    }
    pipe_close(p);
    return NULL;
}

void pour_begin(struct pour *p, const void *bytes, size_t size, bool slowly)
{
    pipe_begin(p);
    p->bytes = bytes;
    p->size = size;
    p->slowly = slowly;
    assert_int_equal(pthread_create(&p->thread, NULL, pour, p), 0);
}

void pour_end(struct pour *p)
{
    atomic_store(&p->enough, true);
    list(p, NULL);
    close(p->read_end); /* who is writing is told that nobody reads */
    if (p->bytes)
        pthread_join(p->thread, NULL);
    else if (p->write_end >= 0)
        pipe_close(p);
}

cadre_file *open_file(const char *path, size_t record_size)
{
    cadre_file *file;
    cadre_error err;

    if (cadre_file_open(&file, path, record_size, &err))
        fail_msg("cadre_file_open: %s", err.message);
    return file;
}
