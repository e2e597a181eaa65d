/* SPDX-License-Identifier: Apache-2.0 */
/* flow.c -- see flow.h. */
#include "api/flow.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/macros.h"
#include "base/mem.h"
#include "batch/batch.h"
#include "device/pool.h"
#include "obs/server_timing.h"

enum {
    LARGE = 64 << 10, /* bytes that an event thread does not parse */
    WAITERS = 64,     /* threads that wait for models */
    PAGES = 64,       /* that wait for their own thread, which neither runs nor waits can keep */
    ORDERS = 16,      /* likewise */
    MOST_QUEUED = 1 << 16,
    VERY_LARGE = 1 << 20, /* bytes of those that pass the gate */
    AT_ONCE = 16 << 20,   /* bytes behind it, for each core */
};

struct td_flows {
    td_manager *manager;
    td_pool *runs, *waits, *pages, *orders;
    td_gate gate;
    int most_runs; /* 0: any number, and nobody counts */
    atomic_int runs_in_flight;
};

td_flows *td_flows_make(td_manager *manager, int max_threads)
{
    td_flows *const fs = TD_NEW(td_flows);

    fs->manager = manager;
    fs->runs = td_pool_make("run", max_threads, MOST_QUEUED);
    fs->waits = td_pool_make("wait", WAITERS, MOST_QUEUED);
    fs->pages = td_pool_make("page", 1, PAGES);
    fs->orders = td_pool_make("order", 1, ORDERS);
    td_gate_init(&fs->gate, (size_t)AT_ONCE * (size_t)td_cpu_cores());
    return fs;
}

void td_flows_free(td_flows *fs)
{
    if (!fs) return;
    td_pool_free(fs->runs);
    td_pool_free(fs->waits);
    td_pool_free(fs->pages);
    td_pool_free(fs->orders);
    td_gate_fini(&fs->gate);
    td_free(fs);
}

td_manager *td_flows_manager(const td_flows *fs)
{
    return fs->manager;
}

void td_flows_limit(td_flows *fs, size_t bytes)
{
    td_gate_limit(&fs->gate, bytes);
}

void td_flows_limit_runs(td_flows *fs, int most)
{
    fs->most_runs = most;
}

/* ---- the limit of runs ---- */

/* relaxed: nothing is published but the number itself */
static td_status enter(td_flow *f)
{
    td_flows *const fs = f->shared;

    if (TD_LIKELY(!fs->most_runs || f->verb->asks != TD_FLOW_RUN)) return NULL;
    f->is_limited = true;
    if (atomic_fetch_add_explicit(&fs->runs_in_flight, 1, memory_order_relaxed) < fs->most_runs) return NULL;
    return td_status_overload(
        TD_ERR(UNAVAILABLE, "Too many requests are in flight: there may be %d (--max_requests_in_flight)",
               fs->most_runs),
        0);
}

static void leave(td_flow *f)
{
    if (TD_UNLIKELY(f->is_limited))
        atomic_fetch_sub_explicit(&f->shared->runs_in_flight, 1, memory_order_relaxed);
    f->is_limited = false;
}

/* ---- counting ---- */

/* One of several runs has a signature; the request has none. */
static const td_signature *signature_of(const td_flow *f)
{
    return f->verb->go_on ? NULL : f->predict.sig;
}

static td_request_series *series_of(const td_flow *f)
{
    td_request_set *const set = f->predict.servable ? td_servable_requests(f->predict.servable)
                                : f->times.parsed   ? td_manager_requests(f->shared->manager, &f->model)
                                                    : td_requests_nobody();

    return td_request_set_get(set, signature_of(f), f->host->protocol, f->verb->method);
}

static void count_queued(td_flow *f, bool is_queued)
{
    if (is_queued != f->is_queued) td_request_queue(series_of(f), is_queued ? 1 : -1);
    f->is_queued = is_queued;
}

/* Rows of the run that answered it. */
static size_t batch_rows(const td_flow *f)
{
    const size_t joined = f->predict.call.joined_rows;

    return joined ? joined : td_predict_rows(&f->predict);
}

static void count_end(td_flow *f, td_code code, size_t bytes_out)
{
    if (f->verb->asks == TD_FLOW_NOTHING) return;
    count_queued(f, false); /* turned away */
    if (!f->times.written) f->times.written = td_now_ns();
    const td_request_record record = { .series = series_of(f),
                                       .protocol = f->host->protocol,
                                       .code = code,
                                       .times = f->times,
                                       .bytes_in = f->size,
                                       .bytes_out = bytes_out,
                                       .rows = td_predict_rows(&f->predict),
                                       .batch = f->times.ran ? batch_rows(f) : 0,
                                       .ids = f->ids };

    td_request_done(&record);
}

