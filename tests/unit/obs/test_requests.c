/* SPDX-License-Identifier: Apache-2.0 */
/* test_requests.c -- what requests add, by many threads at once; --bench says what it costs one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "obs/access_log.h"
#include "obs/page.h"
#include "obs/requests.h"

enum { THREADS = 8, REQUESTS = 2000 };

static const td_signature signatures[] = { { .name = "first" }, { .name = "second" } };
static td_request_set *set;

static td_request_record record_of(td_request_series *series)
{
    return (td_request_record){ .series = series,
                                .protocol = TD_PROTOCOL_GRPC,
                                .times = { 1000, 3000, 3000, 4000, 5000, 505000, 506000 },
                                .bytes_in = 10,
                                .bytes_out = 20,
                                .rows = 3 };
}

static char *read_page(td_page_kind kind)
{
    td_page *const p = td_page_make(kind);
    td_strbuf out = { 0 };

    td_page_write(p, &out);
    td_page_free(p);
    return td_strbuf_take(&out);
}

static void expect(td_page_kind kind, const char *line)
{
    char *const text = read_page(kind);

    if (!strstr(text, line)) fail_msg("no %s in %s", line, text);
    td_free(text);
}

static void test_places(void **state)
{
    (void)state;
    td_request_series *const one =
        td_request_set_get(set, &signatures[1], TD_PROTOCOL_REST, TD_METHOD_PREDICT);
    assert_ptr_equal(td_request_set_get(set, &signatures[1], TD_PROTOCOL_REST, TD_METHOD_PREDICT), one);
    assert_ptr_not_equal(td_request_set_get(set, &signatures[1], TD_PROTOCOL_GRPC, TD_METHOD_PREDICT), one);
    assert_ptr_not_equal(td_request_set_get(set, &signatures[0], TD_PROTOCOL_REST, TD_METHOD_PREDICT), one);
    assert_ptr_not_equal(td_request_set_get(set, NULL, TD_PROTOCOL_REST, TD_METHOD_PREDICT), one);
}

static void *ask_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < REQUESTS; i++) {
        td_request_series *const s =
            td_request_set_get(set, &signatures[0], TD_PROTOCOL_GRPC, TD_METHOD_PREDICT);
        td_request_record r = record_of(s);

        td_request_begin(TD_PROTOCOL_GRPC);
        td_request_queue(s, 1);
        td_request_queue(s, -1);
        td_request_ran(s, r.rows, r.times.ran - r.times.queued);
        if (i % 4 == 0) r.code = TD_UNAVAILABLE;
        td_request_done(&r);
    }
    return NULL;
}

#define LABELS "model=\"m\",version=\"7\",signature=\"first\",protocol=\"grpc\",method=\"predict\""

static void test_many_threads(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
    td_free(read_page(TD_PAGE_TENSORD)); /* beside them */
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    expect(TD_PAGE_TENSORD, "tensord_requests_total{" LABELS ",code=\"OK\"} 12000\n");
    expect(TD_PAGE_TENSORD, "tensord_requests_total{" LABELS ",code=\"UNAVAILABLE\"} 4000\n");
    expect(TD_PAGE_TENSORD, "tensord_request_duration_seconds_bucket{" LABELS ",le=\"0.0005\"} 0\n");
    expect(TD_PAGE_TENSORD, "tensord_request_duration_seconds_bucket{" LABELS ",le=\"0.001\"} 16000\n");
    expect(TD_PAGE_TENSORD, "tensord_request_stage_seconds_sum{" LABELS ",stage=\"parse\"} 0.048000000\n");
    expect(TD_PAGE_TENSORD, "tensord_request_stage_seconds_sum{" LABELS ",stage=\"queue\"} 0.016000000\n");
    expect(TD_PAGE_TENSORD, "tensord_request_stage_seconds_sum{" LABELS ",stage=\"run\"} 8.000000000\n");
    expect(TD_PAGE_TENSORD, "tensord_request_stage_seconds_sum{" LABELS ",stage=\"write\"} 0.016000000\n");
    expect(TD_PAGE_TENSORD, "tensord_request_bytes_total{" LABELS "} 160000\n");
    expect(TD_PAGE_TENSORD, "tensord_response_bytes_total{" LABELS "} 320000\n");
    expect(TD_PAGE_TENSORD, "tensord_request_rows_total{" LABELS "} 48000\n");
    expect(TD_PAGE_TENSORD, "tensord_queue_length{" LABELS "} 0\n");
    expect(TD_PAGE_TENSORD, "tensord_requests_in_flight{protocol=\"grpc\"} 0\n");
    expect(TD_PAGE_TENSORD, "tensord_batch_rows_sum{model=\"m\",version=\"7\",signature=\"first\"} 48000\n");
    expect(TD_PAGE_TF, ":tensorflow:serving:request_count{model_name=\"m\",status=\"OK\"} 12000\n");
    expect(TD_PAGE_TF,
           ":tensorflow:serving:request_latency_count{model_name=\"m\",API=\"Predict\",entrypoint=\"GRPC\"} "
           "12000\n");
    expect(TD_PAGE_TF,
           ":tensorflow:serving:runtime_latency_bucket{model_name=\"m\",API=\"Predict\",runtime=\"TF1\",le="
           "\"612.22\"} 12000\n");
    expect(TD_PAGE_TF, ":tensorflow:core:graph_run_time_usecs{} 8000000\n");
}

