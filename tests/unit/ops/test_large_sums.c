/* SPDX-License-Identifier: Apache-2.0 */
/* test_large_sums.c -- sums and products of numbers from requests that do not fit: they are refused, and those
 * that just fit are right. Calls as in tests/ops/goldens/; the codes and answers are TensorFlow's, but for
 * the sums that wrap around there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "ops/kernel.h"

#define BIG "9223372036854775807"

static void run_text(const char *text)
{
    FILE *const f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    td_arena *const arena = td_arena_make();
    golden g;

    assert_non_null(f);
    while (golden_read(f, arena, &g)) {
        td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
        td_tensor out[GOLDEN_TENSORS] = { { 0 } };
        td_node *node = NULL;
        td_status s = golden_node(arena, &g, &node);

        if (!s) s = td_node_eval(node, &env, g.in, out);
        if ((int)td_status_code(s) != g.error) print_error("%s: %s\n", g.op, td_status_text(s));
        assert_int_equal(td_status_code(s), g.error);
        for (uint32_t i = 0; i < g.n_out; i++) {
            assert_true(td_shape_equal(&out[i].shape, &g.out[i].shape));
            if (td_tensor_bytes(&g.out[i]))
                assert_memory_equal(out[i].data, g.out[i].data, td_tensor_bytes(&g.out[i]));
        }
        td_status_free(s);
        for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
            td_tensor_unref(&out[i]);
    }
    td_arena_free(arena);
    (void)fclose(f);
}

/* Lengths of int64 ranges, which doubles cannot tell; totals beyond int32 and int64. */
static void test_ragged_range(void **state)
{
    (void)state;
    run_text("case RaggedRange\nattr T type 9\nattr Tsplits type 9\n"
             "in 9 - 1152921504606846976\nin 9 - 1152921504606846979\nin 9 - 2\n"
             "out 9 2 0 2\nout 9 2 1152921504606846976 1152921504606846978\nend\n");
    run_text("case RaggedRange\nattr T type 9\nattr Tsplits type 9\n"
             "in 9 2 " BIG " -" BIG "\nin 9 2 -" BIG " " BIG "\nin 9 2 -" BIG " " BIG "\n"
             "out 9 3 0 2 4\nout 9 4 " BIG " 0 -" BIG " 0\nend\n");
    run_text("case RaggedRange\nattr T type 9\nattr Tsplits type 9\n"
             "in 9 3 0 0 0\nin 9 3 " BIG " " BIG " " BIG "\nin 9 - 1\nerror 3\nend\n");
    run_text("case RaggedRange\nattr T type 9\nattr Tsplits type 3\n"
             "in 9 2 0 0\nin 9 2 2147483647 1\nin 9 - 1\nerror 3\nend\n");
    run_text("case RaggedRange\nattr T type 2\nattr Tsplits type 9\n"
             "in 2 3 0 0 0\nin 2 3 8e18 8e18 8e18\nin 2 - 1\nerror 3\nend\n");
}

/* Rows without elements cost nothing and count all the same. */
static void test_rows_without_elements(void **state)
{
    (void)state;
    run_text(
        "case RaggedGather\nattr Tvalues type 1\nattr Tindices type 3\nattr Tsplits type 9\n"
        "attr PARAMS_RAGGED_RANK int 1\nattr OUTPUT_RAGGED_RANK int 1\n"
        "in 9 2 0 144115188075855872\nin 1 144115188075855872,0\n"
        "in 3 65 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "
        "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\nerror 3\nend\n");
    run_text("case DepthToSpace\nattr T type 1\nattr block_size int 2147483648\nattr data_format string "
             "4e485743\nin 1 1,0,0,0\nout 1 1,0,0,0\nend\n");
    run_text("case SpaceToDepth\nattr T type 1\nattr block_size int 2147483648\nattr data_format string "
             "4e485743\nin 1 1,0,0,5\nerror 3\nend\n");
}

static void test_places(void **state)
{
    (void)state;
    run_text("case ConcatOffset\nattr N int 3\nattr shape_type type 9\nin 3 - 0\n"
             "in 9 2 5 4\nin 9 2 7 4\nin 9 2 1 4\nout 9 2 0 0\nout 9 2 5 0\nout 9 2 12 0\nend\n");
    run_text("case ConcatOffset\nattr N int 3\nattr shape_type type 9\nin 3 - 0\n"
             "in 9 1 " BIG "\nin 9 1 1\nin 9 1 1\nerror 3\nend\n");
    run_text("case SegmentSum\nattr T type 1\nattr Tindices type 9\n"
             "in 1 2 1.0 2.0\nin 9 2 0 " BIG "\nerror 3\nend\n");
    run_text("case Slice\nattr T type 1\nattr Index type 9\n"
             "in 1 2 1.0 2.0\nin 9 1 -9223372036854775808\nin 9 1 -1\nerror 3\nend\n");
    run_text("case SparseConcat\nattr N int 2\nattr T type 1\nattr concat_dim int 0\n"
             "in 9 1,1 0\nin 9 1,1 0\nin 1 1 1.0\nin 1 1 2.0\n"
             "in 9 1 288230376151711744\nin 9 1 288230376151711744\nerror 3\nend\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_ragged_range),
                                        cmocka_unit_test(test_rows_without_elements),
                                        cmocka_unit_test(test_places) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
