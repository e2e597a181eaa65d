/* SPDX-License-Identifier: Apache-2.0 */
/* test_forest_model.c -- a model of decision forests is empty, then loaded, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "ops/forest/forest_model.h"
#include "temp_dir.h"

#define WRITE(name, bytes) temp_dir_write(name, bytes, sizeof(bytes) - 1)

/* One leaf, of 1. */
static void write_model(void)
{
    WRITE("header.pb", "\x0a\x16GRADIENT_BOOSTED_TREES\x10\x02");
    WRITE("data_spec.pb", "\x0a\x02\x08\x01");
    WRITE("gradient_boosted_trees_header.pb", "\x08\x01\x10\x01\x18\x02\x25\0\0\0\0\x3a\x0d"
                                              "BLOB_SEQUENCE");
    WRITE("nodes-00000-of-00001", "BS\1\0\0\0\0\0\x07\0\0\0\x12\x05\x0d\0\0\x80\x3f");
}

static void test_loads_once(void **state)
{
    const td_forest_place nowhere = { "/nowhere", { "", 0 }, false }, here = { temp_dir, { "", 0 }, false },
                          leaves = { temp_dir, { "", 0 }, true };
    td_object *const o = td_forest_make("m");
    const td_ydf_model *m = NULL;
    bool has_leaves = true;

    (void)state;
    write_model();
    assert_string_equal(td_forest_class.lacks_value(o), "m");
    assert_status_like(td_forest_of(o, &m, &has_leaves), TD_FAILED_PRECONDITION, "m is not loaded");
    assert_status_like(td_forest_load(o, &nowhere), TD_NOT_FOUND, "loading decision forests from /nowhere: ");
    assert_string_equal(td_forest_class.lacks_value(o), "m");
    assert_ok(td_forest_load(o, &here));
    assert_null(td_forest_class.lacks_value(o));
    assert_ok(td_forest_of(o, &m, &has_leaves));
    assert_false(has_leaves);
    assert_int_equal(m->forest.n_trees, 1);
    assert_ok(td_forest_load(o, &here));
    assert_status_like(td_forest_load(o, &nowhere), TD_FAILED_PRECONDITION, "is loaded already, from ");
    assert_status_like(td_forest_load(o, &leaves), TD_FAILED_PRECONDITION, "is loaded already, from ");
    td_object_unref(o);
}

static void test_answers_within_bounds(void **state)
{
    const float start[] = { 0 };
    const td_string name = { "", 0 };
    td_ydf_model m = { .forest = { .n_trees = 1, .n_sums = 1 },
                       .end = TD_YDF_EXP,
                       .start = start,
                       .names = &name,
                       .n_outputs = 1 };
    const double sums[] = { 1000, -1000, 0 };
    float out[3];

    (void)state;
    td_forest_answer(&m, sums, 3, out);
    assert_true(out[0] > 1.7e8f && out[0] < 1.8e8f); /* e^19 */
    assert_true(out[1] > 5e-9f && out[1] < 6e-9f);
    assert_true(out[2] == 1);
    m.end = TD_YDF_ISOLATION; /* trees of one example each: no depth is unusual */
    td_forest_answer(&m, sums, 3, out);
    assert_true(out[0] == 0 && out[1] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_loads_once, temp_dir_make, temp_dir_remove),
        cmocka_unit_test(test_answers_within_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
