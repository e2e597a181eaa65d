/* SPDX-License-Identifier: Apache-2.0 */
/* affine.h -- per-channel arithmetic behind a convolution or matrix product, gathered into one scale and one
 * shift.
 *
 * y = x * scale[c] + shift[c]: what batch normalisation, bias,
 * and multiplications by constant vectors come to. */
#ifndef TD_PASSES_AFFINE_H
#define TD_PASSES_AFFINE_H

#include "passes/pass.h"
#include "passes/users.h"

typedef struct td_affine {
    size_t channels;
    int rank;              /* the least that y has */
    double *scale, *shift; /* [channels] */
    bool has_scale, has_shift;
} td_affine;

td_affine td_affine_make(size_t channels, int rank);
void td_affine_free(td_affine *a);

/* If node takes x (as one of its inputs) to x * v or x + v for a constant channel vector v, adds it to a. */
bool td_affine_take(td_affine *a, const td_node *node, const td_edge *x);

/* The vectors as Const nodes. */
TD_MUST_USE td_status td_affine_const(td_pass *p, td_graph *g, const char *name, const double *v, size_t n,
                                      td_edge *out);

/* The only element of a float constant that adds no dims to a vector; false: it is not one. */
bool td_edge_scalar(const td_edge *e, double *out);

#endif
