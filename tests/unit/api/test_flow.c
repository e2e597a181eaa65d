/* SPDX-License-Identifier: Apache-2.0 */
/* test_flow.c -- where a request's work is done, in which order, and how it may end: a host of one event thread
 * over fake models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "api/flow.h"
#include "assert_status.h"
#include "base/mutex.h"
#include "temp_dir.h"
#include "../net/fake_manager.h"

typedef struct request {
    td_flow flow;
    const char *model;
    td_status parse_error, open_error, write_error;
    float x;
    bool has_no_elements; /* its input is empty */
    bool is_bulky;        /* its reply is no work for the host's thread */

    char steps[16]; /* p, o, w, as they came; s: suspended, k: packed */
    size_t n_steps;
    pthread_t by; /* of the last step */
    atomic_bool is_unwanted;

    td_mutex mu;
    td_cond ended;
    bool has_ended; /* guarded by mu */
    td_status error;
} request;

static td_flows *flows;

static void step(td_flow *f, char what)
{
    request *const r = f->request;

    r->steps[r->n_steps++] = what;
    r->by = pthread_self();
}

static td_status parse(td_flow *f)
{
    request *const r = f->request;

    step(f, 'p');
    f->model.name = (td_string){ r->model, strlen(r->model) };
    return td_status_copy(r->parse_error);
}

static td_status open_it(td_flow *f, td_servable *servable)
{
    request *const r = f->request;

    step(f, 'o');
    TD_TRY(td_predict_open(servable, (td_string){ 0 }, TD_WORDING_GRPC, f->arena, &f->predict));
    f->predict.inputs[0] =
        (td_tensor){ .dtype = TD_F32, .shape = { 1, { !r->has_no_elements } }, .data = &r->x };
    return td_status_copy(r->open_error);
}

static td_status explain(td_flow *f, td_status error)
{
    step(f, 'e');
    return error;
}

static td_status write_it(td_flow *f)
{
    request *const r = f->request;

    step(f, 'w');
    return td_status_copy(r->write_error);
}

static void suspend(td_flow *f)
{
    step(f, 's');
    td_flow_go(f);
}

static void suspend_for_good(td_flow *f)
{
    step(f, 's');
}

static void forget(td_flow *f)
{
    step(f, 'f');
}

static bool is_unwanted(const td_flow *f)
{
    request *const r = f->request;

    return atomic_load(&r->is_unwanted);
}

static bool pack(td_flow *f)
{
    const request *const r = f->request;

    if (!r->is_bulky) return true;
    step(f, 'k');
    return f->is_away;
}

static size_t seal(td_flow *f, td_status error)
{
    (void)f;
    return error ? 0 : 5;
}

static void end(td_flow *f, td_status error)
{
    request *const r = f->request;

    assert_null(f->predict.servable);
    td_mutex_lock(&r->mu);
    r->error = error;
    r->has_ended = true;
    td_cond_broadcast(&r->ended);
    td_mutex_unlock(&r->mu);
}

static void record(const td_flow *f)
{
    request *const r = f->request;

    assert_true(f->predict.outputs && f->times.written > 0);
    r->steps[r->n_steps++] = 'r';
}

static const td_flow_verb verb = { .method = TD_METHOD_PREDICT,
                                   .parse = parse,
                                   .open = open_it,
                                   .explain = explain,
                                   .write = write_it,
                                   .record = record },
                          look = { .method = TD_METHOD_METADATA,
                                   .asks = TD_FLOW_MODEL,
                                   .parse = parse,
                                   .write = write_it },
                          page = { .asks = TD_FLOW_NOTHING, .write = write_it };
static const td_flow_host host = { TD_PROTOCOL_REST, suspend, is_unwanted, forget, pack, seal, end };

static void begin(request *r, const td_flow_verb *v)
{
    td_mutex_init(&r->mu, TD_LOCK_leaf);
    td_cond_init(&r->ended);
    r->flow.shared = flows;
    r->flow.host = &host;
    r->flow.verb = v;
    r->flow.request = r;
    r->flow.arena = td_arena_make();
    td_flow_start(&r->flow);
}

static void wait_for(request *r)
{
    td_mutex_lock(&r->mu);
    while (!r->has_ended)
        td_cond_wait(&r->ended, &r->mu);
    td_mutex_unlock(&r->mu);
}

/* Waits for the end; returns what it ended with. */
static td_code finish(request *r)
{
    wait_for(r);
    const td_code code = td_status_code(r->error);
    td_status_free(r->error);
    td_status_free(r->parse_error);
    td_status_free(r->open_error);
    td_status_free(r->write_error);
    td_arena_free(r->flow.arena);
    td_cond_fini(&r->ended);
    td_mutex_fini(&r->mu);
    assert_int_equal(atomic_load(&fake_servables), 0);
    return code;
}

