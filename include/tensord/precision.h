/* SPDX-License-Identifier: Apache-2.0 */
/* precision.h -- what convolutions and products by constant weights compute in. */
#ifndef TENSORD_PRECISION_H
#define TENSORD_PRECISION_H

typedef enum td_precision {
    /* Nothing is said: of a model, as the server's flags say; of a session, floats. */
    TD_PRECISION_OF_FLAG = 0,
    TD_PRECISION_FLOAT32,
    /* Both sides, where the CPU has instructions for it; see td_session_options. */
    TD_PRECISION_BFLOAT16,
    /* Weights are kept as halves, and become floats as they are used. */
    TD_PRECISION_FLOAT16,
    /* Weights by output, the other side by row or image as it comes. */
    TD_PRECISION_INT8,
    /* The same, but for the other side, whose steps are as large as was measured. */
    TD_PRECISION_INT8_STATIC,
    /* Weights of products by 32 of an output, as they are used; of convolutions as halves. */
    TD_PRECISION_INT4,
} td_precision;

#endif
