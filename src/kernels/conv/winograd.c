/* SPDX-License-Identifier: Apache-2.0 */
/* winograd.c -- blocks of patches through the three stages. See winograd.h.
 *
 * Packed filters: [panel][position][in_channels][width]. A thread's scratch: V
 * [position][block][in_channels], M [position][block][width], row pointers.
 */
#include "kernels/conv/winograd.h"

#include <string.h>

#include "base/macros.h"
#include "base/size.h"

enum {
    BLOCK_BYTES = 768 << 10, /* of V */
    MAX_BLOCK = 96,
};

const td_winograd_variant td_winograd_variants[] = {
    TD_X86(&td_winograd_, avx512),
    TD_X86(&td_winograd_, avx2),
    TD_PLAIN(NULL),
};

bool td_winograd_can(const td_conv *c, td_cpu cpu)
{
    if (!td_winograd_select(cpu)) return false;
    for (int i = 1; i < 3; i++)
        if (c->kernel[i] != 3 || c->stride[i] != 1 || c->dilation[i] != 1 || c->pad[i] > 2) return false;
    if (c->is_transposed || c->groups != 1 || c->kernel[0] != 1 || c->in[0] != 1 || c->out[0] != 1 ||
        c->pad[0] != 0)
        return false;
    return c->in_channels && c->in_channels % 16 == 0 && c->out_channels % 16 == 0;
}

bool td_winograd_pays(const td_conv *c, td_cpu cpu)
{
    const size_t least = td_cpu_has(cpu, TD_CPU_avx512) ? 10 : 7;

    return c->out[1] >= least && c->out[2] >= least && c->in_channels >= 32 && c->out_channels >= 32;
}

static size_t panels_of(const td_conv *c)
{
    const size_t width = td_gemm_width(c->out_channels);
    return (c->out_channels + width - 1) / width;
}

size_t td_winograd_packed_size(const td_conv *c)
{
    return panels_of(c) * td_gemm_width(c->out_channels) * c->in_channels * TD_WINOGRAD_POSITIONS *
           sizeof(float);
}

enum {
    LANES = 16
}; /* filters side by side: a line of each position; td_winograd_can() asks for whole ones */

/* Column x of G g, with G = (1, 0, 0; 1/2, 1/2, 1/2; 1/2, -1/2, 1/2; 0, 0, 1), of filters g[9][LANES]. */
static void transform_column(double t[4][LANES], const float *g, size_t step)
{
    for (size_t o = 0; o < LANES; o++) {
        const double a = (double)g[o], b = (double)g[3 * step + o], d = (double)g[6 * step + o];
        t[0][o] = a;
        t[1][o] = 0.5 * (a + b + d);
        t[2][o] = 0.5 * (a - b + d);
        t[3][o] = d;
    }
}

/* Row y of (G g) Gt, to one line a position. */
static void transform_row(float *u, size_t u_step, double t[3][4][LANES], int y, const double *scale)
{
    for (size_t o = 0; o < LANES; o++) {
        const double a = t[0][y][o], b = t[1][y][o], d = t[2][y][o];
        u[o] = (float)(scale[o] * a);
        u[u_step + o] = (float)(scale[o] * 0.5 * (a + b + d));
        u[2 * u_step + o] = (float)(scale[o] * 0.5 * (a - b + d));
        u[3 * u_step + o] = (float)(scale[o] * d);
    }
}

/* g: LANES filters of one input channel, taps `step` apart; u: positions u_step apart. */
static void transform_filters(float *u, size_t u_step, const float *g, size_t step, const float *scale)
{
    double t[3][4][LANES], s[LANES];

    for (size_t o = 0; o < LANES; o++)
        s[o] = scale ? (double)scale[o] : 1.0;
    for (size_t x = 0; x < 3; x++)
        transform_column(t[x], g + x * step, step);
    for (int y = 0; y < 4; y++)
        transform_row(u + 4 * (size_t)y * u_step, u_step, t, y, s);
}

