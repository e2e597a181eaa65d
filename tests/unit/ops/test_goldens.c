/* test_goldens.c -- single ops against what TensorFlow answered: tests/ops/goldens/, made by make_goldens.py.
 *
 * Each case is a node of its own with its arguments, bound and evaluated as the engine folds constants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "ops/kernel.h"
#include "tensor/half.h"

/* ---------------------------------------------------------------- comparing */

static double float_at(const td_tensor *t, size_t i)
{
    switch (t->dtype) {
    case TD_F64:
    case TD_C128:
        return ((const double *)t->data)[i];
    case TD_F32:
    case TD_C64:
        return (double)((const float *)t->data)[i];
    case TD_F16:
        return (double)td_f16_to_f32(((const td_f16 *)t->data)[i]);
    default:
        return (double)td_bf16_to_f32(((const td_bf16 *)t->data)[i]);
    }
}

static bool same_element(const td_tensor *a, const td_tensor *b, size_t i)
{
    if (a->dtype == TD_STRING) {
        const td_string x = ((const td_string *)a->data)[i], y = ((const td_string *)b->data)[i];
        return x.size == y.size && (x.size == 0 || memcmp(x.data, y.data, x.size) == 0);
    }
    const bool is_half = a->dtype == TD_F16 || a->dtype == TD_BF16;
    const double x = float_at(a, i), y = float_at(b, i),
                 most = (y < 0 ? -y : y) * (is_half ? 8e-3 : 1e-5) + 1e-6;

    return x == y || (x != x && y != y) || (x - y <= most && y - x <= most);
}

static bool same(const td_tensor *a, const td_tensor *b)
{
    if (a->dtype != b->dtype || !td_shape_equal(&a->shape, &b->shape)) return false;
    const size_t n = (size_t)td_shape_count(&a->shape);

    if (golden_is_integer(a->dtype))
        return n == 0 || memcmp(a->data, b->data, n * td_dtype_size(a->dtype)) == 0;
    const bool is_complex = a->dtype == TD_C64 || a->dtype == TD_C128;

    for (size_t i = 0; i < (is_complex ? 2 * n : n); i++)
        if (!same_element(a, b, i)) return false;
    return true;
}

/* ---------------------------------------------------------------- running */

static bool run_case(td_arena *arena, const golden *g, int number)
{
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
    td_tensor out[GOLDEN_TENSORS] = { { 0 } };
    td_node *node = NULL;
    td_status s = golden_node(arena, g, &node);

    if (!s) s = td_node_eval(node, &env, g->in, out);
    bool ok = (int)td_status_code(s) == g->error;

    if (!ok)
        print_error("case %d, %s: code %d, want %d: %s\n", number, g->op, (int)td_status_code(s), g->error,
                    td_status_text(s));
    for (uint32_t i = 0; ok && i < g->n_out; i++) {
        if (same(&out[i], &g->out[i])) continue;
        char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];
        print_error("case %d, %s: output %u differs (%s %s, want %s %s)\n", number, g->op, i,
                    td_dtype_name(out[i].dtype), td_shape_text(&out[i].shape, a, sizeof a),
                    td_dtype_name(g->out[i].dtype), td_shape_text(&g->out[i].shape, b, sizeof b));
        ok = false;
    }
    for (uint32_t i = 0; i < GOLDEN_TENSORS; i++)
        td_tensor_unref(&out[i]);
    td_status_free(s);
    return ok;
}

static void run_file(const char *name)
{
    FILE *const f = golden_open(name);
    int cases = 0, failed = 0;

    assert_non_null(f);
    td_arena *const arena = td_arena_make();
    for (golden g; golden_read(f, arena, &g); td_arena_reset(arena))
        failed += !run_case(arena, &g, cases++);
    td_arena_free(arena);
    (void)fclose(f);
    assert_true(cases > 40);
    assert_int_equal(failed, 0);
}

static void test_array(void **state)
{
    (void)state;
    run_file("array");
}

static void test_window(void **state)
{
    (void)state;
    run_file("window");
}

static void test_text(void **state)
{
    (void)state;
    run_file("text");
}

static void test_gather(void **state)
{
    (void)state;
    run_file("gather");
}

static void test_matrix(void **state)
{
    (void)state;
    run_file("matrix");
}

static void test_math(void **state)
{
    (void)state;
    run_file("math");
}

static void test_sparse(void **state)
{
    (void)state;
    run_file("sparse");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_array), cmocka_unit_test(test_gather), cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_math),  cmocka_unit_test(test_sparse), cmocka_unit_test(test_window),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
