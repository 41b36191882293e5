/* machine_case.c - an invented machine: a directory of tests/fixtures/machine.
 * SPDX-License-Identifier: MIT
 */
#include "machine_case.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

const char *machine_case_get(const struct machine_case *c, const char *word, size_t n)
{
    size_t length = strlen(word);

    for (size_t i = 0; i < c->n_lines; i++)
        if (strncmp(c->lines[i], word, length) == 0 && c->lines[i][length] == ' ' &&
            n-- == 0)
            return c->lines[i] + length + 1;
    return NULL;
}

static const char *find_variable(void *arg, const char *name)
{
    const struct machine_case *c = arg;
    size_t length = strlen(name);
    const char *line;

    for (size_t n = 0; (line = machine_case_get(c, "env", n)) != NULL; n++)
        if (strncmp(line, name, length) == 0 && line[length] == '=')
            return line + length + 1;
    return NULL;
}

void machine_case_load(struct machine_case *c, const char *name)
{
    char path[PATH_MAX + 8];
    const char *affinity;
    size_t size;
    FILE *file;

    memset(c, 0, sizeof *c);
    snprintf(c->root, sizeof c->root, "%s/%s", MACHINE_FIXTURES, name);
    snprintf(path, sizeof path, "%s/case", c->root);
    file = fopen(path, "r");
    if (!file)
        fail_msg("no %s", path);
    size = fread(c->text, 1, sizeof c->text - 1, file);
    assert_true(size < sizeof c->text - 1);
    fclose(file);
    for (char *line = strtok(c->text, "\n"); line; line = strtok(NULL, "\n"))
        if (*line != '#') {
            assert_true(c->n_lines < CASE_LINES);
            c->lines[c->n_lines++] = line;
        }
    affinity = machine_case_get(c, "affinity", 0);
    c->view =
        (struct cdr_view){ .root = c->root,
                           .getenv = find_variable,
                           .arg = c,
                           .affinity =
                               affinity ? (unsigned)strtoul(affinity, NULL, 10) : 4 };
}

void machine_check_sane(const struct cdr_machine *m)
{
    assert_true(m->cpus >= 1);
    assert_non_null(memchr(m->cpu_reason, '\0', sizeof m->cpu_reason));
    assert_non_null(memchr(m->memory_reason, '\0', sizeof m->memory_reason));
    assert_true(m->cpu_reason[0] && m->memory_reason[0]);
    assert_true(m->n_facts <= CDR_MAX_FACTS);
    for (unsigned i = 0; i < m->n_facts; i++) {
        const struct cdr_fact *fact = &m->facts[i];

        assert_non_null(memchr(fact->text, '\0', sizeof fact->text));
        assert_non_null(memchr(fact->where, '\0', sizeof fact->where));
        assert_true(fact->name && fact->name[0] && fact->text[0] && fact->where[0]);
        for (const char *t = fact->text; *t; t++)
            assert_true((unsigned char)*t >= ' ' && *t != 127);
        if (fact->kind == CDR_CPU_LIMIT)
            assert_true(fact->value >= m->cpus);
        else if (fact->kind == CDR_MEMORY_LIMIT)
            assert_true(fact->value >= m->memory || m->memory == 1);
        else
            assert_int_equal(fact->value, 0);
    }
}

static void check_text(const struct machine_case *c, const char *word, const char *got)
{
    const char *expected = machine_case_get(c, word, 0);

    if (!expected)
        fail_msg("the case states no %s; it is: %s", word, got);
    else
        assert_string_equal(got, expected);
}

static void check_facts(const struct machine_case *c, const struct cdr_machine *m)
{
    const char *expected;

    for (size_t n = 0; (expected = machine_case_get(c, "fact", n)) != NULL; n++) {
        unsigned i = 0;

        while (i < m->n_facts && strcmp(m->facts[i].text, expected) != 0)
            i++;
        if (i == m->n_facts) {
            for (i = 0; i < m->n_facts; i++)
                print_message("# found: %s\n", m->facts[i].text);
            fail_msg("no such fact: %s", expected);
        }
    }
}

void machine_case_check(const struct machine_case *c)
{
    struct cdr_machine m;
    char figure[32];

    cdr_machine_read(&m, &c->view);
    machine_check_sane(&m);
    check_text(c, "cpu_reason", m.cpu_reason);
    check_text(c, "memory_reason", m.memory_reason);
    snprintf(figure, sizeof figure, "%u", m.cpus);
    check_text(c, "cpus", figure);
    snprintf(figure, sizeof figure, "%llu", (unsigned long long)m.memory);
    check_text(c, "memory", figure);
    check_facts(c, &m);
}
