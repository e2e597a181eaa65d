/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_attention.c -- attention over heads becomes one node, with the same results: every form that
 * fuse_attention.c takes, and its neighbours, which must stay as they are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "cpu_levels.h"
#include "pass_graph.h"
#include "words.h"

/* Words say how a graph differs from softmax(q k' 3) v with heads joined; how many fused nodes that makes. */
typedef struct form {
    const char *words;
    size_t fused;
} form;

typedef struct sizes {
    int64_t batch, heads, rows, keys, depth, out_depth;
} sizes;

static const sizes usual = { 2, 3, 5, 7, 4, 6 };

static const char *words; /* what make() builds */
static sizes size;

static bool has(const char *word)
{
    return words_have(words, word);
}

/* ---------------------------------------------------------------- the graph */

/* "V2 T=%f adj_y=true" for "V2 adj_y=true". */
static td_edge op(td_graph *g, const char *text, td_edge a, td_edge b)
{
    const int name = (int)strcspn(text, " ");
    char full[96];

    (void)snprintf(full, sizeof full, "%.*s T=%s%s", name, text, has("double") ? "%double" : "%float",
                   text + name);
    return b.node ? pg_node(g, full, a, b, PG_END) : pg_node(g, full, a, PG_END);
}

/* A value by its name: "shared_x" wants x outside, too, "waits_x" has it wait for something. */
static td_edge value(td_graph *g, td_edge e, const char *name)
{
    char word[32];

    (void)snprintf(word, sizeof word, "shared_%s", name);
    if (has(word)) pg_ret(g, e);
    (void)snprintf(word, sizeof word, "waits_%s", name);
    if (has(word)) td_node_add_ctrl(g, e.node, pg_assert(g));
    return has("identities") ? op(g, "Identity", e, PG_END) : e;
}

static const int32_t by_head[] = { 0, 2, 1, 3 }, turned[] = { 0, 2, 3, 1 }, rows_last[] = { 0, 1, 3, 2 };

static td_edge transpose(td_graph *g, td_edge x, const int32_t *perm, const char *odd)
{
    static const int32_t other[] = { 0, 1, 2, 3 };
    const int64_t wide[] = { perm[0], perm[1], perm[2], perm[3] };

    if (has("wide_perms"))
        return op(g, "Transpose Tperm=%int64", x,
                  pg_tensor(g, &(td_tensor){ TD_I64, { 1, { 4 } }, (void *)(uintptr_t)wide, NULL }));
    return op(g, "Transpose", x, pg_ints(g, 4, has(odd) ? other : perm));
}

/* Of two values, by labels that a word may change. */
static td_edge einsum(td_graph *g, const char *equation, td_edge a, td_edge b)
{
    char text[96];

    (void)snprintf(text, sizeof text, "Einsum T=%s N=2 equation='%s", has("double") ? "%double" : "%float",
                   equation);
    return pg_node(g, text, a, b, PG_END);
}

static td_edge scores_of(td_graph *g, td_edge q, td_edge k)
{
    if (has("keys_first")) return value(g, einsum(g, "aecd,abcd->acbe", k, q), "q");
    if (has("labels")) return einsum(g, has("odd_labels") ? "BTNH,BSNH->NBTS" : "BTNH,BSNH->BNTS", q, k);
    if (has("one_einsum")) return einsum(g, "BTNH,BSNH->BNTS", q, k);
    if (has("by_keys"))
        return transpose(
            g,
            value(g,
                  op(g, "BatchMatMulV2", transpose(g, k, by_head, "odd_k"), transpose(g, q, turned, "odd_q")),
                  "product"),
            rows_last, "odd_scores");
    const td_edge a = value(g, transpose(g, q, has("adj_x") ? turned : by_head, "odd_q"), "q");
    const td_edge b = value(g, transpose(g, k, has("turned") ? turned : by_head, "odd_k"), "k");

    if (has("adj_x")) return op(g, "BatchMatMulV2 adj_x=true adj_y=true", a, b);
    if (has("v1")) return op(g, "BatchMatMul adj_y=true", a, b);
    return op(g, has("turned") ? "BatchMatMulV2" : "BatchMatMulV2 adj_y=true", a, b);
}

