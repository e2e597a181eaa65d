/* grpc_predict.c -- PredictionService.Predict.
 *
 *   parse -> acquire -> open, fill -> run -> encode -> reply
 *              |                      \-> a pool thread, when the run is long
 *              \-> a pool thread, when the model's first version is still loading
 */
#include "api/predict.h"
#include "base/clock.h"
#include "codec/grpc_predict.h"
#include "net/grpc_server.h"

/* A run that is expected to take longer leaves the queue's thread: a hand-over costs about 10 us. */
static const int64_t long_run_ns = 200000;

typedef struct job {
    td_grpc_call *call;
    td_grpc_predict_request request;
    td_predict predict;
    int64_t deadline_ns;
} job;

/* Work for nobody is not started. */
static td_status check_wanted(const job *j)
{
    if (j->call->is_offloaded && atomic_load_explicit(&j->call->is_closed, memory_order_relaxed))
        return TD_ERR(CANCELLED, "The call was cancelled");
    if (j->deadline_ns && td_now_ns() >= j->deadline_ns)
        return TD_ERR(DEADLINE_EXCEEDED, "Deadline exceeded");
    return NULL;
}

static td_status encode(const job *j, grpc_slice *out)
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

    if (!error) error = td_predict_run(&j->predict, j->deadline_ns);
    if (!error) error = encode(j, &body);
    end(j, error, body);
}

static td_status prepare(job *j, td_servable *servable)
{
    TD_TRY(
        td_predict_open(servable, j->request.spec.signature, TD_WORDING_GRPC, j->call->arena, &j->predict));
    return td_grpc_predict_fill(&j->request, &j->predict);
}

static void wait_and_run(void *ctx)
{
    job *const j = ctx;
    td_servable *servable;
    td_status error = check_wanted(j);

    if (!error)
        error = td_manager_acquire_wait(j->call->queue->server->manager, &j->request.spec.model,
                                        j->deadline_ns, &servable);
    if (!error) error = prepare(j, servable);
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
    TD_TRY(td_grpc_predict_parse(c->bytes, c->size, c->arena, &j->request));
    TD_TRY(td_manager_acquire(c->queue->server->manager, &j->request.spec.model, &servable, must_wait));
    return *must_wait ? NULL : prepare(j, servable);
}

static bool is_long(const job *j)
{
    return td_session_expected_ns(td_servable_session(j->predict.servable), j->predict.sig) > long_run_ns;
}

void td_grpc_serve_predict(td_grpc_call *c)
{
    td_grpc_server *const s = c->queue->server;
    job *const j = TD_ARENA_NEW(c->arena, job);
    bool must_wait = false;

    j->call = c;
    j->deadline_ns = td_grpc_deadline(c);

    const td_status error = start(j, &must_wait);
    if (error)
        end(j, error, (grpc_slice){ 0 });
    else if (must_wait)
        offload(j, s->waits, wait_and_run);
    else if (is_long(j))
        offload(j, s->runs, run);
    else
        run(j);
}
