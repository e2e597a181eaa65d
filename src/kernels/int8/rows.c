/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c -- see rows.h. */
#include "kernels/int8/rows.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"

enum { SHARD_WORK = 1 << 20 /* multiply-adds that are worth waking a thread */ };

td_int8_cut td_int8_cut_make(const td_int8_isa *isa, size_t m, size_t n, size_t k, int threads)
{
    const double work = (double)m * (double)n * (double)k;
    const size_t want =
        TD_MIN(threads <= 1 ? 1 : 4 * (size_t)threads, TD_MAX(1, (size_t)(work / SHARD_WORK)));
    td_int8_cut c = { .m = m, .panels = td_int8_panels(n) };

    c.rows = td_div_up(m, td_div_up(m, isa->block));
    c.row_parts = td_div_up(m, c.rows);
    c.part_panels = td_div_up(c.panels, TD_MIN(c.panels, td_div_up(want, c.row_parts)));
    c.col_parts = td_div_up(c.panels, c.part_panels);
    return c;
}

td_int8_shard td_int8_shard_at(const td_int8_cut *c, size_t shard)
{
    const size_t row = shard / c->col_parts * c->rows, panel = shard % c->col_parts * c->part_panels;

    return (td_int8_shard){ row, TD_MIN(c->rows, c->m - row), panel,
                            TD_MIN(panel + c->part_panels, c->panels) };
}

void td_int8_block_run(const td_int8_block *b, size_t begin, size_t end)
{
    const td_int8_isa *const isa = b->isa;
    const td_gemm_end *const g = b->end;
    const size_t panel = td_int8_panel_size(b->k), quads = td_div_up(b->k, 4);
    const float *const scales = td_int8_scales(b->packed, b->k, b->n);
    const int32_t *const sums = (const int32_t *)(const void *)(scales + td_int8_panels(b->n) * TD_INT8_COLS);

    for (size_t p = begin; p < end; p++) {
        const size_t col = p * TD_INT8_COLS, n = TD_MIN((size_t)TD_INT8_COLS, b->n - col);
        const td_int8_end e = { .row_scales = b->row_scales,
                                .scales = scales + col,
                                .sums = sums + col,
                                .bias = g->bias ? g->bias + col : NULL,
                                .add = b->add ? b->add + col : NULL,
                                .add_ld = g->add_ld,
                                .lo = g->lo,
                                .hi = g->hi };

        isa->sums(b->acc, b->rows, td_int8_depth(b->k) * isa->width, b->n_rows,
                  (const int8_t *)b->packed + p * panel, quads);
        isa->finish(b->out + col, b->n, b->acc, b->n_rows, n, &e);
        for (size_t r = 0; g->post && r < b->n_rows; r++)
            g->post(b->out + r * b->n + col, n);
    }
}

float td_int8_row(const td_int8_isa *isa, void *steps, const float *x, size_t n, float scale)
{
    const uint32_t most = isa->most(x, n);
    float factor, own = td_int8_scale(most, &factor);

    if (scale > 0 && !isnan(own)) own = scale, factor = 1.0f / scale;
    if (factor > 0)
        isa->round(steps, x, n, factor);
    else
        memset(steps, isa->zero, n * isa->width);
    return own;
}