static td_edge number(td_graph *g, double v, int rank)
{
    float narrow = (float)v;

    if (has("double")) return pg_tensor(g, &(td_tensor){ TD_F64, { rank, { 1, 1, 1, 1, 1 } }, &v, NULL });
    return pg_tensor(g, &(td_tensor){ TD_F32, { rank, { 1, 1, 1, 1, 1 } }, &narrow, NULL });
}

/* By what scores x are multiplied. */
static td_edge factor(td_graph *g, td_edge x, td_edge other)
{
    if (has("by_itself")) return x;
    if (has("by_unknown")) return other;
    if (has("by_row")) return pg_noise(g, &(td_shape){ 1, { size.keys } }, 9);
    if (has("by_5d")) return number(g, 3, 5);
    if (has("by_1d")) return number(g, 3, 1);
    if (has("by_0")) return number(g, 0, 0);
    if (has("by_tiny")) return number(g, 1e-40, 0);
    if (has("by_nan")) return number(g, (double)NAN, 0);
    if (has("by_inf")) return number(g, (double)INFINITY, 0);
    return number(g, 3, 0);
}

static td_edge scaled(td_graph *g, td_edge x, td_edge other)
{
    if (has("unscaled")) return x;
    if (has("scale_first")) return op(g, "Mul", factor(g, x, other), x);
    if (has("scale_below")) return op(g, "RealDiv", factor(g, x, other), x);
    return op(g, has("divided") ? "RealDiv" : has("subtracted") ? "Sub" : "Mul", x, factor(g, x, other));
}

static td_edge selected(td_graph *g, td_edge keep, td_edge x, td_edge v)
{
    const char *const text = has("double") ? "SelectV2 T=%double" : "SelectV2 T=%float";

    return has("swapped") ? pg_node(g, text, keep, v, x, PG_END) : pg_node(g, text, keep, x, v, PG_END);
}

/* Where the mask is positive. */
static td_edge keep_of(td_graph *g, td_edge mask)
{
    return op(g, "Greater", mask, number(g, 0, 0));
}

static td_edge masked(td_graph *g, td_edge x, td_edge mask, td_edge keep)
{
    if (has("selects")) {
        const td_edge v = has("by_rows") ? pg_noise(g, &(td_shape){ 1, { size.keys } }, 9)
                                         : number(g,
                                                  has("infinite") ? -(double)INFINITY
                                                  : has("mild")   ? 0.5
                                                                  : -1e9,
                                                  0);
        return selected(g, keep, x, v);
    }
    if (has("mask_itself")) return op(g, "AddV2", x, x);
    if (has("mask_5d")) return op(g, "AddV2", x, number(g, 0.5, 5));
    if (has("mask_row")) return op(g, "AddV2", x, pg_noise(g, &(td_shape){ 1, { size.keys } }, 8));
    if (has("mask_times")) return op(g, "Mul", x, mask);
    if (has("mask_first")) return op(g, "Add", mask, x);
    return has("mask") ? op(g, "AddV2", x, mask) : x;
}

static td_edge mixed(td_graph *g, td_edge probs, td_edge v)
{
    if (has("labels") || has("keys_first"))
        return einsum(g,
                      has("keys_first")   ? "acbe,aecd->abcd"
                      : has("odd_labels") ? "NBTS,BSNH->BTNH"
                      : has("odd_mix")    ? "BNTS,BSNH->BNTH"
                                          : "BNTS,BSNH->BTNH",
                      probs, v);
    const td_edge heads = value(g, transpose(g, v, has("adj_v") ? turned : by_head, "odd_v"), "v");

    if (has("adj_probs")) return op(g, "BatchMatMulV2 adj_x=true", probs, heads);
    return op(g, has("adj_v") ? "BatchMatMulV2 adj_y=true" : "BatchMatMulV2", probs, heads);
}

