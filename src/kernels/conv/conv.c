/* SPDX-License-Identifier: Apache-2.0 */
/* conv.c -- convolution as a matrix product whose rows are gathered by pointer. See gemm.h. */
#include "kernels/conv/conv.h"

#include <string.h>

#include "base/macros.h"
#include "base/size.h"

/* Filter rows shorter than this are one segment: a few channels alone make too short a loop. */
enum { MERGE_BYTES = 512 };

static bool is_one(const td_conv *c)
{
    for (int i = 0; i < 3; i++)
        if (c->kernel[i] != 1 || c->stride[i] != 1 || c->pad[i] != 0 || c->in[i] != c->out[i]) return false;
    return true;
}

void td_conv_gemm_plan(const td_conv *c, td_conv_gemm *out)
{
    const size_t channels = c->in_channels / c->groups;
    const size_t row = c->kernel[2] * channels;

    *out = (td_conv_gemm){ .conv = *c };
    out->is_matrix = is_one(c) && c->groups == 1;
    out->is_merged = !out->is_matrix && !c->is_transposed && c->groups == 1 && c->kernel[2] > 1 &&
                     c->dilation[2] == 1 && row * sizeof(float) <= MERGE_BYTES;
    out->depth = out->is_merged ? row : channels;
    out->segments = c->kernel[0] * c->kernel[1] * (out->is_merged ? 1 : c->kernel[2]);
    if (out->is_merged) out->patch_size = TD_GEMM_MAX_ROWS * out->segments * out->depth * sizeof(float);
    out->zeros_size = out->depth * sizeof(float);
}

/* ---------------------------------------------------------------- packing */

/* Bytes of a group. */
static size_t group_size(const td_conv_gemm *c)
{
    const size_t k = c->segments * c->depth, n = c->conv.out_channels / c->conv.groups;

    return c->code ? td_gemm_coded_size(c->code, k, n) : td_gemm_packed_size(k, n);
}

size_t td_conv_packed_size(const td_conv_gemm *c)
{
    return c->conv.groups * group_size(c);
}

/* w[tap][n][channels]: each tap is a matrix of its own whose rows are packed columns. */
static void pack_transposed(const td_conv_gemm *c, float *packed, const float *w, const float *scale)
{
    const size_t k = c->segments * c->depth, n = c->conv.out_channels / c->conv.groups,
                 width = td_gemm_width(n);
    const td_gemm_panel lies = td_gemm_panel_of(k, width);

    memset(packed, 0, td_gemm_packed_size(k, n));
    for (size_t j = 0; j < n; j++)
        for (size_t s = 0; s < c->segments; s++)
            for (size_t i = 0; i < c->depth; i++)
                packed[j / width * width * k + j % width / TD_GEMM_LANES * lies.strip +
                       (s * c->depth + i) * lies.ld + j % TD_GEMM_LANES] =
                    w[(s * n + j) * c->conv.in_channels + i] * (scale ? scale[j] : 1.0f);
}

void td_conv_pack(const td_conv_gemm *c, void *packed, const float *w, const float *scale)
{
    const size_t k = c->segments * c->depth, n = c->conv.out_channels / c->conv.groups;
    const size_t ld = c->conv.out_channels;

    for (size_t g = 0; g < c->conv.groups; g++) {
        void *const to = (char *)packed + g * group_size(c);
        const float *const own = scale ? scale + g * n : NULL;

        if (c->conv.is_transposed)
            pack_transposed(c, to, w + g * c->depth, own);
        else if (c->code)
            td_gemm_encode(c->code, to, w + g * n, k, n, ld, 1, own);
        else
            td_gemm_pack(to, w + g * n, k, n, ld, 1, own);
    }
}

/* ---------------------------------------------------------------- rows */

typedef struct gather {
    const td_conv_gemm *c;
    const float *in; /* of the group */
    const float *zeros;
} gather;

