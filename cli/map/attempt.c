/* attempt.c - run a command once: start it, read what it puts out, wait for its end.
 * SPDX-License-Identifier: MIT
 *
 * The caller waits for five things at once: the command's pipes, of which --pipe adds one
 * that it reads, its end (a pidfd), and being woken, because the job's turn to write has come
 * or because all jobs are to be ended. When the command itself has ended, what lies in the
 * pipes is read and no more is waited for: a process that it has left behind may hold them
 * open for hours.
 */
#include "cli/map/attempt.h"
#include "cli/base/text.h"
#include "cli/map/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_ROOM \
    262144 /* bytes of the pipe that a job reads, where it may be so large */

enum { WAKE, READER, END, OUTPUT, ERRORS, INPUT, FILES };

struct attempt {
    const struct cdr_attempt *how;
    struct cdr_job *job;
    struct cdr_start start;
    struct pollfd files[FILES];
    double began; /* monotonic */
    double due;   /* when it times out; 0: never */
    double
        next; /* when the next signal of its ending is due; 0: it is not being ended */
    unsigned step;
    uint64_t fed; /* bytes of its block that it has got */
};

/* ---- starting ---- */

static void close_file(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool make_pipe(int *ours, int *theirs)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    *ours = ends[0];
    *theirs = ends[1];
    return fcntl(*ours, F_SETFL, O_NONBLOCK) == 0;
}

/* What a job reads is written piece by piece, as it takes them. */
static bool make_input(struct attempt *a)
{
    int ends[2];

    if (!a->job->block) {
        a->start.files[0] = a->how->nothing;
        return true;
    }
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    a->start.files[0] = ends[0];
    a->files[INPUT].fd = ends[1];
    if (fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0)
        return false;
    (void)fcntl(a->files[INPUT].fd, F_SETPIPE_SZ, INPUT_ROOM); /* else as it is */
    a->files[INPUT].events = POLLOUT;
    return true;
}

static bool make_files(struct attempt *a)
{
    if (!make_input(a))
        return false;
    if (a->how->ungroup)
        return true;
    return make_pipe(&a->files[OUTPUT].fd, &a->start.files[1]) &&
           make_pipe(&a->files[ERRORS].fd, &a->start.files[2]);
}

static void could_not_start(struct cdr_job *job, const char *program,
                            const struct cdr_start *start, int failed)
{
    char shown[CDR_SHOWN];

    job->end.status = failed == ENOENT || failed == ENOTDIR ? 127 : 126;
    cdr_job_says(job, "\"%.200s\" %s%s%s: %s", program, start->what,
                 start->name ? " " : "",
                 start->name ? cdr_quote(shown, start->name) : "", strerror(failed));
}

static void note_begin(struct attempt *a)
{
    double limit = a->how->limit;

    a->began = cdr_monotonic();
    a->job->end.began = cdr_wall_clock();
    a->due = limit > 0 ? a->began + limit : 0;
}

static bool start(struct attempt *a)
{
    const struct cdr_attempt *how = a->how;
    int failed = 0;

    note_begin(a);
    a->start.common = how->common;
    a->start.path = how->path;
    a->start.argv = how->argv;
    a->start.env = how->env;
    a->start.group = how->group;
    a->start.stack = how->stack;
    a->start.name = NULL;
    if (!make_files(a)) {
        failed = errno;
        a->start.what = "cannot be started, for want of a pipe";
    } else {
        failed = cdr_process_start(&a->start);
    }
    if (a->job->block)
        close_file(&a->start.files[0]);
    close_file(&a->start.files[1]);
    close_file(&a->start.files[2]);
    a->files[END].fd = a->start.pidfd;
    if (failed)
        could_not_start(a->job, how->argv[0], &a->start, failed);
    return failed == 0;
}

/* ---- while it runs ---- */

static void take(struct attempt *a, int which, ssize_t n)
{
    a->job->bytes += which ? 0 : (uint64_t)n;
    if (which == 0 && a->how->piped &&
        a->job->bytes == (uint64_t)n) /* the first ones */
        a->files[READER].fd = STDOUT_FILENO;
    a->how->take(a->how->arg, which, a->how->buffer, (size_t)n);
}

/* Read once; false: there is nothing now, or no more. */
static bool read_some(struct attempt *a, int file)
{
    ssize_t n;

    if (a->files[file].fd < 0)
        return false;
    n = read(a->files[file].fd, a->how->buffer, CDR_ATTEMPT_BUFFER);
    if (n > 0)
        take(a, file - OUTPUT, n);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_file(&a->files[file].fd);
    return n > 0;
}

