/* SPDX-License-Identifier: Apache-2.0 */
/* requests.c -- the series of a version's requests, made when they are first needed, and what each request adds. */
#include "obs/requests.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/macros.h"
#include "base/mem.h"
#include "obs/access_log.h"
#include "obs/metrics.h"

struct td_request_series {
    const td_request_set *set;
    const char *signature_name;
    td_protocol protocol;
    td_method method;
    td_series *request, *signature;
    td_series *tf_requests, *tf_latency, *tf_runtime, *tf_graph, *tf_examples; /* NULL: not counted */
};

struct td_request_set {
    char *model, version[24];
    const td_signature *signatures;
    size_t n;
    _Atomic(td_request_series *)
        series[]; /* [n + 1, TD_PROTOCOL_COUNT, TD_METHOD_COUNT]; signature n: none */
};

static const char *const protocol_names[TD_PROTOCOL_COUNT] = { "rest", "grpc" };
static const char *const method_names[TD_METHOD_COUNT] = {
    [TD_METHOD_PREDICT] = "predict",       [TD_METHOD_CLASSIFY] = "classify",
    [TD_METHOD_REGRESS] = "regress",       [TD_METHOD_SESSION_RUN] = "session_run",
    [TD_METHOD_MULTI] = "multi_inference", [TD_METHOD_METADATA] = "metadata",
    [TD_METHOD_STATUS] = "status",         [TD_METHOD_RELOAD] = "reload",
    [TD_METHOD_OTHER] = "other",
};

const char *td_protocol_name(td_protocol p)
{
    return protocol_names[p];
}

/* ---- sets ---- */

static size_t count_series(size_t n_signatures)
{
    return (n_signatures + 1) * TD_PROTOCOL_COUNT * TD_METHOD_COUNT;
}

td_request_set *td_request_set_make(const char *model, int64_t version, const td_signature *signatures,
                                    size_t n)
{
    const size_t count = count_series(n);
    td_request_set *const set = td_alloc(sizeof *set + count * sizeof set->series[0]);

    set->model = td_strdup(model);
    if (version >= 0) snprintf(set->version, sizeof set->version, "%" PRId64, version);
    set->signatures = signatures;
    set->n = n;
    for (size_t i = 0; i < count; i++)
        atomic_init(&set->series[i], NULL);
    return set;
}

static void free_series(td_request_series *s)
{
    if (!s) return;
    td_series_close(s->request);
    td_series_close(s->signature);
    td_series_close(s->tf_requests);
    td_series_close(s->tf_latency);
    td_series_close(s->tf_runtime);
    td_series_close(s->tf_graph);
    td_series_close(s->tf_examples);
    td_free(s);
}

void td_request_set_free(td_request_set *set)
{
    if (!set) return;
    for (size_t i = 0; i < count_series(set->n); i++)
        free_series(atomic_load_explicit(&set->series[i], memory_order_relaxed)); /* nobody else is left */
    td_free(set->model);
    td_free(set);
}

static td_request_set *nobody;

static void make_nobody(void)
{
    nobody = td_request_set_make("", TD_NO_VERSION, NULL, 0);
}

td_request_set *td_requests_nobody(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, make_nobody);
    return nobody;
}

/* ---- series ---- */

static bool runs(td_method m)
{
    return m <= TD_METHOD_REGRESS;
}

static void open_tf(td_request_series *s, const char *model, td_protocol protocol, td_method method)
{
    static const char *const rest_names[] = { "predict", "classify", "regress" };
    static const char *const grpc_names[] = { "Predict", "Classify", "Regress" };
    const bool is_rest = protocol == TD_PROTOCOL_REST;

    if (method == TD_METHOD_MULTI) {
        s->tf_examples = td_series_open(TD_GROUP_tf_examples, (const char *const[]){ model });
        s->tf_graph = td_series_open(TD_GROUP_tf_graph, NULL);
    }
    if (!is_rest && !runs(method)) return;
    s->tf_requests = td_series_open(TD_GROUP_tf_requests, (const char *const[]){ model });
    const char *const api = !runs(method) ? "" : is_rest ? rest_names[method] : grpc_names[method];
    s->tf_latency =
        td_series_open(TD_GROUP_tf_latency, (const char *const[]){ model, api, is_rest ? "REST" : "GRPC" });
    if (!runs(method)) return;
    s->tf_runtime =
        td_series_open(TD_GROUP_tf_runtime, (const char *const[]){ model, grpc_names[method], "TF1" });
    s->tf_graph = td_series_open(TD_GROUP_tf_graph, NULL);
}

