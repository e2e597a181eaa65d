/* SPDX-License-Identifier: Apache-2.0 */
/* layers.h -- what became of each convolution and product by constant weights where fewer bits were asked for, and how far its answers
 * then are from those of floats.
 *
 * A session that is loaded with layers writes there what its plans chose. One whose layers measure computes in floats, and besides as
 * asked, on the same inputs, so that the error of each layer is its own; what that costs decides, before another session is loaded, which
 * of them stay floats, and how large what they read is. Thread-safe. */
#ifndef TD_OPS_LAYERS_H
#define TD_OPS_LAYERS_H

#include "ops/op.h"

typedef struct td_layer {
    const char *node;       /* they live as long as the layers */
    const char *op;         /* a literal */
    td_precision precision; /* of its weights */
    const char *why;        /* a literal: why they are floats; NULL: they are not */
    size_t before, after;   /* bytes of its weights: as floats, as they are kept */
    bool is_measured, is_kept;
    double error; /* of its outputs, by root mean squares, relative to those of floats; NaN: of no number */
    double sum_error, sum; /* of squares */
    float most;            /* the largest magnitude that it read */
} td_layer;

typedef struct td_layers td_layers;

td_layers *td_layers_make(void);        /* one reference, the caller's */
td_layers *td_layers_ref(td_layers *l); /* returns l; NULL is fine, here and below */
void td_layers_unref(td_layers *l);
void td_layers_measure(td_layers *l, bool does); /* from now on; no session uses them */
void td_layers_decide(td_layers *l, double most);
/* In the order of their names' first appearance. No session is being loaded or run. */
size_t td_layers_count(const td_layers *l);
const td_layer *td_layers_at(const td_layers *l, size_t i);

typedef struct td_layers_sum {
    size_t layers, less, kept; /* all; in fewer bits; floats because they lose too much */
    size_t before, after;      /* bytes */
    double error;              /* the largest of those that are measured and in fewer bits */
} td_layers_sum;

td_layers_sum td_layers_summary(const td_layers *l);

/* ---------------------------------------------------------------- for ops, in prepare */

/* What the weights of this call are asked to be kept in. TD_PRECISION_FLOAT32: nothing else. */
td_precision td_layer_precision(const td_call *c);
bool td_layer_is_measured(const td_call *c); /* floats, and what td_layer_precision() says beside them */
/* Of what it reads, where that was measured and is asked for; else 0. */
float td_layer_scale(const td_call *c);
/* What was chosen. before: weights as floats. why: NULL, if precision is less than floats. */
void td_layer_note(const td_call *c, td_precision precision, size_t before, size_t after, bool is_const);
/* In run: got instead of want, n of both; in: what it read. */
void td_layer_compare(const td_call *c, const float *got, const float *want, size_t n, const float *in,
                      size_t n_in);

#endif
