/* SPDX-License-Identifier: Apache-2.0 */
/* conv_dnnl.c -- see conv.h. */
#include "kernels/conv/conv_dnnl.h"

#include <stdatomic.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/dnnl/engine.h"
#include "kernels/dnnl/tail.h"
#include "kernels/wide/wide.h"

enum {
    MAX_PRIMS = 8,
    SHARD_WORK = 2 << 20, /* multiply-adds that are worth waking a thread */
    SHARD_PIXELS = 48,    /* output pixels that fill oneDNN's blocks */
    MOST_WORK = 1 << 30,  /* of a shard, about: runs are stopped between shards */
    LEAST_WORK = 1 << 19, /* smaller convolutions end before oneDNN has begun */
    FEW_CHANNELS = 16,
    FEW_ROWS = 8,
    ROUNDED_BYTES = 1 << 20, /* of a shard's rounded images, about: they stay in the second-level cache */
    WIDE_PIXELS = 96,        /* output pixels of an image below which two threads have no fair share each */
};

/* The shape of a shard: what makes primitives differ. */
typedef struct piece {
    size_t images, in_rows, out_rows, pad_top, pad_bottom;
} piece;

typedef struct shard {
    size_t in, out, count, in_count; /* offsets in elements; elements of output and of input */
    int prim;
} shard;

/* Who makes the output: oneDNN writes floats or bfloat16 there, or sums into a block that the tail rounds. */
typedef enum write_mode { WRITE_FLOATS = 0, WRITE_BF16, WRITE_BLOCK } write_mode;

struct td_dnnl_conv {
    td_conv conv;
    bool has_bias, is_bf16;
    bool rounds; /* images are floats yet */
    write_mode writes;
    td_dnnl_tail_fn *tail;
    const td_bf16_tail *narrow;
    td_bf16_round_fn *round;
    size_t scratch, rounded, block; /* bytes of a thread: oneDNN's, then a rounded image, then sums */
    int n_prims;
    piece pieces[MAX_PRIMS];
    td_dnnl_prim prims[MAX_PRIMS];
    size_t n_shards;
    shard *shards;
};

static size_t work_of(const td_conv *c)
{
    return c->out[1] * c->out[2] * c->out_channels * c->kernel[1] * c->kernel[2] *
           (c->in_channels / c->groups);
}

bool td_dnnl_conv_can(const td_conv *c, td_cpu cpu)
{
    if (!td_cpu_has(cpu, TD_CPU_avx2) || c->is_transposed || c->kernel[0] != 1 || c->in[0] != 1 ||
        c->out[0] != 1)
        return false;
    if (c->pad[0] != 0 || c->pad[1] < 0 || c->pad[2] < 0 || c->pad[1] > 64 || c->pad[2] > 64) return false;
    for (int i = 1; i < 3; i++)
        if (c->in[i] > 1 << 20 || c->kernel[i] > 1 << 10 || c->dilation[i] > 1 << 10 ||
            c->stride[i] > 1 << 10)
            return false;
    return c->in_channels <= 1 << 20 && c->out_channels <= 1 << 20;
}

/* Never depends on the batch, so that plans for different batches share packed weights. */
bool td_dnnl_conv_pays(const td_conv *c, td_cpu cpu)
{
    const bool is_wide = c->out[1] * c->out[2] >= WIDE_PIXELS;
    const bool is_product = c->kernel[1] * c->kernel[2] == 1 && c->stride[1] * c->stride[2] == 1;

    if (work_of(c) < LEAST_WORK) return false;
    if (c->out[1] < FEW_ROWS && c->groups == 1)
        return false;               /* shards are rows: one image would be one core's */
    if (c->groups > 1) return true; /* our panels are of a group each: narrow ones */
    if (c->in_channels < FEW_CHANNELS) return true;
    return is_wide && is_product != td_cpu_has(cpu, TD_CPU_avx512);
}

/* ---------------------------------------------------------------- primitives */

static size_t reach(const td_conv *c, int dim)
{
    return (c->kernel[dim] - 1) * c->dilation[dim] + 1;
}

