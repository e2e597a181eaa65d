/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c -- POST ...:predict, :classify, :regress.
 *
 *   parse -> acquire -> open, fill -> run -> write -> reply
 *     |        |                       \-> a pool thread, when the run is long
 *     |        \-> a pool thread, when the model's first version is still loading
 *     \-> a pool thread, when the body is large
 */
#include "base/clock.h"
#include "net/rest/server.h"

enum { LARGE_BODY = 256 << 10 };

static td_status check_time(const td_rest_request *r)
{
    if (r->deadline_ns && td_now_ns() >= r->deadline_ns)
        return TD_ERR(DEADLINE_EXCEEDED, "Deadline exceeded");
    return NULL;
}

/* Whether this thread may sleep until a model is there, or *must_wait says that it should. */
static td_status acquire(td_rest_request *r, bool may_sleep, td_servable **out, bool *must_wait)
{
    td_manager *const m = r->server->manager;

    if (may_sleep) return td_manager_acquire_wait(m, &r->route.model, r->deadline_ns, out);
    return td_manager_acquire(m, &r->route.model, out, must_wait);
}

static td_status try_fill(td_rest_request *r, bool may_sleep, bool *must_wait)
{
    td_servable *servable = NULL;

    TD_TRY(acquire(r, may_sleep, &servable, must_wait));
    if (*must_wait) return NULL;
    r->times.acquired = td_now_ns();
    TD_TRY(td_predict_open(servable, r->json.signature, TD_WORDING_REST, r->arena, &r->predict));
    TD_TRY(td_json_predict_fill(&r->json, &r->predict));
    r->times.filled = td_now_ns();
    return NULL;
}

static td_status open_examples(td_rest_request *r, td_servable *servable)
{
    const td_json_examples *const e = &r->examples;

    return r->route.verb == TD_REST_CLASSIFY
               ? td_classify_open(servable, e->signature, e->items, e->n, r->arena, &r->predict)
               : td_regress_open(servable, e->signature, e->items, e->n, r->arena, &r->predict);
}

static td_status prepare_examples(td_rest_request *r, bool may_sleep, bool *must_wait)
{
    const char *const method = r->route.verb == TD_REST_CLASSIFY ? "classify" : "regress";
    td_servable *servable = NULL;

    TD_TRY(td_json_examples_parse(r->body, r->size, method, r->arena, &r->examples));
    r->times.parsed = td_now_ns();
    TD_TRY(acquire(r, may_sleep, &servable, must_wait));
    if (*must_wait) return NULL;
    r->times.acquired = r->times.filled = td_now_ns();
    return open_examples(r, servable);
}

static td_status put_reply(td_rest_request *r)
{
    td_classes classes;
    const float *values;
    size_t n;

    if (r->route.verb == TD_REST_PREDICT) return td_json_predict_put(&r->json, &r->predict, &r->reply);
    if (r->route.verb == TD_REST_CLASSIFY) {
        TD_TRY(td_classify_result(&r->predict, &classes));
        td_json_put_classes(&classes, &r->reply);
    } else {
        TD_TRY(td_regress_result(&r->predict, &values, &n));
        td_json_put_regressions(values, n, &r->reply);
    }
    return td_json_out_check(&r->reply);
}

static td_status prepare(td_rest_request *r, bool may_sleep, bool *must_wait)
{
    TD_TRY(td_rest_end_body(r));
    if (r->route.verb != TD_REST_PREDICT) return prepare_examples(r, may_sleep, must_wait);
    td_status error = td_json_predict_open(r->body, r->size, r->arena, &r->json);

    r->times.parsed = td_now_ns();
    if (!error) error = try_fill(r, may_sleep, must_wait);
    if (TD_LIKELY(!error)) return NULL;
    td_status_free(error); /* what the client hears comes of a second, closer look */
    td_predict_close(&r->predict);
    TD_TRY(td_json_predict_survey(&r->json));
    return try_fill(r, may_sleep, must_wait);
}

static void run(void *request)
{
    td_rest_request *const r = request;
    td_status error = check_time(r);

    td_rest_count_waiting(r, false);
    r->times.queued = td_now_ns();
    if (!error) error = td_predict_run(&r->predict, r->deadline_ns);
    if (!error) {
        r->times.ran = td_now_ns();
        td_request_ran(td_rest_series(r), td_predict_rows(&r->predict), r->times.ran - r->times.queued);
    }
    if (!error) error = put_reply(r);
    td_rest_end(r, error);
}

static void wait_and_run(void *request)
{
    td_rest_request *const r = request;
    bool must_wait = false;
    td_status error = check_time(r);

    if (!error) error = prepare(r, true, &must_wait);
    if (error)
        td_rest_end(r, error);
    else
        run(r);
}

static void run_elsewhere(td_rest_request *r)
{
    td_rest_count_waiting(r, true);
    td_rest_offload(r, r->server->runs, run);
}

static void prepare_and_run(void *request)
{
    td_rest_request *const r = request;
    bool must_wait = false;
    const td_status error = prepare(r, false, &must_wait);

    if (error)
        td_rest_end(r, error);
    else if (must_wait)
        td_rest_offload(r, r->server->waits, wait_and_run);
    else if (!r->is_suspended && td_predict_is_long(&r->predict))
        run_elsewhere(r);
    else
        run(r);
}

void td_rest_serve_predict(td_rest_request *r)
{
    td_rest_server *const s = r->server;

    const int64_t now = td_now_ns();

    r->deadline_ns = s->timeout_ns ? now + s->timeout_ns : 0;
    atomic_store_explicit(&s->last_run_ns, now, memory_order_relaxed);
    if (r->size > LARGE_BODY || r->is_gzip)
        td_rest_offload(r, s->runs, prepare_and_run);
    else
        prepare_and_run(r);
}
