/* SPDX-License-Identifier: Apache-2.0 */
/* test_choose.c -- If and Case whose condition is a constant become the branch that they would take; the others stay,
 * and the answers are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pass_graph.h"

/* A conditional on a constant of some type and count; how many conditionals are left. */
typedef struct form {
    const char *op;
    td_tensor condition;
    size_t left;
} form;

static const form *now;
static bool is_unknown, is_computed, is_all_known;

/* b0(x) = x + x, b1(x) = x x, b2(x) = -x; nested(x): an If of a constant, which takes b1. */
static td_graph *lower(td_arena *arena, const char *name)
{
    td_graph *const g = td_graph_make(arena, name);
    const td_edge x = pg_arg(g, TD_F32);
    uint8_t no = 0;

    if (!strcmp(name, "nested")) {
        const td_edge pred = pg_tensor(g, &(td_tensor){ TD_BOOL, { 0 }, &no, NULL });
        pg_ret(g, pg_node(
                      g, "StatelessIf Tcond=%bool Tin=[%float] Tout=[%float] then_branch=@b0 else_branch=@b1",
                      pred, x, PG_END));
        return g;
    }
    pg_ret(g, !strcmp(name, "b0")   ? pg_node(g, "AddV2 T=%float", x, x, PG_END)
              : !strcmp(name, "b1") ? pg_node(g, "Mul T=%float", x, x, PG_END)
                                    : pg_node(g, "Neg T=%float", x, PG_END));
    return g;
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge arg = pg_arg(g, TD_F32), x = is_all_known ? pg_float(g, 3.0f) : arg,
                  given = pg_arg(g, now->condition.dtype);
    td_edge condition = is_unknown ? given : pg_tensor(g, &now->condition);
    char text[128];

    if (is_computed) { /* behind what folds */
        (void)snprintf(text, sizeof text, "Identity T=%%%s", td_dtype_name(now->condition.dtype));
        condition = pg_node(g, text, condition, PG_END);
    }
    (void)snprintf(text, sizeof text, now->op, td_dtype_name(now->condition.dtype));
    pg_ret(g, pg_node(g, text, condition, x, PG_END));
    return g;
}

static void check(const form *f)
{
    float x[] = { 0.5f, -2.0f, 3.0f };
    const td_tensor in[] = { { TD_F32, { 1, { 3 } }, x, NULL }, f->condition };
    char op[32];
    pg t;

    now = f;
    (void)snprintf(op, sizeof op, "%.*s", (int)strcspn(f->op, " "), f->op);
    pg_open(&t, lower);
    const size_t left = pg_count_after(&t, make(t.p.arena), op), want = is_unknown ? 1 : f->left;
    if (left != want) fail_msg("%s: %zu left", op, left);
    pg_assert_same(&t, make, in, 0);
    if (!is_unknown) pg_assert_same_walk(&t, make, in, 0);
    pg_close(&t);
}

static void check_all(const form *forms, size_t n)
{
    for (int kind = 0; kind < 4; kind++)
        for (size_t i = 0; i < n; i++) {
            is_unknown = kind == 1;
            is_computed = kind == 2;
            is_all_known = kind == 3; /* folding leaves to others what runs bodies */
            check(&forms[i]);
        }
}

#define IF   " Tcond=%%%s Tin=[%%float] Tout=[%%float] then_branch=@b0 else_branch=@b1"
#define CASE " Tin=[%%float] Tout=[%%float] branches={@b0@b1@b2}"

static uint8_t no = 0, yes = 1;
static int32_t ints[] = { 0, 1, 2, -1, 3, INT32_MAX, INT32_MIN };
static float zero = 0, some = 0.25f, zeros[3];
static td_string text = { "x", 1 }, none = { "", 0 };

