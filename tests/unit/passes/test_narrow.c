/* SPDX-License-Identifier: Apache-2.0 */
/* test_narrow.c -- values between convolutions and products in bfloat16 become bfloat16, where nobody else sees them; and
 * random nets give near answers, on whatever CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "pass_graph.h"
#include "words.h"

enum { SIDE = 6, CHANNELS = 32, IMAGES = 2 };

static const char *words;

static bool has(const char *word)
{
    return words_have(words, word);
}

/* [kernel, kernel, in, out], so large that sums keep their size. */
static td_edge filter(td_graph *g, int64_t kernel, int64_t in, int64_t out, unsigned seed)
{
    return pg_noise(g, &(td_shape){ 4, { kernel, kernel, in, out } }, seed);
}

static td_edge conv(td_graph *g, td_edge x, int64_t kernel, unsigned seed)
{
    return pg_node(g, "Conv2D T=%float strides=[1,1,1,1] padding='SAME", x,
                   filter(g, kernel, CHANNELS, CHANNELS, seed), PG_END);
}

static td_edge depthwise(td_graph *g, td_edge x, unsigned seed)
{
    return pg_node(g, "DepthwiseConv2dNative T=%float strides=[1,1,1,1] padding='SAME", x,
                   filter(g, 3, CHANNELS, 1, seed), PG_END);
}

static td_edge relu(td_graph *g, td_edge x)
{
    return pg_node(g, "Relu T=%float", x, PG_END);
}

static td_edge add(td_graph *g, td_edge a, td_edge b)
{
    return pg_node(g, "AddV2 T=%float", a, b, PG_END);
}

static td_edge reshape(td_graph *g, td_edge x, const int32_t *dims)
{
    return pg_node(g, "Reshape T=%float Tshape=%int32", x, pg_ints(g, 4, dims), PG_END);
}

/* ---------------------------------------------------------------- what becomes narrow */

/* A block: two convolutions and what words put between them. */
static td_graph *make(td_arena *arena)
{
    static const int32_t turned[] = { IMAGES, SIDE * SIDE / 4, 4, CHANNELS },
                         back[] = { IMAGES, SIDE, SIDE, CHANNELS };
    td_graph *const g = td_graph_make(arena, "g");
    const td_edge x = pg_arg(g, TD_F32);
    const td_edge first = relu(g, conv(g, x, 1, 5));
    td_edge middle = first;

    if (has("depthwise")) middle = relu(g, depthwise(g, middle, 6));
    if (has("reshaped")) middle = reshape(g, reshape(g, middle, turned), back);
    if (has("joined"))
        middle = pg_node(g, "ConcatV2 N=2 T=%float Tidx=%int32", middle, relu(g, conv(g, x, 1, 8)),
                         pg_int(g, 0), PG_END);
    if (has("joined_wide"))
        middle = pg_node(g, "ConcatV2 N=2 T=%float Tidx=%int32", middle, x, pg_int(g, 0), PG_END);
    if (has("seen")) pg_ret(g, middle);
    if (has("used")) pg_ret(g, pg_node(g, "Sum T=%float Tidx=%int32", middle, pg_int(g, 1), PG_END));
    td_edge y = conv(g, middle, 3, 7);
    if (has("added")) y = add(g, y, first);
    y = relu(g, y);
    if (has("third")) y = conv(g, y, 1, 9);
    pg_ret(g, y);
    return g;
}

static size_t count_narrow(const td_graph *g)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n_nodes; i++)
        n += g->nodes[i]->n_out == 1 && g->nodes[i]->out_type[0] == TD_BF16;
    return n;
}

static void open_bf16(pg *p)
{
    pg_open(p, NULL);
    p->env.is_bf16 = true;
}

static void check(const char *form, size_t n_narrow)
{
    float x[IMAGES * SIDE * SIDE * CHANNELS];
    const td_tensor in[] = {
        { .dtype = TD_F32, .shape = { 4, { IMAGES, SIDE, SIDE, CHANNELS } }, .data = x }
    };
    pg p;

    words = form;
    pg_fill(x, TD_COUNT(x), 3);
    open_bf16(&p);
    td_arena *const arena = td_arena_make();
    td_graph *const g = make(arena);
    (void)pg_count_after(&p, g, "");
    const size_t n = count_narrow(g);
    if (n != n_narrow) fail_msg("\"%s\": %zu values are narrow, not %zu", form, n, n_narrow);
    td_arena_free(arena);
    pg_assert_same(&p, make, in, 2e-2);
    pg_close(&p);
}

static void test_what_becomes_narrow(void **state)
{
    (void)state;
    check("", 1);
    check("third", 2);
    check("depthwise", 2);
    check("depthwise added third", 3);
    check("reshaped", 3);
    check("joined", 3);
    check("joined reshaped third", 6);
}

