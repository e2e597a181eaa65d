/* bcast.h -- elementwise functions over tensors of different shapes, by numpy's rule.
 *
 * Dimensions that behave alike are joined when the iteration is made; what remains is a few loops around a
 * row. Rows that are long run as they lie (an operand that does not move along the row is spread over a small
 * buffer first); short rows are gathered into pieces, so that the body always sees plenty of dense elements.
 */
#ifndef TD_KERNELS_ELT_BCAST_H
#define TD_KERNELS_ELT_BCAST_H

#include "tensord/tensor.h"

#include "kernels/elt/elt.h"

typedef struct td_bcast {
    int rank; /* after joining; at least 1 */
    unsigned n_in;
    size_t count;                              /* elements of the output */
    size_t dims[TD_MAX_RANK];                  /* of the output, outermost first */
    size_t stride[TD_ELT_MAX_IN][TD_MAX_RANK]; /* in elements; 0: the operand does not move */
} td_bcast;

/* The operands must broadcast to `out`. */
void td_bcast_make(td_bcast *b, const td_shape *out, const td_shape *const in[], unsigned n_in);

/* Where operand k has the value for element i of the output: for those who need no speed. */
size_t td_bcast_at(const td_bcast *b, unsigned k, size_t i);

/* Makes elements [begin, end) of the output; `out` is its first element. Ranges may run in parallel. Returns
 * the body's bits. */
int td_bcast_run(const td_bcast *b, const td_elt *m, void *out, const void *const in[], size_t begin,
                 size_t end, const td_elt_arg *arg);

#endif
