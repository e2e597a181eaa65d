/* SPDX-License-Identifier: Apache-2.0 */
/* test_unswitch.c -- TF1's conditionals whose predicate is a constant lose their untaken branch, the others keep both,
 * and either way the answers are those of the graph as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pass_graph.h"
#include "words.h"

/* cond(pred, then, else) of x; words say what the predicate is, and the branches. How many Switches and Merges stay. */
typedef struct form {
    const char *words;
    size_t switches, merges;
} form;

static const char *words;

static bool has(const char *word)
{
    return words_have(words, word);
}

static td_edge unary(td_graph *g, const char *op, td_edge x)
{
    char text[48];

    (void)snprintf(text, sizeof text, "%s T=%%float", op);
    return pg_node(g, text, x, PG_END);
}

static td_edge flag(td_graph *g, bool v)
{
    uint8_t byte = v;

    return pg_tensor(g, &(td_tensor){ TD_BOOL, { 0 }, &byte, NULL });
}

/* Two calls' bodies: of its argument, and of nothing. */
static td_graph *lower(td_arena *arena, const char *name)
{
    td_graph *const g = td_graph_make(arena, name);
    const td_edge x = pg_arg(g, TD_F32);

    pg_ret(g, strcmp(name, "twice") ? pg_float(g, 12.0f) : pg_node(g, "AddV2 T=%float", x, x, PG_END));
    return g;
}

typedef struct cond {
    td_edge pred;
    td_edge pivots[2]; /* else, then */
} cond;

static cond open_cond(td_graph *g, td_edge pred)
{
    const td_edge fork = pg_node(g, "Switch T=%bool", pred, pred, PG_END);

    return (cond){ pred,
                   { pg_node(g, "Identity T=%bool", fork, PG_END),
                     pg_node(g, "Identity T=%bool", pg_out(fork, 1), PG_END) } };
}

static td_edge switched(td_graph *g, const cond *c, td_edge x, bool then)
{
    return pg_out(pg_node(g, "Switch T=%float", x, c->pred, PG_END), then);
}

static td_edge after(td_graph *g, td_edge e, const cond *c, bool then)
{
    td_node_add_ctrl(g, e.node, c->pivots[then].node);
    return e;
}

static td_edge branch(td_graph *g, const cond *c, td_edge x, bool then)
{
    const char *const name = then ? "then" : "else";
    char word[32];

#define IS(what) ((void)snprintf(word, sizeof word, "%s_%s", name, what), has(word))
    if (IS("const")) return after(g, pg_float(g, then ? 3.0f : 4.0f), c, then);
    if (IS("sum"))
        return pg_node(g, "AddV2 T=%float", after(g, pg_float(g, 5.0f), c, then),
                       after(g, pg_float(g, then ? 6.0f : 7.0f), c, then), PG_END);
    const td_edge in = switched(g, c, x, then);
    if (IS("call")) return pg_node(g, "PartitionedCall Tin=[%float] Tout=[%float] f=@twice", in, PG_END);
    if (IS("const_call"))
        return pg_node(g, "PartitionedCall Tin=[%float] Tout=[%float] f=@const", in, PG_END);
    if (IS("lacking")) return pg_node(g, "NoSuchOp T=%float", in, PG_END);
    if (IS("plain")) return in;
    if (IS("asserts")) {
        const td_edge no = after(g, flag(g, false), c, then);
        const td_edge check = pg_node(g, "Assert T=[%bool]", no, no, PG_END);
        const td_edge y = unary(g, then ? "Exp" : "Neg", in);
        td_node_add_ctrl(g, y.node, check.node);
        return y;
    }
#undef IS
    return unary(g, then ? "Exp" : "Neg", in);
}

static td_edge merge(td_graph *g, td_edge a, td_edge b)
{
    if (has("merged_back")) return pg_node(g, "Merge T=%float N=2", b, a, PG_END);
    return pg_node(g, "Merge T=%float N=2", a, b, PG_END);
}

static td_edge make_cond(td_graph *g, td_edge pred, td_edge x)
{
    const cond c = open_cond(g, pred);

    return merge(g, branch(g, &c, x, false), branch(g, &c, x, true));
}

static td_edge predicate(td_graph *g, td_edge unknown)
{
    if (has("unknown")) return unknown;
    if (has("computed"))
        return pg_node(g, "Less T=%float", pg_float(g, 1), pg_float(g, has("no") ? 0 : 2), PG_END);
    const td_edge e = flag(g, !has("no"));
    if (has("behind_identity")) return pg_node(g, "Identity T=%bool", e, PG_END);
    if (has("negated")) return pg_node(g, "LogicalNot", flag(g, has("no")), PG_END);
    return e;
}

