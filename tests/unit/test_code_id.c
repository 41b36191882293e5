/* test_code_id.c - names of functions, and functions that have none.
 * SPDX-License-Identifier: MIT
 *
 * LIBRARY, LIBRARY_WITHOUT_ID: where the helper libraries are. PEER...: programs that
 * name functions and call them in another process.
 */
#include "code/code_id.h"
#include "code/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static int doubled(int x)
{
    return 2 * x;
}

static void says(const cadre_error *err, const char *words)
{
    if (!strstr(err->message, words))
        fail_msg("\"%s\" does not say \"%s\"", err->message, words);
}

static void refused(cdr_code *fn, const char *words)
{
    struct cdr_code_id name;
    cadre_error err;

    assert_int_equal(cdr_code_id_name(&name, fn, "kernel \"k\"", &err), CADRE_ENOTSUP);
    assert_int_equal(err.code, CADRE_ENOTSUP);
    assert_true(strlen(err.message) < sizeof err.message - 1);
    says(&err, "kernel \"k\" has no name");
    says(&err, words);
}

static void test_there_and_back(void **state)
{
    struct cdr_code_id name;
    cadre_error err;
    cdr_code *code;

    (void)state;
    assert_int_equal(cdr_code_id_name(&name, (cdr_code *)doubled, "k", &err), 0);
    assert_true(name.id.size > 0);
    assert_string_equal(name.module, "test_code_id");
    assert_int_equal(cdr_code_id_find(&code, &name, "k", &err), CADRE_OK);
    assert_true(code == (cdr_code *)doubled);
    assert_int_equal(cdr_code_id_name(&name, NULL, "k", &err), CADRE_EINVAL);
}

/* ---- no name ---- */

/* A page in which a JIT compiler might have written; `file` may be -1. */
static void *map_page(int protection, int file)
{
    int flags = MAP_PRIVATE | (file < 0 ? MAP_ANONYMOUS : 0);
    void *page = mmap(NULL, 4096, protection, flags, file, 0);

    assert_true(page != MAP_FAILED);
    return page;
}

static void test_code_made_at_run_time(void **state)
{
    char *page = map_page(PROT_READ | PROT_EXEC, -1);
    int fd = memfd_create("jitted", MFD_CLOEXEC);

    (void)state;
    refused((cdr_code *)(uintptr_t)(page + 64), "made at run time, in memory of the");
    refused((cdr_code *)(uintptr_t)(page + 64), "static is fine");
    munmap(page, 4096);
    assert_true(fd >= 0 && ftruncate(fd, 4096) == 0);
    page = map_page(PROT_READ | PROT_EXEC, fd);
    refused((cdr_code *)(uintptr_t)page, "made at run time, in /memfd:jitted");
    munmap(page, 4096);
    close(fd);
    refused((cdr_code *)(uintptr_t)page, "no memory is at its address");
}

static void test_what_is_not_code(void **state)
{
    static int datum;
    void *memory = malloc(100);

    (void)state;
    refused((cdr_code *)(uintptr_t)&datum, "is not code");
    refused((cdr_code *)(uintptr_t)&datum, "test_code_id");
    refused((cdr_code *)(uintptr_t)memory, "is not code");
    free(memory);
}

static void test_the_kernels_own(void **state)
{
    uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);

    (void)state;
    if (!vdso)
        skip();
    refused((cdr_code *)(vdso + 16), "part of the kernel");
}

#if defined __GNUC__ && !defined __clang__
/* Outside of this file, as far as the compiler knows: the trampoline must be made. */
static void *volatile passed;

static void pass_nested(int y)
{
    int nested(int x)
    {
        return x + y;
    }

    passed = (void *)(uintptr_t)nested;
    refused((cdr_code *)(uintptr_t)passed, "on the stack, as that of nested functions");
    refused((cdr_code *)(uintptr_t)passed, "static is fine");
}

static void *pass_nested_there(void *arg)
{
    pass_nested(*(int *)arg);
    return NULL;
}

