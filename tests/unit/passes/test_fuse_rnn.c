/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_rnn.c -- recurrent layers as Keras exports them become one node, with the loop's results; what does not
 * match to the last node stays a loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "cpu_levels.h"
#include "pass_graph.h"
#include "words.h"

/* Words say how a graph differs from Keras' LSTM over TIME steps; how many fused nodes, and loops, that leaves. */
typedef struct form {
    const char *words;
    size_t fused, loops;
} form;

enum { TIME = 7, BATCH = 9, INPUTS = 5, HIDDEN = 19 };

#define MATRIX(r, c) ((td_shape){ 2, { (r), (c) } })
#define VECTOR(n)    ((td_shape){ 1, { (n) } })

static const char *words; /* what the functions below make */

static bool has(const char *word)
{
    return words_have(words, word);
}

/* A value by its name: "waits_x" has it wait for something. */
static td_edge value(td_graph *g, td_edge e, const char *name)
{
    char word[32];

    (void)snprintf(word, sizeof word, "waits_%s", name);
    if (has(word)) td_node_add_ctrl(g, e.node, pg_assert(g));
    return e;
}

/* ---------------------------------------------------------------- arithmetic */

static td_edge binary(td_graph *g, const char *op, td_edge a, td_edge b)
{
    char text[48];

    (void)snprintf(text, sizeof text, "%s T=%s", op, has("double") ? "%double" : "%float");
    return pg_node(g, text, a, b, PG_END);
}

/* a b or b a, a + b or b + a. */
static td_edge either(td_graph *g, const char *op, td_edge a, td_edge b)
{
    return has("turned") ? binary(g, op, b, a) : binary(g, op, a, b);
}

static td_edge add(td_graph *g, td_edge a, td_edge b)
{
    return either(g, has("old_add") ? "Add" : "AddV2", a, b);
}

static td_edge unary(td_graph *g, const char *op, td_edge a)
{
    char text[48];

    (void)snprintf(text, sizeof text, "%s T=%s", op, has("double") ? "%double" : "%float");
    return pg_node(g, text, a, PG_END);
}

/* Other functions instead, where words say so: "odd_i odd_g". */
static td_edge squash(td_graph *g, const char *op, td_edge a, const char *odd)
{
    return unary(g, has(odd) ? "Softsign" : op, a);
}

static td_edge noise(td_graph *g, td_shape shape, unsigned seed)
{
    static double wide[HIDDEN * 4 * HIDDEN];
    static float narrow[TD_COUNT(wide)];

    if (!has("double")) return pg_noise(g, &shape, seed);
    pg_fill(narrow, (size_t)td_shape_count(&shape), seed);
    for (int64_t i = 0; i < td_shape_count(&shape); i++)
        wide[i] = (double)narrow[i];
    return pg_tensor(g, &(td_tensor){ TD_F64, shape, wide, NULL });
}

/* ---------------------------------------------------------------- the loop's functions */

enum { COUNTER, MAX, TIME_AT, LIST, H, C, X_LIST, WX, WH, B, N_VARS };

static td_edge product(td_graph *g, td_edge a, td_edge w)
{
    if (has("weights_turned")) return pg_node(g, "MatMul T=%float transpose_b=true", a, w, PG_END);
    if (has("state_turned")) return pg_node(g, "MatMul T=%float transpose_a=true", a, w, PG_END);
    return binary(g, "MatMul", a, w);
}

static td_edge with_bias(td_graph *g, td_edge x, td_edge b)
{
    if (has("no_bias")) return x;
    if (has("bias_added")) return add(g, x, b);
    return binary(g, "BiasAdd", x, b);
}