/* Steps that it did not come to leave nothing. */
static void test_a_request_that_fails_early(void **state)
{
    td_request_record r = { .series = td_request_set_get(td_requests_nobody(), NULL, TD_PROTOCOL_REST,
                                                         TD_METHOD_OTHER),
                            .protocol = TD_PROTOCOL_REST,
                            .code = TD_INVALID_ARGUMENT,
                            .times = { .arrived = 1000, .parsed = 2000, .written = 3000 } };

    (void)state;
    td_request_begin(TD_PROTOCOL_REST);
    td_request_done(&r);
    expect(TD_PAGE_TENSORD,
           "tensord_requests_total{model=\"\",version=\"\",signature=\"\",protocol=\"rest\",method="
           "\"other\",code=\"INVALID_ARGUMENT\"} 1\n");
    expect(TD_PAGE_TF, ":tensorflow:serving:request_count{model_name=\"\",status=\"INVALID_ARGUMENT\"} 1\n");
    char *const text = read_page(TD_PAGE_TENSORD);
    assert_null(strstr(text, "tensord_request_stage_seconds_count{model=\"\""));
    td_free(text);
}

/* Of this thread: others may have the core meanwhile. */
static int64_t work_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void bench(void)
{
    enum { N = 2000000 };
    td_request_series *const s = td_request_set_get(set, &signatures[0], TD_PROTOCOL_REST, TD_METHOD_PREDICT);
    const td_request_record r = record_of(s);
    const int64_t begin = work_ns();

    for (int i = 0; i < N; i++) {
        td_request_begin(TD_PROTOCOL_REST);
        td_request_queue(s, 1);
        td_request_queue(s, -1);
        td_request_ran(s, 3, 1000);
        td_request_done(&r);
    }
    printf("%.1f ns a request\n", (double)(work_ns() - begin) / N);
}

/* --bench [tf] [log]: with TensorFlow Serving's metrics, with an access log. */
static bool has_word(int argc, char **argv, const char *word)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], word)) return true;
    return false;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_a_request_that_fails_early),
    };
    int failed = 0;

    if (argc == 1 || has_word(argc, argv, "tf")) td_metrics_count_tf();
    if (has_word(argc, argv, "log")) td_status_free(td_access_log_start(TD_ACCESS_JSON, "/dev/null"));
    set = td_request_set_make("m", 7, signatures, 2);
    if (has_word(argc, argv, "--bench"))
        bench();
    else
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    td_request_set_free(set);
    return failed;
}
