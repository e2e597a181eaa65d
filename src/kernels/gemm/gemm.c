/* SPDX-License-Identifier: Apache-2.0 */
/* gemm.c -- packing, and cutting a product into pieces, blocks and tiles.
 *
 * A piece is what one thread takes: some rows of C by some panels. Inside, loops go rows-block, panel,
 * k-block, tile: a block of A stays in the second-level cache while panels pass by, and a k-block of a panel
 * while tiles pass by. While a panel is at work, its tiles fetch the next one.
 */
#include "kernels/gemm/gemm.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"

enum {
    DECODED_BYTES = 64 << 10, /* of a block that becomes floats, which its tiles find in the L2 */
    PANEL_BYTES = 192 << 10,  /* of a panel's k-block: with the next one and the rows, within an L2 of 1 MB */
    ROWS_BYTES = 320 << 10,   /* of a block of A */
    PIECE_WORK = 1 << 20,     /* multiply-adds that are worth waking a thread */
    MOST_WORK = 1 << 30,      /* of a piece, about: runs are stopped between pieces */
    MOST_PLAIN_WORK = MOST_WORK / 16,
};

const td_gemm_end td_gemm_end_none = { .lo = -INFINITY, .hi = INFINITY };

const td_gemm_variant td_gemm_variants[] = {
    TD_X86(&td_gemm_isa_, avx512),
    TD_X86(&td_gemm_isa_, avx2),
    TD_PLAIN(&td_gemm_isa_ref),
};

size_t td_gemm_width(size_t n)
{
    /* Columns computed, weighted by what a column costs in a narrower tile. */
    static const struct {
        size_t width, cost;
    } choice[] = { { 64, 100 }, { 48, 101 }, { 32, 110 }, { 16, 140 } };
    size_t best = 0, best_cost = SIZE_MAX;

    for (size_t i = 0; i < TD_COUNT(choice); i++) {
        const size_t cost = (n + choice[i].width - 1) / choice[i].width * choice[i].width * choice[i].cost;
        if (cost < best_cost) best = choice[i].width, best_cost = cost;
    }
    return best;
}

static size_t panel_count(size_t n)
{
    const size_t w = td_gemm_width(n);
    return (n + w - 1) / w;
}

size_t td_gemm_packed_size(size_t k, size_t n)
{
    return panel_count(n) * td_gemm_width(n) * k * sizeof(float);
}

/* The process's, not a body's: whoever packs and whoever runs must agree. */
td_gemm_panel td_gemm_panel_of(size_t k, size_t width)
{
    if (td_cpu_has(td_cpu_detect(), TD_CPU_avx512)) return (td_gemm_panel){ width, TD_GEMM_LANES };
    return (td_gemm_panel){ TD_GEMM_LANES, TD_GEMM_LANES * k };
}

/* Columns that lie side by side, `ld` from row to row. */
static void pack_columns(float *out, const float *b, size_t k, size_t cols, size_t width, size_t stride_k,
                         size_t stride_n, const float *scale)
{
    if (stride_n == 1) {
        for (size_t i = 0; i < k; i++, out += width, b += stride_k) {
            if (scale)
                for (size_t j = 0; j < cols; j++)
                    out[j] = b[j] * scale[j];
            else
                memcpy(out, b, cols * sizeof *out);
            memset(out + cols, 0, (width - cols) * sizeof *out);
        }
        return;
    }
    /* A transpose, in blocks whose lines stay in the first-level cache. */
    if (cols < width) memset(out, 0, k * width * sizeof *out);
    for (size_t i0 = 0; i0 < k; i0 += 16)
        for (size_t j = 0; j < cols; j++) {
            const float s = scale ? scale[j] : 1.0f;
            for (size_t i = i0; i < TD_MIN(i0 + 16, k); i++)
                out[i * width + j] = b[i * stride_k + j * stride_n] * s;
        }
}

void td_gemm_pack_panel(float *out, const float *b, size_t k, size_t cols, size_t width, size_t stride_k,
                        size_t stride_n, const float *scale)
{
    const td_gemm_panel p = td_gemm_panel_of(k, width);

    for (size_t col = 0; col < width; col += p.ld, out += p.ld * k) {
        const size_t here = cols > col ? TD_MIN(cols - col, p.ld) : 0;
        pack_columns(out, b + (here ? col * stride_n : 0), k, here, p.ld, stride_k, stride_n,
                     scale ? scale + col : NULL);
    }
}