/* Columns [begin, end) of a matrix. */
static td_edge slice(td_graph *g, td_edge of, int32_t begin, int32_t end, bool is_last)
{
    const int32_t from[] = { 0, begin }, to[] = { 0, is_last ? 0 : end };
    const int32_t step[] = { 1, has("odd_step") ? 2 : 1 };
    const char *const text =
        has("rows_too")   ? (is_last ? "StridedSlice T=%float Index=%i begin_mask=0 end_mask=3"
                                     : "StridedSlice T=%float Index=%i begin_mask=0 end_mask=1")
        : has("ellipsis") ? (is_last ? "StridedSlice T=%float Index=%i ellipsis_mask=1 end_mask=2"
                                     : "StridedSlice T=%float Index=%i ellipsis_mask=1")
        : is_last         ? "StridedSlice T=%float Index=%i begin_mask=1 end_mask=3"
                          : "StridedSlice T=%float Index=%i begin_mask=1 end_mask=1";

    td_edge at = pg_ints(g, 2, from);
    if (has("begin_unknown")) { /* but it is what it should be */
        const td_edge none =
            pg_node(g, "Sub T=%int32", pg_node(g, "Shape T=%float out_type=%int32", of, PG_END),
                    pg_node(g, "Shape T=%float out_type=%int32", of, PG_END), PG_END);
        at = pg_node(g, "AddV2 T=%int32", at, none, PG_END);
    }
    return pg_node(g, text, of, at, pg_ints(g, 2, to), pg_ints(g, 2, step), PG_END);
}

/* The gates' columns, in the order of their names, or as words say in another. */
static void split(td_graph *g, td_edge sums, int n, td_edge *out, bool slices)
{
    const int odd = has("odd_width") ? 1 : 0; /* the second part lacks a column */
    char text[64];

    (void)snprintf(text, sizeof text, "Split T=%s num_split=%d", has("double") ? "%double" : "%float", n);
    if (slices) {
        for (int i = 0; i < n; i++)
            out[i] = slice(g, sums, i * HIDDEN + (i == 1 ? odd : 0), (i + 1) * HIDDEN, i + 1 == n);
    } else {
        const td_edge parts = pg_node(g, text, pg_int(g, has("axis_back") ? -1 : 1), sums, PG_END);
        for (int i = 0; i < n; i++)
            out[i] = pg_out(parts, (uint32_t)i);
    }
    if (has("swapped")) {
        const td_edge first = out[0];
        out[0] = out[1];
        out[1] = first;
    }
}

static td_edge make_lstm(td_graph *g, const td_edge *v, td_edge x, td_edge *cell)
{
    const td_edge of_h = product(g, has("other_state") ? v[C] : v[H], v[WH]);
    td_edge sums = with_bias(g, add(g, product(g, x, v[WX]), of_h), v[B]), part[4];

    if (has("bias_early")) sums = add(g, binary(g, "BiasAdd", product(g, x, v[WX]), v[B]), of_h);
    if (has("sums_multiplied")) sums = binary(g, "Mul", product(g, x, v[WX]), of_h);
    split(g, sums, 4, part, has("sliced"));
    const td_edge i = squash(g, "Sigmoid", part[0], "odd_i"), f = squash(g, "Sigmoid", part[1], "odd_f");
    const td_edge fresh = squash(g, "Tanh", part[2], "odd_g"), o = squash(g, "Sigmoid", part[3], "odd_o");
    const td_edge keep = either(g, "Mul", f, has("keeps_h") ? v[H] : v[C]);

    *cell = has("subtracts") ? binary(g, "Sub", keep, either(g, "Mul", i, fresh))
                             : add(g, keep, either(g, "Mul", i, fresh));
    return either(g, "Mul", o, squash(g, "Tanh", *cell, "odd_out"));
}