static td_graph *make(td_arena *arena)
{
    const td_dtype type = has("double") ? TD_F64 : TD_F32;
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge q = pg_arg(g, type), k = pg_arg(g, type), v = pg_arg(g, type), m = pg_arg(g, type);
    const td_edge keep = has("selects") || has("clears") ? keep_of(g, m) : m;

    td_edge x = value(g, scores_of(g, q, k), "scores");
    x = value(g, scaled(g, x, m), "scaled");
    x = value(g, masked(g, x, m, keep), "logits");
    x = value(g, op(g, has("log") ? "LogSoftmax" : "Softmax", x, PG_END), "probs");
    if (has("clears")) {
        const td_edge same = has("clears_others") ? keep_of(g, m) : keep;
        x = value(g, selected(g, same, x, number(g, has("to_one") ? 1 : 0, 0)), "cleared");
    }
    x = value(g, mixed(g, x, v), "last");
    const bool is_joined = has("labels") || has("keys_first");

    if (!has("apart") && !is_joined) x = value(g, transpose(g, x, by_head, "odd_last"), "joined");
    pg_ret(g, x);
    return g;
}

/* ---------------------------------------------------------------- checks */

/* Of [batch, heads, rows, keys]. */
static td_shape mask_shape(void)
{
    if (has("of_all")) return (td_shape){ 0 };
    if (has("of_keys")) return (td_shape){ 1, { size.keys } };
    if (has("of_rows")) return (td_shape){ 3, { size.heads, size.rows, 1 } };
    if (has("of_batch")) return (td_shape){ 4, { size.batch, 1, 1, size.keys } };
    if (has("more_batch")) return (td_shape){ 4, { 3, 1, 1, size.keys } };
    if (has("more_heads")) return (td_shape){ 3, { 4, size.rows, size.keys } };
    if (has("more_rows")) return (td_shape){ 4, { 1, 1, 6, size.keys } };
    if (has("more_dims")) return (td_shape){ 5, { 2, 1, 1, 1, size.keys } };
    if (has("more_keys")) return (td_shape){ 1, { size.keys + 1 } };
    return (td_shape){ 4, { size.batch, size.heads, size.rows, size.keys } };
}

enum { MOST = 2 * 3 * 200 * 200 };

static void fill(td_tensor *t, unsigned seed, double scale)
{
    static float narrow[4][MOST];
    static double wide[4][MOST];
    const size_t n = (size_t)td_shape_count(&t->shape);

    assert_true(n <= MOST);
    pg_fill(narrow[seed], n, seed);
    for (size_t i = 0; i < n; i++)
        wide[seed][i] = narrow[seed][i] = (float)((double)narrow[seed][i] * scale);
    t->data = t->dtype == TD_F64 ? (void *)wide[seed] : narrow[seed];
}

/* Rows, all of whose keys are masked, among others. */
static void mask_whole_rows(td_tensor *mask)
{
    for (int64_t i = 0; i < td_shape_count(&mask->shape); i++)
        if (i / size.keys % 2) ((float *)mask->data)[i] = -INFINITY;
}

