/* test_arena.c - bytes of any size in a ring: put in by one thread, freed by another.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "base/alloc.h"
#include "core/board/arena.h"

#include <pthread.h>

#define SHARE 256
#define ROOM  1024

/* The arena, and its bytes behind it. */
static struct cdr_arena *make(void)
{
    struct cdr_arena *a = cdr_alloc_aligned(sizeof *a + ROOM);

    assert_non_null(a);
    cdr_arena_init(a, sizeof *a, SHARE, ROOM);
    return a;
}

static void test_pieces_lie_side_by_side(void **state)
{
    struct cdr_arena *a = make();
    struct cdr_piece first, second;
    char *bytes = cdr_arena_try(a, 10, &first);

    (void)state;
    assert_ptr_equal(bytes, (char *)a + sizeof *a);
    assert_ptr_equal(cdr_arena_try(a, 20, &second), bytes + CDR_ARENA_ALIGNMENT);
    assert_ptr_equal(cdr_arena_bytes(a, &second), bytes + CDR_ARENA_ALIGNMENT);
    assert_int_equal(second.size, 20);
    assert_int_equal(cdr_arena_held(a), 16 + 32);
    free(a);
}

static void test_what_is_freed_is_used_again(void **state)
{
    struct cdr_arena *a = make();
    struct cdr_piece piece[3];

    (void)state;
    assert_non_null(cdr_arena_try(a, 112, &piece[0]));
    assert_non_null(cdr_arena_try(a, 112, &piece[1]));
    assert_null(cdr_arena_try(a, 64, &piece[2])); /* 32 are left */
    cdr_arena_free(a, &piece[0]);
    assert_non_null(cdr_arena_try(a, 64, &piece[2])); /* at the beginning again */
    assert_int_equal(piece[2].at, 0);
    assert_int_equal(piece[2].held, 64 + 32); /* with what is left unused at the end */
    cdr_arena_free(a, &piece[1]);
    cdr_arena_free(a, &piece[2]);
    assert_int_equal(cdr_arena_held(a), 0);
    free(a);
}

static void test_a_piece_beyond_the_share_lies_alone(void **state)
{
    struct cdr_arena *a = make();
    struct cdr_piece small, large, other;

    (void)state;
    assert_non_null(cdr_arena_try(a, 16, &small));
    assert_null(cdr_arena_try(a, ROOM, &large)); /* not beside another */
    cdr_arena_free(a, &small);
    assert_non_null(cdr_arena_try(a, ROOM, &large));
    assert_null(cdr_arena_try(a, 1, &other));
    cdr_arena_free(a, &large);
    assert_null(cdr_arena_try(a, ROOM + 1, &large)); /* never */
    free(a);
}

/* A worker that died had put a piece in that nobody was told of. */
static void test_rolling_back(void **state)
{
    struct cdr_arena *a = make();
    struct cdr_piece told, lost, again;

    (void)state;
    assert_non_null(cdr_arena_try(a, 48, &told));
    cdr_arena_commit(a);
    assert_non_null(cdr_arena_try(a, 100, &lost));
    cdr_arena_rollback(a);
    assert_int_equal(cdr_arena_held(a), 48);
    assert_non_null(cdr_arena_try(a, 100, &again));
    assert_int_equal(again.at, lost.at);
    free(a);
}

/* ---- two threads ---- */

struct scene {
    struct cdr_arena *a;
    struct cdr_piece piece[100];
    _Atomic int put, gives_up;
};

static bool gives_up(void *arg)
{
    return ((struct scene *)arg)->gives_up;
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

static void *put_all(void *arg)
{
    struct scene *s = arg;
    struct cdr_asking ask = { gives_up, always, s };

    for (int k = 0; k < 100; k++) {
        char *bytes = cdr_arena_put(s->a, 100, &s->piece[k], &ask);
        if (!bytes)
            break;
        memset(bytes, k, 100);
        atomic_store(&s->put, k + 1);
    }
    return NULL;
}

static void test_putting_waits_for_room(void **state)
{
    struct scene s = { .a = make() };
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, put_all, &s), 0);
    for (int k = 0; k < 100; k++) {
        await(&s.put, k + 1);
        assert_in_range(cdr_arena_held(s.a), 1, SHARE);
        for (int i = 0; i < 100; i++)
            assert_int_equal(cdr_arena_bytes(s.a, &s.piece[k])[i], k);
        cdr_arena_free(s.a, &s.piece[k]);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    free(s.a);
}

static void test_who_waits_can_be_called_off(void **state)
{
    struct scene s = { .a = make() };
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, put_all, &s), 0);
    await(&s.put, 2); /* there is no room for a third */
    atomic_store(&s.gives_up, 1);
    cdr_arena_wake(s.a);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(s.put, 2);
    free(s.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_lie_side_by_side),
        cmocka_unit_test(test_what_is_freed_is_used_again),
        cmocka_unit_test(test_a_piece_beyond_the_share_lies_alone),
        cmocka_unit_test(test_rolling_back),
        cmocka_unit_test(test_putting_waits_for_room),
        cmocka_unit_test(test_who_waits_can_be_called_off),
    };

    cdr_fences_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
