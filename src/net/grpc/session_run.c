/* SPDX-License-Identifier: Apache-2.0 */
/* session_run.c -- SessionService.SessionRun, where --enable_session_run asks for it. */
#include "codec/pb/session_run.h"
#include "net/grpc/run.h"

static td_grpc_session_run *request_of(const td_flow *f)
{
    return ((td_grpc_job *)f->request)->message;
}

static td_status session_run_parse(td_flow *f)
{
    td_grpc_job *const j = f->request;
    td_grpc_session_run *const r = j->message;

    TD_TRY(td_grpc_job_open(j));
    TD_TRY(td_grpc_session_run_parse(j->call->bytes, j->call->size, f->arena, r));
    td_grpc_job_ask(j, &r->predict.spec);
    return NULL;
}

static td_status session_run_open(td_flow *f, td_servable *servable)
{
    td_grpc_session_run *const r = request_of(f);
    td_string signature;
    const td_status error = td_grpc_session_run_resolve(r, td_servable_session(servable), &signature);

    if (error) {
        f->predict = (td_predict){ .servable = servable };
        return error;
    }
    TD_TRY(td_predict_open(servable, signature, TD_WORDING_GRPC, f->arena, &f->predict));
    return td_grpc_predict_fill(&r->predict, &f->predict);
}

static td_status session_run_write(td_flow *f)
{
    return td_grpc_job_put_outputs(f->request, request_of(f)->fetches);
}

void td_grpc_serve_session_run(td_grpc_call *c)
{
    static const td_flow_verb verb = { .method = TD_METHOD_SESSION_RUN,
                                       .parse = session_run_parse,
                                       .open = session_run_open,
                                       .write = session_run_write };

    td_grpc_run(c, &verb, sizeof(td_grpc_session_run));
}
