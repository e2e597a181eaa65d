/* SPDX-License-Identifier: Apache-2.0 */
/* run.c -- calls that run a model.
 *
 *   parse -> acquire -> open, fill -> run -> encode -> reply
 *              |                      \-> a pool thread, when the run is long
 *              \-> a pool thread, when the model's first version is still loading
 */
#include "net/grpc/run.h"

#include "base/clock.h"

typedef td_grpc_job job;

/* Nobody waits for the answer. Calls that their event thread runs itself cannot know. */
static bool is_unwanted(void *ctx)
{
    td_grpc_call *const c = ctx;

    return c->is_offloaded && atomic_load_explicit(&c->is_closed, memory_order_relaxed);
}

/* Work for nobody is not started. */
static td_status check_wanted(const job *j)
{
    if (is_unwanted(j->call)) return TD_ERR(CANCELLED, "The call was cancelled");
    if (j->deadline_ns && td_now_ns() >= j->deadline_ns)
        return TD_ERR(DEADLINE_EXCEEDED, "Deadline exceeded");
    return NULL;
}

static td_request_series *series(const job *j)
{
    td_request_set *set = td_requests_nobody();

    if (j->predict.servable)
        set = td_servable_requests(j->predict.servable);
    else if (j->times.parsed)
        set = td_manager_requests(j->call->queue->server->manager, &j->spec->model);
    return td_request_set_get(set, j->predict.sig, TD_PROTOCOL_GRPC, j->verb->method);
}

static void count(job *j, td_code code, size_t bytes_out)
{
    j->times.written = td_now_ns();
    const td_request_record record = { .series = series(j),
                                       .protocol = TD_PROTOCOL_GRPC,
                                       .code = code,
                                       .times = j->times,
                                       .bytes_in = j->call->size,
                                       .bytes_out = bytes_out,
                                       .rows = j->predict.servable ? td_predict_rows(&j->predict) : 0 };

    td_request_done(&record);
}

/* The end of every job. Takes error. */
static void end(job *j, td_status error, grpc_slice body)
{
    td_grpc_call *const c = j->call; /* j lies in the call's arena: not to be touched once the reply is out */

    count(j, td_status_code(error), error ? 0 : GRPC_SLICE_LENGTH(body));
    td_predict_close(&j->predict);
    if (error)
        td_grpc_fail(c, error);
    else
        td_grpc_reply(c, body);
}

static void run(void *ctx)
{
    job *const j = ctx;
    grpc_slice body = { 0 };
    td_status error = check_wanted(j);

    if (j->call->is_offloaded) {
        j->predict.cancelled = is_unwanted;
        j->predict.cancelled_ctx = j->call;
    }
    j->times.queued = td_now_ns();
    if (!error) error = td_predict_run(&j->predict, j->deadline_ns);
    if (!error) {
        j->times.ran = td_now_ns();
        td_request_ran(series(j), td_predict_rows(&j->predict), j->times.ran - j->times.queued);
    }
    if (!error) error = j->verb->encode(j, &body);
    end(j, error, body);
}

static void run_queued(void *ctx)
{
    td_request_queue(series(ctx), -1);
    run(ctx);
}

/* Takes servable. */
static td_status open(job *j, td_servable *servable)
{
    j->times.acquired = td_now_ns();
    TD_TRY(j->verb->open(j, servable));
    j->times.filled = td_now_ns();
    return NULL;
}

static void wait_and_run(void *ctx)
{
    job *const j = ctx;
    td_servable *servable;
    td_status error = check_wanted(j);

    if (!error)
        error = td_manager_acquire_wait(j->call->queue->server->manager, &j->spec->model, j->deadline_ns,
                                        &servable);
    if (!error) error = open(j, servable);
    if (error)
        end(j, error, (grpc_slice){ 0 });
    else
        run(j);
}

static void offload(job *j, td_pool *pool, void (*work)(void *ctx))
{
    if (td_grpc_offload(j->call, pool, work, j)) return;
    end(j, TD_ERR(RESOURCE_EXHAUSTED, "Too many requests are waiting"), (grpc_slice){ 0 });
}

static void queue(job *j)
{
    td_request_queue(series(j), 1);
    if (td_grpc_offload(j->call, j->call->queue->server->runs, run_queued, j)) return;
    td_request_queue(series(j), -1);
    end(j, TD_ERR(RESOURCE_EXHAUSTED, "Too many requests are waiting"), (grpc_slice){ 0 });
}

static td_status start(job *j, bool *must_wait)
{
    td_grpc_call *const c = j->call;
    td_servable *servable = NULL;

    TD_TRY(td_grpc_message_open(c));
    TD_TRY(j->verb->parse(j));
    j->times.parsed = td_now_ns();
    TD_TRY(td_manager_acquire(c->queue->server->manager, &j->spec->model, &servable, must_wait));
    return *must_wait ? NULL : open(j, servable);
}

static void start_and_run(void *ctx)
{
    job *const j = ctx;
    td_grpc_server *const s = j->call->queue->server;
    const bool is_here = !j->call->is_offloaded; /* on the event thread */
    bool must_wait = false;
    const td_status error = start(j, &must_wait);

    if (error)
        end(j, error, (grpc_slice){ 0 });
    else if (must_wait)
        offload(j, s->waits, wait_and_run);
    else if (is_here && td_predict_is_long(&j->predict))
        queue(j);
    else
        run(j);
}

void td_grpc_run(td_grpc_call *c, const td_grpc_verb *verb)
{
    job *const j = TD_ARENA_NEW(c->arena, job);

    j->call = c;
    j->verb = verb;
    j->request = td_arena_alloc(c->arena, verb->request_size);
    j->deadline_ns = td_grpc_deadline(c);
    j->times.arrived = td_now_ns();
    td_request_begin(TD_PROTOCOL_GRPC);
    atomic_store_explicit(&c->queue->last_run_ns, j->times.arrived, memory_order_relaxed);
    if (td_grpc_message_is_slow(c))
        offload(j, c->queue->server->runs, start_and_run);
    else
        start_and_run(j);
}
