/* test_standby.c - where forking takes long, who takes a dead worker's place is there before.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define WORKERS  2
#define MANY     64
#define PATIENCE 60 /* seconds */

struct scene {
    pid_t parent;
    unsigned n; /* children there were just before the death */
    pid_t children[MANY], dead, successor;
};

/* The linker puts this in the place of fork in libcadre: it takes long. */
pid_t __real_fork(void);
pid_t __wrap_fork(void);

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

pid_t __wrap_fork(void)
{
    double until = seconds() + 2e-3;
    pid_t pid = __real_fork();

    while (pid > 0 && seconds() < until)
        sched_yield();
    return pid;
}

static bool is_child_of(pid_t parent, const char *entry)
{
    char path[64], text[512], *after;
    int of = 0;
    size_t n = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%.20s/stat", entry);
    f = fopen(path, "re");
    if (!f)
        return false; /* it has just gone */
    n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    after = strrchr(text, ')');
    return after && sscanf(after, ") %*c %d", &of) == 1 && of == parent;
}

static unsigned list_children(struct scene *scene)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    unsigned n = 0;

    while (dir && (entry = readdir(dir)) && n < MANY)
        if (atoi(entry->d_name) > 0 && is_child_of(scene->parent, entry->d_name))
            scene->children[n++] = (pid_t)atoi(entry->d_name);
    if (dir)
        closedir(dir);
    scene->n = n;
    return n;
}

static int dies_when_somebody_waits(cadre_task *t, const void *item, void *result)
{
    struct scene *scene = *(struct scene *const *)cadre_task_shared(t);
    time_t until = time(NULL) + PATIENCE;

    (void)item;
    (void)result;
    if (cadre_task_index(t) != 1)
        return 0;
    if (scene->dead) {
        scene->successor = getpid();
        return 0;
    }
    while (list_children(scene) <= WORKERS && time(NULL) < until)
        sched_yield();
    scene->dead = getpid();
    raise(SIGKILL);
    return 1;
}

static void test_the_successor_is_there_before(void **state)
{
    struct scene *scene = cadre_alloc_shared(sizeof *scene, NULL);
    cadre_options opt = { .backend = "processes",
                          .workers = WORKERS,
                          .oversubscribe = true,
                          .ignore_environment = true };
    cadre_job job = { .fn = dies_when_somebody_waits,
                      .n = 8,
                      .retries = 1,
                      .chunk = 1,
                      .shared = &scene,
                      .shared_size = sizeof scene };
    cadre_pool *pool;
    cadre_error err;
    bool found = false;

    (void)state;
    assert_non_null(scene);
    scene->parent = getpid();
    if (cadre_open(&pool, &opt, &err) || cadre_map(pool, &job, &err))
        fail_msg("%s", err.message);
    cadre_close(pool);
    for (unsigned i = 0; i < scene->n; i++)
        found |= scene->children[i] == scene->successor;
    assert_int_equal(scene->n, WORKERS + 1);
    assert_true(found);
    assert_int_not_equal(scene->successor, scene->dead);
    assert_int_equal(list_children(scene), 0);
    cadre_free_shared(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_successor_is_there_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
