/* SPDX-License-Identifier: Apache-2.0 */
/* reload.h -- HandleReloadConfigRequest: a list of models, and counters of which the answer tells what they have risen by. */
#ifndef TD_CODEC_GRPC_RELOAD_H
#define TD_CODEC_GRPC_RELOAD_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "config/model_config.h"
#include "tensord/tensor.h"

typedef struct td_grpc_counter {
    td_string name;         /* a view of the request */
    uint64_t before, after; /* 0: of a counter that there is not */
} td_grpc_counter;

typedef struct td_grpc_reload {
    td_model_options *models; /* td_models_free() them */
    size_t n;
    td_grpc_counter *counters; /* in the arena */
    size_t n_counters;
} td_grpc_reload;

/* INVALID_ARGUMENT: damaged, or a list that TensorFlow Serving would not take, with its texts. */
TD_MUST_USE td_status td_grpc_reload_parse(const uint8_t *bytes, size_t size, const td_known_models *known,
                                           td_arena *arena, td_grpc_reload *out);
/* The answer to one that went well. */
void td_grpc_reload_put(const td_grpc_reload *r, td_strbuf *out);

#endif