static td_edge make_gru(td_graph *g, const td_edge *v, td_edge x)
{
    const td_edge of_h = product(g, has("other_state") ? v[C] : v[H], v[WH]);
    const td_edge sx = with_bias(g, product(g, x, v[WX]), v[B]);
    const td_edge sh = has("no_recurrent_bias")
                           ? of_h
                           : add(g, of_h, noise(g, VECTOR(has("wide_bias") ? 1 : 3 * HIDDEN), 77));
    td_edge px[3], ph[3];

    split(g, sx, 3, px, has("all_sliced"));
    split(g, sh, 3, ph, !has("all_split"));
    const td_edge z = squash(g, "Sigmoid", add(g, px[0], ph[0]), "odd_i");
    const td_edge r = squash(g, "Sigmoid", add(g, px[1], ph[1]), "odd_f");
    const td_edge own = has("reset_added") ? add(g, r, ph[2]) : either(g, "Mul", r, ph[2]);
    const td_edge fresh = squash(g, "Tanh", add(g, px[2], own), "odd_g");
    const td_edge one = pg_float(g, has("two") ? 2.0f : 1.0f);
    const td_edge rest = has("rest_of_r")   ? binary(g, "Sub", one, r)
                         : has("minus_one") ? binary(g, "Sub", z, one)
                                            : binary(g, "Sub", one, z);

    if (has("crossed")) return add(g, either(g, "Mul", z, fresh), either(g, "Mul", rest, v[H]));
    return add(g, either(g, "Mul", z, has("keeps_h") ? v[C] : v[H]), either(g, "Mul", rest, fresh));
}

static td_edge less(td_graph *g, td_edge a, td_edge b)
{
    return pg_node(g, has("up_to") ? "LessEqual T=%int32" : "Less T=%int32", a, b, PG_END);
}

static td_graph *make_cond(td_graph *g, const td_edge *v)
{
    td_edge e = pg_node(g, has("or") ? "LogicalOr" : "LogicalAnd",
                        has("limit_first") ? pg_node(g, "Greater T=%int32", v[MAX], v[COUNTER], PG_END)
                                           : less(g, v[COUNTER], v[MAX]),
                        less(g, v[TIME_AT],
                             pg_int(g, has("short")   ? TIME - 2
                                       : has("up_to") ? TIME - 1
                                                      : TIME)),
                        PG_END);

    if (has("limit_computed"))
        e = pg_node(g, "LogicalAnd", e,
                    less(g, v[COUNTER], pg_node(g, "AddV2 T=%int32", v[MAX], v[TIME_AT], PG_END)), PG_END);
    if (has("floats_compared"))
        e = pg_node(g, "Less T=%float", pg_node(g, "Cast SrcT=%int32 DstT=%float", v[COUNTER], PG_END),
                    pg_node(g, "Cast SrcT=%int32 DstT=%float", v[MAX], PG_END), PG_END);
    if (has("state_compared"))
        e = pg_node(
            g, "LogicalAnd", e,
            pg_node(g, "Less T=%float",
                    pg_node(g, "Sum T=%float", v[H], pg_ints(g, 2, (const int32_t[]){ 0, 1 }), PG_END),
                    pg_float(g, 1e9f), PG_END),
            PG_END);
    if (has("one_limit")) e = less(g, v[COUNTER], v[MAX]);
    if (has("four_limits") || has("five_limits"))
        e = pg_node(g, "LogicalAnd", pg_node(g, "LogicalAnd", less(g, v[COUNTER], v[MAX]), e, PG_END),
                    less(g, v[TIME_AT], pg_int(g, TIME - 1)), PG_END);
    if (has("five_limits")) e = pg_node(g, "LogicalAnd", e, less(g, v[TIME_AT], pg_int(g, TIME - 3)), PG_END);
    if (has("always"))
        e = pg_node(g, "LogicalNot", pg_node(g, "LessEqual T=%int32", v[MAX], v[COUNTER], PG_END), PG_END);
    pg_ret(g, e);
    return g;
}

