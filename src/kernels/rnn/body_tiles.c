/* SPDX-License-Identifier: Apache-2.0 */
/* body_tiles.c -- a recurrent layer's sums on AMX tiles: x, h and weights in bfloat16, sums in float.
 *
 * A group is a panel of 32 columns for each gate, columns beyond its units zeros. The state is kept a second time, rounded, two
 * of them in turn; rows of x are rounded by each part.
 *
 *   part:    [chunk * rows][inputs, wide] of x; a block of sums
 *   shared:  2 [rows][hidden, wide] of h
 */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/gemm/body.h"
#include "kernels/rnn/body.h"

enum {
    LEAST_HIDDEN = 32,
    LEAST_WEIGHTS = 1 << 14,
    BLOCK = TD_AMX_ROWS * TD_AMX_COLS,
};

static bool can(const td_rnn_ask *ask)
{
    return ask->is_bf16 && td_amx_select(ask->cpu) && ask->hidden;
}

static bool pays(const td_rnn_ask *ask)
{
    const double weights =
        (double)(ask->inputs + ask->hidden) * (double)(td_rnn_gates(ask->kind) * ask->hidden);

    return ask->hidden >= LEAST_HIDDEN && weights >= LEAST_WEIGHTS;
}

static size_t wide(size_t k)
{
    return td_round_up(k, TD_AMX_K_STEP);
}

static size_t state_size(const td_rnn_plan *p) /* elements */
{
    return p->shard_rows * wide(p->ask.hidden);
}

static td_rnn_needs needs(td_rnn_plan *p)
{
    return (td_rnn_needs){
        .has_own = true,
        .part = BLOCK * sizeof(float) + p->chunk * p->shard_rows * wide(p->ask.inputs) * sizeof(uint16_t),
        .shared = 2 * state_size(p) * sizeof(uint16_t),
    };
}

/* ---------------------------------------------------------------- weights: [groups][gates] panels */

static size_t panel_size(size_t k)
{
    return wide(k) * TD_AMX_COLS;
}

static size_t packed_size(td_rnn_kind kind, size_t k, size_t hidden)
{
    return td_rnn_groups(hidden) * td_rnn_gates(kind) * panel_size(k) * sizeof(uint16_t);
}

static bool pack(td_rnn_kind kind, size_t k, size_t hidden, void *packed, const float *w)
{
    const size_t gates = td_rnn_gates(kind);
    uint16_t *to = packed;

    for (size_t i = 0; i < td_rnn_groups(hidden); i++)
        for (size_t g = 0; g < gates; g++, to += panel_size(k)) {
            const td_matmul p = {
                .n = td_rnn_group_units(hidden, i), .k = k, .b_k = gates * hidden, .b_n = 1
            };

            td_bf16_pack_pairs(&p, to, w + g * hidden + i * TD_RNN_GROUP, NULL, TD_AMX_COLS, wide(k));
        }
    return true;
}

/* ---------------------------------------------------------------- products */

static const uint16_t *panel_at(const td_rnn_plan *p, const void *packed, size_t k, size_t group, size_t gate)
{
    return (const uint16_t *)packed + (group * td_rnn_gates(p->ask.kind) + gate) * panel_size(k);
}

/* Up to 32 rows of A, dense, against a panel. */
static void multiply(const td_rnn_plan *p, const uint16_t *a, size_t rows, size_t lda, const uint16_t *b,
                     float *c, size_t ldc)
{
    const size_t first = TD_MIN(rows, TD_AMX_HALF);
    const td_amx_block block = {
        .a = { a, a + first * lda }, .lda = lda, .n_steps = lda / TD_AMX_K_STEP, .b = b, .c = c, .ldc = ldc
    };

    (rows > first ? p->tiles->block : p->tiles->half)(&block);
}

static void configure(const td_rnn_plan *p, size_t rows)
{
    const size_t first = TD_MIN(rows, TD_AMX_HALF);

    p->tiles->configure(first, rows - first);
}