void td_gemm_pack(float *packed, const float *b, size_t k, size_t n, size_t stride_k, size_t stride_n,
                  const float *scale)
{
    const size_t width = td_gemm_width(n);

    for (size_t col = 0; col < n; col += width, packed += k * width)
        td_gemm_pack_panel(packed, b + col * stride_n, k, TD_MIN(width, n - col), width, stride_k, stride_n,
                           scale ? scale + col : NULL);
}

size_t td_gemm_coded_size(const td_gemm_code *code, size_t k, size_t n)
{
    return panel_count(n) * code->panel_size(k, td_gemm_width(n));
}

void td_gemm_encode(const td_gemm_code *code, void *packed, const float *b, size_t k, size_t n,
                    size_t stride_k, size_t stride_n, const float *scale)
{
    const size_t width = td_gemm_width(n);
    float block[TD_GEMM_CODED * TD_GEMM_MAX_WIDTH];
    char *panel = packed;

    for (size_t col = 0; col < n; col += width, panel += code->panel_size(k, width))
        for (size_t row = 0; row < k; row += TD_GEMM_CODED) {
            const size_t rows = TD_MIN((size_t)TD_GEMM_CODED, k - row);

            pack_columns(block, b + row * stride_k + col * stride_n, rows, TD_MIN(width, n - col), width,
                         stride_k, stride_n, scale ? scale + col : NULL);
            code->encode(panel, block, width, row, rows);
        }
}

/* A segment is whole. Depth is rounded up where blocks of one segment are. */
size_t td_gemm_decoded_size(size_t segments, size_t depth, size_t n)
{
    const size_t width = td_gemm_width(n), row = width * sizeof(float);

    if (segments == 1) return TD_MIN(td_round_up(depth, 16) * row, (size_t)DECODED_BYTES + 16 * row);
    return TD_MAX(depth * row, TD_MIN(segments * depth * row, (size_t)DECODED_BYTES + depth * row));
}

size_t td_gemm_scratch(size_t segments, size_t patch_size)
{
    return td_round_up(segments * TD_GEMM_MAX_ROWS * sizeof(float *), 64) + td_round_up(patch_size, 64);
}

/* ---------------------------------------------------------------- one piece */

/* What the loops of a piece share. */
typedef struct piece {
    const td_gemm *g;
    size_t width, max_rows;
    const float **a; /* scratch: row pointers */
    void *patch;
    size_t k_segments, k_depth; /* of a k-block; one of them is whole */
    float *decoded;             /* scratch: a k-block of a panel; NULL: panels are floats */
} piece;

static void rows_plain(const td_gemm *g, size_t row, size_t rows, size_t k0, const float **a)
{
    for (size_t i = 0; i < rows; i++)
        a[i] = g->a + (row + i) * g->lda + k0;
}

static void piece_tile(const piece *p, td_gemm_tile *t, size_t row, size_t rows, size_t seg, size_t k0)
{
    const td_gemm *const g = p->g;

    if (g->rows) {
        g->rows(g, row, rows, seg, t->segments, p->a, p->patch);
        for (size_t i = 0; k0 && i < rows; i++) /* a cut inside of the only segment */
            p->a[i] += k0;
    } else {
        rows_plain(g, row, rows, k0, p->a);
    }
    g->isa->tile[p->width / TD_GEMM_LANES - 1][rows - 1](t);
    if (!t->is_last || !g->end.post) return;
    for (size_t i = 0; i < rows; i++)
        g->end.post(t->c + i * t->ldc, t->cols);
}

/* All rows of a block against one k-block of one panel. next: where that of the next panel begins, NULL: there is none;
 * next_step: what lies between the parts of it that two tiles fetch. */
