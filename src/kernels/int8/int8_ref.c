/* SPDX-License-Identifier: Apache-2.0 */
/* int8_ref.c -- the plain body, and the packing of weights. */
#include "kernels/int8/int8_body.h"

#include "base/macros.h"
#include "base/size.h"

enum {
    LEAST_SCALED = 0x01000000
}; /* bits of 2^-125: of less, 127 / x would not be finite, nor x / 127 normal */

const td_int8_variant td_int8_variants[] = {
    TD_X86(&td_int8_, amx),  TD_X86(&td_int8_, vnni), TD_X86(&td_int8_, avx512),
    TD_X86(&td_int8_, avx2), TD_PLAIN(&td_int8_ref),
};

static void sums(int32_t *acc, const void *rows, size_t stride, size_t n_rows, const int8_t *panel,
                 size_t quads)
{
    for (size_t r = 0; r < n_rows; r++, acc += TD_INT8_COLS) {
        const int16_t *const row = (const void *)((const char *)rows + r * stride);

        for (size_t c = 0; c < TD_INT8_COLS; c++) {
            int32_t sum = 0;

            for (size_t k = 0; k < 4 * quads; k++)
                sum += row[k] * panel[(k / 4 * TD_INT8_COLS + c) * 4 + k % 4];
            acc[c] = sum;
        }
    }
}

static void round_steps(void *steps, const float *x, size_t n, float factor)
{
    int8_round_16(steps, x, n, factor);
}

static void finish(float *out, size_t ld, const int32_t *acc, size_t rows, size_t n, const td_int8_end *e)
{
    int8_finish(out, ld, acc, rows, n, 0, e);
}

const td_int8_isa td_int8_ref = { .width = sizeof(int16_t),
                                  .block = TD_INT8_ROWS,
                                  .sums = sums,
                                  .most = int8_most,
                                  .round = round_steps,
                                  .finish = finish };

/* ---------------------------------------------------------------- sizes */

size_t td_int8_depth(size_t k)
{
    return td_round_up(k, TD_INT8_DEPTH);
}

size_t td_int8_panels(size_t n)
{
    return td_div_up(n, TD_INT8_COLS);
}

size_t td_int8_panel_size(size_t k)
{
    return td_int8_depth(k) * TD_INT8_COLS;
}

size_t td_int8_packed_size(size_t k, size_t n)
{
    return td_int8_panels(n) * (td_int8_panel_size(k) + TD_INT8_COLS * (sizeof(float) + sizeof(int32_t)));
}

/* ---------------------------------------------------------------- scales */

float td_int8_scale(uint32_t most, float *factor)
{
    float x;

    memcpy(&x, &most, sizeof x);
    *factor = 0;
    if (most >= 0x7f800000) return NAN;
    if (most < LEAST_SCALED) return 0;
    *factor = 127.0f / x;
    return x / 127.0f;
}

/* ---------------------------------------------------------------- weights */

typedef struct column {
    const float *b; /* of the column */
    size_t k, stride;
    float scale; /* what it is multiplied by */
} column;

static uint32_t most_of(const column *x)
{
    uint32_t most = 0;

    for (size_t i = 0; i < x->k; i++) {
        const float v = x->b[i * x->stride] * x->scale;

        most = TD_MAX(most, int8_most(&v, 1));
    }
    return most;
}

static int32_t pack_column(int8_t *to, const column *x, float factor)
{
    int32_t sum = 0;

    for (size_t i = 0; factor > 0 && i < x->k; i++) {
        const int32_t step = int8_step(x->b[i * x->stride] * x->scale, factor);

        to[i / 4 * 4 * TD_INT8_COLS + i % 4] = (int8_t)step;
        sum += step;
    }
    return sum;
}

void td_int8_pack(void *packed, const float *b, size_t k, size_t n, size_t stride_k, size_t stride_n,
                  const float *scale)
{
    const size_t panels = td_int8_panels(n), panel = td_int8_panel_size(k);
    float *const scales = (float *)(void *)((char *)packed + panels * panel);
    int32_t *const all = (int32_t *)(void *)(scales + panels * TD_INT8_COLS);

    memset(packed, 0, td_int8_packed_size(k, n));
    for (size_t c = 0; c < n; c++) {
        const column x = { b + c * stride_n, k, stride_k, scale ? scale[c] : 1.0f };
        float factor;

        scales[c] = td_int8_scale(most_of(&x), &factor);
        all[c] = pack_column((int8_t *)packed + c / TD_INT8_COLS * panel + c % TD_INT8_COLS * 4, &x, factor);
    }
}
