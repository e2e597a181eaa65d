/* SPDX-License-Identifier: Apache-2.0 */
/* test_locks.c -- the core's mutexes do not look for deadlocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <grpc/support/sync.h>

#include "net/grpc/locks.h"

/* Abseil ends a process that takes two mutexes in both orders, as long as it looks. */
static void test_core_does_not_look_for_deadlocks(void **state)
{
    gpr_mu a, b;

    (void)state;
    assert_true(td_grpc_locks_quicken());
    gpr_mu_init(&a);
    gpr_mu_init(&b);
    gpr_mu_lock(&a);
    gpr_mu_lock(&b);
    gpr_mu_unlock(&b);
    gpr_mu_unlock(&a);
    gpr_mu_lock(&b);
    gpr_mu_lock(&a);
    gpr_mu_unlock(&a);
    gpr_mu_unlock(&b);
    gpr_mu_destroy(&a);
    gpr_mu_destroy(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_core_does_not_look_for_deadlocks) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