/* Rows of n steps, rounded, zeros behind them. */
static uint16_t *round_inputs(const td_rnn_part *part, size_t step, size_t n)
{
    const td_rnn_plan *const p = part->r->plan;
    const size_t k = p->ask.inputs, k_wide = wide(k);
    uint16_t *const x = (uint16_t *)(void *)((char *)part->body + BLOCK * sizeof(float)), *to = x;

    for (size_t s = step; s < step + n; s++)
        for (size_t i = 0; i < part->rows; i++, to += k_wide) {
            p->round(to, part->r->x + (s * p->ask.batch + part->row0 + i) * k, k);
            memset(to + k, 0, (k_wide - k) * sizeof *to);
        }
    return x;
}

static void inputs(const td_rnn_part *part, size_t step, size_t n)
{
    const td_rnn_plan *const p = part->r->plan;
    const size_t k_wide = wide(p->ask.inputs), rows = n * part->rows, gates = td_rnn_gates(p->ask.kind);
    const uint16_t *const x = round_inputs(part, step, n);
    float *const block = part->body;

    for (size_t row = 0; row < rows; row += TD_AMX_ROWS) {
        const size_t some = TD_MIN(TD_AMX_ROWS, rows - row);

        configure(p, some);
        for (size_t i = part->group0 * gates; i < part->group1 * gates; i++) {
            const size_t group = i / gates, gate = i % gates, col = gate * TD_RNN_GROUP;

            multiply(p, x + row * k_wide, some, k_wide, panel_at(p, part->r->wx, p->ask.inputs, group, gate),
                     block, TD_AMX_COLS);
            p->tiles->finish(&(td_amx_finish){
                .c = block,
                .out = part->sums + (group * p->chunk * p->shard_rows + row) * p->width + col,
                .rows = some,
                .cols = TD_AMX_COLS,
                .ld = p->width,
                .bias = part->bx + group * p->width + col,
                .end = &td_gemm_end_none });
        }
    }
}

static uint16_t *state_at(const td_rnn_part *part, size_t step)
{
    return (uint16_t *)part->shared + step % 2 * state_size(part->r->plan);
}

/* Of one group; with the last one what follows it. */
static void keep(const td_rnn_part *part, size_t step, size_t group, const float *h)
{
    const td_rnn_plan *const p = part->r->plan;
    const size_t hidden = p->ask.hidden, k_wide = wide(hidden), unit = group * TD_RNN_GROUP;
    const size_t units = td_rnn_group_units(hidden, group);
    uint16_t *to = state_at(part, step) + unit;

    for (size_t i = 0; i < part->rows; i++, to += k_wide) {
        p->round(to, h + i * hidden + unit, units);
        memset(to + units, 0, (TD_RNN_GROUP - units) * sizeof *to);
    }
}

static void begin(const td_rnn_part *part)
{
    configure(part->r->plan, part->rows);
}

static void end(void)
{
    td_amx_select(td_cpu_detect())->release();
}

static void state(const td_rnn_part *part, size_t step, size_t group, float *sums, const float *h)
{
    const td_rnn_plan *const p = part->r->plan;
    const size_t k = p->ask.hidden, k_wide = wide(k), gates = td_rnn_gates(p->ask.kind);
    const bool has_bias = p->ask.kind == TD_RNN_GRU;
    const uint16_t *const a = state_at(part, step);
    float *const block = part->body;

    (void)sums;
    (void)h;
    for (size_t gate = 0; gate < gates; gate++) {
        const uint16_t *const b = panel_at(p, part->r->wh, k, group, gate);
        float *const own = part->own + gate * TD_RNN_GROUP;

        multiply(p, a, part->rows, k_wide, b, has_bias ? block : own, has_bias ? TD_AMX_COLS : p->width);
        if (has_bias)
            p->tiles->finish(&(td_amx_finish){ .c = block,
                                               .out = own,
                                               .rows = part->rows,
                                               .cols = TD_AMX_COLS,
                                               .ld = p->width,
                                               .bias = part->bh + group * p->width + gate * TD_RNN_GROUP,
                                               .end = &td_gemm_end_none });
    }
}

const td_rnn_body td_rnn_body_amx = {
    .name = "amx",
    .can = can,
    .pays = pays,
    .most_rows = TD_AMX_ROWS,
    .chunk_rows = 2 * TD_AMX_ROWS,
    .pads = true,
    .needs = needs,
    .form = "rnn amx",
    .packed_size = packed_size,
    .pack = pack,
    .inputs = inputs,
    .begin = begin,
    .end = end,
    .state = state,
    .keep = keep,
};