void td_winograd_pack(const td_conv *c, float *packed, const float *w, const float *scale)
{
    const size_t ic = c->in_channels, oc = c->out_channels, width = td_gemm_width(oc);
    const size_t panel = TD_WINOGRAD_POSITIONS * ic * width;
    const td_gemm_panel lies = td_gemm_panel_of(ic, width); /* of each position's */

    if (oc % width)
        memset(packed + oc / width * panel, 0, panel * sizeof *packed); /* columns beyond the last */
    for (size_t o = 0; o < oc; o += LANES)
        for (size_t i = 0; i < ic; i++)
            transform_filters(packed + o / width * panel + o % width / LANES * lies.strip + i * lies.ld,
                              ic * width, w + i * oc + o, ic * oc, scale ? scale + o : NULL);
}

/* ---------------------------------------------------------------- run */

/* How the patches and the panels are cut. */
typedef struct cut {
    size_t rows, cols, patches; /* of 2x2 outputs, per image and in all */
    size_t block;               /* patches of a piece */
    size_t panels, panel_step, panel_parts, pieces;
} cut;

static size_t block_size(const td_conv *c)
{
    const size_t fits = BLOCK_BYTES / (TD_WINOGRAD_POSITIONS * c->in_channels * sizeof(float));
    return TD_MAX(24, TD_MIN(fits, MAX_BLOCK) / 6 * 6);
}

static cut cut_make(const td_conv *c, int threads)
{
    cut k = { .rows = td_div_up(c->out[1], 2), .cols = td_div_up(c->out[2], 2), .panels = panels_of(c) };
    const size_t most = block_size(c), want = threads > 1 ? 2 * (size_t)threads : 1;

    k.patches = c->batch * k.rows * k.cols;
    size_t blocks = td_div_up(k.patches, most);
    k.panel_parts = 1;
    if (blocks <
        want) { /* few patches: pieces share them out by output channels, and each transforms them itself */
        k.panel_parts = TD_MIN(k.panels, td_div_up(want, blocks));
        if (k.panel_parts * blocks < want)
            blocks = TD_MIN(td_div_up(want, k.panel_parts), td_div_up(k.patches, 24));
    }
    k.block = td_div_up(k.patches, blocks);
    k.panel_step = td_div_up(k.panels, k.panel_parts);
    k.panel_parts = td_div_up(k.panels, k.panel_step);
    k.pieces = td_div_up(k.patches, k.block) * k.panel_parts;
    return k;
}

static size_t thread_bytes(const td_conv *c)
{
    const size_t width = td_gemm_width(c->out_channels);
    return (c->in_channels + width) * TD_WINOGRAD_POSITIONS * block_size(c) * sizeof(float);
}

size_t td_winograd_scratch(const td_conv *c, int threads)
{
    return thread_bytes(c) * (size_t)threads;
}

typedef struct run {
    const td_conv *c;
    const td_gemm_isa *isa;
    cut k;
    float *out;
    const float *in, *packed, *zeros;
    const td_gemm_end *end;
    char *scratch;
    const td_winograd_bodies *by;
} run;

/* Where a patch lies: its image, and its first output row and column. */
typedef struct patch {
    size_t n, y, x;
} patch;

static patch patch_at(const cut *k, size_t index)
{
    return (patch){ index / (k->rows * k->cols), index / k->cols % k->rows * 2, index % k->cols * 2 };
}

static void stage_in(const run *r, float *v, size_t first, size_t count)
{
    const td_conv *const c = r->c;
    const size_t ch = c->in_channels;

    for (size_t i = 0; i < count; i++) {
        const patch p = patch_at(&r->k, first + i);
        const float *const image = r->in + p.n * c->in[1] * c->in[2] * ch;
        const float *pixels[16];
        for (size_t t = 0; t < 16; t++) {
            const int64_t y = (int64_t)(p.y + t / 4) - c->pad[1], x = (int64_t)(p.x + t % 4) - c->pad[2];
            const bool is_in = y >= 0 && x >= 0 && y < (int64_t)c->in[1] && x < (int64_t)c->in[2];
            pixels[t] = is_in ? image + ((size_t)y * c->in[2] + (size_t)x) * ch : r->zeros;
        }
        r->by->in(v + i * ch, count * ch, pixels, ch);
    }
}

