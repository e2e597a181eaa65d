/* SPDX-License-Identifier: Apache-2.0 */
/* lite_product.h -- products of recurrent layers: a matrix of floats, or of int8 steps, by one row of floats. With steps the row
 * is taken to steps, too, once for all matrices that it meets. */
#ifndef TD_OPS_QUANT_LITE_PRODUCT_H
#define TD_OPS_QUANT_LITE_PRODUCT_H

#include "ops/op.h"

typedef struct td_lite_matrix {
    const void *w; /* [rows, cols]; NULL: there is none */
    size_t rows, cols;
    float scale; /* of steps; 0: floats */
} td_lite_matrix;

typedef struct td_lite_row {
    const float *x;
    size_t n;
    int8_t *steps; /* room for n; NULL: matrices are of floats */
    int32_t zero;
    float scale;
} td_lite_row;

/* The steps of r->x, if they are wanted. */
void td_lite_row_set(td_lite_row *r, const float *x, size_t n, bool asymmetric);
/* out[rows] += m r */
void td_lite_multiply(float *out, const td_lite_matrix *m, const td_lite_row *r);
/* TFLite's numbers of fused activations, in place; those that are none of 0 to 4 and 6 do nothing. */
void td_lite_activate(float *x, size_t n, int activation);
TD_MUST_USE td_status td_lite_activation(const td_parse *p, int *out); /* attribute `activation` */

#endif
