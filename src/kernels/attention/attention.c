/* SPDX-License-Identifier: Apache-2.0 */
/* attention.c -- see attention.h. */
#include "kernels/attention/attention.h"

#include <math.h>
#include <string.h>

#include "base/body.h"
#include "base/macros.h"
#include "base/size.h"

enum {
    SCORES_BYTES = 128 << 10, /* of a block: it stays in the second-level cache beside k and v */
    PART_ROWS = 48,           /* fewer rows do not pay for packing k and v once more */
};

void td_attention_cut_rows(td_attention_plan *p, int threads)
{
    const size_t heads = p->batch * p->heads, want = threads > 1 ? 4 * (size_t)threads : 1;

    p->parts = heads >= want ? 1 : (want + heads - 1) / heads;
    p->parts = TD_MAX(1, TD_MIN(p->parts, p->rows / PART_ROWS));
    p->part_rows = (p->rows + p->parts - 1) / p->parts;
    p->parts = (p->rows + p->part_rows - 1) / p->part_rows;
}

static void cut(td_attention_plan *p, int threads)
{
    size_t at = td_gemm_scratch(1, 0);

    td_attention_cut_rows(p, threads);
    p->block_rows = TD_MIN(p->part_rows, TD_MAX(24, SCORES_BYTES / sizeof(float) / p->keys));
    p->at_k = td_reserve(&at, td_gemm_packed_size(p->depth, p->keys));
    p->at_v = td_reserve(&at, td_gemm_packed_size(p->keys, p->out_depth));
    p->at_mask = td_reserve(&at, p->mask_column ? 0 : p->block_rows * p->keys * sizeof(float));
    p->at_scores = td_reserve(&at, p->block_rows * p->keys * sizeof(float));
    p->thread_bytes = at;
}

/* One part of one head. */
typedef struct part {
    const td_attention *a;
    const float *q, *mask;
    const bool *keeps;
    float *out;
    float *k, *v, *wide_mask, *scores;
    void *gemm_scratch;
} part;

static float *floats_at(char *scratch, size_t at)
{
    return (float *)(void *)(scratch + at);
}

/* Packs k transposed, with the scale in it. */
static void pack_keys(float *packed, const td_attention_plan *p, const float *k)
{
    const size_t width = td_gemm_width(p->keys);
    float scale[TD_GEMM_MAX_WIDTH];

    for (size_t i = 0; i < TD_GEMM_MAX_WIDTH; i++)
        scale[i] = p->scale;
    for (size_t col = 0; col < p->keys; col += width, packed += p->depth * width)
        td_gemm_pack_panel(packed, k + col * p->k.row, p->depth, TD_MIN(width, p->keys - col), width, 1,
                           p->k.row, scale);
}

const float *td_attention_mask(const td_attention *a, const float *mask, size_t row, size_t n, float *wide,
                               size_t *step)
{
    const td_attention_plan *const p = a->plan;

    if (!mask) return NULL;
    *step = p->mask.row;
    if (p->mask_column) return mask + row * p->mask.row;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < p->keys; c++)
            wide[i * p->keys + c] = mask[(row + i) * p->mask.row];
    *step = p->keys;
    return wide;
}

static void multiply(const part *x, size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                     float *c, size_t ldc, const float *add, size_t add_ld)
{
    const td_gemm g = {
        .isa = x->a->gemm,
        .m = m,
        .n = n,
        .segments = 1,
        .depth = k,
        .a = a,
        .lda = lda,
        .b = b,
        .c = c,
        .ldc = ldc,
        .end = { .add = add, .add_ld = add_ld, .lo = -INFINITY, .hi = INFINITY },
        .scratch = x->gemm_scratch,
        .scratch_size = td_gemm_scratch(1, 0),
    };
    td_gemm_run(&g, NULL);
}

/* Scores of no depth: the mask, or zeros. */
static void start_scores(const part *x, size_t n, const float *mask, size_t mask_step)
{
    const size_t keys = x->a->plan->keys;

    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < keys; c++)
            x->scores[i * keys + c] = mask ? mask[i * mask_step + c] : 0.0f;
}

/* Of a row, keys that are not kept come in runs, or there are none. */
static void replace(float *x, const bool *keeps, size_t n, float v)
{
    for (size_t c = 0; c < n;) {
        const bool *const next = memchr(keeps + c, false, n - c);

        if (!next) return;
        for (c = (size_t)(next - keeps); c < n && !keeps[c]; c++)
            x[c] = v;
    }
}