static td_code serve(request *r)
{
    begin(r, &verb);
    return finish(r);
}

static bool was_here(const request *r)
{
    return pthread_equal(r->by, pthread_self()) != 0;
}

/* ---------------------------------------------------------------- tests */

static void test_quick_stays(void **state)
{
    request r = { .model = "quick" };

    (void)state;
    assert_int_equal(serve(&r), TD_OK);
    assert_string_equal(r.steps, "pow");
    assert_true(was_here(&r));
    const td_request_times *const t = &r.flow.times;
    assert_true(t->arrived > 0 && t->parsed >= t->arrived && t->acquired >= t->parsed);
    assert_true(t->filled >= t->acquired && t->queued >= t->filled && t->ran >= t->queued);
    assert_true(t->written >= t->ran);
}

static void test_long_run_goes_away(void **state)
{
    request r = { .model = "slow" };

    (void)state;
    assert_int_equal(serve(&r), TD_OK);
    assert_string_equal(r.steps, "posw");
    assert_false(was_here(&r));
    assert_true(r.flow.times.ran - r.flow.times.queued >= 50000000);
}

static void test_large_message_is_parsed_elsewhere(void **state)
{
    request small = { .model = "quick", .flow.size = 64 << 10 },
            large = { .model = "slow", .flow.size = (64 << 10) + 1 },
            packed = { .model = "quick", .flow.is_slow = true };

    (void)state;
    assert_int_equal(serve(&small), TD_OK);
    assert_string_equal(small.steps, "pow");
    assert_int_equal(serve(&large), TD_OK);
    assert_string_equal(large.steps, "spow"); /* and stays there */
    assert_int_equal(serve(&packed), TD_OK);
    assert_string_equal(packed.steps, "spow");
}

static void test_bulky_replies_are_packed_elsewhere(void **state)
{
    request quick = { .model = "quick", .is_bulky = true }, slow = { .model = "slow", .is_bulky = true },
            failed = { .model = "quick", .is_bulky = true, .write_error = TD_ERR(INTERNAL, "x") };

    (void)state;
    assert_int_equal(serve(&quick), TD_OK);
    assert_string_equal(quick.steps, "powksk");
    assert_false(was_here(&quick));
    assert_int_equal(serve(&slow), TD_OK);
    assert_string_equal(slow.steps, "poswk");
    assert_int_equal(serve(&failed), TD_INTERNAL);
    assert_string_equal(failed.steps, "pow");
}

/* Whoever is over makes room, however it ended. */
static void test_so_many_runs_at_a_time(void **state)
{
    request held[2] = { { .model = "loading" }, { .model = "loading" } }, third = { .model = "quick" },
            failed = { .model = "quick", .parse_error = TD_ERR(INTERNAL, "x") }, other = { .model = "quick" },
            last = { .model = "quick" };
    int64_t retry_ns = -1;

    (void)state;
    td_flows_limit_runs(flows, 2);
    begin(&held[0], &verb);
    begin(&held[1], &verb);
    begin(&third, &verb);
    wait_for(&third);
    assert_string_equal(third.steps, "");
    assert_true(td_status_is_overload(third.error, &retry_ns));
    begin(&other, &look); /* asks for no run */
    wait_for(&other);
    assert_null(other.error);
    atomic_store(&fake_is_loaded, true);
    wait_for(&held[0]);
    wait_for(&held[1]);
    assert_int_equal(finish(&held[0]), TD_OK);
    assert_int_equal(finish(&held[1]), TD_OK);
    assert_int_equal(finish(&third), TD_UNAVAILABLE);
    assert_int_equal(finish(&other), TD_OK);
    assert_int_equal(serve(&failed), TD_INTERNAL);
    assert_int_equal(serve(&last), TD_OK);
    atomic_store(&fake_is_loaded, false);
    td_flows_limit_runs(flows, 0);
}

static void test_waits_for_a_model(void **state)
{
    request r = { .model = "loading" },
            late = { .model = "loading", .flow.deadline_ns = td_now_ns() + 20000000 };

    (void)state;
    begin(&late, &verb);
    assert_int_equal(finish(&late), TD_UNAVAILABLE);
    assert_string_equal(late.steps, "pse");
    begin(&r, &verb);
    td_sleep_ns(5000000);
    atomic_store(&fake_is_loaded, true);
    assert_int_equal(finish(&r), TD_OK);
    assert_string_equal(r.steps, "psow");
    atomic_store(&fake_is_loaded, false);
}

