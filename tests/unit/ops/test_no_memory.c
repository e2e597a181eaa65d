/* SPDX-License-Identifier: Apache-2.0 */
/* test_no_memory.c -- each golden call of an op with its first, second, ... allocation failing: it says so,
 * and leaves nothing behind (the address sanitizer looks). Debug builds only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/mem_fault.h"
#include "golden.h"
#include "ops/kernel.h"

enum { SWEEP_MOST = 50 }; /* runs of one case */

static td_code run(td_arena *arena, const golden *g, uint64_t at, td_mem_faults *f)
{
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;

    *f = (td_mem_faults){ .is_on = true, .at = at };
    td_status s = golden_node(arena, g, &node);
    if (!s) s = td_node_eval(node, &env, g->in, out);
    f->is_on = false;
    for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
        td_tensor_unref(&out[i]);
    const td_code code = td_status_code(s);

    td_status_free(s);
    return code;
}

static int sweep(const golden *g, int number)
{
    td_mem_faults *const f = td_mem_faults_here();
    int wrong = 0;

    for (uint64_t at = 1, asked = 1; at <= asked && at <= SWEEP_MOST; at++) {
        td_arena *const arena = td_arena_make();
        const td_code code = run(arena, g, at, f);

        asked = f->asked;
        td_arena_free(arena);
        if (!f->failed || code == TD_RESOURCE_EXHAUSTED) continue;
        print_error("case %d, %s: allocation %d failed, and the code is %s\n", number, g->op, (int)at,
                    td_code_name(code));
        wrong++;
    }
    return wrong;
}

static void test_file(void **state)
{
    FILE *const f = fopen(*state, "r");
    td_arena *const arena = td_arena_make();
    int cases = 0, wrong = 0;

    assert_non_null(f);
    for (golden g; golden_read(f, arena, &g); td_arena_reset(arena))
        wrong += sweep(&g, cases++);
    td_arena_free(arena);
    (void)fclose(f);
    assert_int_equal(wrong, 0);
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
    const int failed = _cmocka_run_group_tests("no memory", tests, n, NULL, NULL);

    td_arena_free(arena);
    return failed;
}
