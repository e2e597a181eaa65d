/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_dilation.c -- convolutions over blocks of pixels become dilated ones with the same sums; what is anything else
 * stays as it is. */
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

enum { IN = 3, OUT = 5 };

/* Words say how a graph differs from a 3x2 filter over blocks of 2x3 pixels of [2, 8, 9, IN]; "row": from one of three taps
 * over blocks of 4 of [2, 12, IN]. */
static const char *words;

static bool has(const char *word)
{
    return words_have(words, word);
}

static td_edge ints(td_graph *g, size_t rows, const int32_t *v, bool is_wide)
{
    int64_t wide[4];
    td_tensor t = { TD_I32, { 2, { (int64_t)rows, 2 } }, (void *)(uintptr_t)v, NULL };

    for (size_t i = 0; i < 2 * rows; i++)
        wide[i] = v[i];
    if (is_wide) t.dtype = TD_I64, t.data = wide;
    return pg_tensor(g, &t);
}

/* Padding of 2 rows above and 2 below, none left and 3 right; of a row: 8 in front. */
static td_edge paddings(td_graph *g)
{
    static const int32_t image[] = { 2, 2, 0, 3 }, row[] = { 8, 0 }, more[] = { 8, 4 };

    if (has("unknown")) return pg_arg(g, TD_I32);
    return has("row") ? ints(g, 1, has("ragged") ? more : row, false) : ints(g, 2, image, has("wide"));
}

static td_edge crops(td_graph *g)
{
    const int32_t image[] = { 0, has("cropped"), 0, has("cropped") ? 2 : 0 }, above[] = { 1, 0, 0, 0 },
                  far[] = { 0, 0, 1, 0 }, row[] = { 0, has("ragged") ? 4 : 0 };

    if (has("above")) return ints(g, 2, above, false);
    if (has("too_far")) return ints(g, 2, far, false);
    return has("row") ? ints(g, 1, row, false) : ints(g, 2, image, has("wide"));
}

static td_edge blocks(td_graph *g, bool is_last)
{
    const int32_t image[] = { 2, is_last && has("unlike") ? 1 : 3 }, row = 4;

    return has("row") ? pg_ints(g, 1, &row) : pg_ints(g, 2, image);
}

static td_edge convolve(td_graph *g, td_edge x)
{
    char text[128];
    const bool is_depthwise = has("depthwise");
    const td_shape image = { 4, { 3, 2, IN, is_depthwise ? 2 : OUT } }, row = { 4, { 1, 3, IN, OUT } };

    (void)snprintf(text, sizeof text, "%s T=%%f strides=[1,%d,%d,1] padding='%s%s",
                   is_depthwise ? "DepthwiseConv2dNative" : "Conv2D", has("strides") ? 2 : 1,
                   has("strides") ? 2 : 1, has("same") ? "SAME" : "VALID",
                   has("dilated") ? " dilations=[1,2,1,1]" : "");
    return pg_node(g, text, x, pg_noise(g, has("row") ? &row : &image, 3), PG_END);
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "g");
    const char *const type = has("wide") ? "%int64" : "%int32";
    td_edge x = pg_arg(g, TD_F32);
    char text[96];

    (void)snprintf(text, sizeof text, "SpaceToBatchND T=%%f Tblock_shape=%%int32 Tpaddings=%s", type);
    x = pg_node(g, text, x, blocks(g, false), paddings(g), PG_END);
    if (has("split_waits")) td_node_add_ctrl(g, x.node, pg_assert(g));
    if (has("shared_split")) pg_ret(g, x);
    if (has("row"))
        x = pg_node(g, "ExpandDims T=%f Tdim=%int32", x, pg_int(g, has("in_front") ? 1 : -3), PG_END);
    x = convolve(g, x);
    if (has("shared")) pg_ret(g, x);
    if (has("row"))
        x = pg_node(g, has("in_front") ? "Squeeze T=%f squeeze_dims=[1]" : "Squeeze T=%f squeeze_dims=[-3]",
                    x, PG_END);
    if (has("act")) x = pg_node(g, "Relu T=%f", x, PG_END);
    (void)snprintf(text, sizeof text, "BatchToSpaceND T=%%f Tblock_shape=%%int32 Tcrops=%s", type);
    x = pg_node(g, text, x, blocks(g, true), crops(g), PG_END);
    if (has("bias"))
        x = pg_node(g, "BiasAdd T=%f", x,
                    pg_noise(g, &(td_shape){ 1, { has("depthwise") ? 2 * IN : OUT } }, 5), PG_END);
    pg_ret(g, x);
    return g;
}

static void check(const char *form, bool fuses)
{
    static float data[2 * 8 * 9 * IN];
    static int32_t pads[] = { 2, 2, 0, 3 };
    unsigned char yes = 1;
    td_tensor in[2] = { { .dtype = TD_F32, .shape = { 4, { 2, 8, 9, IN } }, .data = data } };
    pg x;

    words = form;
    pg_open(&x, NULL);
    pg_fill(data, TD_COUNT(data), 3);
    if (has("row")) in[0].shape = (td_shape){ 3, { 2, 12, IN } };
    if (has("odd")) in[0].shape.dims[has("row") ? 1 : 2]--;
    if (has("tiny")) in[0].shape = (td_shape){ 4, { 2, 2, 3, IN } };
    if (has("none")) in[0].shape.dims[0] = 0;
    if (has("unknown")) in[1] = (td_tensor){ .dtype = TD_I32, .shape = { 2, { 2, 2 } }, .data = pads };
    if (has("split_waits")) in[1] = (td_tensor){ .dtype = TD_BOOL, .data = &yes };
    td_arena *const arena = td_arena_make();

    if (pg_count_after(&x, make(arena), "BatchToSpaceND") != !fuses)
        fail_msg("%s: is not fused as expected", form);
    td_arena_free(arena);
    for (size_t level = 0; level < cpu_levels(); level++) {
        x.env.cpu = cpu_level(level);
        if (has("fails"))
            pg_assert_same_error(&x, make, in);
        else
            pg_assert_same(&x, make, in, 1e-5);
    }
    pg_close(&x);
}

static void test_blocks(void **state)
{
    (void)state;
    check("", true);
    check("wide", true);
    check("bias", true);
    check("cropped", true);
    check("above", true);
    check("none", true);
    check("depthwise", true);
    check("depthwise cropped bias", true);
    check("shared_split", true);
    check("row", true);
    check("row bias", true);
    check("row in_front ragged", true);
    check("tiny", true);
    check("odd fails", true);
    check("odd cropped bias fails", true);
    check("depthwise odd fails", true);
    check("row odd fails", true);
    check("row ragged odd bias fails", true);
}

static void test_what_stays(void **state)
{
    (void)state;
    check("too_far", false);
    check("unknown", false);
    check("same", false);
    check("shared", false);
    check("act", false);
    check("dilated", false);
    check("strides", false);
    check("unlike", false);
    check("split_waits", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_blocks), cmocka_unit_test(test_what_stays) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
