/* rank.c - what a rank does with an attempt that rank 0 has sent: a kernel.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/rank.h"
#include "cli/map/environment.h"
#include "cli/map/guard.h"
#include "cli/map/request.h"
#include "cli/ranks/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS   1024 /* as many workers as a rank may have */
#define LOOK_MS 50   /* between two looks whether the attempt is wanted any more */

/* ---- the guard, one for all workers of this process ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the next five */
static struct cdr_guard guard;
static unsigned users;
static bool used[SLOTS];
static bool raised;         /* once, and it stays so */
static struct rlimit files; /* as the process was given it: that of jobs */

/* SLOTS: there is none, and err says why. */
static unsigned take_slot(struct cdr_failure *err)
{
    unsigned slot = 0;

    pthread_mutex_lock(&lock);
    if (!raised)
        cdr_process_raise_files(&files);
    raised = true;
    while (slot < SLOTS && used[slot])
        slot++;
    if (slot == SLOTS)
        cdr_fails(err, CDR_EXIT_FAILED, "a rank has more than %d workers", SLOTS);
    else if (users == 0 && cdr_guard_open(&guard, SLOTS, err)) {
        cdr_guard_close(&guard);
        slot = SLOTS;
    }
    if (slot < SLOTS) {
        used[slot] = true;
        users++;
    }
    pthread_mutex_unlock(&lock);
    return slot;
}

static void give_back_slot(unsigned slot)
{
    pthread_mutex_lock(&lock);
    used[slot] = false;
    if (--users == 0)
        cdr_guard_close(&guard);
    pthread_mutex_unlock(&lock);
}

/* ---- a worker ---- */

struct worker {
    struct cdr_start_common start;
    struct cdr_ending ending;
    unsigned slot;
    int nothing;
    char *buffer;
    void *stack;
    char **env; /* what all attempts have; an attempt's own entries follow */
    size_t n_env, room_env;
    sigset_t mask; /* the thread's, as it was */
};

/* Whether the entry is one of the variables that rank 0 has sent. */
static bool is_sent(const char *entry, const char *variables, size_t n)
{
    while (n-- > 0) {
        const char *sent = cdr_request_text(&variables);
        size_t name = strcspn(sent, "=") + 1;

        if (strncmp(entry, sent, name) == 0)
            return true;
    }
    return false;
}

static bool make_environment(struct worker *w, const char *variables, size_t n)
{
    size_t have = 0;

    while (environ[have])
        have++;
    w->room_env = have + n + 1;
    w->env = calloc(w->room_env, sizeof *w->env);
    if (!w->env)
        return false;
    for (size_t i = 0; i < have; i++)
        if (!cdr_environment_is_ours(environ[i]) &&
            !cdr_ranks_is_variable(environ[i]) && !is_sent(environ[i], variables, n))
            w->env[w->n_env++] = environ[i];
    for (size_t i = 0; i < n; i++)
        w->env[w->n_env++] = (char *)(uintptr_t)cdr_request_text(&variables);
    return true;
}

/* A job that reads no more is an error of write, and no signal. */
static void block_pipe_signal(struct worker *w)
{
    sigset_t pipe;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &w->mask);
}

static void restore_signals(const struct worker *w)
{
    static const struct timespec now;
    sigset_t pipe;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!sigismember(&w->mask, SIGPIPE))
        while (sigtimedwait(&pipe, NULL, &now) > 0)
            ;
    pthread_sigmask(SIG_SETMASK, &w->mask, NULL);
}

/* Ignored, it would eat how jobs end. */
static void mind_children(void)
{
    struct sigaction action;

    if (sigaction(SIGCHLD, NULL, &action) < 0 || action.sa_handler != SIG_IGN)
        return;
    action = (struct sigaction){ .sa_handler = SIG_DFL };
    (void)sigaction(SIGCHLD, &action, NULL);
}

