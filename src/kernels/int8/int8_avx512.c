/* SPDX-License-Identifier: Apache-2.0 */
/* int8_avx512.c -- bodies that sum bytes as convolutions of bytes do (kernels/quant/conv8.h): panels are alike. */
#include "kernels/int8/int8_body.h"
#include "kernels/quant/conv8.h"

enum { ZERO = 128 };

_Static_assert((int)TD_INT8_COLS == (int)TD_CONV8_PANEL && (int)TD_INT8_ROWS == (int)TD_CONV8_ROWS,
               "blocks are those of conv8");

static void round_steps(void *steps, const float *x, size_t n, float factor)
{
    int8_round_8(steps, x, n, factor);
}

static void finish(float *out, size_t ld, const int32_t *acc, size_t rows, size_t n, const td_int8_end *e)
{
    int8_finish(out, ld, acc, rows, n, ZERO, e);
}

static void sums_avx512(int32_t *acc, const void *rows, size_t stride, size_t n_rows, const int8_t *panel,
                        size_t quads)
{
    td_conv8_avx512.sums(acc, rows, stride, n_rows, panel, quads);
}

static void sums_vnni(int32_t *acc, const void *rows, size_t stride, size_t n_rows, const int8_t *panel,
                      size_t quads)
{
    td_conv8_vnni.sums(acc, rows, stride, n_rows, panel, quads);
}

static void sums_amx(int32_t *acc, const void *rows, size_t stride, size_t n_rows, const int8_t *panel,
                     size_t quads)
{
    td_conv8_amx.sums(acc, rows, stride, n_rows, panel, quads);
}

static void begin_amx(void)
{
    td_conv8_amx.begin();
}

static void end_amx(void)
{
    td_conv8_amx.end();
}

const td_int8_isa td_int8_avx512 = { .block = TD_INT8_ROWS,
                                     .width = 1,
                                     .zero = ZERO,
                                     .sums = sums_avx512,
                                     .most = int8_most,
                                     .round = round_steps,
                                     .finish = finish };
const td_int8_isa td_int8_vnni = { .block = TD_INT8_ROWS,
                                   .width = 1,
                                   .zero = ZERO,
                                   .sums = sums_vnni,
                                   .most = int8_most,
                                   .round = round_steps,
                                   .finish = finish };
const td_int8_isa td_int8_amx = { .block = TD_INT8_ROWS,
                                  .width = 1,
                                  .zero = ZERO,
                                  .begin = begin_amx,
                                  .end = end_amx,
                                  .sums = sums_amx,
                                  .most = int8_most,
                                  .round = round_steps,
                                  .finish = finish };