static void test_what_stays(void **state)
{
    (void)state;
    check("seen", 0);
    check("used", 0);
    check("depthwise seen", 1); /* before it */
    check("reshaped seen", 0);
    check("joined_wide", 0);
    check("joined_wide third", 1);
    check("joined seen", 0);
}

static void test_left_out(void **state)
{
    td_arena *const arena = td_arena_make();
    pg p;

    (void)state;
    words = "third";
    open_bf16(&p);
    p.env.passes_off = TD_PASS_BIT(TD_PASS_narrow);
    td_graph *g = make(arena);
    assert_int_equal(pg_count_after(&p, g, "_MixedConv2D"), 0);
    p.env.passes_off = 0;
    g = make(arena);
    assert_int_equal(pg_count_after(&p, g, "_MixedConv2D"), 3);
    p.env.is_bf16 = false;
    g = make(arena);
    assert_int_equal(pg_count_after(&p, g, "_MixedConv2D"), 0);
    pg_close(&p);
    td_arena_free(arena);
}

/* ---------------------------------------------------------------- transformers */

enum { ROWS = 9, HEADS = 4, DEPTH = 32, WIDTH = HEADS * DEPTH };

static td_edge product(td_graph *g, td_edge x, unsigned seed)
{
    return pg_node(g, "BatchMatMulV2 T=%float", x, pg_noise(g, &(td_shape){ 2, { WIDTH, WIDTH } }, seed),
                   PG_END);
}

static td_edge heads(td_graph *g, td_edge x)
{
    static const int32_t dims[] = { IMAGES, ROWS, HEADS, DEPTH };

    return reshape(g, x, dims);
}

static td_edge norm(td_graph *g, td_edge x, unsigned seed)
{
    const td_shape width = { 1, { WIDTH } };

    return pg_node(g, "_FusedLayerNorm T=%float epsilon=0.001f", x, pg_noise(g, &width, seed),
                   pg_noise(g, &width, seed + 1), PG_END);
}

static td_graph *make_transformer(td_arena *arena)
{
    static const int32_t joined[] = { IMAGES, ROWS, WIDTH };
    td_graph *const g = td_graph_make(arena, "g");
    const td_edge x = pg_arg(g, TD_F32), q = product(g, x, 1), k = product(g, x, 2), v = product(g, x, 3);
    const td_edge mask = pg_noise(g, &(td_shape){ 2, { ROWS, has("one_column") ? 1 : ROWS } }, 20);
    const td_edge keep = pg_node(g, "Greater T=%float", mask, pg_float(g, 0), PG_END);
    const td_edge y =
        has("selects")  ? pg_node(g,
                                  "_FusedAttention T=%float num_masks=0 num_keeps=1 fill=-1e9f clears=true "
                                   "scale=0.002f joins_heads=true",
                                  heads(g, q), heads(g, k), heads(g, v), keep, PG_END)
        : has("masked") ? pg_node(g, "_FusedAttention T=%float num_masks=1 scale=0.002f joins_heads=true",
                                  heads(g, q), heads(g, k), heads(g, v), mask, PG_END)
                        : pg_node(g, "_FusedAttention T=%float num_masks=0 scale=0.002f joins_heads=true",
                                  heads(g, q), heads(g, k), heads(g, v), PG_END);
    const td_edge out = pg_node(g, "Reshape T=%float Tshape=%int32", y, pg_ints(g, 3, joined), PG_END);

    if (has("seen")) pg_ret(g, k);
    pg_ret(g, product(g, norm(g, add(g, product(g, out, 4), x), 5), 7));
    return g;
}

static void check_transformer(const char *form, size_t n_narrow)
{
    float x[IMAGES * ROWS * WIDTH];
    const td_tensor in[] = { { .dtype = TD_F32, .shape = { 3, { IMAGES, ROWS, WIDTH } }, .data = x } };
    pg p;

    words = form;
    pg_fill(x, TD_COUNT(x), 3);
    open_bf16(&p);
    td_arena *const arena = td_arena_make();
    td_graph *const g = make_transformer(arena);
    (void)pg_count_after(&p, g, "");
    const size_t n = count_narrow(g);
    if (n != n_narrow) fail_msg("\"%s\": %zu values are narrow, not %zu", form, n, n_narrow);
    td_arena_free(arena);
    pg_assert_same(&p, make_transformer, in, 2e-2);
    pg_close(&p);
}

static void test_transformer(void **state)
{
    (void)state;
    check_transformer("", 9); /* q, k, v, each before and behind its Reshape; attention, the same; the norm */
    check_transformer("masked", 9);
    check_transformer("masked one_column", 9);
    check_transformer("selects", 9);
    check_transformer("selects one_column", 9);
    check_transformer("seen", 7);
}

