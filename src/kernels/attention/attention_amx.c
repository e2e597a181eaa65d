/* SPDX-License-Identifier: Apache-2.0 */
/* attention_amx.c -- attention on AMX tiles: queries, keys, values and probabilities in bfloat16, scores and sums in float.
 *
 * Depth and keys are filled up with zeros to whole steps. Probabilities are rounded when they are divided by their sum.
 */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/amx/tile.h"
#include "kernels/attention/attention.h"
#include "kernels/wide/wide.h"

enum { LANES = 16, SUMS = TD_AMX_ROWS * TD_AMX_COLS, ROW_PIECE = 256 };

static size_t wide(size_t n)
{
    return td_round_up(n, TD_AMX_K_STEP);
}

static void cut(td_attention_plan *p, int threads)
{
    size_t at = 0;

    td_attention_cut_rows(p, threads);
    p->block_rows = TD_AMX_ROWS;
    (void)td_reserve(&at, SUMS * sizeof(float));
    p->at_q = td_reserve(&at, TD_AMX_ROWS * wide(p->depth) * sizeof(uint16_t));
    p->at_k = td_reserve(&at, wide(p->keys) * wide(p->depth) * sizeof(uint16_t));
    p->at_v = td_reserve(&at, wide(p->keys) * wide(p->out_depth) * sizeof(uint16_t));
    p->at_mask = td_reserve(&at, p->mask_column ? 0 : TD_AMX_ROWS * p->keys * sizeof(float));
    p->at_scores = td_reserve(&at, TD_AMX_ROWS * wide(p->keys) * sizeof(float));
    p->at_odds = td_reserve(&at, TD_AMX_ROWS * wide(p->keys) * sizeof(uint16_t));
    p->thread_bytes = at;
}

typedef struct part {
    const td_attention *a;
    const td_amx_tiles *tiles;
    size_t batch, head;
    float *sums, *wide_mask, *scores;
    uint16_t *q, *k, *v, *odds;
} part;

/* n elements as bfloat16, zeros behind them. */
static void take_row(uint16_t *to, const void *from, bool is_bf16, size_t at, size_t n, size_t n_wide)
{
    if (is_bf16)
        memcpy(to, (const uint16_t *)from + at, n * sizeof *to);
    else
        td_bf16_round_avx512_bf16(to, (const float *)from + at, n);
    memset(to + n, 0, (n_wide - n) * sizeof *to);
}

/* Panels of 32 keys, [depth / 2][32][2]: a key's row goes down its column. */
static void pack_keys(const part *x)
{
    const td_attention_plan *const p = x->a->plan;
    const size_t depth = wide(p->depth), from = td_attention_offset(&p->k, x->batch, x->head);
    uint16_t row[ROW_PIECE];

    memset(x->k, 0, wide(p->keys) * depth * sizeof *x->k);
    for (size_t key = 0; key < p->keys; key++) {
        uint16_t *const column = x->k + key / TD_AMX_COLS * TD_AMX_COLS * depth + key % TD_AMX_COLS * 2;

        for (size_t d = 0; d < p->depth; d += ROW_PIECE) {
            const size_t n = TD_MIN(ROW_PIECE, p->depth - d), pairs = (n + 1) / 2;

            take_row(row, x->a->k, x->a->is_bf16[1], from + key * p->k.row + d, n, 2 * pairs);
            for (size_t i = 0; i < pairs; i++)
                memcpy(column + (d / 2 + i) * 2 * TD_AMX_COLS, row + 2 * i, 2 * sizeof *row);
        }
    }
}

/* Panels of 32 columns, [keys / 2][32][2]: rows of two keys are woven. */
static void pack_values(const part *x)
{
    const td_attention_plan *const p = x->a->plan;
    const size_t keys = wide(p->keys), from = td_attention_offset(&p->v, x->batch, x->head);
    uint16_t row[TD_AMX_COLS];

    memset(x->v, 0, keys * wide(p->out_depth) * sizeof *x->v);
    for (size_t col = 0; col < p->out_depth; col += TD_AMX_COLS) {
        const size_t n = TD_MIN(TD_AMX_COLS, p->out_depth - col);

        for (size_t key = 0; key < p->keys; key++) {
            uint16_t *const to = x->v + col * keys + key / 2 * 2 * TD_AMX_COLS + key % 2;

            take_row(row, x->a->v, x->a->is_bf16[2], from + key * p->v.row + col, n, n);
            for (size_t i = 0; i < n; i++)
                to[2 * i] = row[i];
        }
    }
}

