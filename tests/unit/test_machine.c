/* test_machine.c - CPUs and memory of invented machines, and of this one.
 * SPDX-License-Identifier: MIT
 */
#include "machine_case.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The linker puts us in the place of Linux: on fake_cpus CPUs, or as one that
 * does not tell. */
static unsigned fake_cpus;
static int fake_error;
static unsigned calls;

int __real_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *mask);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *mask);

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *mask)
{
    calls++;
    if (!fake_cpus && !fake_error)
        return __real_sched_getaffinity(pid, size, mask);
    errno = fake_error ? fake_error : EINVAL;
    if (fake_error || size * 8 < fake_cpus)
        return -1;
    memset(mask, 0, size);
    for (unsigned i = 0; i < fake_cpus; i++)
        CPU_SET_S(i, size, mask);
    return 0;
}

static void fixture(void **state)
{
    struct machine_case c;

    machine_case_load(&c, *state);
    machine_case_check(&c);
}

static void test_more_cpus_than_the_first_mask(void **state)
{
    struct machine_case c;
    struct cdr_machine m;

    (void)state;
    machine_case_load(&c, "no_cgroups");
    c.view.affinity = 0;
    fake_cpus = 5000;
    calls = 0;
    cdr_machine_read(&m, &c.view);
    fake_cpus = 0;
    assert_int_equal(calls, 4); /* 1024, 2048, 4096, 8192 */
    assert_int_equal(m.affinity, 5000);
    assert_string_equal(m.cpu_reason, "5000 CPUs: affinity of this process");
}

static void test_affinity_that_is_not_told(void **state)
{
    struct machine_case c;
    struct cdr_machine m;

    (void)state;
    fake_error = EPERM;
    machine_case_load(&c, "online");
    c.view.affinity = 0;
    machine_case_check(&c);
    machine_case_load(&c, "nothing");
    c.view.affinity = 0;
    cdr_machine_read(&m, &c.view);
    fake_error = 0;
    machine_check_sane(&m);
    assert_int_equal(m.cpus, 1);
    assert_int_equal(m.affinity, 0);
    assert_string_equal(m.cpu_reason, "1 CPU: nothing is known of more");
}

static void test_mask_without_end(void **state)
{
    struct machine_case c;
    struct cdr_machine m;

    (void)state;
    machine_case_load(&c, "nothing");
    c.view.affinity = 0;
    fake_error = EINVAL;
    cdr_machine_read(&m, &c.view);
    fake_error = 0;
    assert_int_equal(m.cpus, 1);
    assert_string_equal(m.facts[0].text, "affinity is unreadable: Invalid argument");
}

static void test_facts_say_where(void **state)
{
    struct machine_case c;
    struct cdr_machine m;
    const struct cdr_fact *fact = m.facts;

    (void)state;
    machine_case_load(&c, "v2_middle");
    cdr_machine_read(&m, &c.view);
    assert_string_equal(fact->name, "affinity");
    assert_string_equal(fact->where, "sched_getaffinity");
    assert_int_equal(fact->kind, CDR_CPU_LIMIT);
    assert_int_equal(fact->value, 16);
    fact++;
    assert_string_equal(fact->name, "MemAvailable");
    assert_string_equal(fact->where, "/proc/meminfo");
    assert_int_equal(fact->kind, CDR_MEMORY_LIMIT);
    while (fact->value != 3)
        fact++;
    assert_string_equal(fact->name, "cgroup quota");
    assert_string_equal(fact->where, "/sys/fs/cgroup/kube/pod7/cpu.max");
    assert_int_equal(m.n_more, 0);
}

static void test_looking_twice_is_the_same(void **state)
{
    static struct cdr_machine m[2];
    struct machine_case c;

    (void)state;
    machine_case_load(&c, "v1_nested");
    memset(&m[1], 'x', sizeof m[1]);
    cdr_machine_read(&m[0], &c.view);
    cdr_machine_read(&m[1], &c.view);
    assert_memory_equal(&m[0], &m[1], sizeof m[0]);
}