/* Scores, or probabilities, that are not kept become v. */
static void select_kept(const part *x, size_t row, size_t n, float v)
{
    const td_attention_plan *const p = x->a->plan;

    for (size_t i = 0; i < n; i++) {
        const bool *const keeps = x->keeps + (row + i) * p->mask.row;
        float *const scores = x->scores + i * p->keys;

        if (p->mask_column)
            replace(scores, keeps, p->keys, v);
        else if (!*keeps)
            for (size_t c = 0; c < p->keys; c++)
                scores[c] = v;
    }
}

static void run_block(const part *x, size_t row, size_t n)
{
    const td_attention_plan *const p = x->a->plan;
    size_t mask_step = 0;
    const float *const mask = td_attention_mask(x->a, x->mask, row, n, x->wide_mask, &mask_step);

    if (p->depth == 0)
        start_scores(x, n, mask, mask_step);
    else
        multiply(x, n, p->keys, p->depth, x->q + row * p->q.row, p->q.row, x->k, x->scores, p->keys, mask,
                 mask_step);
    if (x->keeps) select_kept(x, row, n, x->a->selection.fill);
    x->a->softmax(x->scores, x->scores, n, p->keys, false);
    if (x->keeps && x->a->selection.clears) select_kept(x, row, n, 0.0f);
    multiply(x, n, p->out_depth, p->keys, x->scores, p->keys, x->v, x->out + row * p->out.row, p->out.row,
             NULL, 0);
}

size_t td_attention_offset(const td_attention_steps *s, size_t batch, size_t head)
{
    return batch * s->batch + head * s->head;
}

static void run_part(const td_attention *a, size_t at, char *scratch)
{
    const td_attention_plan *const p = a->plan;
    const size_t head_at = at / p->parts, batch = head_at / p->heads, head = head_at % p->heads;
    const part x = {
        .a = a,
        .q = (const float *)a->q + td_attention_offset(&p->q, batch, head),
        .mask = a->mask ? a->mask + td_attention_offset(&p->mask, batch, head) : NULL,
        .keeps = a->selection.keeps ? a->selection.keeps + td_attention_offset(&p->mask, batch, head) : NULL,
        .out = (float *)a->out + td_attention_offset(&p->out, batch, head),
        .k = floats_at(scratch, p->at_k),
        .v = floats_at(scratch, p->at_v),
        .wide_mask = floats_at(scratch, p->at_mask),
        .scores = floats_at(scratch, p->at_scores),
        .gemm_scratch = scratch,
    };
    const size_t first = at % p->parts * p->part_rows, end = TD_MIN(first + p->part_rows, p->rows);

    pack_keys(x.k, p, (const float *)a->k + td_attention_offset(&p->k, batch, head));
    td_gemm_pack(x.v, (const float *)a->v + td_attention_offset(&p->v, batch, head), p->keys, p->out_depth,
                 p->v.row, 1, NULL);
    for (size_t row = first; row < end; row += p->block_rows)
        run_block(&x, row, TD_MIN(p->block_rows, end - row));
}

static const td_attention_body tiles = { "tiles", false, cut, run_part };

/* ---------------------------------------------------------------- any body */

const td_attention_variant td_attention_variants[] = {
    TD_X86(&td_attention_body_, amx),
    TD_PLAIN(&tiles),
};

const td_attention_body *td_attention_choose(td_cpu cpu, bool is_bf16, bool selects)
{
    const bool any = !td_body_is_named("attention", NULL);

    TD_EACH_VARIANT(attention, v, cpu)
        if (((is_bf16 && !selects) || !v->body->takes_bf16) &&
            (any || td_body_is_named("attention", v->body->name)))
            return v->body;
    return &tiles;
}

typedef struct run {
    const td_attention_body *body;
    const td_attention *a;
} run;

static void run_shard(void *ctx, size_t shard, int thread)
{
    const run *const r = ctx;

    r->body->run_part(r->a, shard, (char *)r->a->scratch + (size_t)thread * r->a->plan->thread_bytes);
}

void td_attention_run(const td_attention_body *b, const td_attention *a, td_team *team)
{
    run r = { b, a };

    td_team_run(team, a->plan->batch * a->plan->heads * a->plan->parts, run_shard, &r);
}
