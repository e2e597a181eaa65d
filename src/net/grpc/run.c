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

/* The end of every job. Takes error. */
static void end(job *j, td_status error, grpc_slice body)
{
    td_grpc_call *const c = j->call; /* j lies in the call's arena: not to be touched once the reply is out */

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
    if (!error) error = td_predict_run(&j->predict, j->deadline_ns);
    if (!error) error = j->verb->encode(j, &body);
    end(j, error, body);
}

static void wait_and_run(void *ctx)
{
    job *const j = ctx;
    td_servable *servable;
    td_status error = check_wanted(j);

    if (!error)
        error = td_manager_acquire_wait(j->call->queue->server->manager, &j->spec->model, j->deadline_ns,
                                        &servable);
    if (!error) error = j->verb->open(j, servable);
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

static td_status start(job *j, bool *must_wait)
{
    td_grpc_call *const c = j->call;
    td_servable *servable = NULL;

    TD_TRY(td_grpc_message_open(c));
    TD_TRY(j->verb->parse(j));
    TD_TRY(td_manager_acquire(c->queue->server->manager, &j->spec->model, &servable, must_wait));
    return *must_wait ? NULL : j->verb->open(j, servable);
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
        offload(j, s->runs, run);
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
    atomic_store_explicit(&c->queue->last_run_ns, td_now_ns(), memory_order_relaxed);
    if (td_grpc_message_is_slow(c))
        offload(j, c->queue->server->runs, start_and_run);
    else
        start_and_run(j);
}
