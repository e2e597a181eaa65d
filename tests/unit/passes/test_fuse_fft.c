/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_fft.c -- zeros behind signals go into their transform, with the same spectra and errors; padding that is
 * anything else stays. */
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

/* Words say how a graph differs from RFFT of 12 numbers of [5, 8], padded by [[0, 0], [0, 4]]. */
static const char *words;

static bool has(const char *word)
{
    return words_have(words, word);
}

static td_edge paddings(td_graph *g)
{
    const size_t last = has("three") ? 5 : 3;
    int64_t wide[6] = { 0, has("rows") };
    int32_t narrow[6];
    td_tensor t = { .dtype = has("wide") ? TD_I64 : TD_I32, .data = has("wide") ? (void *)wide : narrow };

    wide[last] = has("none") ? 0 : has("negative") ? -1 : has("huge") ? INT64_MAX : 4;
    if (has("before")) wide[last - 1] = 1;
    for (size_t i = 0; i < 6; i++)
        narrow[i] = (int32_t)wide[i];
    t.shape = (td_shape){ 2, { has("three") ? 3 : 2, 2 } };
    if (!has("unknown")) return pg_tensor(g, &t);
    return pg_arg(g, t.dtype);
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "g");
    const td_edge x = pg_arg(g, has("double") ? TD_F64 : TD_F32);
    char text[64];

    (void)snprintf(text, sizeof text, "%s T=%s Tpaddings=%s", has("value") ? "PadV2" : "Pad",
                   has("double") ? "%double" : "%float", has("wide") ? "%int64" : "%int32");
    td_edge padded = has("value") ? pg_node(g, text, x, paddings(g), pg_float(g, 0.5f), PG_END)
                                  : pg_node(g, text, x, paddings(g), PG_END);

    if (has("pad_waits")) td_node_add_ctrl(g, padded.node, pg_assert(g));
    if (has("shared")) pg_ret(g, padded);
    if (has("identity"))
        padded = pg_node(g, has("double") ? "Identity T=%double" : "Identity T=%float", padded, PG_END);
    const int32_t length = has("short") ? 7 : has("middle") ? 10 : has("long") ? 13 : 12;
    const td_edge y = pg_node(g,
                              has("double") ? "RFFT Treal=%double Tcomplex=%complex128"
                                            : "RFFT Treal=%float Tcomplex=%complex64",
                              padded, has("scalar") ? pg_int(g, length) : pg_ints(g, 1, &length), PG_END);

    if (has("fft_waits")) td_node_add_ctrl(g, y.node, pg_assert(g));
    pg_ret(g, pg_node(g,
                      has("double") ? "ComplexAbs T=%complex128 Tout=%double"
                                    : "ComplexAbs T=%complex64 Tout=%float",
                      y, PG_END));
    return g;
}

static void check(const char *form, size_t fused)
{
    float narrow[40];
    double wide[40];
    pg x;

    words = form;
    pg_open(&x, NULL);
    pg_fill(narrow, TD_COUNT(narrow), 3);
    for (size_t i = 0; i < TD_COUNT(wide); i++)
        wide[i] = (double)narrow[i];
    int32_t pads[4] = { 0, 0, 0, 4 };
    unsigned char yes = 1;
    td_tensor in[2] = { { .dtype = TD_F32, .shape = { 2, { 5, 8 } }, .data = narrow } };

    if (has("double")) in[0] = (td_tensor){ .dtype = TD_F64, .shape = in[0].shape, .data = wide };
    if (has("vector")) in[0].shape = (td_shape){ 1, { 40 } };
    if (has("cube")) in[0].shape = (td_shape){ 3, { 5, 2, 4 } };
    if (has("no_rows")) in[0].shape.dims[0] = 0;
    if (has("no_columns")) in[0].shape.dims[1] = 0;
    if (has("unknown")) in[1] = (td_tensor){ .dtype = TD_I32, .shape = { 2, { 2, 2 } }, .data = pads };
    if (has("pad_waits") || has("fft_waits")) in[1] = (td_tensor){ .dtype = TD_BOOL, .data = &yes };
    td_arena *const arena = td_arena_make();

    if (pg_count_after(&x, make(arena), "_FusedRFFT") != fused)
        fail_msg("%s: is not fused as expected", form);
    td_arena_free(arena);
    if (has("fails"))
        pg_assert_same_error(&x, make, in);
    else
        pg_assert_same(&x, make, in, 1e-6);
    pg_close(&x);
}

static void test_zeros_behind(void **state)
{
    (void)state;
    check("", 1);
    check("double", 1);
    check("wide", 1);
    check("identity", 1);
    check("shared", 1);
    check("none short", 1);
    check("short", 1);
    check("middle", 1);
    check("long fails", 1);
    check("no_rows", 1);
    check("three cube short", 1);
    check("scalar fails", 1);
    check("vector fails", 1);
    check("cube fails", 1);
    check("three fails", 1);
    check("wide huge fails", 1);
    check("no_columns long fails", 1);
}

static void test_other_padding_stays(void **state)
{
    (void)state;
    check("before", 0);
    check("rows", 0);
    check("negative short fails", 0);
    check("value", 0);
    check("unknown", 0);
    check("pad_waits", 0);
    check("fft_waits", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_zeros_behind),
                                        cmocka_unit_test(test_other_padding_stays) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
