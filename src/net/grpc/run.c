/* SPDX-License-Identifier: Apache-2.0 */
/* run.c -- see run.h. */
#include "net/grpc/run.h"

#include <string.h>

#include "base/clock.h"

static td_grpc_job *job_of(const td_flow *f)
{
    return f->request;
}

static void suspend(td_flow *f)
{
    td_grpc_call *const c = job_of(f)->call;

    c->flow = f;
    td_grpc_let_go(c);
    td_flow_go(f);
}

static bool is_unwanted(const td_flow *f)
{
    return atomic_load_explicit(&job_of(f)->call->is_closed, memory_order_relaxed);
}

/* What was put together, or inflated. The rest is small, or the core's. */
static void forget(td_flow *f)
{
    td_grpc_call *const c = job_of(f)->call;

    if (c->memory.data || c->inflated) td_grpc_message_close(c);
}

static size_t seal(td_flow *f, td_status error)
{
    return error ? 0 : td_grpc_reply_size(job_of(f)->call);
}

/* The job is not to be touched once the reply is out. */
static void end(td_flow *f, td_status error)
{
    td_grpc_job *const j = job_of(f);

    j->call->timing = f->timing;
    if (error)
        td_grpc_fail(j->call, error);
    else
        td_grpc_reply(j->call);
}

td_status td_grpc_job_open(td_grpc_job *j)
{
    return td_grpc_message_open(j->call);
}

void td_grpc_job_ask(td_grpc_job *j, const td_grpc_spec *spec)
{
    j->spec = spec;
    j->flow.model = spec->model;
}

td_status td_grpc_job_put(td_grpc_job *j, td_strbuf *b)
{
    grpc_slice reply;
    uint8_t *const p = b->size <= INT32_MAX ? td_grpc_reply_make(b->size, &reply) : NULL;

    if (p && b->size) memcpy(p, b->data, b->size);
    td_strbuf_fini(b);
    if (!p) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a reply");
    td_grpc_reply_add(j->call, reply);
    return NULL;
}

void td_grpc_run(td_grpc_call *c, const td_flow_verb *verb, size_t message_size)
{
    static const td_flow_host host = { TD_PROTOCOL_GRPC, suspend, is_unwanted, forget, NULL, seal, end };
    td_grpc_job *const j = TD_ARENA_NEW(c->arena, td_grpc_job);

    j->call = c;
    j->message = td_arena_alloc(c->arena, message_size);
    j->flow = (td_flow){ .shared = c->server->flows,
                         .host = &host,
                         .verb = verb,
                         .request = j,
                         .arena = c->arena,
                         .size = td_grpc_message_size(c),
                         .is_slow = td_grpc_message_is_slow(c),
                         .deadline_ns = td_grpc_deadline(c),
                         .gather = &c->thread->gather,
                         .ids = c->ids,
                         .is_traced = c->is_traced };
    atomic_store_explicit(&c->thread->last_run_ns, td_now_ns(), memory_order_relaxed);
    td_flow_start(&j->flow);
}
