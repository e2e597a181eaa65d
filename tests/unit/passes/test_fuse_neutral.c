/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_neutral.c -- Keras' swish goes into its convolution's neighbour as if IdentityN and its factor were not there;
 * factors that are not one, and ops that wait, stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pass_graph.h"
#include "words.h"

/* Words say how a graph differs from a product and Keras' swish of it. */
static const char *words;

static bool has(const char *word)
{
    return words_have(words, word);
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "g");
    const td_edge x = pg_arg(g, TD_F32);
    const td_edge product =
        pg_node(g, "MatMul T=%float", x, pg_noise(g, &(td_shape){ 2, { 8, 6 } }, 5), PG_END);
    td_edge one = pg_float(g, has("half") ? 0.5f : has("nearly") ? 1.0000001f : 1.0f);

    if (has("vector")) one = pg_noise(g, &(td_shape){ 1, { 6 } }, 6);
    if (has("ones")) one = pg_tensor(g, &(td_tensor){ TD_F32, { 3, { 1, 1, 1 } }, &(float){ 1 }, NULL });
    const td_edge scaled = has("behind") ? pg_node(g, "Mul T=%float", product, one, PG_END)
                                         : pg_node(g, "Mul T=%float", one, product, PG_END);
    const td_edge gate = pg_node(g, "Sigmoid T=%float", scaled, PG_END);
    const td_edge swish = pg_node(g, "Mul T=%float", product, gate, PG_END);
    const td_edge copies = pg_node(g, "IdentityN T=[%float,%float,%float]", swish, product, one, PG_END);

    if (has("waits")) td_node_add_ctrl(g, copies.node, pg_assert(g));
    if (has("scale_waits")) td_node_add_ctrl(g, scaled.node, pg_assert(g));
    pg_ret(g, pg_node(g, "Neg T=%float", copies, PG_END));
    if (has("second")) pg_ret(g, pg_out(copies, 1));
    if (has("third")) pg_ret(g, pg_out(copies, 2));
    return g;
}

static void check(const char *form, const char *op, size_t left)
{
    float x[24];
    unsigned char yes = 1;
    pg p;

    words = form;
    pg_fill(x, TD_COUNT(x), 3);
    const td_tensor in[] = { { .dtype = TD_F32, .shape = { 2, { 3, 8 } }, .data = x },
                             { .dtype = TD_BOOL, .data = &yes } };
    pg_open(&p, NULL);
    td_arena *const arena = td_arena_make();
    if (pg_count_after(&p, make(arena), op) != left) fail_msg("\"%s\": not so many %s are left", form, op);
    td_arena_free(arena);
    pg_assert_same(&p, make, in, 1e-6);
    pg_close(&p);
}

static void test_they_go(void **state)
{
    static const char *const forms[] = { "", "behind", "third", "behind third" };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(forms); i++) {
        check(forms[i], "IdentityN", 0);
        check(forms[i], "Sigmoid", 0); /* it has become the product's activation */
        check(forms[i], "MatMul", 0);
    }
    check("second", "IdentityN", 0);
}

static void test_they_stay(void **state)
{
    (void)state;
    check("waits", "IdentityN", 1);
    check("half", "IdentityN", 0); /* the answers tell whether the factor is there */
    check("nearly", "IdentityN", 0);
    check("vector", "IdentityN", 0);
    check("ones", "IdentityN", 0);
    check("scale_waits", "IdentityN", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_they_go), cmocka_unit_test(test_they_stay) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