/* What the body does to the counters, and to the lists. */
static void count(td_graph *g, const td_edge *v, td_edge *next)
{
    const td_edge one = pg_int(g, has("by_two") ? 2 : 1);

    next[COUNTER] = has("turned") ? pg_node(g, "Add T=%int32", one, v[COUNTER], PG_END)
                                  : pg_node(g, "AddV2 T=%int32", v[COUNTER], one, PG_END);
    next[TIME_AT] = pg_node(g, has("back") ? "Sub T=%int32" : "AddV2 T=%int32", v[TIME_AT],
                            has("back")               ? pg_int(g, -1)
                            : has("counter_of_other") ? next[COUNTER]
                                                      : one,
                            PG_END);
    if (has("limit_moves")) next[MAX] = pg_node(g, "Sub T=%int32", v[MAX], pg_int(g, 0), PG_END);
}

static td_edge place(td_graph *g, const td_edge *v, const td_edge *next)
{
    if (has("keeps_last")) return pg_int(g, 0);
    if (has("always_at_1")) return pg_int(g, 1);
    if (has("next_place")) return next[TIME_AT];
    return has("other_counter") ? v[COUNTER] : v[TIME_AT];
}

static td_graph *make_body(td_graph *g, const td_edge *v, const td_dtype *types)
{
    td_edge next[N_VARS];
    const int32_t row[] = { -1, INPUTS };

    memcpy(next, v, sizeof next);
    count(g, v, next);
    const td_edge at = has("first_always") ? pg_int(g, 0) : v[TIME_AT];
    td_edge x = pg_node(g,
                        has("double") ? "TensorListGetItem element_dtype=%double"
                                      : "TensorListGetItem element_dtype=%float",
                        v[X_LIST], at, pg_ints(g, 2, row), PG_END);
    if (has("x_changed")) x = unary(g, "Neg", x);
    next[H] = has("gru") ? make_gru(g, v, x) : make_lstm(g, v, x, &next[C]);
    next[LIST] = pg_node(g,
                         has("double") ? "TensorListSetItem element_dtype=%double"
                                       : "TensorListSetItem element_dtype=%float",
                         v[LIST], place(g, v, next), has("writes_cell") ? next[C] : next[H], PG_END);
    if (has("x_list_changes"))
        next[X_LIST] = pg_node(g, "TensorListSetItem element_dtype=%float", v[X_LIST], v[TIME_AT], x, PG_END);
    if (has("nothing_written")) next[LIST] = v[LIST];
    if (has("written_twice"))
        next[LIST] =
            pg_node(g, "TensorListSetItem element_dtype=%float", next[LIST], pg_int(g, 1), next[C], PG_END);
    if (has("asserts"))
        td_node_add_ctrl(g, next[H].node,
                         pg_node(g, "Assert T=[%int32]",
                                 pg_node(g, "Less T=%int32", v[COUNTER], v[MAX], PG_END), v[MAX], PG_END)
                             .node);
    if (has("state_handed_on")) next[H] = v[H];
    const td_edge noop = pg_node(g, "NoOp", PG_END);
    for (size_t i = 0; i < N_VARS;
         i++) { /* as Keras has it, of what reads variables before they are constants */
        char text[64];

        (void)snprintf(text, sizeof text, "Identity T=%%%s", td_dtype_name(types[i]));
        next[i] = pg_node(g, text, next[i], PG_END);
        td_node_add_ctrl(g, next[i].node, noop.node);
        pg_ret(g, next[i]);
    }
    return g;
}

static td_graph *lower(td_arena *arena, const char *name)
{
    const td_dtype f = has("double") ? TD_F64 : TD_F32;
    const td_dtype types[N_VARS] = { TD_I32, TD_I32, TD_I32, TD_VARIANT, f, f, TD_VARIANT, f, f, f };
    td_graph *const g = td_graph_make(arena, name);
    td_edge v[N_VARS];

    for (size_t i = 0; i < N_VARS; i++)
        v[i] = pg_arg(g, types[i]);
    return strcmp(name, "cond") == 0 ? make_cond(g, v) : make_body(g, v, types);
}

/* ---------------------------------------------------------------- the graph around it */