/* Output rows [first, first + rows) of an image: which input rows they see. False: none. */
static bool piece_of(const td_conv *c, size_t images, size_t first, size_t rows, piece *out, size_t *in_row)
{
    const int64_t begin = (int64_t)(first * c->stride[1]) - c->pad[1];
    const int64_t end = begin + (int64_t)((rows - 1) * c->stride[1] + reach(c, 1)),
                  height = (int64_t)c->in[1];
    const int64_t from = TD_MAX(begin, 0), to = TD_MIN(end, height);

    if (from >= to) return false;
    /* Several images follow each other only when they are whole. */
    const bool is_whole = images > 1;
    *in_row = is_whole ? 0 : (size_t)from;
    *out = (piece){ images, is_whole ? c->in[1] : (size_t)(to - from), rows,
                    is_whole ? (size_t)c->pad[1] : (size_t)(from - begin), (size_t)(end - to) };
    return true;
}

/* Groups are a dimension of their own. The rank. */
static int weight_dims(const td_conv *c, dnnl_dims_t out)
{
    int n = 0;

    if (c->groups > 1) out[n++] = (int64_t)c->groups;
    out[n++] = (int64_t)(c->out_channels / c->groups);
    out[n++] = (int64_t)(c->in_channels / c->groups);
    out[n++] = (int64_t)c->kernel[1];
    out[n++] = (int64_t)c->kernel[2];
    return n;
}

static bool init_desc(const td_dnnl_conv *d, const piece *p, const dnnl_memory_desc_t *weights,
                      dnnl_convolution_desc_t *out)
{
    const td_conv *const c = &d->conv;
    const int64_t ic = (int64_t)c->in_channels, oc = (int64_t)c->out_channels;
    const dnnl_dims_t x = { (int64_t)p->images, ic, (int64_t)p->in_rows, (int64_t)c->in[2] };
    const dnnl_dims_t y = { (int64_t)p->images, oc, (int64_t)p->out_rows, (int64_t)c->out[2] };
    const dnnl_dims_t b = { oc };
    dnnl_dims_t w;
    const int w_rank = weight_dims(c, w);
    const dnnl_dims_t stride = { (int64_t)c->stride[1], (int64_t)c->stride[2] };
    const dnnl_dims_t dilation = { (int64_t)c->dilation[1] - 1, (int64_t)c->dilation[2] - 1 };
    const int64_t right = (int64_t)((c->out[2] - 1) * c->stride[2] + reach(c, 2) - c->in[2]) - c->pad[2];
    const dnnl_dims_t before = { (int64_t)p->pad_top, c->pad[2] };
    const dnnl_dims_t after = { (int64_t)p->pad_bottom, TD_MAX(right, 0) };
    const dnnl_data_type_t type = d->is_bf16 ? dnnl_bf16 : dnnl_f32;
    dnnl_memory_desc_t xd, yd, wd, bd;

    if (td_dnnl.memory_desc_init_by_tag(&xd, 4, x, type, dnnl_nhwc) ||
        td_dnnl.memory_desc_init_by_tag(&yd, 4, y, d->writes == WRITE_BF16 ? dnnl_bf16 : dnnl_f32,
                                        dnnl_nhwc) ||
        td_dnnl.memory_desc_init_by_tag(&wd, w_rank, w, type, dnnl_format_tag_any) ||
        td_dnnl.memory_desc_init_by_tag(&bd, 1, b, dnnl_f32, dnnl_a))
        return false;
    return !td_dnnl.dilated_convolution_forward_desc_init(
        out, dnnl_forward_inference, dnnl_convolution_direct, &xd, weights ? weights : &wd,
        d->has_bias ? &bd : NULL, &yd, stride, dilation, before, after);
}

/* The index of the primitive for a piece, made on demand; -1: none.
 * The first one chooses the weights' layout. */
static int prim_for(td_dnnl_conv *d, const piece *p)
{
    dnnl_convolution_desc_t desc;

    for (int i = 0; i < d->n_prims; i++)
        if (memcmp(&d->pieces[i], p, sizeof *p) == 0) return i;
    const int i = d->n_prims;
    if (i == MAX_PRIMS || !init_desc(d, p, i ? &d->prims[0].weights : NULL, &desc) ||
        !td_dnnl_prim_make(&desc, &d->prims[i]))
        return -1;
    d->pieces[i] = *p;
    d->scratch = TD_MAX(d->scratch, td_round_up(d->prims[i].scratch, 64));
    return d->n_prims++;
}

