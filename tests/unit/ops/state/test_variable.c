/* SPDX-License-Identifier: Apache-2.0 */
/* test_variable.c -- variables that several threads change: no change is lost, and readers keep what they read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/mem.h"
#include "base/thread.h"
#include "ops/resources.h"

enum { THREADS = 4, CHANGES = 2000, SIZE = 16 };

static td_object *make(const void *ctx)
{
    td_variable *const v = TD_NEW(td_variable);

    (void)ctx;
    td_object_init(&v->base, &td_variable_class);
    td_mutex_init(&v->mu, TD_LOCK_ops_resource);
    v->name = td_strdup("v");
    v->dtype = TD_I32;
    return &v->base;
}

static td_variable *variable_in(td_resources *r)
{
    td_object *o;

    assert_ok(td_resources_get(r, "", "v", &td_variable_class, make, NULL, &o));
    return (td_variable *)o;
}

static td_status increment(void *ctx, td_tensor *value)
{
    (void)ctx;
    for (int i = 0; i < SIZE; i++)
        ((int32_t *)value->data)[i]++;
    return NULL;
}

static td_status refuse(void *ctx, td_tensor *value)
{
    ((int32_t *)value->data)[0] = *(const int32_t *)ctx;
    return TD_ERR(ABORTED, "no");
}

static void *change_often(void *v)
{
    for (int i = 0; i < CHANGES; i++)
        td_status_free(td_variable_update(v, increment, NULL));
    return NULL;
}

static void test_no_change_is_lost(void **state)
{
    td_resources *const r = td_resources_make();
    td_variable *const v = variable_in(r);
    int32_t zeros[SIZE] = { 0 };
    int32_t last = 0;
    pthread_t threads[THREADS];
    td_tensor now;

    (void)state;
    assert_ptr_equal(variable_in(r), v);
    assert_says(td_variable_update(v, increment, NULL), "uninitialized");
    assert_ok(td_variable_assign(v, &(td_tensor){ TD_I32, { 1, { SIZE } }, zeros, NULL }));
    for (int i = 0; i < THREADS; i++)
        assert_null(td_thread_start(&threads[i], "change", change_often, v));
    while (last < THREADS * CHANGES) {
        assert_ok(td_variable_read(v, &now));
        const int32_t first = ((const int32_t *)now.data)[0];

        for (int i = 0; i < SIZE; i++)
            assert_int_equal(((const int32_t *)now.data)[i], first);
        assert_true(first >= last);
        last = first;
        td_tensor_unref(&now);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_says(td_variable_update(v, refuse, &last), "no");
    assert_ok(td_variable_read(v, &now));
    assert_int_equal(((const int32_t *)now.data)[0], THREADS * CHANGES);
    td_tensor_unref(&now);
    td_resources_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_change_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
