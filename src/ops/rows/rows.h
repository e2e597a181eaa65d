/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h -- what ops do to the rows of a batch: which of their values hold them, where, and whether each row of the
 * result depends on one row of the inputs.
 *
 * exec/rows_proof.c walks a program with this: the rows of a signature's inputs are dimension 0, and where they go is a
 * rule of each op, one line in rows.inc. Shapes are not the rules' matter: they are inferred for TD_ROWS_SIZES numbers
 * of rows, by the ops themselves, and what a rule claims must fit all of them. A rule says what it can be sure of; an
 * op without one is not known to keep rows apart.
 *
 * Rows need not be a dimension of their own. Dimension `axis` of a value is [before, rows, after] in C order: a Reshape
 * of [n, 5, 8] to [n * 5, 8] leaves before = 1, one of [5, n, 8] to [5 * n, 8] makes it 5.
 */
#ifndef TD_OPS_ROWS_H
#define TD_OPS_ROWS_H

#include "ops/op.h"

/* Numbers of rows. One of them is 1: what is special about a lone row shows. */
enum { TD_ROWS_SIZES = 3 };
extern const int64_t td_rows_sizes[TD_ROWS_SIZES];

typedef enum td_rows_kind {
    TD_ROWS_NONE = 0, /* no value so far */
    TD_ROWS_SAME,     /* whatever the inputs hold, and however many rows they have */
    TD_ROWS_COUNT,    /* known integers, each a n + b of n rows */
    TD_ROWS_APART,    /* row by row, along axis */
    TD_ROWS_MIXED,    /* anything else: `why` */
} td_rows_kind;

/* Does a SAME value hang on other dimensions of the inputs? By sums, products and copies of them, or in any way. */
typedef enum td_rows_sized { TD_ROWS_UNSIZED = 0, TD_ROWS_SIZED, TD_ROWS_OPAQUE } td_rows_sized;

typedef struct td_rows {
    td_rows_kind kind;
    td_rows_sized sized;
    int axis;
    int64_t before;
    const char *why; /* MIXED: what did it, for people */
    /* A list of tensors: what is above holds for each element, all of shape item[size] (rank -1: unknown). */
    bool is_list;
    int64_t length; /* -1: unknown */
    td_shape item[TD_ROWS_SIZES];
} td_rows;

/* A step as rules see it. */
typedef struct td_rows_call {
    const td_node *node;
    td_call
        *at[TD_ROWS_SIZES]; /* shapes of inputs and outputs; elements where they are known without a run */
    const td_rows *in;      /* neither NONE, but for elements of lists, nor MIXED */
    td_rows *out;           /* for the rule to fill; cleared */
    uint32_t n_in, n_out;
    td_arena *arena;
} td_rows_call;

/* NULL, and out[] is filled; or what mixes the rows or cannot be told: "reduces the dimension of the rows". */
typedef const char *td_rows_rule(td_rows_call *c);

typedef struct td_rows_op {
    const char *op;
    td_rows_rule *rule;
    /* Bits: inputs that may be COUNT while all others are SAME; then outputs are COUNT, too. */
    uint64_t counts;
} td_rows_op;

const td_rows_op *td_rows_op_of(const td_op *op); /* NULL: nothing is known */

/* ---------------------------------------------------------------- for rules */

static inline const td_tensor *td_rows_in(const td_rows_call *c, uint32_t i, int size)
{
    return td_in(c->at[size], i);
}
static inline int td_rows_rank(const td_rows_call *c, uint32_t i) /* of input i; -1: unknown */
{
    return td_in(c->at[0], i)->shape.rank;
}
int td_rows_out_rank(const td_rows_call *c, uint32_t i);

td_rows td_rows_same(td_rows_sized sized);
td_rows td_rows_apart(int axis, int64_t before);
/* The most that inputs [first, first + n) hang on sizes. */
td_rows_sized td_rows_most_sized(const td_rows_call *c, uint32_t first, uint32_t n);
void td_rows_all_out(td_rows_call *c, td_rows r);

/* *a becomes what holds for both; false: nothing does. Elements of lists without a value fit any. */
bool td_rows_meet(td_rows *a, const td_rows *b);

/* Are inputs [first, first + n) all SAME? */
bool td_rows_are_same(const td_rows_call *c, uint32_t first, uint32_t n);

/* The elements of an integer input that are the same for all sizes of everything; false: not known, or too many. */
bool td_rows_ints(const td_rows_call *c, uint32_t i, int64_t *out, size_t max, size_t *n);
/* One such element as an axis of a value of `rank`. */
bool td_rows_axis(const td_rows_call *c, uint32_t i, int rank, int *axis);
/* Element k of an integer input at each number of rows; false: not known, or not by arithmetic alone. */
bool td_rows_element(const td_rows_call *c, uint32_t i, size_t k, int64_t out[TD_ROWS_SIZES]);

/* v[] = a n + b? */
bool td_rows_linear(const int64_t v[TD_ROWS_SIZES], int64_t *a, int64_t *b);
/* Dimension d of shapes of one rank, likewise. */
bool td_rows_dim(const td_shape *const shape[TD_ROWS_SIZES], int d, int64_t *a, int64_t *b);

int64_t td_rows_attr_int(const td_rows_call *c, const char *name);
bool td_rows_attr_true(const td_rows_call *c, const char *name);

/* Where the axis of the rows of input i is in the outputs; -1: it is lost. */
typedef int td_rows_map(const td_rows_call *c, uint32_t i, int axis);

/* All outputs have the rows where the map says that those of the inputs go. Inputs of `shapes` (bits) may be COUNT.
 * lost: what to say when the map says -1. */
const char *td_rows_join(td_rows_call *c, td_rows_map *map, uint64_t shapes, const char *lost);

/* Maps: after broadcasting; the same axis; the same unless it is one of the last 1 or 2; 0 only, of input 0. */
td_rows_map td_rows_map_broadcast, td_rows_map_keep, td_rows_map_not_last, td_rows_map_not_last_two,
    td_rows_map_first;

#endif
