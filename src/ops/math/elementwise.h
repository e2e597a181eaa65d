/* SPDX-License-Identifier: Apache-2.0 */
/* elementwise.h -- what the ops that work element by element share: one state, one prepare, one run.
 *
 * An op names its function (td_elt_id) in a prepare of one line; its inputs are broadcast to its output. */
#ifndef TD_OPS_ELEMENTWISE_H
#define TD_OPS_ELEMENTWISE_H

#include "kernels/elt/bcast.h"
#include "kernels/elt/elt.h"
#include "ops/math/elementwise_rule.h"
#include "ops/op.h"
#include "tensor/type_sets.h"

typedef struct td_elementwise {
    td_elt elt;
    td_bcast bcast;
    td_bcast_operand operands[TD_ELT_MAX_IN];
    td_elt_arg arg;
    size_t grain; /* elements that are worth a thread */
} td_elementwise;

/* c->state is a td_elementwise. UNIMPLEMENTED when the function has no body for the key type. */
TD_MUST_USE td_status td_elementwise_prepare(td_call *c, td_elt_id id);

/* The same, for a function that is made by hand: elt is copied. */
void td_elementwise_prepare_as(td_call *c, const td_elt *elt);

/* Changes what shapes the inputs are seen under; in[i] for input i. */
void td_elementwise_reshape(td_elementwise *s, const td_shape *out, const td_shape *const in[]);

/* Runs it over the call's inputs. INVALID_ARGUMENT for what TensorFlow refuses (integer division by zero). */
TD_MUST_USE td_status td_elementwise_run(td_call *c);

/* Runs it and says what the bodies saw (TD_ELT_SAW_*). */
int td_elementwise_run_bits(td_call *c);

/* What bits say, as TensorFlow words it; NULL for those that are no error. */
TD_MUST_USE td_status td_elementwise_error(int bits);

/* Kernels of an op whose prepare is `fn`. */
#define TD_ELEMENTWISE_KERNELS(types, fn)                                                                    \
    {                                                                                                        \
        { .device = TD_DEVICE_CPU,                                                                           \
          .dtypes = (types),                                                                                 \
          .state_size = sizeof(td_elementwise),                                                              \
          .prepare = (fn),                                                                                   \
          .run = td_elementwise_run },                                                                       \
        {                                                                                                    \
            0                                                                                                \
        }                                                                                                    \
    }

#endif
