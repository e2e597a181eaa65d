/* SPDX-License-Identifier: Apache-2.0 */
/* bcast.h -- elementwise functions over tensors of different shapes, by numpy's rule.
 *
 * Dimensions that behave alike are joined when the iteration is made; what remains is a few loops around a
 * row. Rows that are long run as they lie (an operand that does not move along the row is spread over a small
 * buffer first); short rows are gathered into pieces, so that the body always sees plenty of dense elements.
 */
#ifndef TD_KERNELS_ELT_BCAST_H
#define TD_KERNELS_ELT_BCAST_H

#include <stddef.h>

#include "tensord/tensor.h"

enum { TD_BCAST_MAX_IN = 10 };

typedef struct td_bcast_operand {
    size_t size;                /* bytes an element */
    size_t stride[TD_MAX_RANK]; /* in elements; 0: it does not move */
} td_bcast_operand;

typedef struct td_bcast {
    int rank; /* after joining; at least 1 */
    unsigned n_in;
    size_t count;               /* elements of the output */
    size_t dims[TD_MAX_RANK];   /* of the output, outermost first */
    td_bcast_operand *operands; /* n_in, the caller's */
} td_bcast;

/* The operands must broadcast to `out`. operands[k].size is set by the caller; the array must outlive b. */
void td_bcast_make(td_bcast *b, td_bcast_operand *operands, const td_shape *out, const td_shape *const in[],
                   unsigned n_in);

/* Where operand k has the value for element i of the output: for those who need no speed. */
size_t td_bcast_at(const td_bcast *b, unsigned k, size_t i);

/* Makes n dense elements of the output; returns bits that td_bcast_run() gathers. */
typedef int td_bcast_fn(const void *ctx, void *out, const void *const in[], size_t n);

/* Makes elements [begin, end) of the output; `out` is its first element, of out_size bytes.
 * Ranges may run in parallel. */
int td_bcast_run(const td_bcast *b, void *out, size_t out_size, const void *const in[], size_t begin,
                 size_t end, td_bcast_fn *fn, const void *ctx);

#endif