static td_edge reserve(td_graph *g, td_edge size, td_edge x)
{
    const int32_t out[] = { has("reserved_shape") ? BATCH : -1, HIDDEN };
    const td_edge n = has("keeps_last")     ? pg_int(g, 1)
                      : has("longer_list")  ? pg_int(g, TIME + 2)
                      : has("shorter_list") ? pg_int(g, TIME - 1)
                                            : size;

    if (has("list_of_tensor")) {
        const td_edge zeros =
            pg_node(g, "Fill T=%float index_type=%int32",
                    pg_ints(g, 3, (const int32_t[]){ TIME, BATCH, HIDDEN }), pg_float(g, 0), PG_END);
        return pg_node(g, "TensorListFromTensor element_dtype=%float shape_type=%int32", zeros,
                       pg_ints(g, 2, out), PG_END);
    }
    (void)x;
    return pg_node(g,
                   has("double") ? "TensorListReserve element_dtype=%double shape_type=%int32"
                                 : "TensorListReserve element_dtype=%float shape_type=%int32",
                   pg_ints(g, 2, out), n, PG_END);
}

static td_edge weights(td_graph *g, td_shape shape, unsigned seed)
{
    const td_edge w = noise(g, shape, seed);

    return has("unknown_weights") ? unary(g, "Exp", pg_node(g, "Identity T=%float", w, PG_END)) : w;
}

/* What of the loop is wanted. */
static void returns(td_graph *g, td_edge loop)
{
    const int32_t out[] = { -1, HIDDEN };
    const char *const text =
        has("double") ? "TensorListStack element_dtype=%double" : "TensorListStack element_dtype=%float";
    const td_edge list = pg_out(loop, LIST);

    if (!has("no_list")) {
        const int32_t known[] = { BATCH, HIDDEN }, others[] = { BATCH, HIDDEN + 1 };
        const td_edge shape = has("any_shape") ? pg_int(g, -1)
                                               : pg_ints(g, 2,
                                                         has("known_shape")       ? known
                                                         : has("shape_of_others") ? others
                                                                                  : out);
        td_edge kept = list;

        if (has("list_behind_identity")) kept = pg_node(g, "Identity T=%variant", list, PG_END);
        pg_ret(g, value(g, pg_node(g, text, kept, shape, PG_END), "stack"));
    }
    if (has("list_twice")) pg_ret(g, pg_node(g, text, list, pg_ints(g, 2, out), PG_END));
    if (has("list_read"))
        pg_ret(g, pg_node(g, "TensorListGetItem element_dtype=%float", list, pg_int(g, 1), pg_ints(g, 2, out),
                          PG_END));
    if (has("list_length")) pg_ret(g, pg_node(g, "TensorListLength", list, PG_END));
    if (!has("no_state")) pg_ret(g, unary(g, "Identity", pg_out(loop, H)));
    if (!has("gru") && !has("no_cell")) pg_ret(g, pg_out(loop, C));
    if (has("counter_wanted")) pg_ret(g, pg_out(loop, TIME_AT));
    if (has("limit_wanted")) pg_ret(g, pg_out(loop, MAX));
    if (has("weights_wanted")) pg_ret(g, pg_out(loop, WH));
    if (has("counter_used"))
        pg_ret(g, pg_node(g, "AddV2 T=%int32", pg_out(loop, COUNTER), pg_int(g, 1), PG_END));
    if (has("order_wanted")) {
        const td_edge noop = pg_node(g, "NoOp", PG_END);
        td_node_add_ctrl(g, noop.node, loop.node);
        g->ctrl_rets = TD_ARENA_NEW_N(g->arena, td_node *, 2);
        g->ctrl_rets[g->n_ctrl_rets++] = noop.node;
        g->ctrl_rets[g->n_ctrl_rets++] = loop.node;
    }
}

