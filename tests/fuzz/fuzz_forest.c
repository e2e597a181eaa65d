/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_forest.c -- any bytes as a model of decision forests: all that its nodes point to is there, walks end, and those side by
 * side come to the leaves that single ones come to.
 *
 * The first byte asks for the rule of missing values, the next ones are the sizes of header.pb, data_spec.pb and the kind's
 * header; then come these, and the rest are nodes. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/mem.h"
#include "driver.h"
#include "formats/ydf/ydf.h"

enum { HEAD = 7, ROWS = 21, SET_ITEMS = 3, MOST_WORK = 1 << 20 };

/* ---------------------------------------------------------------- files */

typedef struct files {
    td_string header, spec, kind, nodes;
} files;

/* All shards have the same bytes; there are ten at most, so that a run has an end. */
static td_status give_file(void *ctx, const char *name, td_string *bytes)
{
    static const char shard[] = "nodes-0000";
    const files *const f = ctx;

    if (strstr(name, "nodes-") && strncmp(name, shard, sizeof shard - 1) != 0)
        return TD_ERR(NOT_FOUND, "%s", name);
    *bytes = strcmp(name, "header.pb") == 0      ? f->header
             : strcmp(name, "data_spec.pb") == 0 ? f->spec
             : strstr(name, "_header.pb")        ? f->kind
                                                 : f->nodes;
    return NULL;
}

static td_string take(const uint8_t **at, const uint8_t *end, size_t size)
{
    const td_string s = { (const char *)*at, TD_MIN(size, (size_t)(end - *at)) };

    *at += s.size;
    return s;
}

/* ---------------------------------------------------------------- is all there? */

static uint32_t max_cell(const td_ydf_model *m, size_t cell)
{
    const size_t *const n = m->columns;

    if (cell < n[TD_YDF_NUMBERS]) return UINT32_MAX;
    cell -= n[TD_YDF_NUMBERS];
    if (cell < n[TD_YDF_FLAGS]) return 2;
    cell -= n[TD_YDF_FLAGS];
    if (cell < n[TD_YDF_CATEGORIES]) return TD_MAX(m->values[TD_YDF_CATEGORIES][cell], 1);
    cell -= n[TD_YDF_CATEGORIES];
    return cell / 2 < n[TD_YDF_SETS] ? TD_MAX(m->values[TD_YDF_SETS][cell / 2], 1) : 0;
}

static void check_slope(const td_ydf_model *m, const td_forest_slope *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        TD_ASSERT(m->forest.terms[s->first + i].cell < m->columns[TD_YDF_NUMBERS]);
}

/* Touches the last thing of each kind that walks may touch, for the sanitizers. */
static uint32_t check_node(const td_ydf_model *m, uint32_t at, uint32_t end)
{
    const td_forest *const f = &m->forest;
    const td_forest_node *const n = &f->nodes[at];
    const uint32_t cell = n->what >> TD_FOREST_KIND_BITS;

    TD_ASSERT(cell < f->n_cells);
    if (n->next == at) {
        TD_ASSERT(n->leaf < f->n_leaves && isnan(n->u.threshold));
        if (!f->values) TD_ASSERT(f->classes[n->leaf] < f->n_sums);
        return f->values ? f->values[(n->leaf + 1) * f->width - 1] > 0 : 0;
    }
    TD_ASSERT(n->next > at && n->next < end - 1);
    switch ((td_forest_kind)(n->what & TD_FOREST_KIND_MASK)) {
    case TD_FOREST_NUMBER:
    case TD_FOREST_NUMBER_OR_NA:
        TD_ASSERT(cell < m->columns[TD_YDF_NUMBERS]);
        return 0;
    case TD_FOREST_BITS:
    case TD_FOREST_SET_BITS:
        return f->bits[(n->u.at + (uint64_t)max_cell(m, cell)) / 32];
    case TD_FOREST_LIST:
    case TD_FOREST_SET_LIST:
        return f->items[f->lists[n->u.at].first + f->lists[n->u.at].n];
    case TD_FOREST_SLOPE:
        check_slope(m, &f->slopes[n->u.at]);
        return 0;
    }
    return 0;
}

