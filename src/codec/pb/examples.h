/* SPDX-License-Identifier: Apache-2.0 */
/* examples.h -- ClassificationRequest and RegressionRequest (one shape), and their replies. */
#ifndef TD_CODEC_GRPC_EXAMPLES_H
#define TD_CODEC_GRPC_EXAMPLES_H

#include "api/examples.h"
#include "base/strbuf.h"
#include "codec/pb/spec.h"

/* Serialized Examples: views of the message, or, with a context, joined in the arena. */
typedef struct td_grpc_example_list {
    td_string *items;
    size_t n;
    size_t joined; /* bytes of contexts that were copied for them */
} td_grpc_example_list;

typedef struct td_grpc_examples {
    td_grpc_spec spec;
    td_grpc_example_list list;
} td_grpc_examples;

/* Reads a field that is an Input. INVALID_ARGUMENT: it is damaged; RESOURCE_EXHAUSTED: no memory. */
TD_MUST_USE td_status td_grpc_input_read(const td_wire_field *f, td_arena *arena, td_grpc_example_list *out);

/* INVALID_ARGUMENT: damaged. */
TD_MUST_USE td_status td_grpc_examples_read(const uint8_t *bytes, size_t size, td_arena *arena,
                                            td_grpc_examples *out);
/* Or no model is named. */
TD_MUST_USE td_status td_grpc_examples_parse(const uint8_t *bytes, size_t size, td_arena *arena,
                                             td_grpc_examples *out);

/* The same for a recorded one, which need not name a model. */
TD_MUST_USE td_status td_grpc_examples_read(const uint8_t *bytes, size_t size, td_arena *arena,
                                            td_grpc_examples *out);

/* What a result is part of: a reply of its own, or one of a MultiInferenceResponse. */
typedef enum td_grpc_result { TD_GRPC_RESULT_ALONE, TD_GRPC_RESULT_OF_TASK } td_grpc_result;

/* The results of a p that was run, added to out. */
TD_MUST_USE td_status td_grpc_classes_put(const td_predict *p, const td_classes *classes, td_grpc_result as,
                                          td_strbuf *out);
TD_MUST_USE td_status td_grpc_regressions_put(const td_predict *p, const float *values, size_t n,
                                              td_grpc_result as, td_strbuf *out);

#endif
