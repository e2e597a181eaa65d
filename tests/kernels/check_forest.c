/* SPDX-License-Identifier: Apache-2.0 */
/* check_forest.c -- walks side by side against single ones, over random trees of all kinds of nodes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#include "kernels/forest/forest.h"

/* Of a row: numbers, categories below CATEGORIES, sets of those. */
enum { NUMBERS = 5, WORDS = 4, SETS = 2, CATEGORIES = 40, CELLS = NUMBERS + WORDS + 2 * SETS };
enum { MAX_TREES = 300, MAX_NODES = MAX_TREES * 127, MAX_ROWS = 67, MAX_ITEMS = 3 * SETS * MAX_ROWS };
enum { PARTS = 16, PART_WORDS = CATEGORIES / 32 + 1, MAX_CLASSES = 5 };

enum {
    HAS_NUMBERS = 1 << TD_FOREST_NUMBER | 1 << TD_FOREST_NUMBER_OR_NA,
    HAS_PLAIN = HAS_NUMBERS | 1 << TD_FOREST_BITS
};
enum { HAS_ALL = (1 << (TD_FOREST_SLOPE + 1)) - 1 };

typedef struct forest {
    td_forest f;
    td_forest_node nodes[MAX_NODES];
    uint32_t roots[MAX_TREES], first_leaf[MAX_TREES], n_nodes;
    uint32_t bits[PARTS * PART_WORDS], items[PARTS * CATEGORIES];
    td_forest_list lists[PARTS];
    td_forest_term terms[PARTS * NUMBERS];
    td_forest_slope slopes[PARTS];
    float values[MAX_NODES * MAX_CLASSES];
    uint32_t classes[MAX_NODES];
} forest;

static forest all;

typedef struct rows {
    uint32_t cells[MAX_ROWS * CELLS], items[MAX_ITEMS];
    size_t n_items;
} rows;

static rows some;

static uint32_t pick(uint32_t n)
{
    return check_random() % n;
}

static float pick_number(void)
{
    return pick(6) ? (float)((int)pick(17) - 8) / 4 : pick(2) ? NAN : INFINITY;
}

/* ---------------------------------------------------------------- trees */

static void fill_parts(void)
{
    for (size_t i = 0; i < sizeof all.bits / sizeof *all.bits; i++)
        all.bits[i] = check_random();
    for (uint32_t i = 0; i < PARTS; i++) {
        td_forest_list *const l = &all.lists[i];

        *l = (td_forest_list){ i * CATEGORIES, 0, pick(2) };
        for (uint32_t c = 1; c <= CATEGORIES; c++)
            if (pick(4) == 0) all.items[l->first + l->n++] = c;
        all.slopes[i] = (td_forest_slope){ pick_number(), i * NUMBERS, 1 + pick(NUMBERS), pick(2) };
        for (uint32_t k = 0; k < NUMBERS; k++)
            all.terms[i * NUMBERS + k] = (td_forest_term){ pick(NUMBERS), (float)pick(5) - 2, pick_number() };
    }
}

static void fill_condition(unsigned kinds, td_forest_node *n)
{
    uint32_t kind, cell = 0;

    do
        kind = pick(TD_FOREST_SLOPE + 1);
    while (!(kinds >> kind & 1));
    n->u.at = pick(PARTS);
    switch ((td_forest_kind)kind) {
    case TD_FOREST_NUMBER:
    case TD_FOREST_NUMBER_OR_NA:
        cell = pick(NUMBERS);
        n->u.threshold = pick_number();
        break;
    case TD_FOREST_BITS:
        n->u.at *= PART_WORDS * 32;
        cell = NUMBERS + pick(WORDS);
        break;
    case TD_FOREST_LIST:
        cell = NUMBERS + pick(WORDS);
        break;
    case TD_FOREST_SET_BITS:
        n->u.at *= PART_WORDS * 32;
        cell = NUMBERS + WORDS + 2 * pick(SETS);
        break;
    case TD_FOREST_SET_LIST:
        cell = NUMBERS + WORDS + 2 * pick(SETS);
        break;
    case TD_FOREST_SLOPE:
        break;
    }
    n->what = kind | cell << TD_FOREST_KIND_BITS;
}

