/* SPDX-License-Identifier: Apache-2.0 */
/* reduce.h -- sums, means, products, extremes over any set of dimensions.
 *
 * Neighbouring dimensions that are both reduced, or both kept, are joined; then either the innermost one is
 * reduced (rows: a dense run becomes one number) or it is kept (columns: runs are added up side by side). The
 * outer ones are loops. Floats are summed in pieces of a few hundred and those in double, so that a million
 * ones make a million.
 */
#ifndef TD_KERNELS_REDUCE_REDUCE_H
#define TD_KERNELS_REDUCE_REDUCE_H

#include "tensord/tensor.h"

#include "base/variant.h"
#include "kernels/elt/num.h"

#define TD_REDUCE_IDS(X) X(sum) X(mean) X(prod) X(max) X(min) X(norm) X(l2_loss) X(all) X(any)

typedef enum td_reduce_id {
    TD_REDUCE_none = 0,
#define X(id) TD_REDUCE_##id,
    TD_REDUCE_IDS(X)
#undef X
} td_reduce_id;

/* The bodies for one function and type. Accumulators are opaque: `acc_size` bytes each. */
typedef struct td_reduce_row {
    td_reduce_id id;
    td_dtype dtype;
    size_t acc_size;
    void (*start)(void *acc, size_t n);               /* sets n accumulators to the neutral value */
    void (*row)(void *acc, const void *in, size_t n); /* adds n dense elements to one accumulator */
    /* Adds rows of n elements, `stride` elements apart, to n accumulators. */
    void (*columns)(void *acc, const void *in, size_t rows, size_t stride, size_t n);
    /* The results of n accumulators that have seen `count` elements each. */
    void (*finish)(void *out, const void *acc, size_t n, size_t count);
} td_reduce_row;

/* Rows by type, NULL behind the last. What one variant has no row for is another's. */
extern const td_reduce_row *const td_reduce_ref[], *const td_reduce_avx2[], *const td_reduce_avx512[];
TD_VARIANTS(reduce, const td_reduce_row *const *);

typedef struct td_reduce_loop {
    size_t dim, stride; /* stride in elements of the input */
} td_reduce_loop;

typedef struct td_reduce {
    const td_reduce_row *body;
    bool by_row;
    size_t inner;            /* elements of the innermost joined dimension */
    size_t rows, row_stride; /* by column: the innermost reduced dimension */
    int n_kept, n_reduced;   /* loops around, outermost first */
    td_reduce_loop kept[TD_MAX_RANK], reduced[TD_MAX_RANK];
    size_t elt_size;
    size_t count;  /* input elements behind each output */
    size_t chunks; /* by column: how many pieces `inner` is cut into */
    size_t units;  /* of work that may run in parallel */
} td_reduce;

/* is_reduced[d] for each dimension of the input. False: there is no such body. */
bool td_reduce_make(td_reduce *r, td_reduce_id id, td_dtype dtype, td_cpu cpu, const td_shape *in,
                    const bool *is_reduced);

/* Makes the outputs of units [begin, end). */
void td_reduce_run(const td_reduce *r, void *out, const void *in, size_t begin, size_t end);

#endif
