/* SPDX-License-Identifier: Apache-2.0 */
/* test_relax.c -- which control edges order nothing, and which do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "pass_graph.h"
#include "words.h"

/* y = Neg(x), which waits for something; words say for what, and what else there is. */
typedef struct form {
    const char *words;
    uint32_t left; /* of y's control edges */
} form;

static const char *words;

static bool has(const char *word)
{
    return words_have(words, word);
}

static td_node *with_order(td_graph *g, td_node *n, td_node *before)
{
    td_node_add_ctrl(g, n, before);
    return n;
}

static td_edge handle(td_graph *g)
{
    static const td_shape scalar = { 0 };
    const td_edge e = pg_node(g, "VarHandleOp dtype=%float shared_name='v", PG_END);

    td_node_add_attr(g, e.node, "shape", (td_attr_value){ .kind = TD_ATTR_SHAPE, .u.shape = &scalar });
    return e;
}

static td_edge read(td_graph *g)
{
    return pg_node(g, "ReadVariableOp dtype=%float", handle(g), PG_END);
}

static td_edge switched(td_graph *g)
{
    const td_edge pred = pg_arg(g, TD_BOOL);

    return pg_out(pg_node(g, "Switch T=%bool", pred, pred, PG_END), 1);
}

/* What is waited for. */
static td_node *before(td_graph *g, td_edge x)
{
    if (has("arg")) return x.node;
    if (has("const")) return pg_float(g, 1).node;
    if (has("handle")) return handle(g).node;
    if (has("read")) return read(g).node;
    if (has("pure")) return pg_node(g, "Sqrt T=%float", x, PG_END).node; /* could be one that fails */
    if (has("lacking")) return pg_node(g, "NoSuchOp", x, PG_END).node;
    if (has("pivot")) return pg_node(g, "Identity T=%bool", switched(g), PG_END).node;
    if (has("assert")) return pg_assert(g);
    return pg_node(g, "NoOp", PG_END).node;
}

static td_node *chained(td_graph *g, td_node *n)
{
    if (has("behind_noop")) n = with_order(g, pg_node(g, "NoOp", PG_END).node, n);
    if (has("behind_const")) n = with_order(g, pg_float(g, 2).node, n);
    if (has("behind_identity"))
        n = pg_node(g, "Identity T=%float", (td_edge){ .node = with_order(g, pg_float(g, 2).node, n) },
                    PG_END)
                .node;
    return n;
}

static td_graph *make(td_arena *arena, td_node **y)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_arg(g, TD_F32);
    td_node *const wait = chained(g, before(g, x));

    *y = with_order(g, pg_node(g, "Neg T=%float", x, PG_END).node, wait);
    if (has("stateful")) *y = with_order(g, read(g).node, wait);
    pg_ret(g, (td_edge){ .node = *y });
    g->ctrl_rets = TD_ARENA_NEW_N(arena, td_node *, 4);
    if (has("anyway")) g->ctrl_rets[g->n_ctrl_rets++] = wait;
    if (has("anyway_later"))
        g->ctrl_rets[g->n_ctrl_rets++] = with_order(g, pg_node(g, "NoOp", PG_END).node, wait);
    if (has("itself_anyway")) g->ctrl_rets[g->n_ctrl_rets++] = *y;
    if (has("then_read")) pg_ret(g, (td_edge){ .node = with_order(g, read(g).node, *y) });
    if (has("then_pure")) pg_ret(g, pg_node(g, "Exp T=%float", (td_edge){ .node = *y }, PG_END));
    if (has("then_print"))
        g->ctrl_rets[g->n_ctrl_rets++] =
            pg_node(g, "Assert T=[%float]", pg_arg(g, TD_BOOL),
                    pg_node(g, "Exp T=%float", (td_edge){ .node = *y }, PG_END), PG_END)
                .node;
    if (has("switch_elsewhere")) pg_ret(g, switched(g));
    return g;
}

static void check(const form *f)
{
    td_node *y;
    pg x;

    words = f->words;
    pg_open(&x, NULL);
    td_graph *const g = make(x.p.arena, &y);
    assert_ok(td_pass_resolve(&x.p, g));
    assert_ok(td_pass_prune(&x.p, g));
    td_pass_relax(g);
    if (y->n_ctrl != f->left) fail_msg("\"%s\": %u edges left", words, y->n_ctrl);
    pg_close(&x);
}

static void check_all(const form *forms, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(&forms[i]);
}

static void test_waiting_for_nothing(void **state)
{
    static const form forms[] = {
        { "noop", 0 },
        { "arg", 0 },
        { "const", 0 },
        { "handle", 0 },
        { "arg behind_noop", 0 },
        { "noop behind_noop behind_const", 0 },
        { "noop behind_identity stateful", 0 },
        { "noop then_read switch_elsewhere", 0 },
        { "read", 1 },
        { "pure", 1 },
        { "lacking", 1 },
        { "assert", 1 },
        { "assert behind_noop", 1 },
        { "assert behind_const", 1 },
        { "assert behind_identity", 1 },
        { "pivot", 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_waiting_for_what_runs_anyway(void **state)
{
    static const form forms[] = {
        { "assert anyway", 0 },
        { "assert anyway_later", 0 },
        { "pure anyway", 0 },
        { "assert anyway behind_noop then_pure", 0 },
        { "assert itself_anyway", 1 },
        { "assert anyway then_read", 1 },
        { "assert anyway then_print", 1 },
        { "assert anyway stateful", 1 },
        { "assert anyway switch_elsewhere", 1 },
        { "pivot anyway", 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiting_for_nothing),
        cmocka_unit_test(test_waiting_for_what_runs_anyway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
