/* outlet.c - whose turn it is to write, and what the lines look like.
 * SPDX-License-Identifier: MIT
 *
 * A ring has a place for each job that may be held: the job when it has ended, or whom to
 * wake when it runs. `writer` says that somebody is at the turn: the worker of the job
 * whose turn it is, from its beginning to its end, or whoever writes what was held. So at
 * most one thread writes, without holding the lock.
 */
#include "cli/map/outlet.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSED_ROOM ((size_t)1 << 17)

struct place {
    struct cdr_job *ended;
    struct cdr_live *runs;
};

struct cdr_outlet {
    struct cdr_outlet_setting set;
    pthread_mutex_t lock; /* guards the ring, and who advances the turn */
    struct place *ring;
    _Atomic uint64_t
        turn;    /* the job that may write; advanced under the lock, released */
    bool writer; /* held jobs are being written; under the lock */
    pthread_cond_t moved; /* the turn; for who makes jobs */
    bool awaited;         /* that it moves; under the lock */
    pthread_mutex_t pen;  /* unordered and lines: held while writing */
    atomic_bool broken;   /* relaxed: once set, nothing more is written */
    atomic_bool cut;      /* set before jobs are ended for it: release, acquire */

    /* The making thread's alone: output of jobs that ended long ago, and how many they
     * are. The turn is the first one's, so nobody else writes. */
    char *passed;
    size_t passed_size;
    uint64_t n_passed;
};

int cdr_outlet_open(struct cdr_outlet **out, const struct cdr_outlet_setting *set,
                    struct cdr_failure *why)
{
    struct cdr_outlet *o = calloc(1, sizeof *o);

    *out = o;
    if (!o)
        return cdr_fails_memory(why);
    o->set = *set;
    atomic_init(&o->turn, 1);
    o->ring = calloc(set->window, sizeof *o->ring);
    if (!o->ring || pthread_mutex_init(&o->lock, NULL) != 0 ||
        pthread_mutex_init(&o->pen, NULL) != 0 ||
        pthread_cond_init(&o->moved, NULL) != 0)
        return cdr_fails_memory(why);
    return 0;
}

void cdr_outlet_close(struct cdr_outlet *o)
{
    if (!o)
        return;
    pthread_mutex_destroy(&o->lock);
    pthread_mutex_destroy(&o->pen);
    pthread_cond_destroy(&o->moved);
    free(o->passed);
    free(o->ring);
    free(o);
}

/* ---- writing ---- */

static int wait_until_writable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };

    return poll(&p, 1, -1) < 0 && errno != EINTR ? -1 : 0;
}

static void write_out(struct cdr_outlet *o, int which, const char *bytes, size_t size)
{
    int fd = which ? STDERR_FILENO : STDOUT_FILENO;

    while (size > 0 && !atomic_load_explicit(&o->broken, memory_order_relaxed)) {
        ssize_t n = write(fd, bytes, size);

        if (n >= 0) {
            bytes += n;
            size -= (size_t)n;
        } else if (errno == EAGAIN ? wait_until_writable(fd) < 0 : errno != EINTR) {
            int failed = errno;

            if (which) /* a standard error that is gone costs no results */
                return;
            atomic_store_explicit(&o->broken, true, memory_order_relaxed);
            o->set.broken(o->set.arg, failed);
        }
    }
}

static void put(struct cdr_outlet *o, int which, const char *bytes, size_t size)
{
    int fd = which ? STDERR_FILENO : STDOUT_FILENO;

    if (size == 0 || o->set.silent)
        return;
    cdr_bar_hold(o->set.bar, fd);
    write_out(o, which, bytes, size);
    cdr_bar_release(o->set.bar, fd, bytes[size - 1]);
}

struct writing {
    struct cdr_outlet *outlet;
    struct cdr_live *live;
    int which;
};

/* The tag before each line. */
static void put_tagged(struct writing *w, const char *bytes, size_t size)
{
    struct cdr_buffer all = { 0 };
    struct cdr_live *l = w->live;

    while (size > 0) {
        const char *end = memchr(bytes, '\n', size);
        size_t part = end ? (size_t)(end - bytes) + 1 : size;

        if (!l->inside_line[w->which])
            cdr_buffer_add(&all, l->tag.data, l->tag.size);
        cdr_buffer_add(&all, bytes, part);
        l->inside_line[w->which] = !end;
        bytes += part;
        size -= part;
    }
    put(w->outlet, w->which, all.data, all.size);
    cdr_buffer_free(&all);
}

static int give(void *arg, const char *bytes, size_t size)
{
    struct writing *w = arg;

    if (w->live->tag.size > 0)
        put_tagged(w, bytes, size);
    else
        put(w->outlet, w->which, bytes, size);
    return 0;
}