static void test_nested_functions(void **state)
{
    pthread_t thread;
    int y = 4;

    (void)state;
    pass_nested(3);
    assert_int_equal(pthread_create(&thread, NULL, pass_nested_there, &y), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}
#endif

/* ---- libraries ---- */

static cdr_code *open_library(void **library, const char *path)
{
    void *symbol;
    cdr_code *code;

    *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(*library);
    symbol = dlsym(*library, "library_thrice");
    assert_non_null(symbol);
    memcpy(&code, &symbol, sizeof code);
    return code;
}

static void test_a_library_without_build_id(void **state)
{
    void *library;
    cdr_code *code = open_library(&library, LIBRARY_WITHOUT_ID);

    (void)state;
    refused(code, "has no build-id; link it with -Wl,--build-id");
    refused(code, "libportable_without_id.so");
    dlclose(library);
}

static void test_a_library_opened(void **state)
{
    cdr_code *code, *found;
    struct cdr_code_id name;
    cadre_error err;
    void *library;

    (void)state;
    code = open_library(&library, LIBRARY);
    assert_int_equal(cdr_code_id_name(&name, code, "k", &err), CADRE_OK);
    assert_string_equal(name.module, "libportable_opened.so");
    assert_int_equal(cdr_code_id_find(&found, &name, "k", &err), CADRE_OK);
    assert_true(code == found);
    assert_false(cdr_module_is_linked((uintptr_t)code));
    dlclose(library);
    assert_int_equal(cdr_code_id_find(&found, &name, "k", &err), CADRE_ENOTSUP);
    says(&err, "k is in libportable_opened.so (build-id ");
    says(&err, "link the program with it");
}

static void test_another_build(void **state)
{
    struct cdr_code_id name;
    cadre_error err;
    cdr_code *found;

    (void)state;
    assert_int_equal(cdr_code_id_name(&name, (cdr_code *)doubled, "k", &err), 0);
    name.id.bytes[3] ^= 1;
    assert_int_equal(cdr_code_id_find(&found, &name, "k", &err), CADRE_ENOTSUP);
    says(&err, "they have loaded another");
}

static void test_names_from_anywhere(void **state)
{
    struct cdr_code_id name, good;
    cadre_error err;
    cdr_code *found;

    (void)state;
    memset(&name, 0xff, sizeof name);
    assert_int_equal(cdr_code_id_find(&found, &name, "k", &err), CADRE_EINVAL);
    memset(&name, 0, sizeof name);
    assert_int_equal(cdr_code_id_find(&found, &name, "k", &err), CADRE_EINVAL);
    memset(&name, 0xff, sizeof name);
    name.id.size = 20;
    name.reserved = 0;
    assert_int_equal(cdr_code_id_find(&found, &name, "k", &err), CADRE_ENOTSUP);
    assert_int_equal(cdr_code_id_name(&good, (cdr_code *)doubled, "k", &err), 0);
    name = good;
    name.offset = UINT64_MAX;
    assert_int_equal(cdr_code_id_find(&found, &name, "k", &err), CADRE_EINVAL);
    name.offset = good.offset + (1u << 30);
    assert_int_equal(cdr_code_id_find(&found, &name, "k", &err), CADRE_EINVAL);
    name.offset = 0; /* the file's head: loaded, but not code */
    assert_int_equal(cdr_code_id_find(&found, &name, "k", &err), CADRE_EINVAL);
}

static void test_modules_and_files(void **state)
{
    int own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int other = open(LIBRARY, O_RDONLY | O_CLOEXEC);
    void *library;
    cdr_code *code = open_library(&library, LIBRARY);

    (void)state;
    assert_true(own >= 0 && other >= 0);
    assert_true(cdr_module_is_from((uintptr_t)doubled, own));
    assert_true(cdr_module_is_from((uintptr_t)code, other));
    assert_false(cdr_module_is_from((uintptr_t)doubled, other));
    assert_false(cdr_module_is_from((uintptr_t)code, own));
    assert_false(cdr_module_is_from((uintptr_t)&own, own));
    assert_true(cdr_module_is_linked((uintptr_t)doubled));
    assert_true(cdr_module_is_linked((uintptr_t)getauxval(AT_PHDR)));
    assert_false(cdr_module_is_linked((uintptr_t)&own));
    close(own);
    close(other);
    dlclose(library);
}

/* ---- another process ---- */

static void run_peer(const char *peer, const char *library)
{
    char *args[] = { (char *)(uintptr_t)peer, (char *)(uintptr_t)library, NULL };
    int status;
    pid_t pid;

    assert_int_equal(posix_spawn(&pid, peer, NULL, NULL, args, environ), 0);
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_in_another_process(void **state)
{
    (void)state;
    run_peer(PEER_PIE, NULL);
    run_peer(PEER_PIE, LIBRARY);
}

static void test_in_a_program_at_a_fixed_place(void **state)
{
    (void)state;
    run_peer(PEER_FIXED, NULL);
    run_peer(PEER_FIXED, LIBRARY);
}

#ifdef PEER_STATIC
static void test_in_a_static_program(void **state)
{
    (void)state;
    run_peer(PEER_STATIC, NULL);
}
#endif

/* ---- beside a fork ---- */

static atomic_bool looked_for_long_enough;

static void *look_for_modules(void *arg)
{
    struct cdr_module module;

    while (!atomic_load(&looked_for_long_enough))
        if (!cdr_module_at(&module, (uintptr_t)look_for_modules))
            return arg;
    return NULL;
}

/* The new process may ask the linker, whatever the other thread was at; a hang is ended. */
static void test_looking_beside_a_fork(void **state)
{
    struct cdr_module module;
    void *failed = NULL;
    pthread_t looker;

    assert_int_equal(pthread_create(&looker, NULL, look_for_modules, state), 0);
    for (int i = 0; i < 50; i++) {
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
            alarm(10);
            _exit(!cdr_module_at(&module, (uintptr_t)look_for_modules));
        }
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&looked_for_long_enough, true);
    assert_int_equal(pthread_join(looker, &failed), 0);
    assert_null(failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_code_made_at_run_time),
        cmocka_unit_test(test_what_is_not_code),
        cmocka_unit_test(test_the_kernels_own),
#if defined __GNUC__ && !defined __clang__
        cmocka_unit_test(test_nested_functions),
#endif
        cmocka_unit_test(test_a_library_without_build_id),
        cmocka_unit_test(test_a_library_opened),
        cmocka_unit_test(test_another_build),
        cmocka_unit_test(test_names_from_anywhere),
        cmocka_unit_test(test_looking_beside_a_fork),
        cmocka_unit_test(test_modules_and_files),
        cmocka_unit_test(test_in_another_process),
        cmocka_unit_test(test_in_a_program_at_a_fixed_place),
#ifdef PEER_STATIC
        cmocka_unit_test(test_in_a_static_program),
#endif
    };

    return cmocka_run_group_tests_name("portable", tests, NULL, NULL);
}