/* A conditional within the then of another, whose predicate lies in that branch. */
static td_edge make_nested(td_graph *g, td_edge outer, td_edge inner, td_edge x)
{
    const cond c = open_cond(g, outer);
    td_edge pred = pg_out(pg_node(g, "Switch T=%bool", inner, outer, PG_END), 1);

    if (has("const_inside")) pred = after(g, flag(g, !has("no")), &c, true);
    return merge(g, branch(g, &c, x, false), make_cond(g, pred, switched(g, &c, x, true)));
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_arg(g, TD_F32), unknown = pg_arg(g, TD_BOOL);
    const td_edge pred = predicate(g, unknown);
    td_edge y;

    if (has("nested_in_unknown"))
        y = make_nested(g, unknown, pred, x);
    else if (has("unknown_nested"))
        y = make_nested(g, pred, unknown, x);
    else
        y = make_cond(g, pred, x);
    pg_ret(g, y);
    if (has("twice")) pg_ret(g, make_cond(g, pred, unary(g, "Sqrt", y)));
    if (has("both_kinds")) pg_ret(g, make_cond(g, unknown, y));
    if (has("index_wanted")) pg_ret(g, pg_out(y, 1));
    if (has("index_used")) pg_ret(g, pg_node(g, "Neg T=%int32", pg_out(y, 1), PG_END));
    if (has("waits")) { /* in the branch that is taken, for something in it */
        const cond c = open_cond(g, pred);
        const td_edge z = switched(g, &c, x, !has("no"));
        pg_ret(g, after(g, unary(g, "Abs", z), &c, !has("no")));
    }
    if (has("merge_waits")) td_node_add_ctrl(g, y.node, open_cond(g, pred).pivots[has("no")].node);
    if (has("roots")) {
        const cond c = open_cond(g, pred);
        g->ctrl_rets = TD_ARENA_NEW_N(arena, td_node *, 2);
        g->ctrl_rets[g->n_ctrl_rets++] = after(g, pg_node(g, "NoOp", PG_END), &c, false).node;
        g->ctrl_rets[g->n_ctrl_rets++] = after(g, pg_node(g, "NoOp", PG_END), &c, true).node;
    }
    return g;
}

static void check(const form *f)
{
    float x[] = { 0.5f, 2.0f };
    uint8_t unknown = 0;
    const td_tensor in[] = { { TD_F32, { 1, { 2 } }, x, NULL }, { TD_BOOL, { 0 }, &unknown, NULL } };
    pg t;

    words = f->words;
    pg_open(&t, lower);
    const size_t switches = pg_count_after(&t, make(t.p.arena), "Switch");
    const size_t merges = pg_count_after(&t, make(t.p.arena), "Merge");
    if (switches != f->switches || merges != f->merges)
        fail_msg("\"%s\": %zu switches, %zu merges", words, switches, merges);
    for (; unknown < 2; unknown++) {
        if (has("fails"))
            pg_assert_same_error(&t, make, in);
        else
            pg_assert_same(&t, make, in, 0);
    }
    pg_close(&t);
}

static void check_all(const form *forms, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(&forms[i]);
}

static void test_constant_predicates(void **state)
{
    static const form forms[] = {
        { "", 0, 0 },
        { "no", 0, 0 },
        { "merged_back", 0, 0 },
        { "no merged_back", 0, 0 },
        { "computed", 0, 0 },
        { "computed no", 0, 0 },
        { "behind_identity no", 0, 0 },
        { "negated no", 0, 0 },
        { "then_const else_const", 0, 0 },
        { "no then_const else_const", 0, 0 },
        { "then_sum else_sum no", 0, 0 },
        { "then_plain else_plain", 0, 0 },
        { "twice", 0, 0 },
        { "waits", 0, 0 },
        { "no waits", 0, 0 },
        { "merge_waits", 0, 0 },
        { "roots", 0, 0 },
        { "then_call else_const_call", 0, 0 },
        { "no then_call else_const_call", 0, 0 },
        { "else_asserts", 0, 0 },
        { "then_asserts fails", 0, 0 },
        { "no then_asserts", 0, 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_unknown_predicates(void **state)
{
    static const form forms[] = {
        { "unknown", 2, 1 },
        { "unknown then_const else_const", 1, 1 },
        { "unknown then_sum", 2, 1 },
        { "unknown then_call else_const_call", 2, 1 },
        { "unknown twice", 4, 2 },
        { "both_kinds", 2, 1 },
        { "both_kinds no then_const", 2, 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_within_each_other(void **state)
{
    static const form forms[] = {
        { "nested_in_unknown", 3, 1 },
        { "nested_in_unknown no", 3, 1 },
        { "nested_in_unknown const_inside", 3, 1 },
        { "nested_in_unknown const_inside no then_const", 3, 1 },
        { "nested_in_unknown then_const else_sum no", 2, 1 },
        { "unknown_nested", 2, 1 },
        { "unknown_nested no", 0, 0 },
        { "unknown_nested then_const else_const", 1, 1 },
        { "unknown nested_in_unknown", 5, 2 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

/* Who asks which input came wants the conditional. */
static void test_merges_that_stay(void **state)
{
    static const form forms[] = {
        { "index_wanted", 2, 1 },
        { "index_used no", 2, 1 },
        { "index_wanted merged_back then_const", 2, 1 },
        { "index_wanted twice", 4, 2 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant_predicates),
        cmocka_unit_test(test_unknown_predicates),
        cmocka_unit_test(test_within_each_other),
        cmocka_unit_test(test_merges_that_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
