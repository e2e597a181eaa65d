/* SPDX-License-Identifier: Apache-2.0 */
/* array.h -- what the ops that only move elements share.
 *
 * Such an op is a list of pieces, each a strided walk from one input to one output. prepare makes the list,
 * td_moves_run() is the run of all of them.
 */
#ifndef TD_OPS_ARRAY_H
#define TD_OPS_ARRAY_H

#include "kernels/array/nd.h"
#include "ops/op.h"

/* Kernels that move elements whatever they are. Variants own what they point to and cannot be moved so. */
#define TD_MOVABLE (~TD_DTYPE_BIT(TD_VARIANT))

typedef struct td_move {
    td_nd nd;
    uint32_t in, out;      /* input and output of the call; TD_MOVE_FILL: what output 0 is filled with */
    int64_t in_at, out_at; /* bytes to the element of index 0 */
} td_move;

#define TD_MOVE_FILL UINT32_MAX

/* What output 0 is filled with: nothing that matters, zeros, or an input's only element. */
enum { TD_FILL_NONE = 0, TD_FILL_ZERO = -1 /* or the input's number, at least 1 */ };

typedef struct td_moves {
    td_move *move;
    size_t n;
    int fill;
    bool fills_all; /* before the pieces are moved; else pieces put it where it belongs */
} td_moves;

/* prepare: makes room for up to n pieces in the state. RESOURCE_EXHAUSTED without memory. */
TD_MUST_USE td_status td_moves_init(td_call *c, size_t n);
/* prepare: adds a piece. Offsets are in elements of output `out`'s type. */
void td_moves_add(td_call *c, td_nd_builder *b, uint32_t out, int64_t out_at, uint32_t in, int64_t in_at);
void td_moves_fill(td_call *c, int fill);       /* all of output 0 */
void td_moves_fill_parts(td_call *c, int fill); /* where pieces with TD_MOVE_FILL say so */
td_status td_moves_run(td_call *c);             /* variants, too: they are referenced */

/* A kernel list of one entry. */
#define TD_MOVE_KERNELS(name, prepare)                                                                       \
    static const td_kernel name[] = {                                                                        \
        { TD_DEVICE_CPU, 0, sizeof(td_moves), prepare, td_moves_run, NULL },                                 \
        { 0 },                                                                                               \
    }

/* Row-major strides in elements. */
void td_shape_strides(const td_shape *s, int64_t *strides);
/* Product of dims [from, to). */
int64_t td_shape_span(const td_shape *s, int from, int to);

/* infer, prepare: td_need() and the elements of an integer input of any rank and type, at most max. */
TD_MUST_USE td_status td_need_list(td_call *c, uint32_t i, int64_t *out, size_t max, size_t *count);
/* The same of exactly one element; INVALID_ARGUMENT otherwise. */
TD_MUST_USE td_status td_need_one(td_call *c, uint32_t i, int64_t *out);
/* The element at `at` of an integer tensor with known elements. */
int64_t td_tensor_int(const td_tensor *t, size_t at);
void td_tensor_set_int(td_tensor *t, size_t at, int64_t v); /* t is int32 or int64, mostly */

#endif
