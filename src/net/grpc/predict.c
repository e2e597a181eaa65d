/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c -- PredictionService.Predict, Classify, Regress as verbs of a flow. */
#include "api/examples.h"
#include "codec/pb/examples.h"
#include "codec/pb/predict.h"
#include "codec/pb/record.h"
#include "api/method.h"
#include "net/grpc/run.h"

/* ---- Predict ---- */

static td_status predict_parse(td_flow *f)
{
    td_grpc_job *const j = f->request;
    td_grpc_predict_request *const r = j->message;

    TD_TRY(td_grpc_job_open(j));
    TD_TRY(td_grpc_predict_parse(j->call->bytes, j->call->size, f->arena, r));
    td_grpc_job_ask(j, &r->spec);
    return NULL;
}

static td_status predict_open(td_flow *f, td_servable *servable)
{
    const td_grpc_job *const j = f->request;

    TD_TRY(td_predict_open(servable, j->spec->signature, TD_WORDING_GRPC, f->arena, &f->predict));
    TD_TRY(td_method_check(f->predict.sig, TD_METHOD_PREDICT));
    return td_grpc_predict_fill(j->message, &f->predict);
}

static void drop(void *hold)
{
    td_predict_hold_unref(hold);
}

/* The reply as pieces: what is written, cut where outputs are sent from where they lie. */
static void add_pieces(td_flow *f, grpc_slice written, const td_grpc_cut *cuts, size_t n)
{
    td_grpc_call *const c = ((td_grpc_job *)f->request)->call;
    td_predict_hold *const hold = td_predict_keep(&f->predict);
    size_t at = 0;

    for (size_t k = 0; k < n; at = cuts[k++].at) {
        td_grpc_reply_add(c, grpc_slice_sub(written, at, cuts[k].at));
        td_grpc_reply_add(c, grpc_slice_new_with_user_data((void *)(uintptr_t)cuts[k].data, cuts[k].size,
                                                           drop, td_predict_hold_ref(hold)));
    }
    td_grpc_reply_add(c, grpc_slice_sub(written, at, GRPC_SLICE_LENGTH(written)));
    grpc_slice_unref(written);
    td_predict_hold_unref(hold);
}

td_status td_grpc_job_put_outputs(td_grpc_job *j, const td_string *names)
{
    td_flow *const f = &j->flow;
    td_grpc_predict_reply reply;

    TD_TRY(td_grpc_predict_plan(&f->predict, names, j->call->server->as_content, &reply));
    if (reply.size > INT32_MAX)
        return TD_ERR(RESOURCE_EXHAUSTED, "A reply of %zu bytes is beyond what gRPC carries", reply.size);

    /* A trace lies with the result, and is read once the reply is written. */
    const size_t lent = f->predict.is_apart && !f->is_traced ? td_grpc_predict_lent(&reply) : 0;
    grpc_slice written;
    uint8_t *const p = td_grpc_reply_make(reply.size - lent, &written);
    if (!p) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a reply of %zu bytes", reply.size);
    if (TD_UNLIKELY(lent > 0)) {
        td_grpc_cut *const cuts = TD_ARENA_NEW_N(f->arena, td_grpc_cut, reply.p->n_want);

        add_pieces(f, written, cuts, td_grpc_predict_put_cut(p, &reply, cuts));
        return NULL;
    }
    TD_ASSERT(td_grpc_predict_put(p, &reply) == p + reply.size);
    td_grpc_reply_add(j->call, written);
    return NULL;
}

static td_status predict_write(td_flow *f)
{
    return td_grpc_job_put_outputs(f->request, NULL);
}

/* ---- Classify, Regress ---- */

static td_status examples_parse(td_flow *f)
{
    td_grpc_job *const j = f->request;
    td_grpc_examples *const r = j->message;

    TD_TRY(td_grpc_job_open(j));
    TD_TRY(td_grpc_examples_parse(j->call->bytes, j->call->size, f->arena, r));
    td_grpc_job_ask(j, &r->spec);
    return NULL;
}

static td_status examples_open(td_flow *f, td_servable *servable)
{
    const td_grpc_job *const j = f->request;
    const td_grpc_examples *const r = j->message;

    return td_examples_open(servable, f->verb->method, j->spec->signature, r->list.items, r->list.n, f->arena,
                            &f->predict);
}

static td_status classify_write(td_flow *f)
{
    td_classes classes;
    td_strbuf b = { 0 };

    TD_TRY(td_classify_result(&f->predict, &classes));
    TD_TRY(td_grpc_classes_put(&f->predict, &classes, TD_GRPC_RESULT_ALONE, &b));
    return td_grpc_job_put(f->request, &b);
}

static td_status regress_write(td_flow *f)
{
    const float *values;
    size_t n;
    td_strbuf b = { 0 };

    TD_TRY(td_regress_result(&f->predict, &values, &n));
    TD_TRY(td_grpc_regressions_put(&f->predict, values, n, TD_GRPC_RESULT_ALONE, &b));
    return td_grpc_job_put(f->request, &b);
}

/* ---- methods ---- */

void td_grpc_serve_predict(td_grpc_call *c)
{
    static const td_flow_verb verb = { .method = TD_METHOD_PREDICT,
                                       .parse = predict_parse,
                                       .open = predict_open,
                                       .write = predict_write,
                                       .record = td_record_predict };

    td_grpc_run(c, &verb, sizeof(td_grpc_predict_request));
}

void td_grpc_serve_classify(td_grpc_call *c)
{
    static const td_flow_verb verb = { .method = TD_METHOD_CLASSIFY,
                                       .parse = examples_parse,
                                       .open = examples_open,
                                       .write = classify_write,
                                       .record = td_record_classify };

    td_grpc_run(c, &verb, sizeof(td_grpc_examples));
}

void td_grpc_serve_regress(td_grpc_call *c)
{
    static const td_flow_verb verb = { .method = TD_METHOD_REGRESS,
                                       .parse = examples_parse,
                                       .open = examples_open,
                                       .write = regress_write,
                                       .record = td_record_regress };

    td_grpc_run(c, &verb, sizeof(td_grpc_examples));
}