static void test_this_machine(void **state)
{
    const struct cdr_view zero = { 0 };
    struct cdr_machine m;

    (void)state;
    cdr_machine_read(&m, NULL);
    machine_check_sane(&m);
    assert_true(m.affinity == 0 || m.affinity >= m.cpus);
    cdr_machine_read(&m, &zero);
    machine_check_sane(&m);
    assert_true(m.affinity == 0 || m.affinity >= m.cpus);
    print_message("# %s\n# %s\n", m.cpu_reason, m.memory_reason);
    for (unsigned i = 0; i < m.n_facts; i++)
        print_message("#   %s [%s]\n", m.facts[i].text, m.facts[i].where);
}

#define FIXTURE(name)                                         \
    {                                                         \
#name, fixture, NULL, NULL, (void *)(uintptr_t) #name \
    }

static const struct CMUnitTest tests[] = {
    FIXTURE(cpuset_v1),
    FIXTURE(cpuset_v2),
    FIXTURE(deleted),
    FIXTURE(directories),
    FIXTURE(docker_hidden),
    FIXTURE(docker_v1),
    FIXTURE(escapes),
    FIXTURE(garbage_binary),
    FIXTURE(garbage_empty),
    FIXTURE(garbage_huge),
    FIXTURE(garbage_negative),
    FIXTURE(garbage_v1),
    FIXTURE(garbage_v2),
    FIXTURE(hybrid),
    FIXTURE(hybrid_split),
    FIXTURE(long_path),
    FIXTURE(lsf_host),
    FIXTURE(lsf_no_host),
    FIXTURE(lsf_total),
    FIXTURE(lsf_twice),
    FIXTURE(lsf_wrong),
    FIXTURE(machine_is_full),
    FIXTURE(many_cpus),
    FIXTURE(memory_high),
    FIXTURE(memory_no_stat),
    FIXTURE(memory_no_use),
    FIXTURE(memory_odd_cache),
    FIXTURE(memory_overused),
    FIXTURE(namespace_above),
    FIXTURE(namespace_above_named),
    FIXTURE(namespace_outside),
    FIXTURE(namespace_root),
    FIXTURE(no_cgroups),
    FIXTURE(no_membership),
    FIXTURE(no_newline),
    FIXTURE(not_mounted),
    FIXTURE(nothing),
    FIXTURE(old_meminfo),
    FIXTURE(pbs_none),
    FIXTURE(pbs_pro),
    FIXTURE(pbs_torque),
    FIXTURE(pbs_wrong),
    FIXTURE(quota_above),
    FIXTURE(quota_half),
    FIXTURE(quota_odd),
    FIXTURE(quota_one_and_half),
    FIXTURE(quota_two_and_half),
    FIXTURE(several_mounts),
    FIXTURE(slurm_batch),
    FIXTURE(slurm_crowded),
    FIXTURE(slurm_job),
    FIXTURE(slurm_quota),
    FIXTURE(slurm_step),
    FIXTURE(slurm_task),
    FIXTURE(slurm_wrong),
    FIXTURE(slurm_wrong_node),
    FIXTURE(slurm_wrong_too),
    FIXTURE(truncated_mounts),
    FIXTURE(unlimited_v1),
    FIXTURE(unlimited_v2),
    FIXTURE(v1_nested),
    FIXTURE(v2_middle),
    cmocka_unit_test(test_more_cpus_than_the_first_mask),
    cmocka_unit_test(test_affinity_that_is_not_told),
    cmocka_unit_test(test_mask_without_end),
    cmocka_unit_test(test_facts_say_where),
    cmocka_unit_test(test_looking_twice_is_the_same),
    cmocka_unit_test(test_this_machine),
};

/* A directory that nobody runs would test nothing. */
static int check_directories(void)
{
    DIR *directory = opendir(MACHINE_FIXTURES);
    unsigned fixtures = 1, directories = 0; /* "online" needs a fake Linux */

    if (!directory)
        return -1;
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        fixtures += tests[i].test_func == fixture;
    for (const struct dirent *d; (d = readdir(directory)) != NULL;)
        directories += d->d_name[0] != '.';
    closedir(directory);
    return directories == fixtures ? 0 : -1;
}

int main(void)
{
    if (check_directories() != 0) {
        fprintf(stderr, "the directories in %s are not those listed here\n",
                MACHINE_FIXTURES);
        return 1;
    }
    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
