/* SPDX-License-Identifier: Apache-2.0 */
/* body_json.c -- bodies in TensorFlow Serving's JSON. */
#include "api/method.h"
#include "codec/pb/record.h"
#include "net/rest/bodies.h"

/* ---- :predict ---- */

/* Whatever is wrong with a body is wrong with all of it: what the client hears comes of a second, closer look. */
static td_status predict_parse(td_flow *f)
{
    td_rest_request *const r = f->request;

    TD_TRY(td_rest_end_body(r));
    const td_status error = td_json_predict_open(r->body, r->size, r->arena, &r->json);

    if (TD_LIKELY(!error)) return NULL;
    td_status_free(error);
    return td_json_predict_survey(&r->json);
}

static td_status try_open(td_flow *f, td_servable *servable)
{
    td_rest_request *const r = f->request;

    TD_TRY(td_predict_open(servable, r->json.signature, TD_WORDING_REST, r->arena, &f->predict));
    return td_json_predict_fill(&r->json, &f->predict);
}

static td_status open_or_survey(td_flow *f, td_servable *servable)
{
    td_rest_request *const r = f->request;
    const td_status error = try_open(f, servable);

    if (TD_LIKELY(!error) || r->json.is_surveyed) return error;
    td_status_free(error);
    TD_TRY(td_json_predict_survey(&r->json));
    return try_open(f, td_predict_detach(&f->predict));
}

/* Strings are views of it. */
static bool needs_body(const td_predict *p)
{
    for (size_t i = 0; i < p->sig->n_inputs; i++)
        if (p->inputs[i].dtype == TD_STRING) return true;
    return false;
}

static td_status predict_open(td_flow *f, td_servable *servable)
{
    TD_TRY(open_or_survey(f, servable));
    TD_TRY(td_rest_predict_narrow(f->request, &f->predict));
    TD_TRY(td_method_check(f->predict.sig, TD_METHOD_PREDICT));
    if (!needs_body(&f->predict)) td_rest_drop_body(f->request);
    return NULL;
}

/* Bad JSON comes before an unknown model. */
static td_status predict_explain(td_flow *f, td_status error)
{
    td_rest_request *const r = f->request;
    const td_status worse = r->json.is_surveyed ? NULL : td_json_predict_survey(&r->json);

    if (!worse) return error;
    td_status_free(error);
    return worse;
}

const td_flow_verb td_rest_predict_json = { .method = TD_METHOD_PREDICT,
                                            .parse = predict_parse,
                                            .open = predict_open,
                                            .explain = predict_explain,
                                            .write = td_rest_predict_write,
                                            .record = td_record_predict };

/* ---- :classify, :regress ---- */

static td_status examples_parse(td_rest_request *r, const char *method)
{
    TD_TRY(td_rest_end_body(r));
    return td_json_examples_parse(r->body, r->size, method, r->arena, &r->examples);
}

static td_status classify_parse(td_flow *f)
{
    return examples_parse(f->request, "classify");
}

static td_status regress_parse(td_flow *f)
{
    return examples_parse(f->request, "regress");
}

static td_status examples_open(td_flow *f, td_servable *servable)
{
    const td_rest_request *const r = f->request;
    const td_json_examples *const e = &r->examples;

    return td_examples_open(servable, f->verb->method, e->signature, e->items, e->n, r->arena, &f->predict);
}

const td_flow_verb td_rest_classify_json = { .method = TD_METHOD_CLASSIFY,
                                             .parse = classify_parse,
                                             .open = examples_open,
                                             .write = td_rest_classify_write,
                                             .record = td_record_classify },
                   td_rest_regress_json = { .method = TD_METHOD_REGRESS,
                                            .parse = regress_parse,
                                            .open = examples_open,
                                            .write = td_rest_regress_write,
                                            .record = td_record_regress };
