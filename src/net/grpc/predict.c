/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c -- PredictionService.Predict, Classify, Regress: what each adds to grpc_run.h. */
#include "api/examples.h"
#include "codec/pb/examples.h"
#include "codec/pb/predict.h"
#include "net/grpc/run.h"

/* ---- Predict ---- */

static td_status predict_parse(td_grpc_job *j)
{
    td_grpc_predict_request *const r = j->request;

    j->spec = &r->spec;
    return td_grpc_predict_parse(j->call->bytes, j->call->size, j->call->arena, r);
}

static td_status predict_open(td_grpc_job *j, td_servable *servable)
{
    TD_TRY(td_predict_open(servable, j->spec->signature, TD_WORDING_GRPC, j->call->arena, &j->predict));
    return td_grpc_predict_fill(j->request, &j->predict);
}

static td_status predict_encode(td_grpc_job *j, grpc_slice *out)
{
    td_grpc_predict_reply reply;

    TD_TRY(td_grpc_predict_plan(&j->predict, j->call->queue->server->as_content, &reply));
    if (reply.size > INT32_MAX)
        return TD_ERR(RESOURCE_EXHAUSTED, "A reply of %zu bytes is beyond what gRPC carries", reply.size);

    uint8_t *const p = td_grpc_reply_make(reply.size, out);
    if (!p) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a reply of %zu bytes", reply.size);
    TD_ASSERT(td_grpc_predict_put(p, &reply) == p + reply.size);
    return NULL;
}

/* ---- Classify, Regress ---- */

static td_status examples_parse(td_grpc_job *j)
{
    td_grpc_examples *const r = j->request;

    j->spec = &r->spec;
    return td_grpc_examples_parse(j->call->bytes, j->call->size, j->call->arena, r);
}

static td_status classify_open(td_grpc_job *j, td_servable *servable)
{
    const td_grpc_examples *const r = j->request;

    return td_classify_open(servable, j->spec->signature, r->items, r->n, j->call->arena, &j->predict);
}

static td_status regress_open(td_grpc_job *j, td_servable *servable)
{
    const td_grpc_examples *const r = j->request;

    return td_regress_open(servable, j->spec->signature, r->items, r->n, j->call->arena, &j->predict);
}

/* b -> slice. Takes b. */
static td_status to_slice(td_strbuf *b, grpc_slice *out)
{
    uint8_t *const p = b->size <= INT32_MAX ? td_grpc_reply_make(b->size, out) : NULL;

    if (p) memcpy(p, b->data, b->size);
    td_strbuf_fini(b);
    return p ? NULL : TD_ERR(RESOURCE_EXHAUSTED, "No memory for a reply");
}

static td_status classify_encode(td_grpc_job *j, grpc_slice *out)
{
    td_classes classes;
    td_strbuf b = { 0 };

    TD_TRY(td_classify_result(&j->predict, &classes));
    TD_TRY(td_grpc_classes_put(&j->predict, &classes, &b));
    return to_slice(&b, out);
}

static td_status regress_encode(td_grpc_job *j, grpc_slice *out)
{
    const float *values;
    size_t n;
    td_strbuf b = { 0 };

    TD_TRY(td_regress_result(&j->predict, &values, &n));
    TD_TRY(td_grpc_regressions_put(&j->predict, values, n, &b));
    return to_slice(&b, out);
}

/* ---- methods ---- */

void td_grpc_serve_predict(td_grpc_call *c)
{
    static const td_grpc_verb verb = { TD_METHOD_PREDICT, sizeof(td_grpc_predict_request), predict_parse,
                                       predict_open, predict_encode };

    td_grpc_run(c, &verb);
}

void td_grpc_serve_classify(td_grpc_call *c)
{
    static const td_grpc_verb verb = { TD_METHOD_CLASSIFY, sizeof(td_grpc_examples), examples_parse,
                                       classify_open, classify_encode };

    td_grpc_run(c, &verb);
}

void td_grpc_serve_regress(td_grpc_call *c)
{
    static const td_grpc_verb verb = { TD_METHOD_REGRESS, sizeof(td_grpc_examples), examples_parse,
                                       regress_open, regress_encode };

    td_grpc_run(c, &verb);
}
