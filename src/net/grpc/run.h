/* SPDX-License-Identifier: Apache-2.0 */
/* run.h -- the way of every call that runs a model;
 * predict, classify and regress differ in three functions. */
#ifndef TD_NET_GRPC_RUN_H
#define TD_NET_GRPC_RUN_H

#include "api/predict.h"
#include "codec/pb/spec.h"
#include "net/grpc/server.h"

typedef struct td_grpc_job td_grpc_job;

typedef struct td_grpc_verb {
    td_method method;
    size_t request_size;                /* of what parse fills */
    td_status (*parse)(td_grpc_job *j); /* the message -> j->request and j->spec */
    td_status (*open)(td_grpc_job *j,
                      td_servable *servable);             /* -> j->predict, inputs filled; takes servable */
    td_status (*encode)(td_grpc_job *j, grpc_slice *out); /* after the run */
} td_grpc_verb;

struct td_grpc_job {
    td_grpc_call *call;
    const td_grpc_verb *verb;
    void *request;
    const td_grpc_spec *spec; /* in request */
    td_predict predict;
    int64_t deadline_ns;
    td_request_times times;
};

void td_grpc_run(td_grpc_call *c, const td_grpc_verb *verb);

#endif
