/* SPDX-License-Identifier: Apache-2.0 */
/* test_forest_sets.c -- sets of categories whose ends lie: TensorFlow reads what is not there, or ends; tensord says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "golden.h"
#include "ops/forest/forest_model.h"
#include "ops/kernel.h"
#include "temp_dir.h"

#define WRITE(name, bytes) temp_dir_write(name, bytes, sizeof(bytes) - 1)

enum { ROWS = 2, INPUTS = 7 };

/* 2.5 where the only column, a set of 6 categories, has category 1; else 1. */
static td_object *load_model(void)
{
    td_object *const o = td_forest_make("m");

    WRITE("header.pb", "\x0a\x16GRADIENT_BOOSTED_TREES\x10\x02\x28\x01");
    WRITE("data_spec.pb", "\x0a\x02\x08\x01\x0a\x06\x08\x05\x32\x02\x10\x06");
    WRITE("gradient_boosted_trees_header.pb", "\x08\x01\x10\x01\x18\x02\x25\0\0\0\0\x3a\x0d"
                                              "BLOB_SEQUENCE");
    WRITE("nodes-00000-of-00001", "BS\1\0\0\0\0\0\x0a\0\0\0\x1a\x08\x10\x01\x1a\x04\x22\x02\x08\x01"
                                  "\x07\0\0\0\x12\x05\x0d\0\0\x80\x3f\x07\0\0\0\x12\x05\x0d\0\0\x20\x40");
    assert_ok(td_forest_load(o, &(td_forest_place){ temp_dir, { "", 0 }, false }));
    return o;
}

typedef struct sets {
    int32_t items[4];
    int64_t n_items, set_ends[4], n_set_ends, row_ends[4], n_row_ends;
} sets;

/* Takes the tensors' place in g; they last as long as s and model. */
static void fill_inputs(golden *g, const sets *s, td_object **model)
{
    static const td_dtype types[INPUTS] = { TD_F32, TD_F32, TD_I32, TD_I32, TD_I64, TD_I64, TD_RESOURCE };
    const void *const data[INPUTS] = { "", "", "", s->items, s->set_ends, s->row_ends, model };
    const int64_t sizes[INPUTS] = { 0, 0, 0, s->n_items, s->n_set_ends, s->n_row_ends };

    g->n_in = INPUTS;
    for (int i = 0; i < INPUTS; i++)
        g->in[i] = (td_tensor){ .dtype = types[i],
                                .shape = { i < 3   ? 2
                                           : i < 6 ? 1
                                                   : 0,
                                           { sizes[i] } },
                                .data = (void *)(uintptr_t)data[i] };
}

static td_status ask(td_object *model, const sets *s, float *answers)
{
    td_arena *const arena = td_arena_make();
    golden *const g = TD_ARENA_NEW(arena, golden);
    td_env env = { .cpu = td_cpu_detect(), .threads = 1, .model_arena = arena };
    td_tensor out[2] = { { 0 } };
    td_node *node;

    strcpy(g->op, "SimpleMLInferenceOpWithHandle");
    g->attrs[g->n_attrs++] =
        (td_attr){ .name = "dense_output_dim", .value = { .kind = TD_ATTR_INT, .u.i = 1 } };
    fill_inputs(g, s, &model);
    assert_ok(golden_node(arena, g, &node));
    const td_status st = td_node_eval(node, &env, g->in, out);

    if (!st) {
        assert_int_equal(out[0].shape.dims[0], ROWS);
        memcpy(answers, out[0].data, ROWS * sizeof *answers);
    }
    td_tensor_unref(&out[0]);
    td_tensor_unref(&out[1]);
    td_arena_free(arena);
    return st;
}

static void test_sets(void **state)
{
    const sets good = { { 0, 1, 5, 1 }, 4, { 0, 2, 3 }, 3, { 0, 1, 2 }, 3 };
    td_object *const model = load_model();
    float answers[ROWS] = { 0 };
    sets s = good;

    (void)state;
    assert_ok(ask(model, &s, answers));
    assert_true(answers[0] == 2.5f && answers[1] == 1);
    s.set_ends[2] = 4; /* all that there is */
    assert_ok(ask(model, &s, answers));
    assert_true(answers[0] == 2.5f && answers[1] == 2.5f);
    s.set_ends[2] = 5;
    assert_status_like(ask(model, &s, answers), TD_INVALID_ARGUMENT, "does not split");
    s.set_ends[2] = 1;
    assert_status_like(ask(model, &s, answers), TD_INVALID_ARGUMENT, "does not split");
    s.set_ends[0] = -1;
    assert_status_like(ask(model, &s, answers), TD_INVALID_ARGUMENT, "does not split");
    s = good;
    s.n_set_ends = 2;
    assert_status_like(ask(model, &s, answers), TD_INTERNAL, "row_splits_dim_1");
    s = good;
    s.row_ends[1] = INT64_MAX;
    assert_status_like(ask(model, &s, answers), TD_INTERNAL, "row_splits_dim_2");
    s = good;
    s.n_items = 0;
    assert_status_like(ask(model, &s, answers), TD_INVALID_ARGUMENT, "does not split");
    td_object_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_sets, temp_dir_make,
                                                                        temp_dir_remove) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
