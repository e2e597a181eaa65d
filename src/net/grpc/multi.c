/* SPDX-License-Identifier: Apache-2.0 */
/* multi.c -- MultiInference: a flow that runs once for all tasks, or once for each. Each task's result is a piece of the
 * reply. */
#include "api/method.h"
#include "codec/pb/multi.h"
#include "codec/pb/record.h"
#include "net/grpc/run.h"

typedef struct multi {
    td_grpc_multi request;
    td_tasks tasks;
} multi;

static multi *multi_of(const td_flow *f)
{
    return ((td_grpc_job *)f->request)->message;
}

/* Of a task of the run. */
static bool is_classify(const td_tasks *t, size_t i)
{
    return td_method_named(t->all[t->at + i].method_name) == TD_METHOD_CLASSIFY;
}

static td_status multi_parse(td_flow *f)
{
    td_grpc_job *const j = f->request;
    multi *const m = j->message;

    TD_TRY(td_grpc_job_open(j));
    TD_TRY(td_grpc_multi_parse(j->call->bytes, j->call->size, f->arena, &m->request));
    m->tasks = td_grpc_multi_tasks(&m->request);
    td_grpc_job_ask(j, &m->request.spec);
    return NULL;
}

/* Takes servable. */
static td_status multi_open(td_flow *f, td_servable *servable)
{
    td_tasks *const t = &multi_of(f)->tasks;
    const td_status error = td_tasks_check(td_servable_session(servable), t->all, t->n);

    if (!error) return td_tasks_open(t, servable, f->arena, &f->predict);
    f->predict = (td_predict){ .servable = servable };
    return error;
}

static td_status put_result(const td_predict *p, bool as_classes, td_strbuf *b)
{
    if (as_classes) {
        td_classes classes;

        TD_TRY(td_classify_result(p, &classes));
        return td_grpc_classes_put(p, &classes, TD_GRPC_RESULT_OF_TASK, b);
    }
    const float *values;
    size_t n;

    TD_TRY(td_regress_result(p, &values, &n));
    return td_grpc_regressions_put(p, values, n, TD_GRPC_RESULT_OF_TASK, b);
}

static td_status write_task(td_flow *f, size_t i)
{
    const td_tasks *const t = &multi_of(f)->tasks;
    const td_predict part = td_tasks_part(t, &f->predict, i);
    td_strbuf b = { 0 };

    TD_TRY(put_result(&part, is_classify(t, i), &b));
    return td_grpc_job_put(f->request, &b);
}

static td_status multi_write(td_flow *f)
{
    for (size_t i = 0; i < multi_of(f)->tasks.n_now; i++)
        TD_TRY(write_task(f, i));
    return NULL;
}

/* Each task is a request of its own there. */
static void multi_record(const td_flow *f)
{
    const td_tasks *const t = &multi_of(f)->tasks;

    for (size_t i = 0; i < t->n_now; i++) {
        td_flow one = *f; /* to look at */

        one.predict = td_tasks_part(t, &f->predict, i);
        if (is_classify(t, i))
            td_record_classify(&one);
        else
            td_record_regress(&one);
    }
}

static td_status multi_go_on(td_flow *f, bool *has_more)
{
    td_tasks *const t = &multi_of(f)->tasks;

    *has_more = td_tasks_go_on(t);
    return *has_more ? td_tasks_open(t, td_predict_detach(&f->predict), f->arena, &f->predict) : NULL;
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
