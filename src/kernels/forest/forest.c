/* SPDX-License-Identifier: Apache-2.0 */
/* forest.c -- see forest.h. Where all conditions are plain, a few walks go side by side: of several rows in one tree, or
 * of one row in several trees. Each step of a walk waits for memory twice, so one alone leaves the CPU idle. */
#include "kernels/forest/forest.h"

#include "base/macros.h"

enum { LANES = TD_FOREST_LANES, TREES = 64 };

/* ---------------------------------------------------------------- blocks */

/* What some rows come to in some trees. */
typedef struct block {
    size_t row, n_rows, tree, n_trees;
    uint32_t leaves[LANES][TREES];
} block;

static void find_by_rows(const td_forest *f, td_forest_walk_fn *walk, const td_forest_rows *rows, block *b)
{
    uint32_t row[LANES], at[LANES];

    for (size_t i = 0; i < LANES; i++) /* lanes that are too many do what the last one does */
        row[i] = (uint32_t)(TD_MIN(i, b->n_rows - 1) * f->n_cells);
    for (size_t t = 0; t < b->n_trees; t++) {
        for (size_t i = 0; i < LANES; i++)
            at[i] = f->roots[b->tree + t];
        walk(f, rows->cells + b->row * f->n_cells, row, at);
        for (size_t i = 0; i < b->n_rows; i++)
            b->leaves[i][t] = f->nodes[at[i]].leaf;
    }
}

static void find_by_trees(const td_forest *f, td_forest_walk_fn *walk, const td_forest_rows *rows, size_t r,
                          block *b)
{
    const uint32_t row[LANES] = { 0 };
    uint32_t at[LANES];

    for (size_t t = 0; t < b->n_trees; t += LANES) {
        for (size_t i = 0; i < LANES; i++)
            at[i] = f->roots[b->tree + TD_MIN(t + i, b->n_trees - 1)];
        walk(f, rows->cells + (b->row + r) * f->n_cells, row, at);
        for (size_t i = 0; i < LANES && t + i < b->n_trees; i++)
            b->leaves[r][t + i] = f->nodes[at[i]].leaf;
    }
}

static void find_leaves(const td_forest *f, td_forest_walk_fn *walk, const td_forest_rows *rows, block *b)
{
    if (f->is_plain && b->n_rows > LANES / 2) {
        find_by_rows(f, walk, rows, b);
        return;
    }
    for (size_t r = 0; r < b->n_rows; r++) {
        if (f->is_plain) {
            find_by_trees(f, walk, rows, r, b);
            continue;
        }
        for (size_t t = 0; t < b->n_trees; t++)
            b->leaves[r][t] = td_forest_leaf(f, rows, b->row + r, b->tree + t);
    }
}

static void for_blocks(const td_forest *f, td_forest_walk_fn *walk, const td_forest_rows *rows,
                       void (*fn)(const td_forest *f, const block *b, void *out), void *out)
{
    block b;

    for (size_t row = 0; row < rows->n; row += LANES)
        for (size_t tree = 0; tree < f->n_trees; tree += TREES) {
            b.row = row;
            b.n_rows = TD_MIN(rows->n - row, LANES);
            b.tree = tree;
            b.n_trees = TD_MIN(f->n_trees - tree, TREES);
            find_leaves(f, walk, rows, &b);
            fn(f, &b, out);
        }
}

static void add_row(const td_forest *f, const block *b, const uint32_t *leaves, double *sums)
{
    size_t to = b->tree * f->step % f->n_sums;

    for (size_t t = 0; t < b->n_trees; t++) {
        if (!f->values) {
            sums[f->classes[leaves[t]]] += 1;
            continue;
        }
        for (size_t k = 0; k < f->width; k++)
            sums[to + k] += (double)f->values[leaves[t] * f->width + k];
        to = to + f->step < f->n_sums ? to + f->step : 0;
    }
}

static void add_block(const td_forest *f, const block *b, void *out)
{
    double *const sums = out;

    for (size_t r = 0; r < b->n_rows; r++)
        add_row(f, b, b->leaves[r], sums + (b->row + r) * f->n_sums);
}

void td_forest_sum(const td_forest *f, td_forest_walk_fn *walk, const td_forest_rows *rows, double *sums)
{
    for_blocks(f, walk, rows, add_block, sums);
}

static void put_block(const td_forest *f, const block *b, void *out)
{
    for (size_t r = 0; r < b->n_rows; r++) {
        int32_t *const to = (int32_t *)out + (b->row + r) * f->n_trees + b->tree;

        for (size_t t = 0; t < b->n_trees; t++)
            to[t] = (int32_t)(b->leaves[r][t] - f->first_leaf[b->tree + t]);
    }
}

void td_forest_leaves(const td_forest *f, td_forest_walk_fn *walk, const td_forest_rows *rows, int32_t *out)
{
    for_blocks(f, walk, rows, put_block, out);
}