static void show_command(struct cdr_outlet *o, struct cdr_live *live)
{
    struct cdr_buffer text = { 0 };

    if (live->headed || (!o->set.verbose && !o->set.trace) || live->job->words.n == 0)
        return;
    live->headed = true;
    cdr_job_command(live->job, o->set.shell, &text);
    cdr_buffer_add(&text, "\n", 1);
    if (!text.failed)
        put(o, o->set.trace, text.data, text.size);
    cdr_buffer_free(&text);
}

static void write_held(struct cdr_outlet *o, struct cdr_live *live)
{
    struct cdr_held *held[2] = { &live->job->output, &live->job->errors };

    show_command(o, live);
    for (int which = 0; which < 2; which++) {
        struct writing w = { o, live, which };

        if (cdr_held_give(held[which], o->set.spool, give, &w) < 0)
            cdr_job_says(live->job, "part of the output is lost: %s", strerror(errno));
        if (!live->keep && held[which]->total > 0)
            cdr_held_clear(held[which], o->set.spool);
    }
}

/* What follows would not be where it belongs. */
static void cut_after(struct cdr_outlet *o, const struct cdr_job *job)
{
    if (!o->set.unordered && (job->end.killed || !job->end.ran) &&
        atomic_load_explicit(&o->cut, memory_order_acquire))
        atomic_store_explicit(&o->broken, true, memory_order_relaxed);
}

void cdr_outlet_cut(struct cdr_outlet *o)
{
    atomic_store_explicit(&o->cut, true, memory_order_release);
}

/* All of a job that has ended. */
static void write_whole(struct cdr_outlet *o, struct cdr_job *job)
{
    struct cdr_live live = { .job = job, .keep = true, .headed = job->headed };

    if (o->set.tag && job->end.ran)
        cdr_job_tag(job, o->set.tag, &live.tag);
    write_held(o, &live);
    cdr_buffer_free(&live.tag);
    cut_after(o, job);
    o->set.written(o->set.arg, job);
}

/* ---- turns ---- */

static bool is_turn(struct cdr_outlet *o, const struct cdr_live *live)
{
    return !o->set.unordered && !live->held &&
           atomic_load_explicit(&o->turn, memory_order_acquire) == live->job->turn;
}

static struct place *place_of(struct cdr_outlet *o, uint64_t turn)
{
    return &o->ring[turn % o->set.window];
}

/* The turn has gone on to a job that runs: tell its worker. */
static void wake(const struct cdr_live *live)
{
    uint64_t one = 1;

    if (write(live->wake, &one, sizeof one) < 0)
        return; /* it was told already, and has not looked yet */
}

/* Write what is held, as long as it is somebody's turn who has ended. */
static void advance(struct cdr_outlet *o)
{
    pthread_mutex_lock(&o->lock);
    while (!o->writer) {
        uint64_t turn = atomic_load_explicit(&o->turn, memory_order_relaxed);
        struct place *p = place_of(o, turn);
        struct cdr_job *job = p->ended;

        if (!job) {
            if (p->runs && p->runs->job->turn == turn)
                wake(p->runs);
            break;
        }
        p->ended = NULL;
        o->writer = true;
        pthread_mutex_unlock(&o->lock);
        write_whole(o, job);
        pthread_mutex_lock(&o->lock);
        o->writer = false;
        atomic_store_explicit(&o->turn, turn + 1, memory_order_release);
        if (o->awaited)
            pthread_cond_signal(&o->moved);
    }
    pthread_mutex_unlock(&o->lock);
}

static void leave(struct cdr_outlet *o, struct cdr_job *job)
{
    struct place *p = place_of(o, job->turn);

    if (o->set.unordered) {
        pthread_mutex_lock(&o->pen);
        write_whole(o, job);
        pthread_mutex_unlock(&o->pen);
        return;
    }
    pthread_mutex_lock(&o->lock);
    p->runs = NULL;
    p->ended = job;
    pthread_mutex_unlock(&o->lock);
    advance(o);
}

/* ---- what workers call ---- */

void cdr_outlet_begin(struct cdr_outlet *o, struct cdr_live *live)
{
    if (o->set.tag)
        cdr_job_tag(live->job, o->set.tag, &live->tag);
    if (o->set.unordered)
        return;
    pthread_mutex_lock(&o->lock);
    place_of(o, live->job->turn)->runs = live;
    pthread_mutex_unlock(&o->lock);
}

/* Whole lines at once, whoever else writes; the rest waits. */
static void add_lines(struct cdr_outlet *o, struct cdr_live *live, int which,
                      const char *bytes, size_t size)
{
    struct cdr_buffer *part = &live->part[which];
    const char *end = memrchr(bytes, '\n', size);
    size_t whole = end ? (size_t)(end - bytes) + 1 : 0;

    if (whole > 0) {
        struct writing w = { o, live, which };

        pthread_mutex_lock(&o->pen);
        show_command(o, live);
        cdr_buffer_add(part, bytes, whole);
        give(&w, part->data, part->size);
        part->size = 0;
        pthread_mutex_unlock(&o->pen);
    }
    cdr_buffer_add(part, bytes + whole, size - whole);
}