static td_graph *make(td_arena *arena)
{
    const td_dtype type = has("double") ? TD_F64 : TD_F32;
    td_graph *const g = td_graph_make(arena, "main");
    const int columns = (has("gru") ? 3 : 4) * HIDDEN;
    const int32_t row[] = { -1, INPUTS }, shape[] = { 0 }, one[] = { 1 };
    const td_edge x = pg_arg(g, type), h = pg_arg(g, type), c = pg_arg(g, type);
    const td_edge size = pg_node(
        g, "StridedSlice T=%int32 Index=%int32 shrink_axis_mask=1",
        pg_node(g, has("double") ? "Shape T=%double out_type=%int32" : "Shape T=%float out_type=%int32", x,
                PG_END),
        pg_ints(g, 1, shape), pg_ints(g, 1, one), pg_ints(g, 1, one), PG_END);
    const td_edge list = value(g, reserve(g, size, x), "reserve");
    const td_edge xs =
        value(g,
              pg_node(g,
                      has("double") ? "TensorListFromTensor element_dtype=%double shape_type=%int32"
                                    : "TensorListFromTensor element_dtype=%float shape_type=%int32",
                      x, pg_ints(g, 2, row), PG_END),
              "x_list");
    const td_edge limit = has("longer") ? pg_int(g, TIME + 5) : size;
    const td_edge start = pg_int(g, has("from_1") ? 1 : 0);
    const td_edge loop = value(
        g,
        pg_node(
            g,
            has("double")
                ? "StatelessWhile T=%int32%int32%int32%variant%double%double%variant%double%double%double "
                  "cond=@cond body=@body"
            : has("stateful")
                ? "While T=%int32%int32%int32%variant%float%float%variant%float%float%float cond=@cond "
                  "body=@body"
                : "StatelessWhile T=%int32%int32%int32%variant%float%float%variant%float%float%float "
                  "cond=@cond body=@body",
            start, limit, has("from_1") ? pg_int(g, 1) : pg_int(g, 0), list, h, has("same_start") ? h : c, xs,
            weights(g, has("weights_turned") ? MATRIX(columns, INPUTS) : MATRIX(INPUTS, columns), 1),
            weights(g, has("weights_turned") ? MATRIX(columns, HIDDEN) : MATRIX(HIDDEN, columns), 2),
            noise(g, has("bias_matrix") ? MATRIX(1, columns) : VECTOR(has("bias_of_one") ? 1 : columns), 3),
            PG_END),
        "loop");

    returns(g, loop);
    return g;
}

/* ---------------------------------------------------------------- checks */

static void check_bf16(pg *t, const td_tensor *in)
{
    assert_int_equal(setenv("TENSORD_BODY", "rnn:amx", 1), 0); /* the layer is too small to choose it */
    t->env.is_bf16 = true;
    pg_assert_same(t, make, in, 2e-2);
    t->env.is_bf16 = false;
    assert_int_equal(unsetenv("TENSORD_BODY"), 0);
}