static void test_answers_without_a_run(void **state)
{
    request r = { .model = "slow" };

    (void)state;
    begin(&r, &look);
    assert_int_equal(finish(&r), TD_OK);
    assert_string_equal(r.steps, "pw");
    assert_int_equal(r.flow.times.ran, 0);
    request p = { .model = "none" };
    begin(&p, &page);
    assert_int_equal(finish(&p), TD_OK);
    assert_string_equal(p.steps, "sw");
    assert_false(was_here(&p));
}

static void test_errors_end_it(void **state)
{
    request parse_fails = { .model = "quick", .parse_error = TD_ERR(INVALID_ARGUMENT, "x") },
            unknown = { .model = "none" },
            open_fails = { .model = "slow", .open_error = TD_ERR(OUT_OF_RANGE, "x") },
            write_fails = { .model = "slow", .write_error = TD_ERR(INTERNAL, "x") };

    (void)state;
    assert_int_equal(serve(&parse_fails), TD_INVALID_ARGUMENT);
    assert_string_equal(parse_fails.steps, "p");
    assert_int_equal(serve(&unknown), TD_NOT_FOUND);
    assert_string_equal(unknown.steps, "pe");
    assert_int_equal(serve(&open_fails), TD_OUT_OF_RANGE);
    assert_string_equal(open_fails.steps, "po");
    assert_int_equal(serve(&write_fails), TD_INTERNAL);
    assert_string_equal(write_fails.steps, "posw");
}

/* Work for nobody, or too late, is not begun. */
static void test_unwanted_is_not_run(void **state)
{
    request gone = { .model = "slow", .is_unwanted = true },
            late = { .model = "slow", .flow.deadline_ns = 1 },
            large = { .model = "quick", .flow.size = 1 << 20, .is_unwanted = true };

    (void)state;
    assert_int_equal(serve(&gone), TD_CANCELLED);
    assert_string_equal(gone.steps, "pos");
    assert_int_equal(gone.flow.times.queued, 0);
    assert_int_equal(serve(&late), TD_DEADLINE_EXCEEDED);
    assert_int_equal(late.flow.times.queued, 0);
    assert_int_equal(serve(&large), TD_CANCELLED);
    assert_string_equal(large.steps, "s");
}

/* A client that goes away in the moment before its flow goes on leaves nothing open. */
static void test_abandoned(void **state)
{
    static const td_flow_host forgetful = {
        TD_PROTOCOL_REST, suspend_for_good, is_unwanted, NULL, NULL, seal, end
    };
    request r = { .model = "slow" };

    (void)state;
    r.flow = (td_flow){
        .shared = flows, .host = &forgetful, .verb = &verb, .request = &r, .arena = td_arena_make()
    };
    td_flow_abandon(&r.flow); /* not begun */
    td_flow_start(&r.flow);
    assert_string_equal(r.steps, "pos");
    assert_int_equal(atomic_load(&fake_servables), 1);
    assert_true(r.flow.is_queued);
    td_flow_abandon(&r.flow);
    assert_int_equal(atomic_load(&fake_servables), 0);
    assert_false(r.flow.is_queued);
    td_flow_abandon(&r.flow);
    td_arena_free(r.flow.arena);
}

/* What an output shows is kept; otherwise the message goes ahead of the reply. */
static void test_message_is_forgotten(void **state)
{
    request r = { .model = "quick", .flow.size = 1 << 20 },
            none = { .model = "quick", .has_no_elements = true };

    (void)state;
    assert_int_equal(serve(&r), TD_OK); /* its output is its input */
    assert_string_equal(r.steps, "spow");
    assert_int_equal(serve(&none), TD_OK);
    assert_string_equal(none.steps, "pofw");
}

/* What is recorded is the message, too. */
static void test_recorded(void **state)
{
    request r = { .model = "quick", .has_no_elements = true }, late = { .model = "slow" },
            bad = { .model = "quick", .write_error = TD_ERR(INTERNAL, "no words") };
    td_request_logs *const logs = td_request_logs_make(1);
    td_request_log *const log = td_request_log_make(logs, "m");
    char prefix[600];

    (void)state;
    snprintf(prefix, sizeof prefix, "%s/log", temp_dir);
    td_request_log_set(log, prefix, 1);
    fake_log = log;
    assert_int_equal(serve(&r), TD_OK);
    assert_string_equal(r.steps, "powr");
    assert_int_equal(serve(&late), TD_OK);
    assert_string_equal(late.steps, "poswr");
    assert_int_equal(serve(&bad), TD_INTERNAL);
    assert_string_equal(bad.steps, "pow");
    fake_log = NULL;
    td_request_logs_end(logs);
    td_request_log_free(log);
    td_request_logs_free(logs);
}

