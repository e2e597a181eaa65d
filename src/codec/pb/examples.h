/* SPDX-License-Identifier: Apache-2.0 */
/* examples.h -- ClassificationRequest and RegressionRequest (one shape), and their replies. */
#ifndef TD_CODEC_GRPC_EXAMPLES_H
#define TD_CODEC_GRPC_EXAMPLES_H

#include "api/examples.h"
#include "base/strbuf.h"
#include "codec/pb/spec.h"

typedef struct td_grpc_examples {
    td_grpc_spec spec;
    td_string *items; /* serialized Examples: views of the message, or, with a context, joined in the arena */
    size_t n;
} td_grpc_examples;

/* INVALID_ARGUMENT: damaged, or no model is named. */
TD_MUST_USE td_status td_grpc_examples_parse(const uint8_t *bytes, size_t size, td_arena *arena,
                                             td_grpc_examples *out);

/* Replies for a p that was run, into an empty out. */
TD_MUST_USE td_status td_grpc_classes_put(const td_predict *p, const td_classes *classes, td_strbuf *out);
TD_MUST_USE td_status td_grpc_regressions_put(const td_predict *p, const float *values, size_t n,
                                              td_strbuf *out);

#endif
