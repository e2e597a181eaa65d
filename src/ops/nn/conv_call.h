/* SPDX-License-Identifier: Apache-2.0 */
/* conv_call.h -- a convolution as part of an op:
 * types, layout, packed weights and scratch around kernels/conv. */
#ifndef TD_OPS_CONV_CALL_H
#define TD_OPS_CONV_CALL_H

#include "kernels/conv/body.h"
#include "kernels/wide/wide.h"
#include "ops/nn/epilogue.h"
#include "ops/nn/window.h"

#define TD_CONV_TYPES (TD_SINGLE_TYPES | TD_DTYPE_BIT(TD_F64) | TD_DTYPE_BIT(TD_I32))

typedef struct td_conv_call {
    td_conv conv; /* set by the op, with the next five */
    td_epilogue epilogue;
    td_shape sum;       /* the convolution's own output */
    bool is_first;      /* image and output are channels first */
    uint32_t x, filter; /* input indices */

    td_epilogue early; /* what tiles do */
    bool is_late;      /* the residual's shape differs: see td_epilogue_late() */
    td_dtype type_x, type_w, type_y, type_add;
    td_conv_plan plan;
    const float *packed; /* NULL: packed by each run */
    size_t count_x, count_w, count_y, count_add, count_out;
    size_t at_x, at_turned, at_w, at_packed, at_add, at_y, at_late, at_body; /* offsets in the scratch */
    td_precision precision; /* that the weights are asked to be kept in */
    /* A session that measures (ops/layers.h): the same in fewer bits, whose output goes to the scratch. NULL: none. */
    struct td_conv_call *trial;
    size_t at_begin, at_trial; /* offsets: of all of these, of that output */
} td_conv_call;

/* Of an op whose inputs are the image and the filter; conv is set by then. */
void td_conv_call_begin(td_conv_call *s, const td_window *w, const td_epilogue *e);
TD_MUST_USE td_status td_conv_call_prepare(td_call *c, td_conv_call *s);
TD_MUST_USE td_status td_conv_call_run(td_call *c, const td_conv_call *s);
void td_conv_call_release(void *s); /* a td_kernel's release */

/* Channels-first images to channels-last and back:
 * [batch][channels][pixels] <-> [batch][pixels][channels]. */
void td_channels_last(float *out, const float *in, size_t batch, size_t channels, size_t pixels);
void td_channels_last_f64(double *out, const double *in, size_t batch, size_t channels, size_t pixels);

#endif
