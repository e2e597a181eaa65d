/* SPDX-License-Identifier: Apache-2.0 */
/* body_panels.c -- a recurrent layer's sums in float, by the tiles of kernels/gemm: runs any.
 *
 * A group's columns are those of its units only; its panels lie one behind the other, and groups, too.
 */
#include <math.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/rnn/body.h"

enum {
    LINE = 64,
    MOST_ROWS = 64,  /* of a shard: sums of a group stay in the first-level cache, or nearly */
    CHUNK_ROWS = 48, /* of x: at most MOST_ROWS */
};

static bool always(const td_rnn_ask *ask)
{
    (void)ask;
    return true;
}

static td_rnn_needs needs(td_rnn_plan *p)
{
    const size_t gates = td_rnn_gates(p->ask.kind);

    for (size_t i = 0; i < 2; i++) {
        p->columns[i] =
            gates * (i && p->groups ? td_rnn_group_units(p->ask.hidden, p->groups - 1) : TD_RNN_GROUP);
        p->panel[i] = td_gemm_width(p->columns[i]);
    }
    return (td_rnn_needs){ .has_own = p->ask.kind == TD_RNN_GRU };
}

/* Bytes of groups before this one: all of them are whole. */
static size_t offset(td_rnn_kind kind, size_t k, size_t group)
{
    return group * td_gemm_packed_size(k, td_rnn_gates(kind) * TD_RNN_GROUP);
}

static size_t packed_size(td_rnn_kind kind, size_t k, size_t hidden)
{
    const size_t groups = td_rnn_groups(hidden);

    if (!groups) return 0;
    return offset(kind, k, groups - 1) +
           td_gemm_packed_size(k, td_rnn_gates(kind) * td_rnn_group_units(hidden, groups - 1));
}

static bool pack(td_rnn_kind kind, size_t k, size_t hidden, void *packed, const float *w)
{
    float *const side = td_try_alloc(k * td_rnn_gates(kind) * TD_RNN_GROUP * sizeof(float) + 1, 64);

    if (!side) return false;
    for (size_t i = 0; i < td_rnn_groups(hidden); i++) {
        const size_t units = td_rnn_group_units(hidden, i), n = td_rnn_gates(kind) * units;

        td_rnn_gather(kind, k, hidden, i, units, side, w);
        td_gemm_pack((float *)(void *)((char *)packed + offset(kind, k, i)), side, k, n, n, 1, NULL);
    }
    td_free(side);
    return true;
}

/* Rows of A, which lie anywhere, against one group's weights. */
typedef struct product {
    const td_rnn_plan *plan;
    size_t rows, k, n, width; /* n: columns of the group; of a panel */
    const float *const *a;
    const float *b; /* packed */
    float *sums;
    const float *bias, *add; /* add: sums, too */
} product;

static product product_of(const td_rnn_plan *p, const void *packed, size_t k, size_t group)
{
    const size_t last = group + 1 == p->groups;
    /* whole groups are of 96 or 128 columns, which are whole panels */
    const size_t whole = p->columns[0] * k;

    return (product){ .plan = p,
                      .k = k,
                      .n = p->columns[last],
                      .width = p->panel[last],
                      .b = (const float *)packed + group * whole };
}

/* A panel meets all rows before the next one does, which is fetched meanwhile. */
static void multiply_panel(const product *p, td_gemm_tile *t, size_t col, const char *next)
{
    const td_gemm_isa *const isa = p->plan->gemm;
    const size_t vectors = p->width / TD_GEMM_LANES - 1, most = (size_t)isa->max_rows[vectors];
    const size_t tiles = p->rows <= most ? 1 : td_div_up(p->rows, most);
    const size_t fetched = p->k * LINE; /* bytes, by each tile */

    for (size_t i = 0; i < tiles; i++) {
        const size_t row = i ? p->rows * i / tiles : 0;
        const size_t rows = (i + 1 < tiles ? p->rows * (i + 1) / tiles : p->rows) - row;
        const size_t at = row * p->plan->width + col;
        const bool fetches = next && (i + 1) * fetched <= p->k * p->width * sizeof(float);

        t->a = p->a + row;
        t->c = p->sums + at;
        t->add = p->add ? p->add + at : NULL;
        t->prefetch = fetches ? next + i * fetched : (const char *)(const void *)p->a;
        t->prefetch_step = fetches ? LINE : 0;
        isa->tile[vectors][rows - 1](t);
    }
}

static void multiply(const product *p)
{
    const size_t w = p->width;
    const td_gemm_panel lies = td_gemm_panel_of(p->k, w);
    td_gemm_tile t = { .segments = 1,
                       .depth = p->k,
                       .ldb = lies.ld,
                       .strip = lies.strip,
                       .ldc = p->plan->width,
                       .is_first = true,
                       .is_last = true,
                       .add_ld = p->plan->width,
                       .lo = -INFINITY,
                       .hi = INFINITY };

    for (size_t col = 0; col < p->n; col += w) {
        t.b = p->b + col * p->k;
        t.cols = TD_MIN(w, p->n - col);
        t.bias = p->bias ? p->bias + col : NULL;
        multiply_panel(p, &t, col, col + w < p->n ? (const char *)(t.b + p->k * w) : NULL);
    }
}

static void inputs(const td_rnn_part *part, size_t step, size_t n)
{
    const td_rnn *const r = part->r;
    const td_rnn_plan *const plan = r->plan;
    const td_rnn_ask *const ask = &plan->ask;
    const size_t rows = n * part->rows;
    const float *a[MOST_ROWS];

    for (size_t i = 0; i < rows; i++)
        a[i] = r->x + ((step + i / part->rows) * ask->batch + part->row0 + i % part->rows) * ask->inputs;
    for (size_t g = part->group0; g < part->group1; g++) {
        product p = product_of(plan, r->wx, ask->inputs, g);

        p.rows = rows;
        p.a = a;
        p.sums = part->sums + g * plan->chunk * plan->shard_rows * plan->width;
        p.bias = part->bx + g * plan->width;
        multiply(&p);
    }
}

static void state(const td_rnn_part *part, size_t step, size_t group, float *sums, const float *h)
{
    const td_rnn_plan *const plan = part->r->plan;
    product p = product_of(plan, part->r->wh, plan->ask.hidden, group);
    const float *a[MOST_ROWS];

    (void)step;
    for (size_t i = 0; i < part->rows; i++)
        a[i] = h + i * plan->ask.hidden;
    p.rows = part->rows;
    p.a = a;
    p.sums = part->own ? part->own : sums;
    p.bias = part->own ? part->bh + group * plan->width : NULL;
    p.add = part->own ? NULL : sums;
    multiply(&p);
}

const td_rnn_body td_rnn_body_panels = {
    .name = "panels",
    .can = always,
    .pays = always,
    .most_rows = MOST_ROWS,
    .chunk_rows = CHUNK_ROWS,
    .needs = needs,
    .form = "rnn",
    .packed_size = packed_size,
    .pack = pack,
    .inputs = inputs,
    .state = state,
};