/* ---- very large messages ---- */

static bool is_over(request *r)
{
    td_mutex_lock(&r->mu);
    const bool has_ended = r->has_ended;
    td_mutex_unlock(&r->mu);
    return has_ended;
}

/* A run of 50 ms has the gate; what comes behind it waits, but for what is smaller. */
static void test_very_large_take_turns(void **state)
{
    request first = { .model = "slow", .flow.size = 3 << 20 },
            second = { .model = "quick", .flow.size = 1 << 20 },
            small = { .model = "quick", .flow.size = 1 << 19 };

    (void)state;
    td_flows_limit(flows, 3 << 20);
    begin(&first, &verb);
    begin(&second, &verb);
    begin(&small, &verb);
    wait_for(&small);
    assert_false(is_over(&first));
    wait_for(&second);
    wait_for(&first);
    assert_int_equal(finish(&small), TD_OK);
    assert_int_equal(finish(&second), TD_OK);
    assert_int_equal(finish(&first), TD_OK);
    assert_true(second.flow.times.parsed >= first.flow.times.written);
}

/* One that nobody wants any more is over at once, and one that waits for its model lets others pass. */
static void test_turns_are_not_held_up(void **state)
{
    request loading = { .model = "loading", .flow.size = 2 << 20 },
            first = { .model = "slow", .flow.size = 2 << 20 },
            gone = { .model = "quick", .flow.size = 2 << 20 };

    (void)state;
    td_flows_limit(flows, 2 << 20);
    begin(&loading, &verb);
    begin(&first, &verb);
    begin(&gone, &verb);
    atomic_store(&gone.is_unwanted, true);
    td_flow_hurry(&gone.flow);
    wait_for(&gone);
    assert_false(is_over(&first));
    td_flow_hurry(&first.flow); /* is inside */
    wait_for(&first);
    assert_false(is_over(&loading));
    atomic_store(&fake_is_loaded, true);
    wait_for(&loading);
    assert_int_equal(finish(&gone), TD_CANCELLED);
    assert_int_equal(finish(&first), TD_OK);
    assert_int_equal(finish(&loading), TD_OK);
    atomic_store(&fake_is_loaded, false);
}

/* Its deadline passes in line: it is not begun. */
static void test_late_in_line(void **state)
{
    request first = { .model = "slow", .flow.size = 2 << 20 },
            late = { .model = "quick", .flow.size = 2 << 20, .flow.deadline_ns = td_now_ns() + 10000000 };

    (void)state;
    td_flows_limit(flows, 2 << 20);
    begin(&first, &verb);
    begin(&late, &verb);
    assert_int_equal(finish(&late), TD_DEADLINE_EXCEEDED);
    assert_string_equal(late.steps, "s");
    assert_int_equal(finish(&first), TD_OK);
}

static void test_many_at_once(void **state)
{
    enum { N = 40 };
    static request all[N];

    (void)state;
    memset(all, 0, sizeof all);
    for (int i = 0; i < N; i++) {
        all[i].model = i % 2 ? "slow" : "quick";
        all[i].flow.size = i % 3 ? 1 : 1 << 20;
        begin(&all[i], &verb);
    }
    for (int i = 0; i < N; i++)
        wait_for(&all[i]);
    for (int i = 0; i < N; i++)
        assert_int_equal(finish(&all[i]), TD_OK);
}

static int start(void **state)
{
    (void)state;
    fake_run = fake_take_time;
    flows = td_flows_make(NULL, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    td_flows_free(flows);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quick_stays),
        cmocka_unit_test(test_long_run_goes_away),
        cmocka_unit_test(test_large_message_is_parsed_elsewhere),
        cmocka_unit_test(test_bulky_replies_are_packed_elsewhere),
        cmocka_unit_test(test_so_many_runs_at_a_time),
        cmocka_unit_test(test_waits_for_a_model),
        cmocka_unit_test(test_answers_without_a_run),
        cmocka_unit_test(test_errors_end_it),
        cmocka_unit_test(test_unwanted_is_not_run),
        cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_message_is_forgotten),
        cmocka_unit_test_setup_teardown(test_recorded, temp_dir_make, temp_dir_remove),
        cmocka_unit_test(test_very_large_take_turns),
        cmocka_unit_test(test_turns_are_not_held_up),
        cmocka_unit_test(test_late_in_line),
        cmocka_unit_test(test_many_at_once),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