/* What reads of a run's trace, for as long as the model is there. */
static void tell_timing(td_flow *f)
{
    char *const text = td_arena_alloc(f->arena, TD_SERVER_TIMING);
    const td_timing timing = { .times = f->times,
                               .batch = f->times.ran ? batch_rows(f) : 0,
                               .trace = td_batch_call_trace(&f->predict.call) };

    td_server_timing(&timing, text);
    f->timing = text;
}

static void leave_gate(td_flow *f)
{
    if (TD_UNLIKELY(f->is_gated)) td_gate_leave(&f->shared->gate, &f->pass);
}

static void end(td_flow *f, td_status error)
{
    f->is_open = false;
    if (!f->times.written) f->times.written = td_now_ns();
    if (TD_UNLIKELY(f->is_traced)) tell_timing(f);
    count_end(f, td_status_code(error), f->host->seal(f, error));
    td_predict_close(&f->predict);
    leave_gate(f);
    leave(f);
    f->host->end(f, error);
}

/* ---- threads ---- */

static void take_up(void *flow)
{
    td_flow *const f = flow;

    f->next(f);
}

static td_pool *pool_for(const td_flow *f)
{
    if (f->verb->asks == TD_FLOW_NOTHING) return f->shared->pages;
    if (f->verb->asks == TD_FLOW_ORDER) return f->shared->orders;
    return f->waits_for_model ? f->shared->waits : f->shared->runs;
}

static void wait_for_thread(void *flow)
{
    td_flow *const f = flow;

    if (!td_pool_submit(pool_for(f), take_up, f))
        end(f, td_status_overload(TD_ERR(RESOURCE_EXHAUSTED, "Too many requests are waiting"), 0));
}

void td_flow_go(td_flow *f)
{
    const bool is_first = !f->is_away;

    f->is_away = true;
    if (TD_LIKELY(!is_first || f->size < VERY_LARGE)) {
        wait_for_thread(f);
        return;
    }
    f->is_gated = true;
    if (td_gate_enter(&f->shared->gate, &f->pass, f->size, wait_for_thread, f)) wait_for_thread(f);
}

void td_flow_hurry(td_flow *f)
{
    if (f->is_gated && td_gate_hurry(&f->shared->gate, &f->pass)) wait_for_thread(f);
}

static void move(td_flow *f, bool waits_for_model, void (*next)(td_flow *f))
{
    f->waits_for_model = waits_for_model;
    f->next = next;
    if (f->is_away)
        td_flow_go(f);
    else
        f->host->suspend(f);
}

/* ---- stages ---- */

bool td_flow_is_unwanted(const td_flow *f)
{
    return f->is_away && f->host->is_unwanted && f->host->is_unwanted(f);
}

static bool is_unwanted(void *flow)
{
    return td_flow_is_unwanted(flow);
}

/* Work for nobody is not begun. */
static td_status check_wanted(td_flow *f)
{
    if (td_flow_is_unwanted(f)) return TD_ERR(CANCELLED, "The call was cancelled");
    if (f->deadline_ns && td_now_ns() >= f->deadline_ns)
        return TD_ERR(DEADLINE_EXCEEDED, "Deadline exceeded");
    return NULL;
}

static td_status write_reply(td_flow *f)
{
    TD_TRY(f->verb->write(f));
    f->times.written = td_now_ns();
    return NULL;
}

/* Ends it with what write left. */
static void pack(td_flow *f)
{
    if (TD_LIKELY(!f->host->pack || f->host->pack(f)))
        end(f, NULL);
    else
        move(f, false, pack);
}

static void finish(td_flow *f, td_status error)
{
    if (TD_LIKELY(!error))
        pack(f);
    else
        end(f, error);
}

static void count_run(td_flow *f)
{
    const td_batch_call *const c = &f->predict.call;

    if (!f->times.queued) f->times.queued = c->began_ns;
    f->times.ran = c->ended_ns;
    if (c->is_lead) td_request_ran(series_of(f), batch_rows(f), c->ended_ns - c->began_ns);
}

static void begin_run(td_predict *p)
{
    count_queued(p->done_ctx, false);
}

static void run(td_flow *f);

static void run_elsewhere(td_flow *f)
{
    count_queued(f, true);
    move(f, false, run);
}

static bool is_recorded(const td_flow *f)
{
    return f->verb->record && td_request_log_wants(td_servable_log(f->predict.servable));
}

/* A record takes the message, too. */
static td_status write_and_record(td_flow *f)
{
    td_predict *const p = &f->predict;
    const bool leaves_record = is_recorded(f);

    p->is_apart = !td_batch_shares(p->outputs, p->n_want, p->inputs, p->sig->n_inputs);
    if (p->is_apart && f->host->forget && !f->verb->go_on && !leaves_record) f->host->forget(f);
    TD_TRY(write_reply(f));
    if (TD_UNLIKELY(leaves_record)) f->verb->record(f);
    return NULL;
}

