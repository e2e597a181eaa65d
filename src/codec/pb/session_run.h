/* SPDX-License-Identifier: Apache-2.0 */
/* session_run.h -- SessionRunRequest: a PredictRequest that says names of tensors in the graph instead of aliases.
 *
 * On the wire they are the same (feeds are inputs, fetches an output filter), and so are the replies but for the field of
 * the model spec. What is run is a signature: that with these tensors. */
#ifndef TD_CODEC_GRPC_SESSION_RUN_H
#define TD_CODEC_GRPC_SESSION_RUN_H

#include "codec/pb/predict.h"

typedef struct td_grpc_session_run {
    td_grpc_predict_request predict; /* aliases, once it is resolved */
    td_string *fetches;              /* predict.n_filter: as the client named them */
    bool has_targets;
    bool has_aliases; /* they are aliases already */
} td_grpc_session_run;

/* INVALID_ARGUMENT: damaged, or no model is named. */
TD_MUST_USE td_status td_grpc_session_run_parse(const uint8_t *bytes, size_t size, td_arena *arena,
                                                td_grpc_session_run *out);

/* Names -> aliases, of the first signature of s that has all of them and needs no more; *signature: its name.
 * INVALID_ARGUMENT: there is none (what there is), or nothing is fetched, or something is to be run for its effect only. */
TD_MUST_USE td_status td_grpc_session_run_resolve(td_grpc_session_run *r, const td_session *s,
                                                  td_string *signature);

#endif