static void test_if(void **state)
{
    const form forms[] = {
        { "If" IF, { TD_BOOL, { 0 }, &no, NULL }, 0 },
        { "If" IF, { TD_BOOL, { 0 }, &yes, NULL }, 0 },
        { "StatelessIf" IF, { TD_BOOL, { 0 }, &no, NULL }, 0 },
        { "StatelessIf" IF, { TD_BOOL, { 0 }, &yes, NULL }, 0 },
        { "StatelessIf" IF, { TD_I32, { 0 }, &ints[0], NULL }, 0 },
        { "StatelessIf" IF, { TD_I32, { 0 }, &ints[3], NULL }, 0 },
        { "StatelessIf" IF, { TD_F32, { 0 }, &zero, NULL }, 0 },
        { "StatelessIf" IF, { TD_F32, { 0 }, &some, NULL }, 0 },
        { "StatelessIf" IF, { TD_F32, { 1, { 3 } }, zeros, NULL }, 0 }, /* more than nothing is true */
        { "StatelessIf" IF, { TD_F32, { 1, { 0 } }, zeros, NULL }, 0 },
        { "If" IF, { TD_STRING, { 0 }, &text, NULL }, 0 },
        { "If" IF, { TD_STRING, { 0 }, &none, NULL }, 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < TD_COUNT(ints); i++) { /* what there is no branch for takes the last one */
        const form forms[] = {
            { "Case" CASE, { TD_I32, { 0 }, &ints[i], NULL }, 0 },
            { "StatelessCase" CASE, { TD_I32, { 0 }, &ints[i], NULL }, 0 },
        };
        check_all(forms, TD_COUNT(forms));
    }
}

/* An index with a dimension is refused by the run, as if nothing were known of it. */
static void test_case_of_vector(void **state)
{
    const form f = { "Case" CASE, { TD_I32, { 1, { 1 } }, &ints[1], NULL }, 1 };
    float x = 3;
    const td_tensor in[] = { { TD_F32, { 0 }, &x, NULL }, f.condition };
    pg t;

    (void)state;
    now = &f;
    is_unknown = is_computed = is_all_known = false;
    pg_open(&t, lower);
    assert_int_equal(pg_count_after(&t, make(t.p.arena), "Case"), 1);
    pg_assert_same_error(&t, make, in);
    pg_close(&t);
}

/* A branch brings a choice of its own. */
static void test_nested(void **state)
{
    const form forms[] = {
        { "StatelessIf Tcond=%%%s Tin=[%%float] Tout=[%%float] then_branch=@nested else_branch=@b2",
          { TD_BOOL, { 0 }, &yes, NULL },
          0 },
        { "Case Tin=[%%float] Tout=[%%float] branches={@b0@nested@b2}",
          { TD_I32, { 0 }, &ints[1], NULL },
          0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

/* A condition that has to be waited for is none yet. */
static td_graph *make_waiting(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_arg(g, TD_F32), pred = pg_tensor(g, &(td_tensor){ TD_BOOL, { 0 }, &yes, NULL });

    td_node_add_ctrl(g, pred.node, pg_assert(g));
    pg_ret(g, pg_node(g, "StatelessIf Tcond=%bool Tin=[%float] Tout=[%float] then_branch=@b0 else_branch=@b1",
                      pred, x, PG_END));
    return g;
}

static void test_waiting_condition(void **state)
{
    float x = 3;
    uint8_t holds = 1;
    const td_tensor in[] = { { TD_F32, { 0 }, &x, NULL }, { TD_BOOL, { 0 }, &holds, NULL } };
    pg t;

    (void)state;
    pg_open(&t, lower);
    assert_int_equal(pg_count_after(&t, make_waiting(t.p.arena), "StatelessIf"), 1);
    pg_assert_same(&t, make_waiting, in, 0);
    holds = 0;
    pg_assert_same_error(&t, make_waiting, in);
    pg_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_if),
        cmocka_unit_test(test_case),
        cmocka_unit_test(test_case_of_vector),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_waiting_condition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
