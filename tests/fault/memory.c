/* memory.c - memory runs out under a limit: the item pays that wanted it.
 * SPDX-License-Identifier: MIT
 *
 * Needs the right to make a cgroup; is skipped without.
 */
#include "contract.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIP  77
#define LIMIT "67108864"
#define GROUP 600
#define OURS  ((size_t)28 << 20)

static char *group; /* shared with the process that is in it */

static bool write_to(const char *file, const char *text)
{
    char path[700];
    int fd;
    bool ok;

    snprintf(path, sizeof path, "%s/%s", group, file);
    fd = open(path, O_WRONLY);
    if (fd < 0)
        return false;
    ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return ok;
}

/* A cgroup below our own with little memory, and this process in it. */
static bool enter_group(void)
{
    char line[400], *path = NULL;
    FILE *f = fopen("/proc/self/cgroup", "r");
    bool v2 = false;

    while (f && !path && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strstr(line, ":memory:"))
            path = strstr(line, ":memory:") + 8;
        else if (strncmp(line, "0::", 3) == 0 &&
                 access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0) {
            path = line + 3;
            v2 = true;
        }
    }
    if (f)
        fclose(f);
    if (!path)
        return false;
    snprintf(group, GROUP, "/sys/fs/cgroup%s%s/cadre-test-%d", v2 ? "" : "/memory",
             path, (int)getpid());
    if (mkdir(group, 0700))
        return false;
    return write_to(v2 ? "memory.max" : "memory.limit_in_bytes", LIMIT) &&
           write_to("cgroup.procs", "0");
}

static int wants_much(cadre_task *t, const void *item, void *result)
{
    size_t size = cadre_task_index(t) == 11 ? (size_t)500 << 20 : 1000;
    char *memory = malloc(size);

    (void)item;
    if (!memory)
        return 1;
    memset(memory, 1, size);
    *(uint64_t *)result = (uint64_t)memory[size - 1];
    free(memory);
    return 0;
}

static int check(int on_error, unsigned retries)
{
    uint64_t results[40] = { 0 };
    int statuses[40];
    cadre_options opt = { .backend = "processes",
                          .workers = 2,
                          .oversubscribe = true,
                          .ignore_environment = true };
    cadre_job job = { .fn = wants_much,
                      .n = 40,
                      .results = results,
                      .result_size = sizeof *results,
                      .statuses = statuses,
                      .on_error = on_error,
                      .retries = retries };
    cadre_pool *pool;
    cadre_error err;
    int wrong = 0;

    if (cadre_open(&pool, &opt, &err))
        return 1;
    if (cadre_map(pool, &job, &err) != CADRE_ECRASH || err.item != 11 ||
        err.signal != SIGKILL || !(err.flags & CADRE_OUT_OF_MEMORY) ||
        err.peak_kib < 1000) {
        fprintf(stderr, "# %d, flags %u: %s\n", err.code, err.flags, err.message);
        wrong = 2;
    }
    for (int i = 0; i < (on_error ? 40 : 11); i++)
        if (statuses[i] != (i == 11 ? CADRE_ECRASH : CADRE_OK) ||
            (i != 11 && results[i] != 1))
            fprintf(stderr, "# item %d: status %d\n", i, statuses[i]), wrong = 3;
    cadre_close(pool);
    return wrong;
}

/* ---- fewer workers where memory would not do for all ---- */

/* In a way that the compiler does not see through. */
static void touch(volatile char *memory, size_t size)
{
    for (size_t i = 0; i < size; i += 1024)
        memory[i] = 1;
}

static int takes_some(cadre_task *t, const void *item, void *result)
{
    size_t size = (size_t)20 << 20;
    char *memory = malloc(size);

    (void)item;
    (void)t;
    if (!memory)
        return 1;
    touch(memory, size);
    *(uint64_t *)result = 1;
    free(memory);
    return 0;
}

static void note_fewer(void *arg, int level, const char *text)
{
    if (level == CADRE_WARNING &&
        strstr(text, "1 worker processes instead of 2: each was seen to take "))
        *(bool *)arg = true;
}

static int check_fewer(void)
{
    uint64_t results[6];
    bool fewer = false;
    cadre_options opt = { .backend = "processes",
                          .workers = 2,
                          .oversubscribe = true,
                          .ignore_environment = true,
                          .log = note_fewer,
                          .log_arg = &fewer };
    cadre_job job = {
        .fn = takes_some, .n = 6, .results = results, .result_size = sizeof *results
    };
    char *ours =
        mmap(NULL, OURS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cadre_pool *pool;
    int wrong = 0;

    if (ours == MAP_FAILED || cadre_open(&pool, &opt, NULL))
        return 4;
    if (cadre_map(pool, &job, NULL) || fewer)
        wrong = 5;
    touch(ours, OURS);
    if (cadre_map(pool, &job, NULL) || !fewer)
        wrong = 6;
    cadre_close(pool);
    munmap(ours, OURS);
    return wrong;
}

static int in_the_group(void)
{
    int rc;

    if (!enter_group())
        return SKIP;
    rc = check(CADRE_KEEP_GOING, 0);
    if (!rc)
        rc = check(CADRE_KEEP_GOING, 1);
    if (!rc)
        rc = check(CADRE_STOP, 0);
    return rc ? rc : check_fewer();
}

static void test_out_of_memory(void **state)
{
    int status;
    pid_t pid;

    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* they need more memory than there is */
#endif
    group = cadre_alloc_shared(GROUP, NULL);
    assert_non_null(group);
    pid = fork();
    if (pid == 0)
        _exit(in_the_group());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (*group)
        rmdir(group);
    cadre_free_shared(group);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP)
        skip();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_out_of_memory) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