/* The run is over, on whatever thread ran it, or error says why not. */
static void after_run(td_predict *p, td_status error)
{
    td_flow *const f = p->done_ctx;
    bool has_more = false;

    if (!error) {
        count_run(f);
        error = write_and_record(f);
    }
    if (!error && f->verb->go_on) error = f->verb->go_on(f, &has_more);
    if (error || !has_more)
        finish(f, error);
    else
        run_elsewhere(f);
}

static void send_elsewhere(td_predict *p)
{
    run_elsewhere(p->done_ctx);
}

/* On the host's thread: at once or not at all, or with those that come right behind. */
static void run_here(td_flow *f)
{
    if (f->gather && td_predict_gather(&f->predict, f->gather, f->expected_ns, f->deadline_ns, begin_run,
                                       after_run, send_elsewhere))
        return;
    const td_status error = td_predict_run(&f->predict, f->deadline_ns);

    if (!error && !f->predict.outputs)
        run_elsewhere(f);
    else
        after_run(&f->predict, error);
}

static bool is_strict(const td_flow *f)
{
    const td_batcher *const b = td_servable_batcher(f->predict.servable);

    return b && td_batcher_is_strict(b);
}

static void run(td_flow *f)
{
    const td_status error = check_wanted(f);

    if (error) {
        end(f, error);
        return;
    }
    f->predict.done_ctx = f;
    f->predict.never_waits = !f->is_away;
    f->predict.is_traced = f->is_traced;
    if (f->is_away && f->host->is_unwanted) {
        f->predict.cancelled = is_unwanted;
        f->predict.cancelled_ctx = f;
    }
    if (f->is_away) {
        if (is_strict(f)) leave_gate(f); /* it may wait for others to come */
        count_queued(f, true);
        td_predict_start(&f->predict, f->deadline_ns, begin_run, after_run);
    } else {
        run_here(f);
    }
}

static void tell(td_flow *f)
{
    finish(f, write_reply(f));
}

static void carry_out(td_flow *f)
{
    const td_status error = check_wanted(f);

    finish(f, error ? error : write_reply(f));
}

/* The model is there: takes servable. */
static void fill_and_run(td_flow *f, td_servable *servable)
{
    f->times.acquired = td_now_ns();
    if (f->verb->asks == TD_FLOW_MODEL) {
        f->predict = (td_predict){ .servable = servable };
        tell(f);
        return;
    }
    const td_status error = f->verb->open(f, servable);

    if (error) {
        end(f, error);
        return;
    }
    f->times.filled = td_now_ns();
    if (!f->is_away) f->expected_ns = td_predict_expect(&f->predict);
    if (!f->is_away && td_predict_is_long(&f->predict, f->expected_ns))
        run_elsewhere(f);
    else
        run(f);
}

static void end_without_model(td_flow *f, td_status error)
{
    end(f, f->verb->explain ? f->verb->explain(f, error) : error);
}

static void wait_for_model(td_flow *f)
{
    td_servable *servable = NULL;
    td_status error = check_wanted(f);

    if (!error) error = td_manager_acquire_wait(f->shared->manager, &f->model, f->deadline_ns, &servable);
    if (error)
        end_without_model(f, error);
    else
        fill_and_run(f, servable);
}

/* Models may take minutes to load: what comes for others passes. */
static void leave_and_wait(td_flow *f)
{
    leave_gate(f);
    move(f, true, wait_for_model);
}

static void acquire(td_flow *f)
{
    td_servable *servable = NULL;
    bool must_wait = false;
    const td_status error = td_manager_acquire(f->shared->manager, &f->model, &servable, &must_wait);

    if (error)
        end_without_model(f, error);
    else if (must_wait)
        leave_and_wait(f);
    else
        fill_and_run(f, servable);
}

static void parse(td_flow *f)
{
    td_status error = f->is_away ? check_wanted(f) : NULL;

    if (!error && f->verb->parse) error = f->verb->parse(f);
    if (error) {
        end(f, error);
        return;
    }
    f->times.parsed = td_now_ns();
    acquire(f);
}

void td_flow_start(td_flow *f)
{
    f->times.arrived = td_now_ns();
    f->is_open = true;
    if (f->verb->asks != TD_FLOW_NOTHING) td_request_begin(f->host->protocol);
    const td_status error = enter(f);

    if (error)
        end(f, error);
    else if (f->verb->asks == TD_FLOW_NOTHING)
        move(f, false, tell);
    else if (f->verb->asks == TD_FLOW_ORDER)
        move(f, false, carry_out);
    else if (f->is_slow || f->size > LARGE)
        move(f, false, parse);
    else
        parse(f);
}

void td_flow_abandon(td_flow *f)
{
    if (!f->is_open) return;
    f->is_open = false;
    count_end(f, TD_CANCELLED, 0);
    td_predict_close(&f->predict);
    leave_gate(f);
    leave(f);
}