static void piece_sweep(const piece *p, td_gemm_tile *t, size_t row0, size_t row1, size_t col, size_t seg,
                        size_t k0, const float *next, size_t next_step)
{
    const td_gemm *const g = p->g;
    /* Tiles of even height: 7 rows are 4 + 3, not 6 + 1. */
    const size_t tiles = (row1 - row0 + p->max_rows - 1) / p->max_rows;
    const size_t lanes = p->width / TD_GEMM_LANES; /* of the next panel, one is fetched by each tile */

    for (size_t i = 0; i < tiles; i++) {
        const size_t row = row0 + (row1 - row0) * i / tiles;
        const size_t rows = row0 + (row1 - row0) * (i + 1) / tiles - row;
        const bool has_next = next && i < lanes;
        t->prefetch = (const char *)(has_next ? (const void *)(next + i * next_step) : p->a);
        t->prefetch_step = has_next ? 64 : 0;
        t->c = g->c + row * g->ldc + col;
        t->add = g->end.add ? g->end.add + row * g->end.add_ld + col : NULL;
        piece_tile(p, t, row, rows, seg, k0);
    }
}

static size_t panel_bytes(const td_gemm *g, size_t width)
{
    const size_t k = g->segments * g->depth;

    return g->code ? g->code->panel_size(k, width) : k * width * sizeof(float);
}

/* Rows [row0, row1) against one k-block, starting at segment seg and element k0 of it,
 * of panels [panel0, panel1). */
static void piece_block(const piece *p, size_t row0, size_t row1, size_t panel0, size_t panel1, size_t seg,
                        size_t k0)
{
    const td_gemm *const g = p->g;
    const size_t k = g->segments * g->depth, at = seg * g->depth + k0;
    const td_gemm_panel lies =
        p->decoded ? (td_gemm_panel){ p->width, TD_GEMM_LANES } : td_gemm_panel_of(k, p->width);
    td_gemm_tile t = {
        .a = p->a,
        .segments = TD_MIN(p->k_segments, g->segments - seg),
        .depth = TD_MIN(p->k_depth, g->depth - k0),
        .ldb = lies.ld,
        .strip = lies.strip,
        .ldc = g->ldc,
        .add_ld = g->end.add_ld,
        .lo = g->end.lo,
        .hi = g->end.hi,
    };
    const size_t block = t.segments * t.depth, panel_size = panel_bytes(g, p->width);
    const size_t fetch_step = lies.ld == TD_GEMM_LANES ? lies.strip : block * TD_GEMM_LANES;

    t.is_first = at == 0;
    t.is_last = at + block == k;
    for (size_t panel = panel0; panel < panel1; panel++) {
        const size_t col = panel * p->width;
        const char *const b = (const char *)g->b + panel * panel_size;
        const float *const next = (const float *)(const void *)(b + panel_size) + at * lies.ld;

        if (p->decoded) g->code->decode(p->decoded, b, p->width, at, block);
        t.b = p->decoded ? p->decoded : (const float *)(const void *)b + at * lies.ld;
        t.cols = TD_MIN(p->width, g->n - col);
        t.bias = g->end.bias ? g->end.bias + col : NULL;
        piece_sweep(p, &t, row0, row1, col, seg, k0, panel + 1 < panel1 && !p->decoded ? next : NULL,
                    fetch_step);
    }
}

/* One segment may be cut anywhere, several only between them: patches hold whole segments. */
static void piece_k_blocks(piece *p)
{
    const td_gemm *const g = p->g;
    const size_t most = (g->code ? DECODED_BYTES : PANEL_BYTES) / sizeof(float) / p->width;
    const size_t k = g->segments * g->depth;
    const size_t blocks = (k + most - 1) / most;

    p->k_segments = g->segments;
    p->k_depth = g->depth;
    if (blocks <= 1) return;
    if (g->segments == 1)
        p->k_depth = td_round_up((k + blocks - 1) / blocks, 16);
    else
        p->k_segments = TD_MAX(1, (g->segments + blocks - 1) / blocks);
}

