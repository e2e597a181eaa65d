/* SPDX-License-Identifier: Apache-2.0 */
/* test_goldens.c -- single ops against what TensorFlow answered: tests/ops/goldens/, made by make_goldens.py.
 *
 * Each case is a node of its own with its arguments, bound and evaluated as the engine folds constants, at each
 * level of this CPU, with inputs at aligned and at odd addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "cpu_levels.h"
#include "golden.h"
#include "ops/kernel.h"

static bool run_case(td_arena *arena, const golden *g, int number, td_cpu cpu)
{
    td_env env = { .cpu = cpu, .threads = 1, .model_arena = arena };
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;
    td_status s = golden_node(arena, g, &node);

    if (!s) s = td_node_eval(node, &env, g->in, out);
    bool ok = (int)td_status_code(s) == g->error;

    if (!ok)
        print_error("case %d, %s on %s: code %d, want %d: %s\n", number, g->op, td_cpu_name(cpu).text,
                    (int)td_status_code(s), g->error, td_status_text(s));
    size_t at;

    for (uint32_t i = 0; ok && i < g->n_out; i++) {
        if (golden_same(&out[i], &g->out[i], &at)) continue;
        print_error("case %d, %s on %s: output %u is %s\n", number, g->op, td_cpu_name(cpu).text, i,
                    golden_difference(&out[i], &g->out[i], at));
        ok = false;
    }
    for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
        td_tensor_unref(&out[i]);
    td_status_free(s);
    return ok;
}

/* Inputs as requests may bring them: aligned to an element, and no more. */
static void shift_inputs(td_arena *arena, golden *g)
{
    for (uint32_t i = 0; i < g->n_in; i++) {
        const size_t elem = td_dtype_size(g->in[i].dtype), bytes = td_tensor_bytes(&g->in[i]);
        char *const to = (char *)td_arena_try_alloc(arena, bytes + elem + 1, TD_ALIGN) + elem;

        if (bytes) memcpy(to, g->in[i].data, bytes);
        g->in[i].data = to;
    }
}

static bool run_levels(td_arena *arena, const golden *g, int number)
{
    bool ok = true;

    for (size_t cpu = 0; cpu < cpu_levels(); cpu++)
        ok = run_case(arena, g, number, cpu_level(cpu));
    return ok;
}

static void test_file(void **state)
{
    FILE *const f = fopen(*state, "r");
    int cases = 0, failed = 0;

    assert_non_null(f);
    td_arena *const arena = td_arena_make();
    for (golden g; golden_read(f, arena, &g); td_arena_reset(arena), cases++) {
        bool ok = run_levels(arena, &g, cases);

        shift_inputs(arena, &g);
        ok = ok && run_levels(arena, &g, cases);
        failed += !ok;
    }
    td_arena_free(arena);
    (void)fclose(f);
    assert_true(cases > 0);
    assert_int_equal(failed, 0);
}

int main(void)
{
    td_arena *const arena = td_arena_make();
    const char **files;
    const size_t n = golden_files(arena, ".txt", &files);
    struct CMUnitTest *const tests = TD_ARENA_NEW_N(arena, struct CMUnitTest, n);

    TD_ASSERT(n > 0);
    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){ golden_file_name(files[i]), test_file, NULL, NULL,
                                        (void *)(uintptr_t)files[i] };
    const int failed = _cmocka_run_group_tests("goldens", tests, n, NULL, NULL);

    td_arena_free(arena);
    return failed;
}
