/* SPDX-License-Identifier: Apache-2.0 */
/* batching.h -- TensorFlow Serving's BatchingParameters: --batching_parameters_file, and the batching_params.pbtxt of a
 * version directory. */
#ifndef TD_CONFIG_BATCHING_H
#define TD_CONFIG_BATCHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "tensord/status.h"

#define TD_BATCHING_FILE "batching_params.pbtxt"

/* As the file says it, with its defaults, and checked. */
typedef struct td_batching {
    size_t max_batch_size;           /* rows of a request; 1000 */
    size_t max_execution_batch_size; /* rows of a run; max_batch_size, unless requests are split */
    int64_t batch_timeout_ns;        /* 0 */
    size_t max_enqueued_batches;     /* 10 */
    size_t num_batch_threads;        /* 0: one per core */
    char *thread_pool_name;          /* "batch_threads" */
    int64_t *allowed_batch_sizes;    /* the last one is max_batch_size */
    size_t n_allowed;
    bool pads_variable_length_inputs;
    bool splits_large_batches;
} td_batching;

/* td_batching_free() it. INVALID_ARGUMENT with TensorFlow Serving's texts; where a text does not parse is logged
 * (td_text_config_read()). */
TD_MUST_USE td_status td_batching_read(const char *path, td_batching **out);
TD_MUST_USE td_status td_batching_parse(const char *text, size_t size, const char *path, td_batching **out);
/* The same of an unpacked BatchingParameters, which is only read. */
TD_MUST_USE td_status td_batching_take(const ProtobufCMessage *message, td_batching **out);
/* What an empty file says, but for the threads' name: there is no file. */
td_batching *td_batching_default(void);
td_batching *td_batching_copy(const td_batching *b);
void td_batching_free(td_batching *b); /* NULL is fine */

/* Of --batch_latency_slo_ms, and a model's own; ms >= 0. */
int64_t td_batch_slo_ns(float ms);

#endif
