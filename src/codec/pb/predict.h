/* SPDX-License-Identifier: Apache-2.0 */
/* predict.h -- tensorflow.serving.PredictRequest and PredictResponse, without generated code.
 *
 *   parse   where everything lies in the message; no tensor is touched
 *   fill    tensors to td_predict's inputs: in place where they lie aligned, else copied once to its arena
 *   plan    how large the reply is
 *   put     the reply, written in one pass
 */
#ifndef TD_CODEC_GRPC_PREDICT_H
#define TD_CODEC_GRPC_PREDICT_H

#include "api/predict.h"
#include "codec/pb/spec.h"
#include "codec/pb/tensor.h"

/* A serialized TensorProto under its name. */
typedef struct td_grpc_input {
    td_string alias;
    const uint8_t *bytes;
    size_t size;
} td_grpc_input;

/* Views of the message and arrays in the arena. */
typedef struct td_grpc_predict_request {
    td_grpc_spec spec;
    td_grpc_input *inputs; /* as sent: names may repeat, the last one counts */
    size_t n_inputs;
    td_string *filter;
    size_t n_filter;
} td_grpc_predict_request;

/* INVALID_ARGUMENT: damaged. */
TD_MUST_USE td_status td_grpc_predict_read(const uint8_t *bytes, size_t size, td_arena *arena,
                                           td_grpc_predict_request *out);
/* Or no model is named. */
TD_MUST_USE td_status td_grpc_predict_parse(const uint8_t *bytes, size_t size, td_arena *arena,
                                            td_grpc_predict_request *out);

/* The same for a recorded one, which need not name a model. */
TD_MUST_USE td_status td_grpc_predict_read(const uint8_t *bytes, size_t size, td_arena *arena,
                                           td_grpc_predict_request *out);

/* Fills p->inputs and p->want of an opened p. Elements may lie in the message: it must live until p is
 * closed. INVALID_ARGUMENT with TensorFlow Serving's texts (sizes and names that do not match the signature,
 * "tensor parsing error: x", output filters); RESOURCE_EXHAUSTED without memory. */
TD_MUST_USE td_status td_grpc_predict_fill(const td_grpc_predict_request *r, td_predict *p);

/* Where in the message the first input's tensor_content starts, told from the first head_size bytes of it; 0
 * when that cannot be told. For placing a message that is being put together so that its bulk is aligned. */
size_t td_grpc_predict_content_at(const uint8_t *head, size_t head_size);

typedef struct td_grpc_predict_reply {
    const td_predict *p;
    const td_string *names;  /* of outputs, in want order; NULL: their aliases */
    td_grpc_tensor *outputs; /* in want order, in p's arena */
    td_grpc_spec spec;
    size_t size;
} td_grpc_predict_reply;

/* Plans the reply of a p that was run; p must stay open until td_grpc_predict_put(). names (of outputs, in want order): a
 * SessionRunResponse; NULL: a PredictResponse. */
TD_MUST_USE td_status td_grpc_predict_plan(const td_predict *p, const td_string *names, bool as_content,
                                           td_grpc_predict_reply *out);
/* Writes exactly r->size bytes. */
uint8_t *td_grpc_predict_put(uint8_t *p, const td_grpc_predict_reply *r);

/* Elements that can be sent from where they lie: behind the first `at` bytes of what is written come size bytes at data. */
typedef struct td_grpc_cut {
    size_t at;
    const void *data;
    size_t size;
} td_grpc_cut;

/* Bytes of elements that are worth it: plain ones of 1 MiB and more. */
size_t td_grpc_predict_lent(const td_grpc_predict_reply *r);
/* Writes r->size bytes but for those; cuts[] has room for each output. The result is how many cuts there are. */
size_t td_grpc_predict_put_cut(uint8_t *p, const td_grpc_predict_reply *r, td_grpc_cut *cuts);

#endif