int cdr_outlet_add(struct cdr_outlet *o, struct cdr_live *live, int which,
                   const char *bytes, size_t size)
{
    struct cdr_held *held = which ? &live->job->errors : &live->job->output;
    struct writing w = { o, live, which };
    int rc = 0;

    if (o->set.lines && !live->held) {
        add_lines(o, live, which, bytes, size);
        return live->keep ? cdr_held_add(held, o->set.spool, bytes, size) : 0;
    }
    if (!is_turn(o, live))
        return cdr_held_add(held, o->set.spool, bytes, size);
    write_held(o, live);
    give(&w, bytes, size);
    if (live->keep) {
        rc = cdr_held_add(held, o->set.spool, bytes, size);
        held->given = held->total;
    }
    return rc;
}

void cdr_outlet_catch_up(struct cdr_outlet *o, struct cdr_live *live)
{
    if (is_turn(o, live))
        write_held(o, live);
}

/* Lines: what the last one has, and what was held in case of another try. */
static void end_lines(struct cdr_outlet *o, struct cdr_live *live)
{
    pthread_mutex_lock(&o->pen);
    for (int which = 0; which < 2; which++) {
        struct writing w = { o, live, which };

        if (live->part[which].size > 0)
            give(&w, live->part[which].data, live->part[which].size);
        cdr_buffer_free(&live->part[which]);
    }
    pthread_mutex_unlock(&o->pen);
    if (!live->held) {
        live->job->output.given = live->job->output.total;
        live->job->errors.given = live->job->errors.total;
    }
}

void cdr_outlet_end(struct cdr_outlet *o, struct cdr_live *live)
{
    struct cdr_job *job = live->job;

    if (o->set.lines)
        end_lines(o, live);
    live->held = false;
    if (is_turn(o,
                live)) /* with the tag's state, which a line may be in the middle of */
        write_held(o, live);
    cdr_buffer_free(&live->tag);
    live->inside_line[0] = live->inside_line[1] = false;
    if (live->headed)
        job->headed = true;
    live->headed = false;
    leave(o, job);
}

void cdr_outlet_await(struct cdr_outlet *o, uint64_t turn)
{
    uint64_t window = o->set.window;

    if (o->set.unordered ||
        turn < atomic_load_explicit(&o->turn, memory_order_relaxed) + window)
        return;
    pthread_mutex_lock(&o->lock);
    o->awaited = true;
    while (turn >= atomic_load_explicit(&o->turn, memory_order_relaxed) + window)
        pthread_cond_wait(&o->moved, &o->lock);
    o->awaited = false;
    pthread_mutex_unlock(&o->lock);
}

/* ---- what ended long ago ---- */

bool cdr_outlet_takes_bytes(const struct cdr_outlet *o, uint64_t turn)
{
    return !o->set.tag && !o->set.verbose && !o->set.trace && !o->set.silent &&
           (o->set.unordered ||
            turn == atomic_load_explicit(&o->turn, memory_order_acquire) + o->n_passed);
}

static void put_now(struct cdr_outlet *o, int which, const char *bytes, size_t size)
{
    if (size == 0)
        return;
    if (o->set.unordered)
        pthread_mutex_lock(&o->pen);
    put(o, which, bytes, size);
    if (o->set.unordered)
        pthread_mutex_unlock(&o->pen);
}

static void put_passed(struct cdr_outlet *o)
{
    put_now(o, 0, o->passed, o->passed_size);
    o->passed_size = 0;
}

void cdr_outlet_pass_bytes(struct cdr_outlet *o, const char *const bytes[2],
                           const size_t size[2])
{
    if (!o->passed && size[0] > 0)
        o->passed =
            malloc(PASSED_ROOM); /* without it each job's is written by itself */
    if (o->passed_size + size[0] > PASSED_ROOM)
        put_passed(o);
    if (!o->passed || size[0] > PASSED_ROOM) {
        put_now(o, 0, bytes[0], size[0]);
    } else if (size[0] > 0) {
        memcpy(o->passed + o->passed_size, bytes[0], size[0]);
        o->passed_size += size[0];
    }
    if (size[1] > 0) {
        put_passed(o);
        put_now(o, 1, bytes[1], size[1]);
    }
    o->n_passed++;
}

void cdr_outlet_flush(struct cdr_outlet *o)
{
    put_passed(o);
    if (!o->set.unordered) {
        pthread_mutex_lock(&o->lock);
        atomic_fetch_add_explicit(&o->turn, o->n_passed, memory_order_release);
        pthread_mutex_unlock(&o->lock);
    }
    o->n_passed = 0;
}

void cdr_outlet_pass(struct cdr_outlet *o, struct cdr_job *job)
{
    leave(o, job);
}