static bool prepare(struct worker *w, const char *shared)
{
    struct cdr_request_common c;

    memcpy(&c, shared, sizeof c);
    shared += sizeof c;
    w->ending = c.ending;
    w->start = (struct cdr_start_common){ .parent = getpid(),
                                          .mask = c.mask,
                                          .default_pipe = c.default_pipe,
                                          .directory = cdr_request_text(&shared),
                                          .renice = c.renice,
                                          .files = files,
                                          .nice = c.nice };
    w->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    w->buffer = malloc(CDR_ATTEMPT_BUFFER);
    w->stack = mmap(NULL, CDR_START_STACK, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    return w->nothing >= 0 && w->buffer && w->stack != MAP_FAILED &&
           make_environment(w, shared, c.n_variables);
}

int cdr_rank_begin(cadre_task *task, void **state)
{
    struct worker *w = calloc(1, sizeof *w);
    struct cdr_failure why = { 0 };

    if (!w)
        return cadre_task_fail(task, 1, "out of memory");
    w->nothing = -1;
    w->stack = MAP_FAILED;
    w->slot = take_slot(&why);
    block_pipe_signal(w);
    mind_children();
    if (w->slot < SLOTS && prepare(w, cadre_task_shared(task))) {
        *state = w;
        return 0;
    }
    if (w->slot < SLOTS)
        cdr_fails(&why, CDR_EXIT_FAILED, "%s", strerror(errno));
    cdr_rank_end(w);
    return cadre_task_fail(task, 1, "a worker of a rank cannot begin: %s", why.text);
}

void cdr_rank_end(void *state)
{
    struct worker *w = state;

    if (w->slot < SLOTS)
        give_back_slot(w->slot);
    restore_signals(w);
    if (w->stack != MAP_FAILED)
        munmap(w->stack, CDR_START_STACK);
    if (w->nothing >= 0)
        close(w->nothing);
    free(w->buffer);
    free(w->env);
    free(w);
}

/* ---- an attempt ---- */

/* A failure to emit is one of the task. */
static void emit(cadre_task *task, uint32_t kind, const void *bytes, size_t size)
{
    struct cdr_piece_head head = { .kind = kind, .size = (uint32_t)size };

    (void)cadre_task_emit(task, &head, sizeof head);
    (void)cadre_task_emit(task, bytes, size);
}

/* What is wrong may be so on this host only. */
static void emit_reason(cadre_task *task, const char *reason)
{
    struct cdr_buffer text = { 0 };
    char host[256] = "";

    (void)gethostname(host, sizeof host - 1); /* a longer one is cut */
    cdr_buffer_text(&text, reason);
    cdr_buffer_text(&text, " (host ");
    cdr_buffer_text(&text, host);
    cdr_buffer_text(&text, ")");
    if (text.failed)
        emit(task, CDR_PIECE_REASON, reason, strlen(reason));
    else
        emit(task, CDR_PIECE_REASON, text.data, text.size);
    cdr_buffer_free(&text);
}

static void take(void *arg, int which, const char *bytes, size_t size)
{
    emit(arg, (uint32_t)which, bytes, size);
}

static bool look(void *arg)
{
    return cadre_task_cancelled(arg);
}

static bool add_own(struct worker *w, const char **at, size_t n)
{
    if (w->n_env + n + 1 > w->room_env) {
        char **more = realloc(w->env, (w->n_env + n + 1) * sizeof *more);

        if (!more)
            return false;
        w->env = more;
        w->room_env = w->n_env + n + 1;
    }
    for (size_t i = 0; i < n; i++)
        w->env[w->n_env + i] = (char *)(uintptr_t)cdr_request_text(at);
    w->env[w->n_env + n] = NULL;
    return true;
}

static void run(cadre_task *task, struct worker *w, const struct cdr_request *r,
                const char *path, char *const *argv, const char *input)
{
    struct cdr_block block = { .memory = (char *)(uintptr_t)input,
                               .size = (size_t)r->input,
                               .file = -1 };
    struct cdr_job job = { .block = r->has_input ? &block : NULL };
    struct cdr_attempt how = { .common = &w->start,
                               .ending = &w->ending,
                               .path = path,
                               .argv = argv,
                               .env = w->env,
                               .limit = r->limit,
                               .nothing = w->nothing,
                               .group = &guard.group[w->slot],
                               .stack = w->stack,
                               .buffer = w->buffer,
                               .wake = -1,
                               .look_ms = LOOK_MS,
                               .take = take,
                               .look = look,
                               .arg = task };

    cdr_attempt(&how, &job);
    emit(task, CDR_PIECE_END, &job.end, sizeof job.end);
    if (job.reason)
        emit_reason(task, job.reason);
    free(job.reason);
}

int cdr_rank_attempt(cadre_task *task, const void *item, void *result)
{
    const cadre_bytes *bytes = item;
    struct worker *w = cadre_task_state(task);
    const char *at = (const char *)bytes->data + sizeof(struct cdr_request), *path;
    struct cdr_request r;
    char **argv;

    (void)result;
    memcpy(&r, bytes->data, sizeof r);
    argv = calloc(r.n_words + 1, sizeof *argv);
    if (!argv)
        return cadre_task_fail(task, 1, "out of memory");
    path = cdr_request_text(&at);
    for (size_t i = 0; i < r.n_words; i++)
        argv[i] = (char *)(uintptr_t)cdr_request_text(&at);
    if (!add_own(w, &at, r.n_own)) {
        free(argv);
        return cadre_task_fail(task, 1, "out of memory");
    }
    run(task, w, &r, path, argv, at);
    free(argv);
    return 0;
}