td_conv_pixel td_conv_pixel_at(const td_conv *c, size_t row)
{
    td_conv_pixel p;

    for (int i = 2; i >= 0; i--) {
        p.at[i] = row % c->out[i];
        row /= c->out[i];
    }
    p.n = row;
    return p;
}

/* Moves on to the start of the next output row. */
static void pixel_next_row(const td_conv *c, td_conv_pixel *p)
{
    p->at[2] = 0;
    if (++p->at[1] < c->out[1]) return;
    p->at[1] = 0;
    if (++p->at[0] < c->out[0]) return;
    p->at[0] = 0;
    p->n++;
}

/* The input coordinate for output o and tap t, or -1. */
static inline int64_t source(const td_conv *c, int dim, size_t o, size_t t)
{
    int64_t i;
    if (c->is_transposed) {
        i = (int64_t)o + c->pad[dim] - (int64_t)(t * c->dilation[dim]);
        const int64_t stride = (int64_t)c->stride[dim];
        if (i < 0 || (stride > 1 && i % stride != 0)) return -1;
        if (stride > 1) i /= stride;
    } else {
        i = (int64_t)(o * c->stride[dim] + t * c->dilation[dim]) - c->pad[dim];
    }
    return i >= 0 && i < (int64_t)c->in[dim] ? i : -1;
}

/* The input row for the output row of p and filter row (z, y); NULL: off the image. */
static const float *source_line(const gather *ga, const td_conv_pixel *p, size_t z, size_t y)
{
    const td_conv *const c = &ga->c->conv;
    const int64_t iz = source(c, 0, p->at[0], z), iy = source(c, 1, p->at[1], y);

    if (iz < 0 || iy < 0) return NULL;
    return ga->in + ((p->n * c->in[0] + (size_t)iz) * c->in[1] + (size_t)iy) * c->in[2] * c->in_channels;
}

/* `count` output pixels in a row from p on, for filter tap x of the line. */
static void gather_run(const gather *ga, const float *line, const td_conv_pixel *p, size_t x, size_t count,
                       const float **a)
{
    const td_conv *const c = &ga->c->conv;
    const uint64_t width = c->in[2];
    const size_t stride = c->stride[2], ch = c->in_channels;

    if (!line) {
        for (size_t i = 0; i < count; i++)
            a[i] = ga->zeros;
    } else if (c->is_transposed) {
        for (size_t i = 0; i < count; i++) {
            const int64_t ix = source(c, 2, p->at[2] + i, x);
            a[i] = ix < 0 ? ga->zeros : line + (size_t)ix * ch;
        }
    } else {
        uint64_t ix = p->at[2] * stride + x * c->dilation[2] - (uint64_t)c->pad[2]; /* negative: huge */
        for (size_t i = 0; i < count; i++, ix += stride)
            a[i] = ix < width ? line + ix * ch : ga->zeros;
    }
}

static void gather_taps(const td_gemm *g, size_t row, size_t rows, size_t seg, size_t n_seg, const float **a,
                        void *patch)
{
    const gather *const ga = g->ctx;
    const td_conv *const c = &ga->c->conv;
    const size_t kw = c->kernel[2], kh = c->kernel[1];
    td_conv_pixel p = td_conv_pixel_at(c, row);
    (void)patch;

    for (size_t r = 0, count; r < rows; r += count, pixel_next_row(c, &p)) {
        count = TD_MIN(rows - r, c->out[2] - p.at[2]);
        size_t x = seg % kw, y = seg / kw % kh, z = seg / kw / kh;
        for (size_t s = 0; s < n_seg; x = 0) {
            const float *const line = source_line(ga, &p, z, y);
            for (; x < kw && s < n_seg; x++, s++)
                gather_run(ga, line, &p, x, count, a + s * rows + r);
            if (++y == kh) y = 0, z++;
        }
    }
}