void td_gemm_run_piece(const td_gemm *g, const td_gemm_cut *cut, size_t index, void *scratch)
{
    const size_t width = td_gemm_width(g->n), panels = panel_count(g->n);
    const size_t row0 = index % cut->row_parts * cut->row_step;
    const size_t row1 = TD_MIN(row0 + cut->row_step, g->m);
    const size_t panel0 = index / cut->row_parts * cut->panel_step;
    const size_t panel1 = TD_MIN(panel0 + cut->panel_step, panels);
    const size_t row_bytes = g->row_bytes ? g->row_bytes : g->segments * g->depth * sizeof(float);
    piece p = {
        .g = g,
        .width = width,
        .max_rows = (size_t)g->isa->max_rows[width / TD_GEMM_LANES - 1],
        .a = scratch,
        .patch = (char *)scratch + td_round_up(g->segments * TD_GEMM_MAX_ROWS * sizeof(float *), 64),
    };
    piece_k_blocks(&p);
    if (g->code)
        p.decoded = (float *)(void *)((char *)scratch + g->scratch_size -
                                      td_gemm_decoded_size(g->segments, g->depth, g->n));
    /* One segment: a block holds a part of each row only. Several:
     * they overlap in the image, row_bytes says how. */
    const size_t touched = TD_MAX(64, g->segments == 1 ? p.k_depth * row_bytes / g->depth : row_bytes);
    size_t block = row1 - row0;

    if (panel1 - panel0 > 1 && block * touched > ROWS_BYTES)
        block = TD_MAX(p.max_rows * 4, ROWS_BYTES / touched / p.max_rows * p.max_rows);
    for (size_t row = row0; row < row1; row += block)
        for (size_t seg = 0; seg < g->segments; seg += p.k_segments)
            for (size_t k0 = 0; k0 < g->depth; k0 += p.k_depth)
                piece_block(&p, row, TD_MIN(row + block, row1), panel0, panel1, seg, k0);
}

/* ---------------------------------------------------------------- pieces */

td_gemm_cut td_gemm_cut_make(const td_gemm *g, int threads)
{
    const size_t width = td_gemm_width(g->n), panels = panel_count(g->n);
    const size_t max_rows = (size_t)g->isa->max_rows[width / TD_GEMM_LANES - 1];
    const size_t tiles = td_div_up(g->m, max_rows), k = g->segments * g->depth;
    const double work = (double)g->m * (double)g->n * (double)k;
    const size_t row_bytes = g->row_bytes ? g->row_bytes : k * sizeof(float);
    size_t want = threads <= 1 ? 1 : (size_t)threads * 4, row_parts, panel_parts;

    if (work < (double)want * PIECE_WORK) want = TD_MAX(1, (size_t)(work / PIECE_WORK));
    want = TD_MAX(want, (size_t)(work / (g->isa == &td_gemm_isa_ref ? MOST_PLAIN_WORK : MOST_WORK)));
    /* Cut along the side whose data is bigger, so that each thread reads a part of it only. */
    if (k * width * panels * sizeof(float) > g->m * row_bytes) {
        panel_parts = TD_MIN(panels, want);
        row_parts = TD_MIN(td_div_up(want, panel_parts), td_div_up(tiles, 2));
    } else {
        row_parts = TD_MIN(td_div_up(tiles, 2), want);
        panel_parts = TD_MIN(panels, td_div_up(want, row_parts));
    }
    td_gemm_cut cut = { .row_step = td_div_up(tiles, row_parts) * max_rows,
                        .panel_step = td_div_up(panels, panel_parts) };
    cut.row_parts = td_div_up(g->m, cut.row_step);
    cut.panel_parts = td_div_up(panels, cut.panel_step);
    return cut;
}

typedef struct run_ctx {
    const td_gemm *g;
    td_gemm_cut cut;
} run_ctx;

static void run_shard(void *ctx, size_t shard, int thread)
{
    const run_ctx *const r = ctx;
    td_gemm_run_piece(r->g, &r->cut, shard, (char *)r->g->scratch + (size_t)thread * r->g->scratch_size);
}

void td_gemm_run(const td_gemm *g, td_team *team)
{
    if (g->m == 0 || g->n == 0) return;
    TD_ASSERT(g->segments * g->depth > 0); /* an empty sum has no pieces: its callers fill in zeros */
    run_ctx r = { .g = g, .cut = td_gemm_cut_make(g, td_team_threads(team)) };
    td_team_run(team, r.cut.row_parts * r.cut.panel_parts, run_shard, &r);
}
