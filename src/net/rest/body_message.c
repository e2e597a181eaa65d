/* SPDX-License-Identifier: Apache-2.0 */
/* body_message.c -- bodies that are the message that gRPC would carry; and, for :classify and :regress, such answers.
 *
 * The URL says which model is asked. A model_spec in the body may say the same, or what the URL does not say: the
 * signature, the version. */
#include "codec/pb/examples.h"
#include "codec/pb/predict.h"
#include "codec/pb/record.h"
#include "net/rest/bodies.h"

/* ---- PredictRequest ---- */

static td_status predict_parse(td_flow *f)
{
    td_rest_request *const r = f->request;
    td_grpc_predict_request *const m = TD_ARENA_NEW(r->arena, td_grpc_predict_request);

    r->message = m;
    TD_TRY(td_rest_end_body(r));
    TD_TRY(td_grpc_predict_read((const uint8_t *)r->body, r->size, r->arena, m));
    return td_grpc_spec_join(&m->spec, &f->model);
}

static td_status predict_open(td_flow *f, td_servable *servable)
{
    td_rest_request *const r = f->request;
    const td_grpc_predict_request *const m = r->message;

    TD_TRY(td_predict_open(servable, m->spec.signature, TD_WORDING_REST, r->arena, &f->predict));
    TD_TRY(td_grpc_predict_fill(m, &f->predict));
    return td_rest_predict_narrow(r, &f->predict);
}

const td_flow_verb td_rest_predict_message = { .method = TD_METHOD_PREDICT,
                                               .parse = predict_parse,
                                               .open = predict_open,
                                               .write = td_rest_predict_write,
                                               .record = td_record_predict };

/* ---- ClassificationRequest, RegressionRequest ---- */

static td_status examples_parse(td_flow *f)
{
    td_rest_request *const r = f->request;
    td_grpc_examples *const m = TD_ARENA_NEW(r->arena, td_grpc_examples);

    r->message = m;
    TD_TRY(td_rest_end_body(r));
    TD_TRY(td_grpc_examples_read((const uint8_t *)r->body, r->size, r->arena, m));
    return td_grpc_spec_join(&m->spec, &f->model);
}

static td_status examples_open(td_flow *f, td_servable *servable)
{
    const td_rest_request *const r = f->request;
    const td_grpc_examples *const m = r->message;

    return td_examples_open(servable, f->verb->method, m->spec.signature, m->list.items, m->list.n, r->arena,
                            &f->predict);
}

const td_flow_verb td_rest_classify_message = { .method = TD_METHOD_CLASSIFY,
                                                .parse = examples_parse,
                                                .open = examples_open,
                                                .write = td_rest_classify_write,
                                                .record = td_record_classify },
                   td_rest_regress_message = { .method = TD_METHOD_REGRESS,
                                               .parse = examples_parse,
                                               .open = examples_open,
                                               .write = td_rest_regress_write,
                                               .record = td_record_regress };

/* ---- answers to both ---- */

static bool wants_message(const td_rest_request *r)
{
    return r->head.wants == TD_REST_PROTOBUF;
}

/* Takes the message, or the error that there is instead. */
static td_status reply_with(td_rest_request *r, td_strbuf *message, td_status error)
{
    if (!error) {
        td_json_put_bytes(&r->reply, message->data, message->size);
        r->content_type = td_rest_media_name(r->head.wants);
        error = td_json_out_check(&r->reply);
    }
    td_strbuf_fini(message);
    return error;
}

td_status td_rest_classify_write(td_flow *f)
{
    td_rest_request *const r = f->request;
    td_strbuf message = { 0 };
    td_classes classes;

    TD_TRY(td_classify_result(&f->predict, &classes));
    if (wants_message(r))
        return reply_with(r, &message,
                          td_grpc_classes_put(&f->predict, &classes, TD_GRPC_RESULT_ALONE, &message));
    td_json_put_classes(&classes, &r->reply);
    return td_json_out_check(&r->reply);
}

td_status td_rest_regress_write(td_flow *f)
{
    td_rest_request *const r = f->request;
    td_strbuf message = { 0 };
    const float *values;
    size_t n;

    TD_TRY(td_regress_result(&f->predict, &values, &n));
    if (wants_message(r))
        return reply_with(r, &message,
                          td_grpc_regressions_put(&f->predict, values, n, TD_GRPC_RESULT_ALONE, &message));
    td_json_put_regressions(values, n, &r->reply);
    return td_json_out_check(&r->reply);
}