/* A filter row that sticks out of the image is put together in the patch. */
static const float *merged_patch(const td_conv *c, const float *line, int64_t x0, float *patch)
{
    const int64_t width = (int64_t)c->in[2], kw = (int64_t)c->kernel[2];
    const int64_t from = x0 < 0 ? TD_MIN(-x0, kw) : 0, to = TD_MIN(kw, width - x0);
    const size_t ch = c->in_channels;

    memset(patch, 0, (size_t)kw * ch * sizeof *patch);
    if (to > from)
        memcpy(patch + (size_t)from * ch, line + (size_t)(x0 + from) * ch,
               (size_t)(to - from) * ch * sizeof *patch);
    return patch;
}

static void gather_merged(const td_gemm *g, size_t row, size_t rows, size_t seg, size_t n_seg,
                          const float **a, void *patch)
{
    const gather *const ga = g->ctx;
    const td_conv *const c = &ga->c->conv;
    const size_t kh = c->kernel[1], ch = c->in_channels;
    const int64_t kw = (int64_t)c->kernel[2], width = (int64_t)c->in[2], stride = (int64_t)c->stride[2];
    td_conv_pixel p = td_conv_pixel_at(c, row);
    float *free_patch = patch;

    for (size_t r = 0, count; r < rows; r += count, pixel_next_row(c, &p)) {
        count = TD_MIN(rows - r, c->out[2] - p.at[2]);
        size_t y = seg % kh, z = seg / kh;
        for (size_t s = 0; s < n_seg; s++) {
            const float *const line = source_line(ga, &p, z, y);
            const float **const to = a + s * rows + r;
            int64_t x = (int64_t)p.at[2] * stride - c->pad[2];
            for (size_t i = 0; i < count; i++, x += stride) {
                if (!line) {
                    to[i] = ga->zeros;
                } else if (x >= 0 && x + kw <= width) {
                    to[i] = line + (size_t)x * ch;
                } else {
                    to[i] = merged_patch(c, line, x, free_patch);
                    free_patch += g->depth;
                }
            }
            if (++y == kh) y = 0, z++;
        }
    }
}

/* ---------------------------------------------------------------- run */

static size_t thread_bytes(const td_conv_gemm *c)
{
    const size_t decoded =
        c->code ? td_gemm_decoded_size(c->segments, c->depth, c->conv.out_channels / c->conv.groups) : 0;

    return td_gemm_scratch(c->segments, c->patch_size) + td_round_up(decoded, 64);
}

size_t td_conv_scratch(const td_conv_gemm *c, int threads)
{
    return thread_bytes(c) * (size_t)threads;
}

void td_conv_run(const td_conv_gemm *c, const td_gemm_isa *isa, float *out, const float *in,
                 const void *packed, const td_gemm_end *end, const float *zeros, void *scratch, td_team *team)
{
    const td_conv *const v = &c->conv;
    const size_t channels = v->in_channels / v->groups, n = v->out_channels / v->groups;
    gather ga = { .c = c, .zeros = zeros };
    td_gemm g = {
        .isa = isa,
        .m = v->batch * v->out[0] * v->out[1] * v->out[2],
        .n = n,
        .segments = c->segments,
        .depth = c->depth,
        .rows = c->is_matrix   ? NULL
                : c->is_merged ? gather_merged
                               : gather_taps,
        .ctx = &ga,
        .a = in,
        .lda = v->in_channels,
        .ldc = v->out_channels,
        .row_bytes =
            channels * sizeof(float) * (v->is_transposed ? 1 : v->stride[0] * v->stride[1] * v->stride[2]),
        .scratch = scratch,
        .scratch_size = thread_bytes(c),
        .code = c->code,
    };

    for (size_t i = 0; i < v->groups; i++) {
        ga.in = in + i * channels;
        g.b = (const char *)packed + i * group_size(c);
        g.c = out + i * n;
        g.end = *end;
        if (end->bias) g.end.bias = end->bias + i * n;
        if (end->add) g.end.add = end->add + i * n;
        td_gemm_run(&g, team);
    }
}
