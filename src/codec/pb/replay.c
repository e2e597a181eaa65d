/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c -- see replay.h. */
#include "codec/pb/replay.h"

#include <string.h>

#include "api/method.h"
#include "base/file_map.h"
#include "base/mutex.h"
#include "codec/pb/multi.h"
#include "codec/pb/predict.h"
#include "codec/pb/prediction_log.h"
#include "formats/tfrecord.h"
#include "serve/table.h"

/* ---- one run ---- */

typedef struct run {
    td_mutex mu;
    td_cond ended;
    bool is_over; /* guarded by mu, as error is */
    td_status error;
} run;

static void begin_run(td_predict *p)
{
    (void)p;
}

static void end_run(td_predict *p, td_status error)
{
    run *const r = p->done_ctx;

    td_mutex_lock(&r->mu);
    r->error = error;
    r->is_over = true;
    td_cond_signal(&r->ended);
    td_mutex_unlock(&r->mu);
}

/* Runs what is open and filled, on whatever thread, and waits for it. */
static td_status run_and_wait(td_predict *p, int64_t deadline_ns)
{
    run r = { .is_over = false };

    td_mutex_init(&r.mu, TD_LOCK_leaf);
    td_cond_init(&r.ended);
    p->done_ctx = &r;
    td_predict_start(p, deadline_ns, begin_run, end_run);
    td_mutex_lock(&r.mu);
    while (!r.is_over)
        td_cond_wait(&r.ended, &r.mu);
    td_mutex_unlock(&r.mu);
    td_cond_fini(&r.ended);
    td_mutex_fini(&r.mu);
    return r.error;
}

/* ---- verbs ---- */

typedef struct replay {
    td_servable *servable;
    td_arena *arena;
    int64_t deadline_ns;
    td_replay_visit_fn *visit; /* NULL: run it */
    void *visit_ctx;
} replay;

static td_status visit_or_run(const replay *r, td_predict *p)
{
    return r->visit ? r->visit(r->visit_ctx, p) : run_and_wait(p, r->deadline_ns);
}

static const uint8_t *bytes_of(td_string s)
{
    return (const uint8_t *)s.data;
}

static td_status replay_predict(const replay *r, td_string request)
{
    td_grpc_predict_request q;
    td_predict p;

    TD_TRY(td_grpc_predict_read(bytes_of(request), request.size, r->arena, &q));
    td_status error =
        td_predict_open(td_servable_ref(r->servable), q.spec.signature, TD_WORDING_GRPC, r->arena, &p);
    if (!error) error = td_grpc_predict_fill(&q, &p);
    if (!error) error = visit_or_run(r, &p);
    td_predict_close(&p);
    return error;
}

static td_status check_result(const td_predict *p, td_method verb)
{
    const float *values;
    td_classes classes;
    size_t n;

    return verb == TD_METHOD_CLASSIFY ? td_classify_result(p, &classes) : td_regress_result(p, &values, &n);
}

static td_status run_examples(const replay *r, td_method verb, td_string signature,
                              const td_grpc_example_list *list)
{
    td_predict p;
    td_status error =
        td_examples_open(td_servable_ref(r->servable), verb, signature, list->items, list->n, r->arena, &p);

    if (!error) error = visit_or_run(r, &p);
    if (!error && !r->visit) error = check_result(&p, verb);
    td_predict_close(&p);
    return error;
}

static td_status replay_examples(const replay *r, td_method verb, td_string request)
{
    td_grpc_examples q;

    TD_TRY(td_grpc_examples_read(bytes_of(request), request.size, r->arena, &q));
    return run_examples(r, verb, q.spec.signature, &q.list);
}

/* One run of some or all tasks. */
static td_status run_tasks(const replay *r, td_tasks *t)
{
    td_predict p;
    td_status error = td_tasks_open(t, td_servable_ref(r->servable), r->arena, &p);

    if (!error) error = visit_or_run(r, &p);
    for (size_t i = 0; i < t->n_now && !error && !r->visit; i++) {
        const td_predict part = td_tasks_part(t, &p, i);

        error = check_result(&part, td_method_named(t->all[t->at + i].method_name));
    }
    td_predict_close(&p);
    return error;
}