/* Returns something that hangs on all that was read. */
static uint32_t check_nodes(const td_ydf_model *m)
{
    uint32_t end = 0, seen = 0;

    TD_ASSERT(m->n_outputs && m->forest.n_sums);
    for (size_t t = 0; t < m->forest.n_trees; t++) {
        uint32_t at = m->forest.roots[t];

        TD_ASSERT(at == end);
        for (end++; at < end; at++) {
            const uint32_t next = m->forest.nodes[at].next;

            if (next != at) end = TD_MAX(end, next + 2);
            seen ^= check_node(m, at, end);
        }
    }
    for (size_t i = 0; i < m->n_outputs; i++)
        TD_ASSERT(m->names[i].data || !m->names[i].size);
    return seen;
}

/* ---------------------------------------------------------------- walks */

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static uint32_t draw_number(uint32_t *seed)
{
    static const float some[] = { 0, NAN, 1, -1, INFINITY, -INFINITY, 0.5f, 3 };
    uint32_t cell;

    memcpy(&cell, &some[draw(seed) % TD_COUNT(some)], sizeof cell);
    return cell;
}

static void draw_set(const td_ydf_model *m, size_t cell, uint32_t *seed, uint32_t *to, uint32_t *items,
                     uint32_t *n_items)
{
    to[0] = *n_items;
    for (uint32_t i = draw(seed) % (SET_ITEMS + 1); i > 0; i--)
        items[(*n_items)++] = draw(seed) % (max_cell(m, cell) + 1);
    to[1] = *n_items;
}

static void draw_row(const td_ydf_model *m, uint32_t *seed, uint32_t *row, uint32_t *items, uint32_t *n_items)
{
    const size_t sets = m->forest.n_cells - TD_MIN(m->forest.n_cells, 2 * m->columns[TD_YDF_SETS]);

    row[0] = 0;
    for (size_t i = 0; i < m->forest.n_cells; i++)
        if (i < m->columns[TD_YDF_NUMBERS])
            row[i] = draw_number(seed);
        else if (i < sets)
            row[i] = draw(seed) % (max_cell(m, i) + 1);
        else if (m->columns[TD_YDF_SETS] && (i - sets) % 2 == 0)
            draw_set(m, i, seed, row + i, items, n_items);
}

static void compare(const td_forest *f, const td_forest_rows *rows, const int32_t *leaves)
{
    for (size_t r = 0; r < rows->n; r++)
        for (size_t t = 0; t < f->n_trees; t++)
            TD_ASSERT((uint32_t)leaves[r * f->n_trees + t] + f->first_leaf[t] ==
                      td_forest_leaf(f, rows, r, t));
}

static void walk(const td_ydf_model *m, uint32_t seed)
{
    const td_forest *const f = &m->forest;
    uint32_t *const cells = td_alloc_array(ROWS * f->n_cells, sizeof *cells), n_items = 0;
    uint32_t *const items = td_alloc_array(ROWS * SET_ITEMS * (m->columns[TD_YDF_SETS] + 1), sizeof *items);
    int32_t *const leaves = td_alloc_array(ROWS * f->n_trees, sizeof *leaves);
    double *const sums = td_alloc_array(ROWS * f->n_sums, sizeof *sums);

    for (size_t r = 0; r < ROWS; r++)
        draw_row(m, &seed, cells + r * f->n_cells, items, &n_items);
    for (size_t n = 1; n <= ROWS; n += 10) {
        const td_forest_rows rows = { cells, items, n };

        td_forest_leaves(f, td_forest_walk_select(td_cpu_detect()), &rows, leaves);
        compare(f, &rows, leaves);
        td_forest_sum(f, td_forest_walk_ref, &rows, sums);
    }
    td_free(cells);
    td_free(items);
    td_free(leaves);
    td_free(sums);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    const uint8_t *at = data + HEAD;
    const td_ydf_model *m;
    size_t sizes[3];
    files f;

    if (size < HEAD) return;
    for (int i = 0; i < 3; i++)
        sizes[i] = data[1 + 2 * i] | (size_t)data[2 + 2 * i] << 8;
    f.header = take(&at, data + size, sizes[0]);
    f.spec = take(&at, data + size, sizes[1]);
    f.kind = take(&at, data + size, sizes[2]);
    f.nodes = take(&at, data + size, size);
    const td_ydf_source from = { give_file, &f, data[0] & 1 };
    td_arena *const arena = td_arena_make();

    if (fuzz_end(td_ydf_read(&from, arena, &m))) {
        const uint32_t seen = check_nodes(m);

        fuzz_pause();
        if (m->forest.n_cells + m->forest.n_trees + m->forest.n_sums < MOST_WORK) walk(m, seen);
        fuzz_resume();
    }
    td_arena_free(arena);
}