/* ---------------------------------------------------------------- embeddings */

enum { WORDS = 200 };

static td_graph *make_embedding(td_arena *arena)
{
    static const int32_t joined[] = { IMAGES, ROWS * WIDTH };
    td_graph *const g = td_graph_make(arena, "g");
    const td_edge ids = pg_arg(g, TD_I32);
    const int64_t rows = has("small") ? 20 : WORDS;
    td_edge table = pg_noise(g, &(td_shape){ 2, { rows, WIDTH } }, 11);

    if (has("turned")) table = pg_noise(g, &(td_shape){ 2, { WIDTH, rows } }, 11);
    const td_edge x = pg_node(g, "GatherV2 Tparams=%float Tindices=%int32 Taxis=%int32 batch_dims=0", table,
                              ids, pg_int(g, has("turned") ? 1 : 0), PG_END);
    const td_edge flat = pg_node(g, "Reshape T=%float Tshape=%int32", x, pg_ints(g, 2, joined), PG_END);

    if (has("seen")) pg_ret(g, flat);
    pg_ret(g, pg_node(g, "MatMul T=%float", flat, pg_noise(g, &(td_shape){ 2, { ROWS * WIDTH, WIDTH } }, 12),
                      PG_END));
    return g;
}

static void check_embedding(const char *form, size_t n_narrow)
{
    int32_t ids[IMAGES * ROWS];
    const td_tensor in[] = { { .dtype = TD_I32, .shape = { 2, { IMAGES, ROWS } }, .data = ids } };
    pg p;

    words = form;
    for (size_t i = 0; i < TD_COUNT(ids); i++)
        ids[i] = (int32_t)(i * 7 % 20);
    if (has("beyond")) ids[3] = WORDS;
    open_bf16(&p);
    td_arena *const arena = td_arena_make();
    td_graph *const g = make_embedding(arena);
    const size_t n_mixed = pg_count_after(&p, g, "_MixedGather"), n = count_narrow(g);
    if (n != n_narrow || n_mixed != (n_narrow > 0))
        fail_msg("\"%s\": %zu values are narrow, not %zu", form, n, n_narrow);
    td_arena_free(arena);
    if (has("beyond"))
        pg_assert_same_error(&p, make_embedding, in);
    else
        pg_assert_same(&p, make_embedding, in, 2e-2);
    pg_close(&p);
}

static void test_embedding(void **state)
{
    (void)state;
    check_embedding("", 2);
    check_embedding("turned", 2);
    check_embedding("beyond", 2);
    check_embedding("seen", 0);
    check_embedding("small", 0);
}

/* ---------------------------------------------------------------- what files may hold */

/* A table that no pass has looked at. */
static td_graph *make_open_table(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "g");
    const td_edge table = pg_arg(g, TD_F32);

    pg_ret(g, pg_node(g, words, table, pg_int(g, 0), pg_int(g, 0), PG_END));
    return g;
}

static void test_open_table(void **state)
{
    float x[WIDTH] = { 0 };
    const td_tensor in[] = { { .dtype = TD_F32, .shape = { 2, { 1, WIDTH } }, .data = x } };
    pg p;

    (void)state;
    words = "_MixedGather Tindices=%int32 Taxis=%int32 batch_dims=0";
    open_bf16(&p);
    pg_assert_same_error(&p, make_open_table, in);
    pg_close(&p);
}

/* A product with a bias and a residual whose types words name. */
static td_graph *make_hostile(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "g");
    td_edge x[3];

    for (size_t i = 0; i < TD_COUNT(x); i++) {
        x[i] = pg_arg(g, TD_F32);
        if (strstr(words, i == 0 ? "rows_half" : i == 1 ? "bias_narrow" : "add_bytes"))
            x[i] = pg_node(g,
                           i == 0   ? "Cast SrcT=%float DstT=%half"
                           : i == 1 ? "Cast SrcT=%float DstT=%bfloat16"
                                    : "Cast SrcT=%float DstT=%int8",
                           x[i], PG_END);
    }
    const td_edge w = pg_noise(g, &(td_shape){ 2, { WIDTH, WIDTH } }, 3);
    pg_ret(g, pg_node(g, words, x[0], w, x[1], x[2], PG_END));
    return g;
}

static void refuse(const char *node)
{
    float x[WIDTH] = { 0 };
    const td_tensor row = { .dtype = TD_F32, .shape = { 2, { 1, WIDTH } }, .data = x };
    const td_tensor in[] = { row, row, row };
    pg p;

    words = node;
    open_bf16(&p);
    pg_assert_same_error(&p, make_hostile, in);
    pg_close(&p);
}