static td_status replay_tasks(const replay *r, td_string request)
{
    td_grpc_multi q;

    TD_TRY(td_grpc_multi_parse(bytes_of(request), request.size, r->arena, &q));
    td_tasks tasks = td_grpc_multi_tasks(&q);
    TD_TRY(td_tasks_check(td_servable_session(r->servable), tasks.all, tasks.n));
    do
        TD_TRY(run_tasks(r, &tasks));
    while (td_tasks_go_on(&tasks));
    return NULL;
}

/* ---- records ---- */

static td_status replay_log(const replay *r, const td_prediction_log *log)
{
    switch (log->kind) {
    case TD_LOG_PREDICT:
        return replay_predict(r, log->request);
    case TD_LOG_CLASSIFY:
        return replay_examples(r, TD_METHOD_CLASSIFY, log->request);
    case TD_LOG_REGRESS:
        return replay_examples(r, TD_METHOD_REGRESS, log->request);
    case TD_LOG_MULTI_INFERENCE:
        return replay_tasks(r, log->request);
    case TD_LOG_SESSION_RUN:
    case TD_LOG_PREDICT_STREAMED:
    case TD_LOG_NONE:
        break;
    }
    return TD_ERR(UNIMPLEMENTED, "Unsupported log_type for warmup: %d", (int)log->kind);
}

/* ---- files ---- */

/* The next record, in memory of its own: who writes to the file must not change what is being run. */
static td_status take_record(td_tfrecords *all, td_arena *arena, bool *has_one, td_string *out)
{
    td_string seen;

    TD_TRY(td_status_suffix(td_tfrecord_next(all, has_one, &seen),
                            ". Please verify your warmup data is in TFRecord format."));
    if (!*has_one) return NULL;
    char *const bytes = td_arena_try_alloc(arena, seen.size + 1, TD_ALIGN);
    if (!bytes) return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a record of %zu bytes", seen.size);
    if (seen.size) memcpy(bytes, seen.data, seen.size);
    *out = (td_string){ bytes, seen.size };
    return NULL;
}

static td_status replay_record(const replay *r, td_string record, int iterations)
{
    td_prediction_log log;

    TD_TRY(td_prediction_log_read(record, &log));
    for (int i = 0; i < TD_MAX(iterations, 1); i++)
        TD_TRY(replay_log(r, &log));
    return NULL;
}

static td_status replay_all(const replay *r, td_tfrecords all, const char *path, int iterations,
                            size_t *records)
{
    for (;; ++*records) {
        td_string record;
        bool has_one;

        td_arena_reset(r->arena);
        TD_TRY(td_status_prefix(take_record(&all, r->arena, &has_one, &record), "%s: ", path));
        if (!has_one) return NULL;
        if (*records == TD_REPLAY_RECORDS)
            return TD_ERR(INVALID_ARGUMENT, "Number of warmup records exceeds the maximum (%d) at %s",
                          TD_REPLAY_RECORDS, path);
        TD_TRY(td_status_prefix(replay_record(r, record, iterations), "warm-up record %zu of %s: ", *records,
                                path));
    }
}

static td_status replay_file(replay *r, const char *path, int iterations, size_t *records)
{
    td_file_map map;

    *records = 0;
    TD_TRY(td_file_map_open(path, &map));
    r->arena = td_arena_make();
    const td_status error = replay_all(r, td_tfrecords_of(map.data, map.size), path, iterations, records);

    td_arena_free(r->arena);
    td_file_map_close(&map);
    return error;
}

td_status td_replay_file(td_servable *s, const char *path, int iterations, int64_t deadline_ns,
                         size_t *records)
{
    replay r = { .servable = s, .deadline_ns = deadline_ns };

    return replay_file(&r, path, iterations, records);
}

td_status td_replay_visit(td_servable *s, const char *path, td_replay_visit_fn *visit, void *ctx,
                          size_t *records)
{
    replay r = { .servable = s, .visit = visit, .visit_ctx = ctx };

    return replay_file(&r, path, 1, records);
}