static void grow(unsigned kinds, uint32_t at, unsigned depth)
{
    td_forest_node *const n = &all.nodes[at];

    if (depth == 0 || pick(6) == 0) {
        *n = (td_forest_node){ .u.threshold = NAN, .next = at, .leaf = (uint32_t)all.f.n_leaves++ };
        return;
    }
    fill_condition(kinds, n);
    n->next = all.n_nodes;
    all.n_nodes += 2;
    grow(kinds, n->next, depth - 1);
    grow(kinds, n->next + 1, depth - 1);
}

static void make_forest(unsigned kinds, size_t n_trees, unsigned depth)
{
    fill_parts();
    all.n_nodes = 0;
    all.f = (td_forest){ .nodes = all.nodes,
                         .roots = all.roots,
                         .first_leaf = all.first_leaf,
                         .n_trees = n_trees,
                         .n_cells = CELLS,
                         .bits = all.bits,
                         .items = all.items,
                         .lists = all.lists,
                         .terms = all.terms,
                         .slopes = all.slopes,
                         .has_numbers_only = !(kinds & ~(unsigned)HAS_NUMBERS),
                         .is_plain = !(kinds & ~(unsigned)HAS_PLAIN) };
    for (size_t t = 0; t < n_trees; t++) {
        all.roots[t] = all.n_nodes++;
        all.first_leaf[t] = (uint32_t)all.f.n_leaves;
        grow(kinds, all.roots[t], depth);
    }
    for (size_t i = 0; i < sizeof all.values / sizeof *all.values; i++)
        all.values[i] = (float)pick(64);
    for (size_t i = 0; i < MAX_NODES; i++)
        all.classes[i] = pick(MAX_CLASSES);
}

static void make_rows(void)
{
    some.n_items = 0;
    for (size_t r = 0; r < MAX_ROWS; r++) {
        uint32_t *const row = some.cells + r * CELLS;

        for (size_t i = 0; i < NUMBERS; i++) {
            const float x = pick_number();

            memcpy(row + i, &x, sizeof x);
        }
        for (size_t i = NUMBERS; i < NUMBERS + WORDS; i++)
            row[i] = pick(CATEGORIES + 1);
        for (size_t i = NUMBERS + WORDS; i < CELLS; i += 2) {
            row[i] = (uint32_t)some.n_items;
            for (uint32_t k = pick(4); k > 0; k--)
                some.items[some.n_items++] = pick(CATEGORIES + 1);
            row[i + 1] = (uint32_t)some.n_items;
        }
    }
}

/* ---------------------------------------------------------------- checks */

static void check_leaves(const char *name, td_forest_walk_fn *walk, size_t n)
{
    const td_forest_rows in = { some.cells, some.items, n };
    const size_t size = n * all.f.n_trees * sizeof(int32_t);
    int32_t *const got = check_bytes(size);

    td_forest_leaves(&all.f, walk, &in, got);
    for (size_t r = 0; r < n; r++)
        for (size_t t = 0; t < all.f.n_trees; t++) {
            const uint32_t want = td_forest_leaf(&all.f, &in, r, t) - all.first_leaf[t];

            CHECK((uint32_t)got[r * all.f.n_trees + t] == want,
                  "%s, row %zu of %zu, tree %zu of %zu: leaf %d, want %u", name, r, n, t, all.f.n_trees,
                  (int)got[r * all.f.n_trees + t], (unsigned)want);
        }
    CHECK(check_bytes_guards(got, size), "%s, %zu rows: wrote beside its leaves", name, n);
    check_bytes_free(got);
}

