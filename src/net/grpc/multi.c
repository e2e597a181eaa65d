/* SPDX-License-Identifier: Apache-2.0 */
/* multi.c -- MultiInference: a flow that runs once for each task. Each run's result is a piece of the reply. */
#include "api/method.h"
#include "codec/pb/multi.h"
#include "codec/pb/record.h"
#include "net/grpc/run.h"

typedef struct multi {
    td_grpc_multi request;
    size_t at; /* the task that runs */
} multi;

static multi *multi_of(const td_flow *f)
{
    return ((td_grpc_job *)f->request)->message;
}

static td_method verb_of(const multi *m)
{
    return td_method_named(m->request.tasks[m->at].method_name);
}

static td_status multi_parse(td_flow *f)
{
    td_grpc_job *const j = f->request;
    multi *const m = j->message;

    TD_TRY(td_grpc_job_open(j));
    TD_TRY(td_grpc_multi_parse(j->call->bytes, j->call->size, f->arena, &m->request));
    td_grpc_job_ask(j, &m->request.spec);
    return NULL;
}

/* Takes servable. */
static td_status open_task(td_flow *f, td_servable *servable)
{
    const multi *const m = multi_of(f);
    const td_grpc_multi *const r = &m->request;

    return td_examples_open(servable, verb_of(m), r->tasks[m->at].signature, r->list.items, r->list.n,
                            f->arena, &f->predict);
}

static td_status multi_open(td_flow *f, td_servable *servable)
{
    const td_grpc_multi *const r = &multi_of(f)->request;
    const td_status error = td_tasks_check(td_servable_session(servable), r->tasks, r->n_tasks);

    if (!error) return open_task(f, servable);
    f->predict = (td_predict){ .servable = servable };
    return error;
}

static td_status put_result(td_flow *f, td_strbuf *b)
{
    if (verb_of(multi_of(f)) == TD_METHOD_CLASSIFY) {
        td_classes classes;

        TD_TRY(td_classify_result(&f->predict, &classes));
        return td_grpc_classes_put(&f->predict, &classes, TD_GRPC_RESULT_OF_TASK, b);
    }
    const float *values;
    size_t n;

    TD_TRY(td_regress_result(&f->predict, &values, &n));
    return td_grpc_regressions_put(&f->predict, values, n, TD_GRPC_RESULT_OF_TASK, b);
}

static td_status multi_write(td_flow *f)
{
    td_strbuf b = { 0 };

    TD_TRY(put_result(f, &b));
    return td_grpc_job_put(f->request, &b);
}

/* Each task is a request of its own there. */
static void multi_record(const td_flow *f)
{
    if (verb_of(multi_of(f)) == TD_METHOD_CLASSIFY)
        td_record_classify(f);
    else
        td_record_regress(f);
}

static td_status multi_go_on(td_flow *f, bool *has_more)
{
    multi *const m = multi_of(f);

    *has_more = m->at + 1 < m->request.n_tasks;
    if (!*has_more) return NULL;
    m->at++;
    return open_task(f, td_predict_detach(&f->predict));
}

void td_grpc_serve_multi(td_grpc_call *c)
{
    static const td_flow_verb verb = { .method = TD_METHOD_MULTI,
                                       .parse = multi_parse,
                                       .open = multi_open,
                                       .write = multi_write,
                                       .record = multi_record,
                                       .go_on = multi_go_on };

    td_grpc_run(c, &verb, sizeof(multi));
}