/* ---------------------------------------------------------------- shards */

typedef struct cut {
    size_t images, rows, image_parts, row_parts; /* of a shard; how many */
} cut;

/* Whole images where there are enough of them, else rows of one image. */
static cut cut_make(const td_dnnl_conv *d, int threads)
{
    const td_conv *const c = &d->conv;
    const size_t image = c->in[1] * c->in[2] * c->in_channels * sizeof(uint16_t),
                 sums = c->out[1] * c->out[2] * c->out_channels * sizeof(float);
    const size_t bytes = d->writes == WRITE_BLOCK ? TD_MAX(image, sums) : image;
    const size_t least = d->is_bf16 ? c->batch * bytes / ROUNDED_BYTES : c->batch * work_of(c) / MOST_WORK;
    const size_t want = TD_MAX(threads <= 1 ? 1 : 2 * (size_t)threads, least);
    cut k = { .images = c->batch, .rows = c->out[1] };

    if (c->batch >= want || want == 1) {
        k.images = td_div_up(c->batch, want);
    } else {
        const size_t worth = TD_MIN(work_of(c) / SHARD_WORK, c->out[1] * c->out[2] / SHARD_PIXELS);
        const size_t parts = TD_MAX(1, TD_MIN(td_div_up(want, c->batch), TD_MIN(worth, c->out[1])));
        k.images = 1;
        k.rows = td_div_up(c->out[1], parts);
    }
    k.image_parts = td_div_up(c->batch, k.images);
    k.row_parts = td_div_up(c->out[1], k.rows);
    return k;
}

static bool make_shards(td_dnnl_conv *d, int threads)
{
    const td_conv *const c = &d->conv;
    const cut k = cut_make(d, threads);
    const size_t in_line = c->in[2] * c->in_channels, out_line = c->out[2] * c->out_channels;
    piece p;
    size_t in_row;

    d->shards = td_try_alloc(k.image_parts * k.row_parts * sizeof *d->shards, 16);
    if (!d->shards) return false;
    for (size_t i = 0; i < k.image_parts; i++)
        for (size_t r = 0; r < k.row_parts; r++) {
            const size_t image = i * k.images, row = r * k.rows;
            const size_t images = TD_MIN(k.images, c->batch - image), rows = TD_MIN(k.rows, c->out[1] - row);
            if (!piece_of(c, images, row, rows, &p, &in_row)) return false;
            const int prim = prim_for(d, &p);
            if (prim < 0) return false;
            d->shards[d->n_shards++] =
                (shard){ (image * c->in[1] + in_row) * in_line, (image * c->out[1] + row) * out_line,
                         images * rows * out_line, images * p.in_rows * in_line, prim };
            if (d->rounds)
                d->rounded =
                    TD_MAX(d->rounded, td_round_up(images * p.in_rows * in_line * sizeof(uint16_t), 64));
            if (d->writes == WRITE_BLOCK)
                d->block = TD_MAX(d->block, td_round_up(images * rows * out_line * sizeof(float), 64));
        }
    return true;
}

td_dnnl_conv *td_dnnl_conv_make(const td_conv_ask *ask, bool is_bf16)
{
    if (!td_dnnl_ready(ask->cpu)) return NULL;
    td_dnnl_conv *const d = td_try_alloc(sizeof *d, 16);

    if (!d) return NULL;
    memset(d, 0, sizeof *d);
    d->conv = ask->conv;
    d->has_bias = ask->has_bias;
    d->is_bf16 = is_bf16;
    d->rounds = is_bf16 && !ask->reads_bf16;
    /* A clamp of what is rounded is the rounded clamp; a sum of it is not the rounded sum. */
    d->writes = !ask->writes_bf16 ? WRITE_FLOATS : ask->has_more ? WRITE_BLOCK : WRITE_BF16;
    d->round = td_bf16_round_select(ask->cpu);
    d->tail = td_dnnl_tail_select(ask->cpu);
    d->narrow = td_bf16_tail_select(ask->cpu);
    if (!make_shards(d, ask->threads)) {
        td_dnnl_conv_free(d);
        return NULL;
    }
    return d;
}

void td_dnnl_conv_free(td_dnnl_conv *d)
{
    if (!d) return;
    for (int i = 0; i < d->n_prims; i++)
        td_dnnl_prim_free(&d->prims[i]);
    td_free(d->shards);
    td_free(d);
}