static void feed(struct attempt *a)
{
    enum cdr_feeding state = cdr_block_feed(a->job->block, &a->fed, a->files[INPUT].fd,
                                            a->how->buffer, CDR_ATTEMPT_BUFFER);

    if (state == CDR_FEED_FAILED)
        cdr_job_says(a->job, "what it reads cannot be had: %s", strerror(errno));
    if (state != CDR_FEED_LATER)
        close_file(&a->files[INPUT].fd);
}

/* The next signal to the whole group. Its process is there as long as we have not waited
 * for it, so the group's number is its own. */
static void send_next(struct attempt *a)
{
    const struct cdr_ending *ending = a->how->ending;
    unsigned last = ending->n - 1, step = a->step < last ? a->step : last;

    (void)kill(-a->start.pid, ending->signal[step]);
    (void)kill(-a->start.pid, SIGCONT); /* one that is stopped would not hear of it */
    a->next = cdr_monotonic() + ending->after_ms[step] / 1000.0 + 0.001;
    if (a->step >= last)
        a->next = cdr_monotonic() + 1;
    a->step++;
}

static void look(struct attempt *a)
{
    if (!a->how->look(a->how->arg) || a->next > 0)
        return;
    a->job->end.killed = true;
    send_next(a);
}

/* Output that is held would fill the disk, and never be written. */
static void lose_reader(struct attempt *a)
{
    a->files[READER].fd = -1;
    a->how->gone(a->how->arg);
}

static void check_time(struct attempt *a)
{
    double now = cdr_monotonic();

    if (a->next > 0 && now >= a->next) {
        send_next(a);
    } else if (a->next == 0 && a->due > 0 && now >= a->due) {
        a->job->end.timed_out = true;
        send_next(a);
    }
}

static int time_left(const struct attempt *a)
{
    double due = a->next > 0 ? a->next : a->due, left;
    int most = a->how->look_ms, ms;

    if (due == 0)
        return most;
    left = due - cdr_monotonic();
    ms = left > 60 ? 60000 : left > 0 ? (int)(left * 1000) + 1 : 0;
    return most >= 0 && most < ms ? most : ms;
}

static void attend(struct attempt *a)
{
    for (;;) {
        int n = poll(a->files, FILES, time_left(a));

        if (n < 0 && errno != EINTR)
            cdr_job_says(a->job, "poll fails: %s", strerror(errno));
        if (a->files[WAKE].revents || a->how->look_ms >= 0)
            look(a);
        if (n > 0) {
            if (a->files[READER].revents & POLLERR)
                lose_reader(a);
            if (a->files[OUTPUT].revents)
                (void)read_some(a, OUTPUT);
            if (a->files[ERRORS].revents)
                (void)read_some(a, ERRORS);
            if (a->files[END].revents)
                break;
            if (a->files[INPUT].revents)
                feed(a);
        }
        check_time(a);
    }
    while (read_some(a, OUTPUT) || read_some(a, ERRORS))
        ;
}

/* ---- the end ---- */

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

/* Of a job that was to end nothing stays, even what took no notice of a signal. */
static void reap(struct attempt *a)
{
    struct cdr_end *end = &a->job->end;
    struct rusage usage = { 0 };
    int status = 0;

    if (a->next > 0)
        (void)kill(-a->start.pid, SIGKILL);
    atomic_store_explicit(a->start.group, 0, memory_order_relaxed);
    while (wait4(a->start.pid, &status, 0, &usage) < 0)
        if (errno != EINTR) {
            cdr_job_says(a->job, "how it ended is not known: %s", strerror(errno));
            status = 1 << 8;
            break;
        }
    end->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end->peak_kib = usage.ru_maxrss;
    end->cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static void run(struct attempt *a)
{
    if (start(a)) {
        attend(a);
        reap(a);
        if (a->job->reason && !cdr_job_failed(a->job))
            a->job->end.status = 1; /* part of its output is lost */
    }
    a->job->end.seconds = cdr_monotonic() - a->began;
    for (int i = END; i < FILES; i++)
        close_file(&a->files[i].fd);
}

void cdr_attempt(const struct cdr_attempt *how, struct cdr_job *job)
{
    struct attempt a = { .how = how,
                         .job = job,
                         .start = { .files = { -1, -1, -1 }, .pidfd = -1 } };

    for (int i = 0; i < FILES; i++)
        a.files[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
    a.files[WAKE].fd = how->wake;
    a.files[READER].events = 0; /* an error is always told */
    job->end.ran = true;
    job->end.status = job->end.signal = 0;
    job->end.timed_out = job->end.killed = false;
    job->bytes = 0;
    run(&a);
}