static void check(const form *f)
{
    static float narrow[3][2 * TIME * BATCH * HIDDEN];
    static double wide[3][TD_COUNT(narrow[0])];
    const bool is_double = words_have(f->words, "double");
    const int64_t batch = words_have(f->words, "no_batch") ? 0 : words_have(f->words, "one_row") ? 1 : BATCH;
    const int64_t time = words_have(f->words, "no_time") ? 0 : TIME;
    td_shape shapes[] = { { 3, { time, batch, INPUTS } }, MATRIX(batch, HIDDEN), MATRIX(batch, HIDDEN) };
    td_tensor in[4];
    uint8_t holds = true;
    pg t;

    words = f->words;
    if (has("other_batch")) shapes[1].dims[0]++;
    if (has("other_hidden")) shapes[1].dims[1]++;
    if (has("other_cell")) shapes[2].dims[1]++;
    if (has("other_inputs")) shapes[0].dims[2]++;
    if (has("other_rank")) shapes[0] = MATRIX(TIME, INPUTS);
    for (size_t i = 0; i < 3; i++) {
        pg_fill(narrow[i], TD_COUNT(narrow[i]), (unsigned)(4 + i));
        for (size_t k = 0; k < TD_COUNT(narrow[i]); k++)
            wide[i][k] = (double)narrow[i][k];
        in[i] = (td_tensor){ is_double ? TD_F64 : TD_F32, shapes[i], is_double ? (void *)wide[i] : narrow[i],
                             NULL };
    }
    in[3] = (td_tensor){ TD_BOOL, { 0 }, &holds, NULL };
    pg_open(&t, lower);
    const size_t fused = pg_count_after(&t, make(t.p.arena), has("gru") ? "_FusedGRU" : "_FusedLSTM");
    const size_t loops = pg_count_after(&t, make(t.p.arena), has("stateful") ? "While" : "StatelessWhile");
    if (fused != f->fused || loops != f->loops) fail_msg("\"%s\": %zu fused, %zu loops", words, fused, loops);
    for (size_t level = 0; level < cpu_levels(); level++) {
        t.env.cpu = cpu_level(level);
        if (has("fails"))
            pg_assert_same_error(&t, make, in);
        else
            pg_assert_same(&t, make, in, 1e-5);
    }
    t.env.cpu = td_cpu_detect();
    if (f->fused && !has("fails")) check_bf16(&t, in);
    if (f->fused && !has("fails")) pg_assert_same_walk(&t, make, in, 1e-5);
    holds = false;
    if (strstr(words, "waits_")) pg_assert_same_error(&t, make, in);
    pg_close(&t);
}

static void check_all(const form *forms, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(&forms[i]);
}

