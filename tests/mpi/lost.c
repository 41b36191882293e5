/* lost.c - a rank is lost in the middle of a run: what it had fails, or the others do it.
 * SPDX-License-Identifier: MIT
 *
 * usage: lost FOLDER fails|goes_on|streams|leaves kill|stop|below
 *
 * Started by an MPI launcher that lets the others live. One task has its rank killed, or
 * stopped, which looks the same from elsewhere: it says nothing any more. With "below" tasks
 * run in processes of the rank, and one kills it. With "leaves" the program goes without
 * closing its pool. The job ends by MPI_Abort, so what counts
 * is what rank 0 writes to FOLDER/said.
 */
#include <cadre/mpi.h>
#include <cadre/stream.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define N      200
#define DEADLY 23

static FILE *said;
static int points;
static uint64_t results[N];

static void point(bool good, const char *name)
{
    fprintf(said, "%sok %d - %s\n", good ? "" : "not ", ++points, name);
}

struct order {
    char path[400]; /* a file that says that it has happened */
    int signal;
    bool below;
};

static pid_t parent_of(pid_t pid)
{
    char path[64], text[400] = "", *name_end;
    int fd, parent = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY);
    if (fd >= 0 && read(fd, text, sizeof text - 1) > 0 &&
        (name_end = strrchr(text, ')')) && name_end[1] == ' ')
        parent = (int)strtol(name_end + 4, NULL, 10);
    if (fd >= 0)
        close(fd);
    return parent;
}

/* Once: whoever runs the task again lives on. */
static void end_rank(const struct order *o)
{
    int fd = open(o->path, O_CREAT | O_EXCL, 0600);

    if (fd < 0)
        return;
    close(fd);
    if (o->below) /* who forked who forked this process */
        kill(parent_of(getppid()), o->signal);
    raise(o->signal);
}

static int work(cadre_task *t, const void *item, void *result)
{
    struct timespec ms = { 0, 2000000 }; /* what tasks take */
    uint64_t index = cadre_task_index(t);

    (void)item;
    if (index == DEADLY)
        end_rank(cadre_task_shared(t));
    nanosleep(&ms, NULL);
    *(uint64_t *)result = index + 1;
    return 0;
}

static bool are_right(uint64_t end)
{
    for (uint64_t i = 0; i < end; i++)
        if (results[i] != i + 1)
            return false;
    return true;
}

static bool is_named(const cadre_error *err)
{
    return err->code == CADRE_ECRASH && err->item <= DEADLY && err->pid > 0 &&
           strncmp(err->message, "rank ", 5) == 0 && strstr(err->message, "(host ") &&
           strstr(err->message, "; it had tasks ");
}

static void logged(void *arg, int level, const char *text)
{
    (void)level;
    *(bool *)arg |= strstr(text, "; it had tasks ") && strstr(text, "the others go on");
    fprintf(said, "# %s\n", text);
}

static void test_fails(cadre_pool *pool, cadre_job job)
{
    cadre_error err;
    int rc = cadre_map(pool, &job, &err);

    fprintf(said, "# %s\n", err.message);
    point(rc == CADRE_ECRASH && is_named(&err),
          "the run ends, and names rank, host and the tasks that it had");
    point(rc == CADRE_ECRASH && are_right(err.item), "what is below them is complete");
    rc = cadre_map(pool, &job, &err);
    point(rc == CADRE_ECRASH && strncmp(err.message, "rank ", 5) == 0,
          "and no run begins any more");
}

static void test_goes_on(cadre_pool *pool, cadre_job job, const bool *warned)
{
    cadre_error err;
    int rc;

    job.retries = 1;
    rc = cadre_map(pool, &job, &err);
    if (rc)
        fprintf(said, "# %s\n", err.message);
    point(rc == CADRE_OK && are_right(N), "the others do what it had");
    point(*warned, "which the log says");
}

static void test_streams(cadre_pool *pool, cadre_job job)
{
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    uint64_t next = 0;
    int rc;

    job.results = NULL;
    if (cadre_stream_open(&s, pool, &job, &err)) {
        fprintf(said, "Bail out! %s\n", err.message);
        return;
    }
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK && r.index == next &&
           *(const uint64_t *)r.data == next + 1)
        next++;
    cadre_stream_close(s);
    fprintf(said, "# %s\n", err.message);
    point(rc == CADRE_ECRASH && is_named(&err) && next == err.item,
          "a stream has all that is below them, and then fails");
}

/* The program has its time to write what it has, though the other ranks could not end MPI
 * without the one that is lost. What is written is not lost at the end either. */
static void test_afterwards(const cadre_mpi_options *o)
{
    struct timespec writing = { 0, 500000000 };
    cadre_pool *pool;
    cadre_error err;
    int rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, o, &err);

    fprintf(said, "# %s\n", err.message);
    point(rc == CADRE_ECRASH, "no pool of ranks is opened any more");
    nanosleep(&writing, NULL);
    point(true, "the program goes on as long as it likes");
    fprintf(said, "1..%d\n", points);
}

int main(int argc, char **argv)
{
    static struct order order;
    static bool warned;
    cadre_mpi_options o = { .silence_ms = 2000,
                            .pool.ignore_environment = true,
                            .pool.min_items = 1,
                            .pool.log = logged,
                            .pool.log_arg = &warned };
    cadre_job job = { .fn = work,
                      .n = N,
                      .chunk = 1,
                      .results = results,
                      .result_size = sizeof *results,
                      .shared = &order,
                      .shared_size = sizeof order };
    char path[400];
    cadre_pool *pool;
    cadre_error err;
    int rc;

    if (argc != 4)
        return 2;
    snprintf(path, sizeof path, "%s/said", argv[1]);
    snprintf(order.path, sizeof order.path, "%s/lost", argv[1]);
    order.signal = strcmp(argv[3], "stop") == 0 ? SIGSTOP : SIGKILL;
    order.below = strcmp(argv[3], "below") == 0;
    o.rank_kind = order.below ? CADRE_RANK_PROCESSES : CADRE_RANK_THREADS;
    rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, &o, &err);
    if (rc)
        return rc < CADRE_OK;
    said = fopen(path, "w");
    if (!said)
        return 2;
    if (strcmp(argv[2], "fails") == 0)
        test_fails(pool, job);
    else if (strcmp(argv[2], "streams") == 0)
        test_streams(pool, job);
    else
        test_goes_on(pool, job, &warned);
    if (strcmp(argv[2], "leaves") == 0) {
        fprintf(said, "1..%d\n", points);
        return 0;
    }
    cadre_close(pool);
    test_afterwards(&o);
    return 0; /* said is for the C library to close */
}
