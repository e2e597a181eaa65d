/* SPDX-License-Identifier: Apache-2.0 */
/* test_refusals.c -- graphs that make no sense are refused by resolve and inline, with the node and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "pass_graph.h"

typedef struct form {
    void (*make)(td_graph *g);
    const char *error; /* how it begins */
} form;

static td_edge port(td_edge e, const char *name, uint32_t index)
{
    return (td_edge){ .node = e.node, .index = index, .port = name };
}

/* f(x: float) = x, -x; odd(x: int32) = x; one(x: float) = x; deep(x) = deep(x) */
static td_graph *lower(td_arena *arena, const char *name)
{
    td_graph *const g = td_graph_make(arena, name);
    const td_edge x = pg_arg(g, strcmp(name, "odd") ? TD_F32 : TD_I32);

    if (!strcmp(name, "none")) return NULL;
    if (!strcmp(name, "deep")) {
        pg_ret(g, pg_node(g, "PartitionedCall Tin=[%float] Tout=[%float] f=@deep", x, PG_END));
        return g;
    }
    if (!strcmp(name, "lacking")) {
        pg_ret(g, pg_node(g, "Neg T=%int32", x, PG_END));
        return g;
    }
    pg_ret(g, x);
    if (!strcmp(name, "f")) pg_ret(g, pg_node(g, "Neg T=%float", x, PG_END));
    return g;
}

static void no_such_port(td_graph *g)
{
    const td_edge x = pg_arg(g, TD_F32), y = pg_node(g, "Neg T=%float", x, PG_END);

    pg_ret(g, pg_node(g, "Abs T=%float", port(y, "z", 0), PG_END));
}

static void index_beyond_port(td_graph *g)
{
    const td_edge x = pg_arg(g, TD_F32);
    const td_edge parts = pg_node(g, "Split T=%float num_split=2", pg_int(g, 0), x, PG_END);

    pg_ret(g, pg_node(g, "Abs T=%float", port(parts, "output", 2), PG_END));
}

static void index_beyond_outputs(td_graph *g)
{
    pg_ret(g, pg_out(pg_node(g, "Neg T=%float", pg_arg(g, TD_F32), PG_END), 1));
}

static void other_type(td_graph *g)
{
    pg_ret(g, pg_node(g, "Neg T=%int32", pg_arg(g, TD_F32), PG_END));
}

static void no_reference(td_graph *g)
{
    const td_edge x = pg_arg(g, TD_F32);

    pg_ret(g, pg_node(g, "Assign T=%float", x, x, PG_END));
}

static void const_without_attr(td_graph *g)
{
    pg_ret(g, pg_node(g, "Const dtype=%float", PG_END));
}

static void const_without_value(td_graph *g)
{
    const td_edge c = pg_node(g, "Const dtype=%float", PG_END);

    td_node_add_attr(g, c.node, "value", (td_attr_value){ .kind = TD_ATTR_TENSOR });
    pg_ret(g, c);
}

static void const_of_another_type(td_graph *g)
{
    const td_edge c = pg_float(g, 1);

    td_node_add_attr(g, c.node, "dtype", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = TD_I32 });
    pg_ret(g, c);
}

static void call_of_nothing(td_graph *g)
{
    pg_ret(g, pg_node(g, "PartitionedCall Tin=[%float] Tout=[%float] f=@none", pg_arg(g, TD_F32), PG_END));
}

static void call_with_fewer_results(td_graph *g)
{
    pg_ret(g, pg_node(g, "PartitionedCall Tin=[%float] Tout=[%float] f=@f", pg_arg(g, TD_F32), PG_END));
}

static void call_with_more_inputs(td_graph *g)
{
    const td_edge x = pg_arg(g, TD_F32);

    pg_ret(g, pg_node(g, "PartitionedCall Tin=%float%float Tout=%float%float f=@f", x, x, PG_END));
}

static void call_with_another_argument(td_graph *g)
{
    pg_ret(g, pg_node(g, "PartitionedCall Tin=[%float] Tout=[%int32] f=@odd", pg_arg(g, TD_F32), PG_END));
}

static void call_with_another_result(td_graph *g)
{
    pg_ret(g, pg_node(g, "PartitionedCall Tin=[%int32] Tout=[%float] f=@odd", pg_arg(g, TD_I32), PG_END));
}

static void call_of_itself(td_graph *g)
{
    pg_ret(g, pg_node(g, "PartitionedCall Tin=[%float] Tout=[%float] f=@deep", pg_arg(g, TD_F32), PG_END));
}

static void call_of_another_type_inside(td_graph *g)
{
    pg_ret(g, pg_node(g, "PartitionedCall Tin=[%float] Tout=[%float] f=@lacking", pg_arg(g, TD_F32), PG_END));
}

static void call_on_its_own_result(td_graph *g)
{
    const td_edge x = pg_arg(g, TD_F32);
    const td_edge y = pg_node(g, "PartitionedCall Tin=[%float] Tout=[%float] f=@one", x, PG_END);

    y.node->in[0] = y;
    pg_ret(g, y);
}

static void check(const form *f)
{
    td_status s;
    pg x;

    pg_open(&x, lower);
    td_graph *const g = td_graph_make(x.p.arena, "main");
    f->make(g);
    s = td_pass_resolve(&x.p, g);
    if (!s) s = td_pass_inline(&x.p, g);
    if (!s) s = td_pass_deref(&x.p, g);
    if (strncmp(td_status_text(s), f->error, strlen(f->error)))
        fail_msg("\"%s\" does not begin with \"%s\"", td_status_text(s), f->error);
    td_status_free(s);
    pg_close(&x);
}

static void test_refusals(void **state)
{
    static const form forms[] = {
        { no_such_port, "node n1: op Neg has no output named z (wanted by n2)" },
        { index_beyond_port, "node n2 (op Split) has 2 outputs, n3 wants number 2" },
        { index_beyond_outputs, "node n1 (op Neg) has 1 outputs, main wants number 1" },
        { other_type, "Input 0 of node n1 was passed float from arg0:0 incompatible with expected int32." },
        { no_reference, "Input 0 of node n1 must be a variable, arg0 is none" },
        { const_without_attr, "NodeDef missing attr 'value' from Op<name=Const>; node n0" },
        { const_without_value,
          "Saved model contains node \"n0\" (op \"Const\") which is a constant tensor but no value" },
        { const_of_another_type, "Const node n0 holds float, its attribute dtype says int32" },
        { call_of_nothing, "no function none" },
        { call_with_fewer_results, "node n1 calls f with 1 inputs and 1 outputs; it has 1 and 2" },
        { call_with_more_inputs, "node n1 calls f with 2 inputs and 2 outputs; it has 1 and 2" },
        { call_with_another_argument, "node n1: argument 0 of odd has another type" },
        { call_with_another_result, "node n1: result 0 of odd has another type" },
        { call_of_itself, "calls of deep nest deeper than 1000" },
        { call_on_its_own_result, "Graph is invalid, contains a cycle through node \"n1\"" },
        { call_of_another_type_inside,
          "in function lacking: Input 0 of node n1 was passed float from arg0:0" },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++)
        check(&forms[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_refusals) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
