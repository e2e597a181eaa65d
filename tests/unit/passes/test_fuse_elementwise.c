/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_elementwise.c -- which neighbours become one chain, and which must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ops/math/elementwise_rule.h"
#include "passes/fuse.h"

typedef struct fixture {
    td_pass pass;
    td_graph *g;
} fixture;

static int setup(void **state)
{
    static fixture f;

    memset(&f, 0, sizeof f);
    f.pass.arena = td_arena_make();
    f.g = td_graph_make(f.pass.arena, "");
    f.g->rets = TD_ARENA_NEW_N(f.pass.arena, td_edge, 4);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *const f = *state;

    td_arena_free(f->pass.arena);
    td_pass_fini(&f->pass);
    return 0;
}

static td_node *add(fixture *f, const char *name, const char *op, td_node *a, td_node *b)
{
    const td_edge in[2] = { { .node = a }, { .node = b } };
    const td_attr type = { "T", { .kind = TD_ATTR_TYPE, .u.type = TD_F32 } };
    td_node *n = NULL;

    assert_null(td_pass_node(&f->pass, f->g, name, op, in, a ? b ? 2 : 1 : 0, &type, 1, &n));
    return n;
}

static void returns(fixture *f, td_node *n)
{
    f->g->rets[f->g->n_rets++] = (td_edge){ .node = n };
}

static bool fuse(fixture *f)
{
    bool changed = false;

    assert_null(td_fuse_elementwise(&f->pass, f->g, &changed));
    return changed;
}

static const td_node *fused(const fixture *f, size_t ret, size_t links)
{
    const td_node *const n = f->g->rets[ret].node;

    assert_string_equal(n->op_name, "_FusedElementwise");
    assert_int_equal(td_node_attr(n, "code")->u.list.count, 8 * links);
    return n;
}

/* x * sigmoid(x), x being a sum that both use. */
static void test_diamond(void **state)
{
    fixture *const f = *state;
    td_node *const a = add(f, "a", "_Arg", NULL, NULL), *const b = add(f, "b", "_Arg", NULL, NULL);
    td_node *const x = add(f, "x", "AddV2", a, b), *const gate = add(f, "gate", "Sigmoid", x, NULL);

    returns(f, add(f, "y", "Mul", x, gate));
    assert_true(fuse(f));
    const td_node *const n = fused(f, 0, 3);
    assert_int_equal(n->n_in, 2);
    assert_string_equal(n->name, "y");
}

/* A value that is wanted outside is worked out once, where it was. */
static void test_shared_value_stays(void **state)
{
    fixture *const f = *state;
    td_node *const a = add(f, "a", "_Arg", NULL, NULL);
    td_node *const x = add(f, "x", "Exp", a, NULL);

    returns(f, add(f, "y", "Neg", add(f, "s", "Sqrt", x, NULL), NULL));
    returns(f, x);
    assert_true(fuse(f));
    assert_ptr_equal(fused(f, 0, 2)->in[0].node, x);
    assert_ptr_equal(f->g->rets[1].node, x);
}

/* A path that leaves a group and comes back would be a cycle: exp -> softmax -> mul, exp -> mul. */
static void test_no_cycle(void **state)
{
    fixture *const f = *state;
    td_node *const a = add(f, "a", "_Arg", NULL, NULL);
    td_node *const x = add(f, "x", "Exp", a, NULL), *const s = add(f, "s", "Softmax", x, NULL);

    returns(f, add(f, "y", "Mul", x, s));
    assert_false(fuse(f));
}

/* Long chains are cut, and the pieces use each other. */
static void test_long_chain(void **state)
{
    fixture *const f = *state;
    td_node *n = add(f, "a", "_Arg", NULL, NULL);

    for (int i = 0; i < 30; i++)
        n = add(f, "n", "Neg", n, NULL);
    returns(f, n);
    assert_true(fuse(f));
    const td_node *const last = fused(f, 0, 12), *const middle = last->in[0].node;
    assert_string_equal(middle->op_name, "_FusedElementwise");
    assert_string_equal(middle->in[0].node->op_name, "_FusedElementwise");
    assert_string_equal(middle->in[0].node->in[0].node->op_name, "_Arg");
}

/* What refuses to broadcast alone refuses in a chain, too. */
static void test_rules_of_shapes(void **state)
{
    fixture *const f = *state;
    td_node *const a = add(f, "a", "_Arg", NULL, NULL), *const b = add(f, "b", "_Arg", NULL, NULL);
    td_node *const sum = add(f, "sum", "BiasAdd", a, b), *const grad = add(f, "grad", "EluGrad", sum, a);

    returns(f, add(f, "y", "Mul", grad, b));
    assert_true(fuse(f));
    const td_attr_value *const code = td_node_attr(fused(f, 0, 3), "code")->u.list.items;
    assert_int_equal(code[3].u.i >> 2, TD_RULE_BIAS);
    assert_int_equal(code[8 + 3].u.i >> 2, TD_RULE_EQUAL);
    assert_int_equal(code[16 + 3].u.i >> 2, TD_RULE_BROADCAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_diamond, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_value_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_cycle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rules_of_shapes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