static double want_sum(const td_forest_rows *in, size_t row, size_t sum)
{
    const td_forest *const f = &all.f;
    double want = 0.5;

    for (size_t t = 0; t < f->n_trees; t++) {
        const uint32_t leaf = td_forest_leaf(f, in, row, t);
        const size_t first = t * f->step % f->n_sums;

        if (!f->values)
            want += f->classes[leaf] == sum;
        else if (sum >= first && sum < first + f->width)
            want += (double)f->values[leaf * f->width + sum - first];
    }
    return want;
}

static void check_sums(const char *name, td_forest_walk_fn *walk, size_t n, size_t n_sums, size_t width,
                       size_t step)
{
    const td_forest_rows in = { some.cells, some.items, n };
    const size_t size = n * n_sums * sizeof(double);
    double *const got = check_bytes(size);

    all.f.n_sums = n_sums;
    all.f.width = width;
    all.f.step = step;
    for (size_t i = 0; i < n * n_sums; i++)
        got[i] = 0.5;
    td_forest_sum(&all.f, walk, &in, got);
    for (size_t i = 0; i < n * n_sums; i++)
        CHECK(got[i] == want_sum(&in, i / n_sums, i % n_sums), "%s, %zu rows, %zu trees, sum %zu of %zu: %g",
              name, n, all.f.n_trees, i % n_sums, n_sums, got[i]);
    CHECK(check_bytes_guards(got, size), "%s, %zu rows: wrote beside its sums", name, n);
    check_bytes_free(got);
}

static void check_kind(const char *name, td_forest_walk_fn *walk, unsigned kinds)
{
    static const size_t trees[] = { 1, 2, 7, 8, 9, 63, 64, 65, 130 };
    static const size_t n_rows[] = { 0, 1, 2, 15, 16, 17, 31, 32, 33, 63, MAX_ROWS };

    for (size_t t = 0; t < TD_COUNT(trees); t++) {
        make_forest(kinds, trees[t], 1 + pick(6));
        make_rows();
        for (size_t r = 0; r < TD_COUNT(n_rows); r++) {
            check_leaves(name, walk, n_rows[r]);
            all.f.values = all.values;
            check_sums(name, walk, n_rows[r], 1, 1, 0);
            check_sums(name, walk, n_rows[r], 3, 1, 1);
            check_sums(name, walk, n_rows[r], MAX_CLASSES, MAX_CLASSES, 0);
            all.f.values = NULL;
            all.f.classes = all.classes;
            check_sums(name, walk, n_rows[r], MAX_CLASSES, 1, 0);
        }
    }
}

static void bench_kind(const char *name, const char *isa, td_forest_walk_fn *walk, size_t n)
{
    const td_forest_rows in = { some.cells, some.items, n };
    double sums[MAX_ROWS] = { 0 };
    char text[64];

    (void)snprintf(text, sizeof text, "forest %s %s, 300 trees, %zu rows", name, isa, n);
    CHECK_BENCH(text, 0) td_forest_sum(&all.f, walk, &in, sums);
}

static void check_isa(const char *isa, td_forest_walk_fn *walk)
{
    static const struct {
        const char *name;
        unsigned kinds;
    } kinds[] = { { "numbers", HAS_NUMBERS }, { "plain", HAS_PLAIN }, { "all", HAS_ALL } };

    for (size_t i = 0; i < TD_COUNT(kinds); i++) {
        check_kind(kinds[i].name, walk, kinds[i].kinds);
        make_forest(kinds[i].kinds, MAX_TREES, 6);
        all.f.values = all.values;
        all.f.n_sums = all.f.width = 1;
        bench_kind(kinds[i].name, isa, walk, 1);
        bench_kind(kinds[i].name, isa, walk, 64);
    }
}

void check_forest(void)
{
    CHECK_EACH(forest_walk, v)
        check_isa(v->name, v->body);
}