static void check(const form *f, const sizes *s)
{
    const td_dtype type = words_have(f->words, "double") ? TD_F64 : TD_F32;
    uint8_t holds = true;
    pg t;

    words = f->words;
    size = *s;
    td_tensor in[] = {
        { type, { 4, { s->batch, s->rows, s->heads, s->depth } }, NULL, NULL },
        { type, { 4, { s->batch, s->keys, s->heads, s->depth } }, NULL, NULL },
        { type, { 4, { s->batch, s->keys, s->heads, s->out_depth } }, NULL, NULL },
        { type, mask_shape(), NULL, NULL },
        { TD_BOOL, { 0 }, &holds, NULL },
    };
    if (has("q_of_one_batch")) in[0].shape.dims[0] = 1;
    if (has("k_of_one_batch")) in[1].shape.dims[0] = 1;
    if (has("k_of_one_head")) in[1].shape.dims[2] = 1;
    if (has("v_of_one_head")) in[2].shape.dims[2] = 1;
    if (has("other_depth")) in[0].shape.dims[3]++;
    if (has("other_keys")) in[2].shape.dims[1]++;
    if (has("other_batch")) in[1].shape.dims[0]++;
    if (has("other_rank")) in[2].shape.rank = 3;
    for (unsigned i = 0; i < 4; i++)
        fill(&in[i], i, 1.0);
    if (has("minus_infinity")) mask_whole_rows(&in[3]);
    pg_open(&t, NULL);
    const size_t fused = pg_count_after(&t, make(t.p.arena), "_FusedAttention");
    if (fused != f->fused) fail_msg("\"%s\": %zu fused", words, fused);
    for (size_t level = 0; level < cpu_levels(); level++) {
        t.env.cpu = cpu_level(level);
        if (has("fails"))
            pg_assert_same_error(&t, make, in);
        else
            pg_assert_same(&t, make, in, 1e-5);
    }
    t.env.cpu = td_cpu_detect();
    if (!has("fails")) pg_assert_same_walk(&t, make, in, 1e-5);
    holds = false;
    if (strstr(words, "waits_")) pg_assert_same_error(&t, make, in);
    pg_close(&t);
}

static void check_all(const form *forms, size_t n, const sizes *s)
{
    for (size_t i = 0; i < n; i++)
        check(&forms[i], s);
}

static void test_spellings(void **state)
{
    static const form forms[] = {
        { "", 1 },
        { "turned", 1 },
        { "v1", 1 },
        { "adj_x", 0 },
        { "unscaled", 1 },
        { "divided", 1 },
        { "scale_first by_1d", 1 },
        { "mask", 1 },
        { "mask unscaled turned", 1 },
        { "mask_first divided", 1 },
        { "mask_row", 1 },
        { "apart", 1 },
        { "apart mask_row unscaled", 1 },
        { "identities mask", 1 },
        { "turned mask divided identities", 1 },
        { "labels", 1 },
        { "labels mask divided", 1 },
        { "labels mask_first unscaled identities", 1 },
        { "keys_first", 1 },
        { "keys_first mask scale_first by_1d", 1 },
        { "by_keys", 1 },
        { "by_keys mask divided", 1 },
        { "selects", 1 },
        { "selects of_keys unscaled", 1 },
        { "selects of_rows mild", 1 },
        { "by_keys selects clears of_batch", 1 },
        { "by_keys selects clears minus_infinity", 1 },
        { "labels selects clears identities", 1 },
        { "selects minus_infinity", 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms), &usual);
    check_all(forms, TD_COUNT(forms), &(sizes){ 1, 2, 197, 199, 13, 13 }); /* more rows than a block has */
}

static void test_neighbours_stay(void **state)
{
    static const form forms[] = {
        { "double", 0 },
        { "wide_perms", 0 },
        { "log", 0 },
        { "odd_q fails", 0 },
        { "odd_v fails", 0 },
        { "odd_last", 1 },
        { "adj_v", 0 },
        { "adj_probs fails", 0 },
        { "subtracted", 0 },
        { "scale_below", 0 },
        { "by_itself", 0 },
        { "selects swapped", 0 },
        { "selects by_rows", 0 },
        { "selects infinite", 0 },
        { "selects clears clears_others", 0 },
        { "selects clears to_one", 0 },
        { "clears", 0 },
        { "by_keys waits_product", 0 },
        { "by_keys shared_product", 0 },
        { "by_keys odd_scores fails", 0 },
        { "selects waits_cleared clears", 0 },
        { "selects shared_logits", 0 },
        { "selects clears shared_probs", 0 },
        { "by_unknown", 0 },
        { "by_row", 0 },
        { "by_0", 0 },
        { "by_nan", 0 },
        { "by_inf", 0 },
        { "by_tiny", 0 },
        { "divided by_inf", 0 },
        { "apart by_5d", 0 },
        { "mask_times", 0 },
        { "mask_itself", 0 },
        { "apart mask_5d", 0 },
        { "waits_q", 0 },
        { "waits_k", 0 },
        { "waits_scores", 0 },
        { "waits_scaled", 0 },
        { "mask waits_logits", 0 },
        { "waits_probs", 0 },
        { "waits_v", 0 },
        { "waits_last", 0 },
        { "waits_joined", 1 },
        { "identities waits_scores", 0 },
        { "shared_q", 1 }, /* what heads are moved from, a node of their own makes */
        { "shared_scores", 0 },
        { "shared_scaled", 0 },
        { "mask shared_logits", 0 },
        { "shared_probs", 0 },
        { "shared_last", 1 },
        { "shared_joined", 1 },
        { "labels double", 0 },
        { "labels odd_labels", 0 },
        { "labels odd_mix", 0 },
        { "one_einsum", 0 },
        { "labels waits_probs", 0 },
        { "labels shared_scores", 0 },
        { "keys_first waits_q", 0 },
        { "labels mask_5d fails", 1 },
        { "labels q_of_one_batch fails", 1 },
        { "labels k_of_one_head fails", 1 },
        { "labels v_of_one_head fails", 1 },
        { "labels other_depth fails", 1 },
        { "labels other_keys fails", 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms), &usual);
    check(&(form){ "odd_q odd_k odd_v odd_last", 0 }, &(sizes){ 2, 5, 5, 5, 5, 5 });
}

