/* test_standby.c - where forking takes long, who takes a dead worker's place is there before.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WORKERS  2
#define MANY     64
#define BALLAST  ((size_t)256 << 20) /* to be copied page table by page table */
#define PATIENCE 60                  /* seconds */

struct scene {
    pid_t parent;
    unsigned n; /* children there were just before the death */
    pid_t children[MANY], dead, successor;
};

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
    char *ballast =
        mmap(NULL, BALLAST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
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
    assert_true(ballast != MAP_FAILED);
    madvise(ballast, BALLAST, MADV_NOHUGEPAGE);
    memset(ballast, 1, BALLAST);
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
    munmap(ballast, BALLAST);
    cadre_free_shared(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_successor_is_there_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