/* An attribute more says which operand is cast to what the types say. */
static void test_types(void **state)
{
    (void)state;
    refuse("_MixedMatMul Ta=%half T=%float Targs=[%float,%float] Tout=%float fused_ops={'BiasAdd,'Add} "
           "rows_half=1");
    refuse("_MixedMatMul Ta=%float T=%float Targs=[%bfloat16,%float] Tout=%float fused_ops={'BiasAdd,'Add} "
           "bias_narrow=1");
    refuse("_MixedMatMul Ta=%float T=%float Targs=[%float,%int8] Tout=%float fused_ops={'BiasAdd,'Add} "
           "add_bytes=1");
    refuse("_MixedMatMul Ta=%float T=%float Targs=[%float,%float] Tout=%half fused_ops={'BiasAdd,'Add}");
}

/* ---------------------------------------------------------------- random nets */

static unsigned net_seed, step;

static unsigned draw(unsigned n)
{
    step = step * 1664525U + 1013904223U;
    return (step >> 16) % n;
}

enum { MOST = 12 };

/* Of the same size, at attributes other than the defaults. */
static td_edge odd_product(td_graph *g, td_edge x, unsigned kind, unsigned seed)
{
    static const char *const texts[] = {
        "Conv2D T=%float strides=[1,1,1,1] dilations=[1,2,2,1] padding='SAME",
        "Conv2D T=%float strides=[1,1,1,1] explicit_paddings=[0,0,2,0,0,2,0,0] padding='EXPLICIT",
        "BatchMatMulV2 T=%float adj_y=true",
    };

    return pg_node(g, texts[kind], x,
                   kind < 2 ? filter(g, 3, CHANNELS, CHANNELS, seed)
                            : pg_noise(g, &(td_shape){ 2, { CHANNELS, CHANNELS } }, seed),
                   PG_END);
}

static td_edge random_node(td_graph *g, const td_edge *have, unsigned n)
{
    static const int32_t as_rows[] = { IMAGES * SIDE, 1, SIDE, CHANNELS },
                         as_images[] = { IMAGES, SIDE, SIDE, CHANNELS };
    const td_edge x = have[n - 1 - draw(n > 2 ? 2 : n)], y = have[draw(n)];
    const unsigned seed = 10 + draw(1000);

    switch (draw(10)) {
    case 0:
        return relu(g, conv(g, x, 1, seed));
    case 1:
        return conv(g, x, 3, seed);
    case 2:
        return relu(g, depthwise(g, x, seed));
    case 3:
        return relu(g, add(g, conv(g, x, 1, seed), y));
    case 4:
        return add(g, x, y);
    case 5:
        return reshape(g, reshape(g, x, as_rows), as_images);
    case 6:
        return pg_node(g, "Neg T=%float", conv(g, x, 1, seed), PG_END);
    case 7: {
        const td_edge both = pg_node(g, "ConcatV2 N=2 T=%float Tidx=%int32", x, y, pg_int(g, 3), PG_END);

        return pg_node(g, "Conv2D T=%float strides=[1,1,1,1] padding='SAME", both,
                       filter(g, 1, 2 * CHANNELS, CHANNELS, seed), PG_END);
    }
    case 8:
        return odd_product(g, x, draw(3), seed);
    default:
        return pg_node(g, "BatchMatMulV2 T=%float", x,
                       pg_noise(g, &(td_shape){ 2, { CHANNELS, CHANNELS } }, seed), PG_END);
    }
}

/* Sums grow from step to step, in all values alike. */
static td_graph *make_random(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "g");
    td_edge have[MOST] = { pg_arg(g, TD_F32) };
    unsigned n = 1;

    step = net_seed;
    for (const unsigned count = 2 + draw(MOST - 2); n < count; n++)
        have[n] = random_node(g, have, n);
    pg_ret(g, have[n - 1]);
    if (draw(2)) pg_ret(g, have[draw(n)]);
    return g;
}

static void test_random_nets(void **state)
{
    float x[IMAGES * SIDE * SIDE * CHANNELS];
    const td_tensor in[] = {
        { .dtype = TD_F32, .shape = { 4, { IMAGES, SIDE, SIDE, CHANNELS } }, .data = x }
    };
    size_t n_narrow = 0;

    (void)state;
    pg_fill(x, TD_COUNT(x), 4);
    for (net_seed = 1; net_seed <= 60; net_seed++) {
        td_arena *const arena = td_arena_make();
        pg p;

        open_bf16(&p);
        td_graph *const g = make_random(arena);
        (void)pg_count_after(&p, g, "");
        n_narrow += count_narrow(g);
        td_arena_free(arena);
        pg_assert_same(&p, make_random, in, 5e-2);
        pg_close(&p);
    }
    assert_true(n_narrow > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_becomes_narrow),
        cmocka_unit_test(test_what_stays),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_transformer),
        cmocka_unit_test(test_embedding),
        cmocka_unit_test(test_open_table),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_random_nets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
