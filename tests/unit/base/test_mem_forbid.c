/* SPDX-License-Identifier: Apache-2.0 */
/* test_mem_forbid.c -- in debug builds, whoever takes memory where it is forbidden ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/mem_forbid.h"

static void take_zeroed(void)
{
    td_free(td_alloc(1));
}

static void take_maybe(void)
{
    td_free(td_try_alloc(1, 64));
}

static void grow(void)
{
    td_free(td_realloc(NULL, 1));
}

static void grow_maybe(void)
{
    td_free(td_try_realloc(NULL, 1));
}

static void grow_arena(void)
{
    static td_arena *a;

    if (!a) a = td_arena_make();
    (void)td_arena_alloc(a, 100000);
}

static void take_when_lifted(void)
{
    const bool before = td_mem_forbid(false);

    td_free(td_alloc(1));
    (void)td_mem_forbid(before);
}

/* Does a process that does it while it is forbidden come to its end? */
static bool survives(void (*what)(void))
{
    const pid_t child = fork();
    int how;

    if (child == 0) {
        (void)td_mem_forbid(true);
        (void)!freopen("/dev/null", "w", stderr);
        what();
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &how, 0), child);
    return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

static void test_forbidden(void **state)
{
#ifdef TD_DEBUG
    const bool is_watched = true;
#else
    const bool is_watched = false;
#endif

    (void)state;
    assert_int_equal(survives(take_zeroed), !is_watched);
    assert_int_equal(survives(take_maybe), !is_watched);
    assert_int_equal(survives(grow), !is_watched);
    assert_int_equal(survives(grow_maybe), !is_watched);
    assert_true(survives(take_when_lifted));
}

static void test_arenas_may_grow(void **state)
{
    (void)state;
    grow_arena(); /* the arena itself is made before */
    assert_true(survives(grow_arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_arenas_may_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