static td_request_series *make_series(const td_request_set *set, const char *signature, td_protocol protocol,
                                      td_method method)
{
    td_request_series *const s = TD_NEW(td_request_series);
    const char *const labels[] = { set->model, set->version, signature, protocol_names[protocol],
                                   method_names[method] };

    *s = (td_request_series){
        .set = set, .signature_name = signature, .protocol = protocol, .method = method
    };
    s->request = td_series_open(TD_GROUP_request, labels);
    if (method == TD_METHOD_MULTI || (runs(method) && *signature))
        s->signature = td_series_open(TD_GROUP_signature, labels); /* the first three */
    if (td_metrics_counts_tf()) open_tf(s, set->model, protocol, method);
    return s;
}

td_request_series *td_request_set_get(td_request_set *set, const td_signature *sig, td_protocol protocol,
                                      td_method method)
{
    const size_t signature = sig && set->n ? (size_t)(sig - set->signatures) : set->n;
    _Atomic(td_request_series *) *const at =
        &set->series[(signature * TD_PROTOCOL_COUNT + protocol) * TD_METHOD_COUNT + method];
    td_request_series *there = atomic_load_explicit(at, memory_order_acquire);

    if (TD_LIKELY(there != NULL)) return there;
    td_request_series *const made = make_series(set, sig ? sig->name : "", protocol, method);

    /* release: publishes its fields; acquire: those of somebody who was faster */
    if (atomic_compare_exchange_strong_explicit(at, &there, made, memory_order_acq_rel, memory_order_acquire))
        return made;
    free_series(made);
    return there;
}

/* ---- protocols ---- */

static td_series *protocols[TD_PROTOCOL_COUNT];

static void open_protocols(void)
{
    for (size_t i = 0; i < TD_PROTOCOL_COUNT; i++)
        protocols[i] = td_series_open(TD_GROUP_protocol, &protocol_names[i]);
}

static td_series *protocol_series(td_protocol p)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, open_protocols);
    return protocols[p];
}

void td_request_begin(td_protocol protocol)
{
    td_series_add(protocol_series(protocol), TD_AT_in_flight, 1);
}

void td_connection_begin(td_protocol protocol)
{
    td_series_add(protocol_series(protocol), TD_AT_accepted, 1);
}

/* ---- requests ---- */

static uint64_t span(int64_t from, int64_t to)
{
    return to > from ? (uint64_t)(to - from) : 0;
}

/* Nanoseconds of each stage; -1: it did not come to its end. */
static void find_stages(const td_request_times *at, int64_t ns[TD_STAGE_COUNT])
{
    ns[TD_STAGE_PARSE] =
        at->filled ? (int64_t)(span(at->arrived, at->parsed) + span(at->acquired, at->filled)) : -1;
    ns[TD_STAGE_QUEUE] =
        at->queued ? (int64_t)(span(at->parsed, at->acquired) + span(at->filled, at->queued)) : -1;
    ns[TD_STAGE_RUN] = at->ran ? (int64_t)span(at->queued, at->ran) : -1;
    ns[TD_STAGE_WRITE] = at->ran ? (int64_t)span(at->ran, at->written) : -1;
}

static void count_stages(td_tally t, const int64_t ns[TD_STAGE_COUNT])
{
    for (size_t i = 0; i < TD_STAGE_COUNT; i++)
        if (ns[i] >= 0)
            td_tally_observe(t, TD_AT_stage + i * TD_CELLS_HISTOGRAM(stages), TD_BUCKETS_stages,
                             (uint64_t)ns[i]);
}