/* ---------------------------------------------------------------- weights */

size_t td_dnnl_conv_packed_size(const td_dnnl_conv *d)
{
    return td_dnnl_weights_size(&d->prims[0]);
}

uint64_t td_dnnl_conv_packed_hash(const td_dnnl_conv *d)
{
    return td_dnnl_weights_hash(&d->prims[0]);
}

bool td_dnnl_conv_pack(const td_dnnl_conv *d, float *packed, const float *w, const float *scale)
{
    const td_conv *const c = &d->conv;
    const size_t n = c->kernel[1] * c->kernel[2] * c->in_channels / c->groups * c->out_channels;
    const dnnl_format_tag_t tag = c->groups > 1 ? dnnl_hwigo : dnnl_hwio;
    dnnl_memory_desc_t from;
    dnnl_dims_t dims;
    const int rank = weight_dims(c, dims);

    if (td_dnnl.memory_desc_init_by_tag(&from, rank, dims, dnnl_f32, tag)) return false;
    if (!scale) return td_dnnl_pack(&d->prims[0], &from, packed, w);
    float *const scaled = td_try_alloc(n * sizeof *scaled, 64);
    if (!scaled) return false;
    for (size_t i = 0; i < n; i += c->out_channels)
        for (size_t o = 0; o < c->out_channels; o++)
            scaled[i + o] = w[i + o] * scale[o];
    const bool is_ok = td_dnnl_pack(&d->prims[0], &from, packed, scaled);
    td_free(scaled);
    return is_ok;
}

/* ---------------------------------------------------------------- run */

typedef struct run {
    const td_dnnl_conv *d;
    const td_conv_job *job;
    atomic_bool has_failed;
} run;

static size_t thread_bytes(const td_dnnl_conv *d)
{
    return d->scratch + d->rounded + d->block;
}

/* Sums lie in `sums`, which is the output itself unless the mode is WRITE_BLOCK. */
static void finish(const run *r, const shard *s, void *sums)
{
    const td_gemm_end *const end = r->job->end;
    const td_dnnl_area area = { sums, 1, s->count };

    if (r->d->writes == WRITE_BF16)
        r->d->narrow->clamp(sums, s->count, end->lo, end->hi);
    else if (r->d->writes == WRITE_BLOCK || r->job->add)
        r->d->narrow->end(r->d->writes == WRITE_BLOCK ? (uint16_t *)r->job->out + s->out : NULL, sums,
                          s->count, end->add ? end->add + s->out : NULL,
                          r->job->add ? r->job->add + s->out : NULL, end);
    else
        r->d->tail(&area, end->add ? end->add + s->out : NULL, end);
}

static void run_shard(void *ctx, size_t index, int thread)
{
    run *const r = ctx;
    const td_dnnl_conv *const d = r->d;
    const shard *const s = &d->shards[index];
    char *const scratch = (char *)r->job->scratch + (size_t)thread * thread_bytes(d);
    const void *in = (const float *)r->job->in + s->in;
    void *sums = d->writes == WRITE_FLOATS ? (void *)((float *)r->job->out + s->out)
                                           : (void *)((uint16_t *)r->job->out + s->out);

    if (d->rounds) {
        uint16_t *const rounded = (uint16_t *)(void *)(scratch + d->scratch);
        d->round(rounded, in, s->in_count);
        in = rounded;
    } else if (d->is_bf16)
        in = (const uint16_t *)r->job->in + s->in;
    if (d->writes == WRITE_BLOCK) sums = scratch + d->scratch + d->rounded;
    if (!td_dnnl_run(&d->prims[s->prim], sums, in, r->job->packed, r->job->end->bias, scratch))
        atomic_store_explicit(&r->has_failed, true, memory_order_relaxed);
    finish(r, s, sums);
}

size_t td_dnnl_conv_scratch(const td_dnnl_conv *d, int threads)
{
    return thread_bytes(d) * (size_t)threads;
}

bool td_dnnl_conv_run(const td_dnnl_conv *d, const td_conv_job *job)
{
    run r = { .d = d, .job = job };

    td_team_run(job->team, d->n_shards, run_shard, &r);
    return !atomic_load_explicit(&r.has_failed, memory_order_relaxed);
}