static void test_masks(void **state)
{
    static const form forms[] = {
        { "mask of_all", 1 },          { "mask of_keys", 1 },
        { "mask of_rows", 1 },         { "mask of_batch", 1 },
        { "mask more_keys fails", 1 }, { "mask more_dims fails", 1 },
        { "mask minus_infinity", 1 },  { "mask more_heads fails", 1 },
        { "mask more_rows fails", 1 }, { "mask of_rows turned apart", 0 },
    };
    static const sizes one[] = { { 2, 1, 5, 7, 4, 6 }, { 1, 3, 5, 7, 4, 6 }, { 2, 3, 1, 7, 4, 6 } };

    (void)state;
    check_all(forms, TD_COUNT(forms), &usual);
    check(&(form){ "mask more_heads", 1 }, &one[0]);
    check(&(form){ "mask more_batch", 1 }, &one[1]);
    check(&(form){ "mask more_rows", 1 }, &one[2]);
    check(&(form){ "mask more_rows more_batch", 1 }, &(sizes){ 1, 2, 1, 1, 4, 6 });
    check(&(form){ "mask of_rows", 1 }, &(sizes){ 1, 3, 197, 1, 4, 6 });
}

static void test_operands(void **state)
{
    static const form forms[] = {
        { "q_of_one_batch", 1 },       { "k_of_one_batch mask", 1 }, { "k_of_one_head", 1 },
        { "v_of_one_head turned", 1 }, { "other_depth fails", 1 },   { "other_keys fails", 1 },
        { "other_batch fails", 1 },    { "other_rank fails", 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms), &usual);
}

/* Sums of nothing are 0, and a softmax of equal logits a mean. */
static void test_empty(void **state)
{
    static const form forms[] = {
        { "", 1 }, { "turned divided", 1 }, { "mask", 1 }, { "mask of_keys", 1 }, { "mask of_rows", 1 },
    };
    static const sizes sizes_of[] = {
        { 2, 3, 5, 7, 0, 6 }, { 2, 3, 197, 7, 0, 6 }, { 2, 3, 5, 1, 0, 6 }, { 2, 3, 5, 0, 4, 6 },
        { 2, 3, 0, 7, 4, 6 }, { 2, 3, 5, 7, 4, 0 },   { 2, 0, 5, 7, 4, 6 }, { 0, 3, 5, 7, 4, 6 },
        { 2, 3, 5, 0, 0, 6 }, { 0, 0, 0, 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < TD_COUNT(sizes_of); i++)
        check_all(forms, TD_COUNT(forms), &sizes_of[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings), cmocka_unit_test(test_neighbours_stay),
        cmocka_unit_test(test_masks),     cmocka_unit_test(test_operands),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
