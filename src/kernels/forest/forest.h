/* SPDX-License-Identifier: Apache-2.0 */
/* forest.h -- decision trees, flat: which leaf of each tree a row comes to, and sums of what leaves say.
 *
 * A row is n_cells words: a number as its float; a category as itself + 1, 0 where it is missing; a set as the first and the
 * end of its items, which are categories. A node is 16 bytes, and its children are neighbours: next where its condition
 * does not hold, next + 1 where it does. They come after it, so that every walk ends. A leaf goes on to itself, which lets
 * several walks take their steps side by side, branch-free, until none of them moves.
 *
 *     nodes   [root 0 | neg pos | neg pos | ... | root 1 | ...]
 *
 * Immutable once made: any number of threads may walk it. Whoever makes one answers for its indices.
 */
#ifndef TD_KERNELS_FOREST_H
#define TD_KERNELS_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/variant.h"

typedef enum td_forest_kind {
    TD_FOREST_NUMBER = 0,   /* the cell is threshold or more; missing (NaN): never */
    TD_FOREST_NUMBER_OR_NA, /* likewise; missing: always. A threshold of NaN asks for that alone */
    TD_FOREST_BITS,         /* bit at + cell; cells are below what there are bits for */
    TD_FOREST_LIST,         /* one of list `at` */
    TD_FOREST_SET_BITS, /* like the two above, of any item of a set, which has cells `cell` and the next one */
    TD_FOREST_SET_LIST,
    TD_FOREST_SLOPE, /* a weighted sum of several cells: slope `at` */
} td_forest_kind;

enum {
    TD_FOREST_KIND_BITS = 3,
    TD_FOREST_KIND_MASK = 7,
    TD_FOREST_MAX_CELLS = 1 << 24,
    TD_FOREST_MAX_NODES = 1 << 29
};

typedef struct td_forest_node {
    uint32_t what; /* kind | cell << TD_FOREST_KIND_BITS */
    union {
        float threshold;
        uint32_t at;
    } u;
    uint32_t next;
    uint32_t leaf; /* leaves: their number, counted through all trees, those of the negative branch first */
} td_forest_node;

/* Categories, in the form of cells, sorted. A cell of 0 is not among them: has_missing. */
typedef struct td_forest_list {
    uint32_t first, n;
    bool has_missing;
} td_forest_list;

/* The sum of its terms is threshold or more. A missing cell is its term's `missing`; NaN: the whole answer is if_missing. */
typedef struct td_forest_slope {
    float threshold;
    uint32_t first, n;
    bool if_missing;
} td_forest_slope;

typedef struct td_forest_term {
    uint32_t cell;
    float weight, missing;
} td_forest_term;

typedef struct td_forest {
    const td_forest_node *nodes;
    const uint32_t *roots;      /* n_trees */
    const uint32_t *first_leaf; /* n_trees */
    size_t n_trees, n_leaves, n_cells;
    const uint32_t *bits;
    const uint32_t *items; /* of lists */
    const td_forest_list *lists;
    const td_forest_term *terms;
    const td_forest_slope *slopes;
    /* What leaf i adds to sums: values[i * width ...] from sum (tree * step) % n_sums on; or, values NULL, 1 to sum
     * classes[i]. */
    const float *values;
    const uint32_t *classes;
    size_t n_sums, width, step;
    bool has_numbers_only, is_plain; /* no node's kind is more than NUMBER_OR_NA; than BITS */
} td_forest;

/* rows [n, n_cells]; items: what sets of rows have. */
typedef struct td_forest_rows {
    const uint32_t *cells, *items;
    size_t n;
} td_forest_rows;

/* Walks of plain forests that go side by side: lane i goes on from node at[i] to its leaf with the row at cells[row[i]]. */
enum { TD_FOREST_LANES = 32 };
typedef void td_forest_walk_fn(const td_forest *f, const uint32_t *cells, const uint32_t row[TD_FOREST_LANES],
                               uint32_t at[TD_FOREST_LANES]);

td_forest_walk_fn td_forest_walk_ref, td_forest_walk_avx2;
TD_VARIANTS(forest_walk, td_forest_walk_fn *);

/* sums [n, n_sums] += what the leaves say, tree by tree. */
void td_forest_sum(const td_forest *f, td_forest_walk_fn *walk, const td_forest_rows *rows, double *sums);
/* out [n, n_trees]: the leaves, counted in their trees. */
void td_forest_leaves(const td_forest *f, td_forest_walk_fn *walk, const td_forest_rows *rows, int32_t *out);

/* The leaf of one row in one tree: the definition of right, for all kinds of nodes. */
uint32_t td_forest_leaf(const td_forest *f, const td_forest_rows *rows, size_t row, size_t tree);

#endif
