/* SPDX-License-Identifier: Apache-2.0 */
/* epilogue.h -- what fused convolutions and matrix products do to their sums: the `fused_ops` attribute.
 *
 * The list is TensorFlow's, with additions: "Scale" (per output channel, folded into the weights), "BiasAdd",
 * "Add" (a residual of the output's shape), then at most one activation. Each of the first three takes one of
 * args, in this order.
 */
#ifndef TD_OPS_EPILOGUE_H
#define TD_OPS_EPILOGUE_H

#include "kernels/elt/act.h"
#include "kernels/gemm/gemm.h"
#include "ops/op.h"

typedef struct td_epilogue {
    uint32_t scale, bias, add; /* input index; 0: none (input 0 is the image) */
    float lo, hi;
    td_act act;
} td_epilogue;

/* first is the input index of args[0]. A node without `fused_ops` must not call it. */
TD_MUST_USE td_status td_epilogue_parse(td_parse *p, uint32_t first, td_epilogue *out);
/* Vectors are floats. The residual and the types that `any` names (NULL behind the last) are floats or bfloat16; T is float.
 * Without it a file's node could have anything there. */
TD_MUST_USE td_status td_mixed_parse(const td_parse *p, const char *const *any, const td_epilogue *e);
extern const td_epilogue td_epilogue_none;

/* Checks the shapes of scale and bias (channels elements). `sum` is the shape before the residual; *out the
 * shape after it, which is broadcast where the residual has another shape. */
TD_MUST_USE td_status td_epilogue_infer(const td_call *c, const td_epilogue *e, int64_t channels,
                                        const td_shape *sum, td_shape *out);

/* A residual of another shape cannot be added tile by tile. Then *early is what tiles do, and
 * td_epilogue_late() makes the elements of output 0, as floats, of the finished sums and the residual. Returns whether it is so. */
bool td_epilogue_split(const td_call *c, const td_epilogue *e, const td_shape *sum, td_epilogue *early);
void td_epilogue_late(const td_call *c, const td_epilogue *e, const td_shape *sum, float *out, const float *y,
                      const float *add);

/* Run: with the inputs' elements, which are floats; but for add's, which the caller may set. */
td_gemm_end td_epilogue_end(const td_call *c, const td_epilogue *e, size_t channels);

#endif
