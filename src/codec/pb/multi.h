/* SPDX-License-Identifier: Apache-2.0 */
/* multi.h -- MultiInferenceRequest. Its reply is the results of its tasks one behind the other: examples.h. */
#ifndef TD_CODEC_GRPC_MULTI_H
#define TD_CODEC_GRPC_MULTI_H

#include "api/multi.h"
#include "codec/pb/examples.h"

/* Views of the message and arrays in the arena. */
typedef struct td_grpc_multi {
    td_grpc_spec spec; /* of the first task, which says what model is asked */
    td_task *tasks;
    size_t n_tasks; /* at least one */
    td_grpc_example_list list;
} td_grpc_multi;

/* INVALID_ARGUMENT: damaged, or the first task, if there is one, names no model. */
TD_MUST_USE td_status td_grpc_multi_parse(const uint8_t *bytes, size_t size, td_arena *arena,
                                          td_grpc_multi *out);
/* What it asks for, none of it run yet: views of m. */
td_tasks td_grpc_multi_tasks(const td_grpc_multi *m);

#endif
