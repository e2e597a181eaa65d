/* SPDX-License-Identifier: Apache-2.0 */
/* test_graph.c -- building, sorting and dumping graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "assert_status.h"
#include "graph/graph.h"

static td_node *add(td_graph *g, const char *name, td_node *a, td_node *b)
{
    td_node *const node = td_graph_add(g, name, "Op", (uint32_t)((a != NULL) + (b != NULL)), 0);

    if (a) node->in[0].node = a;
    if (b) node->in[1].node = b;
    return node;
}

static void attributes_replace(void **state)
{
    td_arena *const arena = td_arena_make();
    td_graph *const g = td_graph_make(arena, "");
    td_node *const node = td_graph_add(g, "n", "Op", 0, 1);
    static const char *const names[] = { "a", "b", "c", "d", "e", "f" };

    (void)state;
    for (int64_t i = 0; i < 12; i++)
        td_node_add_attr(g, node, names[i % 6], (td_attr_value){ .kind = TD_ATTR_INT, .u.i = i });
    assert_int_equal(node->n_attrs, 6);
    for (int64_t i = 0; i < 6; i++)
        assert_int_equal(td_node_attr(node, names[i])->u.i, i + 6);
    assert_null(td_node_attr(node, "g"));
    td_arena_free(arena);
}

static void sort_orders_and_prunes(void **state)
{
    td_arena *const arena = td_arena_make();
    td_graph *const g = td_graph_make(arena, "f");
    td_node *const user = add(g, "user", NULL, NULL), *const x = add(g, "x", NULL, NULL);
    td_node *const dead = add(g, "dead", x, NULL), *const sum = add(g, "sum", x, x);
    td_node *const first = add(g, "first", NULL, NULL);

    (void)state;
    (void)dead;
    td_node_add_ctrl(g, user, sum);
    td_node_add_ctrl(g, sum, first);
    assert_null(td_graph_sort(g, &user, 1));
    assert_int_equal(g->n_nodes, 4);
    assert_ptr_equal(g->nodes[3], user);
    assert_true(x->id < sum->id && first->id < sum->id && sum->id < user->id);
    td_arena_free(arena);
}

/* A copy says the same, and nothing that is done to it shows in what it was made of. */
static void copies_are_apart(void **state)
{
    td_arena *const arena = td_arena_make();
    td_graph *const g = td_graph_make(arena, "f");
    td_node *const x = add(g, "x", NULL, NULL), *const y = add(g, "y", x, x), *const z = add(g, "z", y, x);
    td_strbuf before = { 0 }, after = { 0 };

    (void)state;
    g->args = (td_node *[]){ x };
    g->n_args = 1;
    g->rets = (td_edge[]){ { .node = z }, { .node = x } };
    g->n_rets = 2;
    g->ctrl_rets = (td_node *[]){ y };
    g->n_ctrl_rets = 1;
    td_node_add_ctrl(g, z, x);
    td_node_add_attr(g, y, "a", (td_attr_value){ .kind = TD_ATTR_INT, .u.i = 7 });
    td_graph_dump(g, &before);
    td_graph *const copy = td_graph_copy(g, arena);
    td_graph_dump(copy, &after);
    assert_string_equal(td_strbuf_text(&after), td_strbuf_text(&before));
    assert_ptr_equal(copy->args[0], copy->nodes[0]);
    assert_ptr_equal(copy->rets[1].node, copy->nodes[0]);
    assert_ptr_equal(copy->ctrl_rets[0], copy->nodes[1]);
    for (size_t i = 0; i < copy->n_nodes; i++) {
        assert_ptr_not_equal(copy->nodes[i], g->nodes[i]);
        td_node_add_ctrl(copy, copy->nodes[i], copy->nodes[0]);
        td_node_add_attr(copy, copy->nodes[i], "a", (td_attr_value){ .kind = TD_ATTR_INT, .u.i = 8 });
        for (uint32_t k = 0; k < copy->nodes[i]->n_in; k++)
            copy->nodes[i]->in[k].index = 5;
    }
    (void)td_graph_add(copy, "new", "Op", 0, 0);
    td_strbuf_fini(&after);
    td_graph_dump(g, &after);
    assert_string_equal(td_strbuf_text(&after), td_strbuf_text(&before));
    td_strbuf_fini(&before);
    td_strbuf_fini(&after);
    td_arena_free(arena);
}

static void sort_names_a_cycle(void **state)
{
    td_arena *const arena = td_arena_make();
    td_graph *const g = td_graph_make(arena, "");
    td_node *const a = add(g, "a", NULL, NULL), *const b = add(g, "b", a, NULL);

    (void)state;
    td_node_add_ctrl(g, a, b);
    assert_status_like(td_graph_sort(g, &b, 1), TD_INVALID_ARGUMENT, "cycle");
    assert_int_equal(g->n_nodes, 2);
    td_arena_free(arena);
}

static void sort_is_iterative(void **state)
{
    enum { LENGTH = 500000 };
    td_arena *const arena = td_arena_make();
    td_graph *const g = td_graph_make(arena, "");
    td_node *last = NULL;

    (void)state;
    for (int i = 0; i < LENGTH; i++)
        last = add(g, "n", last, NULL);
    for (size_t i = 0; i < LENGTH / 2; i++) { /* the last first */
        td_node *const swap = g->nodes[i];
        g->nodes[i] = g->nodes[LENGTH - 1 - i];
        g->nodes[LENGTH - 1 - i] = swap;
    }
    assert_null(td_graph_sort(g, &last, 1));
    assert_int_equal(g->n_nodes, LENGTH);
    assert_ptr_equal(g->nodes[LENGTH - 1], last);
    td_arena_free(arena);
}

static void dump_is_readable(void **state)
{
    td_arena *const arena = td_arena_make();
    td_graph *const g = td_graph_make(arena, "f");
    td_node *const x = add(g, "x", NULL, NULL), *const y = add(g, "y", x, x);
    const td_attr_value items[2] = { { .kind = TD_ATTR_INT, .u.i = 1 }, { .kind = TD_ATTR_INT, .u.i = -2 } };
    td_edge rets[1] = { { .node = y, .index = 1 } };
    td_strbuf text = { NULL, 0, 0 };

    (void)state;
    y->in[1] = (td_edge){ .node = x, .index = 2, .port = "out" };
    y->device = "/cpu:0";
    td_node_add_ctrl(g, y, x);
    td_node_add_attr(g, y, "T", (td_attr_value){ .kind = TD_ATTR_TYPE, .u.type = (td_dtype)101 });
    td_node_add_attr(g, y, "l", (td_attr_value){ .kind = TD_ATTR_LIST, .u.list = { items, 2 } });
    td_node_add_attr(g, y, "s", (td_attr_value){ .kind = TD_ATTR_STRING, .u.s = { "a\"\n", 3 } });
    g->rets = rets;
    g->n_rets = 1;
    td_graph_dump(g, &text);
    assert_string_equal(td_strbuf_text(&text), "x = Op()\n"
                                               "y = Op(x, x:out:2, ^x) T=float_ref l=[1,-2] s=\"a\\\"\\x0a\" "
                                               "device=\"/cpu:0\"\n"
                                               "return y:1\n");
    td_strbuf_fini(&text);
    td_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_replace), cmocka_unit_test(sort_orders_and_prunes),
        cmocka_unit_test(copies_are_apart),   cmocka_unit_test(sort_names_a_cycle),
        cmocka_unit_test(sort_is_iterative),  cmocka_unit_test(dump_is_readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