static int64_t real_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void log_request(const td_request_record *r, const int64_t ns[TD_STAGE_COUNT])
{
    const td_request_series *const s = r->series;
    td_access a = { .now_ns = real_now_ns(),
                    .model = s->set->model,
                    .version = s->set->version,
                    .signature = s->signature_name,
                    .protocol = protocol_names[s->protocol],
                    .method = method_names[s->method],
                    .code = td_code_name(r->code),
                    .request_id = r->ids ? r->ids->request : "",
                    .trace_id = r->ids ? r->ids->trace : "",
                    .bytes_in = r->bytes_in,
                    .bytes_out = r->bytes_out,
                    .rows = r->rows,
                    .batch = r->batch,
                    .total_ns = span(r->times.arrived, r->times.written) };

    for (size_t i = 0; i < TD_STAGE_COUNT; i++)
        a.stage_ns[i] = (uint64_t)TD_MAX(ns[i], 0);
    td_access_log_put(&a);
}

/* Codes that are none have no counter of their own. */
static size_t code_of(const td_request_record *r)
{
    return (size_t)((unsigned)r->code <= TD_UNAUTHENTICATED ? r->code : TD_UNKNOWN);
}

static void count_tf(const td_request_series *s, const td_request_record *r)
{
    td_tally_add(td_series_tally(s->tf_requests), TD_AT_tf_request_count + code_of(r), 1);
    if (r->code != TD_OK) return;
    td_tally_observe(td_series_tally(s->tf_latency), TD_AT_tf_request_latency, TD_BUCKETS_tf_latencies,
                     span(r->times.arrived, r->times.written));
    if (s->tf_runtime && r->times.ran)
        td_tally_observe(td_series_tally(s->tf_runtime), TD_AT_tf_runtime_latency, TD_BUCKETS_tf_latencies,
                         span(r->times.queued, r->times.ran));
}

static void count_examples(td_series *examples, size_t n)
{
    const td_tally t = td_series_tally(examples);

    td_tally_add(t, TD_AT_tf_example_count, n);
    td_tally_observe(t, TD_AT_tf_example_counts, TD_BUCKETS_tf_examples, n);
}

void td_request_done(const td_request_record *r)
{
    td_request_series *const s = r->series;

    td_series_add(protocol_series(r->protocol), TD_AT_in_flight, -1);
    if (!s) return;
    const td_tally t = td_series_tally(s->request);
    int64_t stages[TD_STAGE_COUNT];

    find_stages(&r->times, stages);
    td_tally_add(t, TD_AT_requests + code_of(r), 1);
    td_tally_observe(t, TD_AT_duration, TD_BUCKETS_durations, span(r->times.arrived, r->times.written));
    count_stages(t, stages);
    td_tally_add(t, TD_AT_request_bytes, r->bytes_in);
    td_tally_add(t, TD_AT_response_bytes, r->bytes_out);
    td_tally_add(t, TD_AT_request_rows, r->rows);
    if (s->tf_requests) count_tf(s, r);
    if (s->tf_examples && r->code == TD_OK) count_examples(s->tf_examples, r->rows);
    if (TD_UNLIKELY(td_access_log_is_on())) log_request(r, stages);
}

void td_request_queue(td_request_series *s, int change)
{
    td_series_add(s->request, TD_AT_queued, change);
}

void td_request_ran(td_request_series *s, size_t rows, int64_t ns)
{
    const uint64_t time = span(0, ns);

    if (s->signature)
        td_tally_observe(td_series_tally(s->signature), TD_AT_batch_rows, TD_BUCKETS_rows, rows);
    if (!s->tf_graph) return;
    const td_tally t = td_series_tally(s->tf_graph);

    td_tally_add(t, TD_AT_tf_run_time, time / 1000);
    td_tally_observe(t, TD_AT_tf_run_times, TD_BUCKETS_tf_runs, time);
    td_tally_add(t, TD_AT_tf_runs, 1);
}