/* c = 32 rows of a, of k elements each, by a panel of b. */
static void multiply(const part *x, const uint16_t *a, size_t rows, size_t k, const uint16_t *b, float *c,
                     size_t ldc)
{
    const td_amx_block block = {
        .a = { a, a + TD_AMX_HALF * k }, .lda = k, .n_steps = k / TD_AMX_K_STEP, .b = b, .c = c, .ldc = ldc
    };

    if (rows > TD_AMX_HALF)
        x->tiles->block(&block);
    else
        x->tiles->half(&block);
}

/* The scores' scale and mask. */
static void scale_row(float *to, size_t n, float by, const float *mask)
{
    const __m512 scale = _mm512_set1_ps(by);

    for (size_t i = 0; i < n; i += LANES) {
        const __mmask16 some = (__mmask16)(n - i >= LANES ? 0xffffU : (1U << (n - i)) - 1);
        const __m512 add = mask ? _mm512_maskz_loadu_ps(some, mask + i) : _mm512_setzero_ps();
        _mm512_mask_storeu_ps(to + i, some, _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, to + i), scale, add));
    }
}

/* Scores become probabilities, row by row. */
static void weigh(const part *x, size_t row, size_t n)
{
    const td_attention_plan *const p = x->a->plan;
    const size_t keys = wide(p->keys);
    const float *const all =
        x->a->mask ? x->a->mask + td_attention_offset(&p->mask, x->batch, x->head) : NULL;
    size_t step = 0;
    const float *const mask = td_attention_mask(x->a, all, row, n, x->wide_mask, &step);

    for (size_t i = 0; i < n; i++) {
        float *const scores = x->scores + i * keys;

        scale_row(scores, p->keys, p->scale, mask ? mask + i * step : NULL);
        x->a->softmax(scores, scores, 1, p->keys, false);
        take_row(x->odds + i * keys, scores, false, 0, p->keys, keys);
    }
}

static void finish(const part *x, size_t row, size_t n, size_t col)
{
    const td_attention_plan *const p = x->a->plan;
    const size_t at = td_attention_offset(&p->out, x->batch, x->head) + row * p->out.row + col;

    x->tiles->finish(&(td_amx_finish){
        .c = x->sums,
        .out = x->a->writes_bf16 ? (void *)((uint16_t *)x->a->out + at) : (void *)((float *)x->a->out + at),
        .rows = n,
        .cols = TD_MIN(TD_AMX_COLS, p->out_depth - col),
        .ld = p->out.row,
        .is_bf16 = x->a->writes_bf16,
        .end = &td_gemm_end_none,
    });
}

static void run_block(const part *x, size_t row, size_t n)
{
    const td_attention_plan *const p = x->a->plan;
    const size_t depth = wide(p->depth), keys = wide(p->keys);
    const size_t from = td_attention_offset(&p->q, x->batch, x->head);

    for (size_t i = 0; i < n; i++)
        take_row(x->q + i * depth, x->a->q, x->a->is_bf16[0], from + (row + i) * p->q.row, p->depth, depth);
    for (size_t key = 0; key < keys; key += TD_AMX_COLS)
        multiply(x, x->q, n, depth, x->k + key * depth, x->scores + key, keys);
    weigh(x, row, n);
    for (size_t col = 0; col < p->out_depth; col += TD_AMX_COLS) {
        multiply(x, x->odds, n, keys, x->v + col * keys, x->sums, TD_AMX_COLS);
        finish(x, row, n, col);
    }
}

static void configure(const part *x, size_t rows)
{
    const size_t first = TD_MIN(rows, TD_AMX_HALF);

    x->tiles->configure(first, rows - first);
}

static void run_part(const td_attention *a, size_t at, char *scratch)
{
    const td_attention_plan *const p = a->plan;
    const size_t head_at = at / p->parts;
    const part x = {
        .a = a,
        .tiles = &td_amx_tiles_amx,
        .batch = head_at / p->heads,
        .head = head_at % p->heads,
        .sums = (float *)(void *)scratch,
        .wide_mask = (float *)(void *)(scratch + p->at_mask),
        .scores = (float *)(void *)(scratch + p->at_scores),
        .q = (uint16_t *)(void *)(scratch + p->at_q),
        .k = (uint16_t *)(void *)(scratch + p->at_k),
        .v = (uint16_t *)(void *)(scratch + p->at_v),
        .odds = (uint16_t *)(void *)(scratch + p->at_odds),
    };
    const size_t first = at % p->parts * p->part_rows, end = TD_MIN(first + p->part_rows, p->rows);
    size_t set = 0;

    pack_keys(&x);
    pack_values(&x);
    for (size_t row = first; row < end; row += TD_AMX_ROWS) {
        const size_t n = TD_MIN(TD_AMX_ROWS, end - row);

        if (n != set) configure(&x, n);
        set = n;
        run_block(&x, row, n);
    }
    x.tiles->release();
}

const td_attention_body td_attention_body_amx = { "amx", true, cut, run_part };
