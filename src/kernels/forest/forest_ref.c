/* SPDX-License-Identifier: Apache-2.0 */
/* forest_ref.c -- the definition of right: one row, one tree, whatever its nodes ask. */
#include <math.h>
#include <string.h>

#include "kernels/forest/forest.h"

static inline float as_float(uint32_t cell)
{
    float f;

    memcpy(&f, &cell, sizeof f);
    return f;
}

static inline uint32_t bit_at(const uint32_t *bits, uint32_t at)
{
    return bits[at >> 5] >> (at & 31) & 1;
}

static bool list_has(const td_forest *f, uint32_t at, uint32_t item)
{
    const td_forest_list *const l = &f->lists[at];
    const uint32_t *const items = f->items + l->first;
    uint32_t begin = 0, end = l->n;

    if (item == 0) return l->has_missing;
    while (begin < end) {
        const uint32_t mid = begin + (end - begin) / 2;

        if (items[mid] == item) return true;
        if (items[mid] < item)
            begin = mid + 1;
        else
            end = mid;
    }
    return false;
}

static bool set_has(const td_forest *f, const td_forest_rows *rows, const td_forest_node *n,
                    const uint32_t *set)
{
    const bool is_list = (n->what & TD_FOREST_KIND_MASK) == TD_FOREST_SET_LIST;

    for (uint32_t i = set[0]; i < set[1]; i++)
        if (is_list ? list_has(f, n->u.at, rows->items[i]) : bit_at(f->bits, n->u.at + rows->items[i]) != 0)
            return true;
    return false;
}

static bool is_above(const td_forest *f, const td_forest_slope *s, const uint32_t *row)
{
    float sum = 0;

    for (uint32_t i = 0; i < s->n; i++) {
        const td_forest_term *const t = &f->terms[s->first + i];
        float x = as_float(row[t->cell]);

        if (isnan(x)) x = t->missing;
        if (isnan(x)) return s->if_missing;
        sum += x * t->weight;
    }
    return sum >= s->threshold;
}

static bool holds(const td_forest *f, const td_forest_rows *rows, const td_forest_node *n,
                  const uint32_t *row)
{
    const uint32_t *const cell = row + (n->what >> TD_FOREST_KIND_BITS);
    const float x = as_float(*cell);

    switch ((td_forest_kind)(n->what & TD_FOREST_KIND_MASK)) {
    case TD_FOREST_NUMBER:
        return x >= n->u.threshold;
    case TD_FOREST_NUMBER_OR_NA:
        return isnan(x) || x >= n->u.threshold;
    case TD_FOREST_BITS:
        return bit_at(f->bits, n->u.at + *cell) != 0;
    case TD_FOREST_LIST:
        return list_has(f, n->u.at, *cell);
    case TD_FOREST_SET_BITS:
    case TD_FOREST_SET_LIST:
        return set_has(f, rows, n, cell);
    case TD_FOREST_SLOPE:
        return is_above(f, &f->slopes[n->u.at], row);
    }
    return false;
}

uint32_t td_forest_leaf(const td_forest *f, const td_forest_rows *rows, size_t row, size_t tree)
{
    const uint32_t *const cells = rows->cells + row * f->n_cells;
    uint32_t at = f->roots[tree];

    while (f->nodes[at].next != at)
        at = f->nodes[at].next + holds(f, rows, &f->nodes[at], cells);
    return f->nodes[at].leaf;
}

/* ---------------------------------------------------------------- side by side */

/* Without a branch. A leaf's threshold is NaN, so its condition does not hold. */
static inline uint32_t step(const td_forest *f, const uint32_t *row, uint32_t at)
{
    const td_forest_node *const n = &f->nodes[at];
    const uint32_t cell = row[n->what >> TD_FOREST_KIND_BITS], is_bits = n->what >> 1 & 1;
    const float x = as_float(cell);
    const uint32_t is_above = (uint32_t)(x >= n->u.threshold) | ((uint32_t)(x != x) & n->what);
    const uint32_t bit = bit_at(f->bits, (n->u.at + cell) & (0 - is_bits));

    return n->next + (is_bits ? bit : is_above & 1);
}

void td_forest_walk_ref(const td_forest *f, const uint32_t *cells, const uint32_t row[TD_FOREST_LANES],
                        uint32_t at[TD_FOREST_LANES])
{
    uint32_t moved;

    do {
        moved = 0;
        for (size_t i = 0; i < TD_FOREST_LANES; i++) {
            const uint32_t to = step(f, cells + row[i], at[i]);

            moved |= to ^ at[i];
            at[i] = to;
        }
    } while (moved);
}

const td_forest_walk_variant td_forest_walk_variants[] = {
    TD_X86(td_forest_walk_, avx2),
    TD_PLAIN(td_forest_walk_ref),
};