static void test_spellings(void **state)
{
    static const form forms[] = {
        { "", 1, 0 },
        { "turned", 1, 0 },
        { "turned old_add stateful", 1, 0 },
        { "axis_back", 1, 0 },
        { "sliced", 1, 0 },
        { "sliced turned bias_added", 1, 0 },
        { "no_bias", 1, 0 },
        { "bias_added", 1, 0 },
        { "one_limit", 1, 0 },
        { "four_limits", 1, 0 },
        { "keeps_last", 1, 0 },
        { "keeps_last other_counter", 1, 0 },
        { "other_counter", 1, 0 },
        { "same_start", 1, 0 },
        { "gru", 1, 0 },
        { "gru turned", 1, 0 },
        { "gru old_add stateful turned", 1, 0 },
        { "gru all_sliced", 1, 0 },
        { "gru all_split axis_back", 1, 0 },
        { "gru no_bias", 1, 0 },
        { "gru no_recurrent_bias bias_added", 1, 0 },
        { "gru no_bias no_recurrent_bias turned", 1, 0 },
        { "gru keeps_last", 1, 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_other_cells_stay_loops(void **state)
{
    static const form forms[] = {
        { "double", 0, 1 },
        { "odd_i", 0, 1 },
        { "odd_f", 0, 1 },
        { "odd_g", 0, 1 },
        { "odd_o", 0, 1 },
        { "odd_out", 0, 1 },
        { "swapped", 0, 1 },
        { "sliced swapped", 0, 1 },
        { "weights_turned", 0, 1 },
        { "state_turned fails", 0, 1 },
        { "unknown_weights", 1, 0 }, /* constants, once folded */
        { "bias_matrix bias_added", 0, 1 },
        { "bias_of_one bias_added", 0, 1 },
        { "bias_early", 0, 1 },
        { "sums_multiplied", 0, 1 },
        { "other_state", 0, 1 },
        { "keeps_h", 0, 1 },
        { "subtracts", 0, 1 },
        { "x_changed", 0, 1 },
        { "writes_cell", 0, 1 },
        { "state_handed_on", 0, 1 },
        { "gru odd_i", 0, 1 },
        { "gru odd_f", 0, 1 },
        { "gru odd_g", 0, 1 },
        { "gru swapped", 0, 1 },
        { "gru all_split swapped", 0, 1 },
        { "gru two", 0, 1 },
        { "gru minus_one", 0, 1 },
        { "gru rest_of_r", 0, 1 },
        { "gru crossed", 0, 1 },
        { "gru reset_added", 0, 1 },
        { "gru keeps_h", 0, 1 },
        { "gru other_state", 0, 1 },
        { "gru wide_bias", 0, 1 },
        { "gru bias_of_one bias_added", 0, 1 },
        { "gru x_changed", 0, 1 },
        { "gru state_handed_on", 0, 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_other_slices_stay_loops(void **state)
{
    static const form forms[] = {
        { "sliced odd_step fails", 0, 1 }, { "sliced odd_width fails", 0, 1 }, { "gru rows_too", 0, 1 },
        { "gru ellipsis", 0, 1 },          { "gru begin_unknown", 0, 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_other_loops_stay(void **state)
{
    static const form forms[] = {
        { "or", 0, 1 },
        { "limit_first", 0, 1 },
        { "limit_computed short", 0, 1 },
        { "floats_compared", 0, 1 },
        { "state_compared keeps_last", 0, 1 },
        { "nothing_written no_list", 0, 1 },
        { "written_twice", 0, 1 },
        { "up_to", 0, 1 },
        { "five_limits", 0, 1 },
        { "always", 0, 1 },
        { "by_two", 0, 1 },
        { "back", 0, 1 },
        { "counter_of_other", 0, 1 },
        { "from_1", 0, 1 },
        { "limit_moves", 0, 1 },
        { "always_at_1", 0, 1 },
        { "next_place fails", 0, 1 },
        { "first_always", 0, 1 },
        { "x_list_changes", 0, 1 },
        { "list_of_tensor", 0, 1 },
        { "list_read", 0, 1 },
        { "list_length", 0, 1 },
        { "shape_of_others fails", 0, 1 },
        { "counter_wanted", 0, 1 },
        { "counter_used", 0, 1 },
        { "asserts stateful", 0, 1 },
        { "waits_reserve", 0, 1 },
        { "waits_x_list", 0, 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_uses(void **state)
{
    static const form forms[] = {
        { "no_list", 1, 0 },
        { "no_state", 1, 0 },
        { "no_cell no_state", 1, 0 },
        { "list_twice", 1, 0 },
        { "list_behind_identity", 1, 0 },
        { "limit_wanted weights_wanted", 1, 0 },
        { "gru no_list", 1, 0 },
        { "gru no_state keeps_last", 1, 0 },
        { "waits_stack", 1, 0 },
        { "order_wanted", 1, 0 },
        { "order_wanted stateful", 1, 0 },
        { "waits_loop", 1, 0 },
        { "waits_loop stateful gru", 1, 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_sizes(void **state)
{
    static const form forms[] = {
        { "one_row", 1, 0 },
        { "no_batch", 1, 0 },
        { "short", 1, 0 },
        { "short gru", 1, 0 },
        { "short keeps_last", 1, 0 },
        { "longer_list", 1, 0 },
        { "shorter_list fails", 1, 0 },
        { "longer one_limit fails", 1, 0 },
        { "longer", 1, 0 },
        { "no_time no_list", 1, 0 },
        { "no_time no_list gru", 1, 0 },
        { "no_time fails", 1, 0 },
        { "no_time keeps_last fails", 1, 0 },
        { "no_time known_shape", 1, 0 },
        { "no_time reserved_shape gru", 1, 0 },
        { "no_time any_shape fails", 1, 0 },
        { "no_time list_twice known_shape fails", 1, 0 },
        { "any_shape", 1, 0 },
        { "known_shape reserved_shape", 1, 0 },
        { "other_batch fails", 1, 0 },
        { "other_hidden fails", 1, 0 },
        { "other_cell fails", 1, 0 },
        { "other_inputs fails", 1, 0 },
        { "other_rank fails", 1, 0 },
        { "gru other_batch fails", 1, 0 },
        { "gru other_inputs fails", 1, 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_other_cells_stay_loops),
        cmocka_unit_test(test_other_slices_stay_loops),
        cmocka_unit_test(test_other_loops_stay),
        cmocka_unit_test(test_uses),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