static void stage_multiply(const run *r, float *m, const float *v, size_t count, size_t panel)
{
    const size_t ic = r->c->in_channels, width = td_gemm_width(r->c->out_channels);
    const size_t max_rows = (size_t)r->isa->max_rows[width / TD_GEMM_LANES - 1],
                 tiles = td_div_up(count, max_rows);
    const float *const u = r->packed + panel * TD_WINOGRAD_POSITIONS * ic * width;
    const td_gemm_panel lies = td_gemm_panel_of(ic, width);
    const float *a[TD_GEMM_MAX_ROWS];
    td_gemm_tile t = {
        .a = a,
        .segments = 1,
        .depth = ic,
        .ldb = lies.ld,
        .strip = lies.strip,
        .ldc = width,
        .cols = width,
        .is_first = true,
        .is_last = true,
        .lo = td_gemm_end_none.lo,
        .hi = td_gemm_end_none.hi,
        .prefetch_step = 64,
    };

    for (size_t pos = 0; pos < TD_WINOGRAD_POSITIONS; pos++) {
        t.b = u + pos * ic * width;
        for (size_t i = 0; i < tiles; i++) {
            const size_t row = count * i / tiles, rows = count * (i + 1) / tiles - row;
            for (size_t k = 0; k < rows; k++)
                a[k] = v + (pos * count + row + k) * ic;
            t.c = m + (pos * count + row) * width;
            /* Of the next position's filters, one line a step; past the end it is harmless. */
            t.prefetch = (const char *)(t.b + ic * width) + i * ic * 64;
            r->isa->tile[width / TD_GEMM_LANES - 1][rows - 1](&t);
        }
    }
}

static void stage_out(const run *r, const float *m, size_t first, size_t count, size_t panel)
{
    const td_conv *const c = r->c;
    const size_t width = td_gemm_width(c->out_channels), col = panel * width, oc = c->out_channels;
    const size_t channels = TD_MIN(width, oc - col);

    for (size_t i = 0; i < count; i++) {
        const patch p = patch_at(&r->k, first + i);
        float *out[4];
        const float *add[4];
        for (size_t t = 0; t < 4; t++) {
            const size_t y = p.y + t / 2, x = p.x + t % 2,
                         at = ((p.n * c->out[1] + y) * c->out[2] + x) * oc + col;
            const bool is_in = y < c->out[1] && x < c->out[2];
            out[t] = is_in ? r->out + at : NULL;
            add[t] = is_in && r->end->add ? r->end->add + at : NULL;
        }
        r->by->out(out, add, m + i * width, count * width, channels, r->end->bias ? r->end->bias + col : NULL,
                   r->end->lo, r->end->hi);
        for (size_t t = 0; r->end->post && t < 4; t++)
            if (out[t]) r->end->post(out[t], channels);
    }
}

static void run_piece(void *ctx, size_t shard, int thread)
{
    const run *const r = ctx;
    const size_t first = shard / r->k.panel_parts * r->k.block,
                 panel0 = shard % r->k.panel_parts * r->k.panel_step;
    const size_t count = TD_MIN(r->k.block, r->k.patches - first),
                 panel1 = TD_MIN(panel0 + r->k.panel_step, r->k.panels);
    float *const v = (float *)(void *)(r->scratch + (size_t)thread * thread_bytes(r->c));
    float *const m = v + TD_WINOGRAD_POSITIONS * block_size(r->c) * r->c->in_channels;

    stage_in(r, v, first, count);
    for (size_t panel = panel0; panel < panel1; panel++) {
        stage_multiply(r, m, v, count, panel);
        stage_out(r, m, first, count, panel);
    }
}

void td_winograd_run(const td_conv *c, td_cpu cpu, float *out, const float *in, const float *packed,
                     const td_gemm_end *end, const float *zeros, void *scratch, td_team *team)
{
    run r = {
        .c = c,
        .isa = td_gemm_select(cpu),
        .k = cut_make(c, td_team_threads(team)),
        .out = out,
        .in = in,
        .packed = packed,
        .zeros = zeros,
        .end = end,
        .scratch = scratch,
        .by = td_winograd_select(cpu),
    };

    if (c->batch) td_team_run(team, r.k.pieces, run_piece, &r);
}
