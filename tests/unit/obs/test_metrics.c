/* SPDX-License-Identifier: Apache-2.0 */
/* test_metrics.c -- series and what becomes of them, buckets, labels, and the text of both pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "obs/labels.h"
#include "obs/page.h"

static const int64_t HOUR_NS = INT64_C(3600000000000);

static void forget_all(void)
{
    td_metrics_forget(td_now_ns() + HOUR_NS);
}

static size_t count_series(td_group_id group)
{
    td_vec copies = TD_VEC(td_series_copy);

    td_metrics_copy(group, &copies);
    const size_t n = copies.size;
    for (size_t i = 0; i < n; i++) {
        td_free(TD_VEC_AT(&copies, td_series_copy, i)->labels);
        td_free(TD_VEC_AT(&copies, td_series_copy, i)->cells);
    }
    td_vec_fini(&copies);
    return n;
}

/* The page's lines about one metric; the caller frees them. */
static char *read_page(td_page_kind kind, const char *metric)
{
    td_page *const p = td_page_make(kind);
    td_strbuf out = { 0 };
    char intro[200];

    td_page_tell(p, TD_READING_process_threads, NULL, 17);
    td_page_tell(p, TD_READING_model_state, (const char *const[]){ "m", "3" }, 30);
    td_page_write(p, &out);
    td_page_free(p);
    snprintf(intro, sizeof intro, "# TYPE %s ", metric);
    const char *const begin = strstr(td_strbuf_text(&out), intro);
    assert_non_null(begin);
    const char *const end = strstr(begin + 1, "# ");
    char *const text = td_strndup(begin, end ? (size_t)(end - begin) : strlen(begin));
    td_strbuf_fini(&out);
    return text;
}

static void expect_page(td_page_kind kind, const char *metric, const char *want)
{
    char *const text = read_page(kind, metric);

    assert_string_equal(text, want);
    td_free(text);
}

/* ---- series ---- */

static td_series *open_model(const char *name)
{
    return td_series_open(TD_GROUP_model, &name);
}

static void test_a_series_goes_on(void **state)
{
    static const char one[] = "# TYPE tensord_model_loads_total counter\n"
                              "tensord_model_loads_total{model=\"a\",code=\"OK\"} 1\n";

    (void)state;
    td_series *const a = open_model("a"), *const again = open_model("a");
    assert_ptr_equal(a, again);
    td_series_add(a, TD_AT_loads + TD_OK, 1);
    td_series_close(again);
    td_series_close(a);
    forget_all();
    expect_page(TD_PAGE_TENSORD, "tensord_model_loads_total", "# TYPE tensord_model_loads_total counter\n");

    td_series *const b = open_model("a");
    td_series_add(b, TD_AT_loads + TD_OK, 1);
    td_series_close(b);
    td_metrics_forget(td_now_ns() + HOUR_NS / 7); /* not yet */
    expect_page(TD_PAGE_TENSORD, "tensord_model_loads_total", one);
    td_series *const c = open_model("a");
    forget_all(); /* not while it is open */
    expect_page(TD_PAGE_TENSORD, "tensord_model_loads_total", one);
    td_series_close(c);
    forget_all();
}

static void test_closed_series_are_bounded(void **state)
{
    char name[16];

    (void)state;
    td_series *const open = open_model("open");
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "m%d", i);
        td_series_close(open_model(name));
    }
    const size_t n = count_series(TD_GROUP_model);
    assert_true(n > 900 && n <= 1001);
    td_series_close(open);
    forget_all();
    assert_int_equal(count_series(TD_GROUP_model), 0);
}

/* ---- values ---- */

/* A bound belongs to its bucket; what is above the last one is counted, too. */
static void test_buckets(void **state)
{
    (void)state;
    for (td_buckets_id id = TD_BUCKETS_NONE + 1; id < TD_BUCKETS_COUNT; id++) {
        size_t n;
        double unit;
        const double *const bounds = td_buckets_bounds(id, &n, &unit);

        for (size_t i = 0; i < n; i++) {
            const uint64_t limit = (uint64_t)(bounds[i] * unit * (1 + 1e-12));
            td_count cells[60] = { 0 };
            const td_tally t = { cells, true };

            assert_true(!i || bounds[i] > bounds[i - 1]);
            td_tally_observe(t, 0, id, limit);
            assert_int_equal(cells[i], 1);
            td_tally_observe(t, 0, id, limit + 1);
            assert_int_equal(cells[i + 1], 1);
            assert_int_equal(cells[n + 1], 2 * limit + 1);
        }
    }
    td_count cells[TD_CELLS_HISTOGRAM(rows)] = { 0 };
    td_tally_observe((td_tally){ cells, true }, 0, TD_BUCKETS_rows, 0);
    td_tally_observe((td_tally){ cells, true }, 0, TD_BUCKETS_rows, UINT64_MAX);
    assert_int_equal(cells[0], 1);
    assert_int_equal(cells[TD_BOUNDS_rows], 1);
}

static void expect_label(const char *value, const char *want)
{
    td_strbuf out = { 0 };

    td_labels_put(&out, "a", &value);
    assert_string_equal(td_strbuf_text(&out), want);
    td_strbuf_fini(&out);
}

static void test_labels(void **state)
{
    td_strbuf out = { 0 };

    (void)state;
    td_labels_put(&out, "a,b", (const char *const[]){ "1", "" });
    assert_string_equal(td_strbuf_text(&out), "a=\"1\",b=\"\"");
    td_strbuf_fini(&out);
    expect_label("a\"b\\c\nd", "a=\"a\\\"b\\\\c\\nd\"");
    expect_label("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82",
                 "a=\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82\"");
    expect_label("\xff\xc3(\xc0\xaf\xed\xa0\x80", "a=\"?\?(?????\"");
    expect_label("\xf4\x90\x80\x80.\xe2\x82", "a=\"????.?\?\"");
}

/* ---- pages ---- */

static void test_tensord_page(void **state)
{
    const char *const labels[] = { "m", "3", "s\"", "rest", "predict" };
    td_series *const s = td_series_open(TD_GROUP_signature, labels), *const r = td_series_open(
                                                                         TD_GROUP_request, labels);

    (void)state;
    td_tally_observe(td_series_tally(s), TD_AT_batch_rows, TD_BUCKETS_rows, 1);
    td_tally_observe(td_series_tally(s), TD_AT_batch_rows, TD_BUCKETS_rows, 5000);
    td_series_add(r, TD_AT_queued, -2);
    td_series_add(r, TD_AT_requests + TD_NOT_FOUND, 3);
    td_tally_observe(td_series_tally(r), TD_AT_stage + TD_STAGE_RUN * TD_CELLS_HISTOGRAM(stages),
                     TD_BUCKETS_stages, 1234567890);
    expect_page(TD_PAGE_TENSORD, "tensord_batch_rows",
                "# TYPE tensord_batch_rows histogram\n"
#define ROWS(le, n)                                                                                          \
    "tensord_batch_rows_bucket{model=\"m\",version=\"3\",signature=\"s\\\"\",le=\"" le "\"} " n "\n"
                ROWS("1", "1") ROWS("2", "1") ROWS("4", "1") ROWS("8", "1") ROWS("16", "1") ROWS("32", "1")
                    ROWS("64", "1") ROWS("128", "1") ROWS("256", "1") ROWS("512", "1") ROWS("1024", "1")
                        ROWS("2048", "1") ROWS("4096", "1") ROWS("+Inf", "2")
#undef ROWS
                            "tensord_batch_rows_sum{model=\"m\",version=\"3\",signature=\"s\\\"\"} 5001\n"
                            "tensord_batch_rows_count{model=\"m\",version=\"3\",signature=\"s\\\"\"} 2\n");
    expect_page(TD_PAGE_TENSORD, "tensord_queue_length",
                "# TYPE tensord_queue_length "
                "gauge\ntensord_queue_length{model=\"m\",version=\"3\",signature=\"s\\\"\","
                "protocol=\"rest\",method=\"predict\"} -2\n");
    expect_page(
        TD_PAGE_TENSORD, "tensord_requests_total",
        "# TYPE tensord_requests_total counter\ntensord_requests_total{model=\"m\",version=\"3\",signature="
        "\"s\\\"\",protocol=\"rest\",method=\"predict\",code=\"NOT_FOUND\"} 3\n");
    expect_page(TD_PAGE_TENSORD, "process_threads", "# TYPE process_threads gauge\nprocess_threads 17\n");
    expect_page(TD_PAGE_TENSORD, "tensord_model_state",
                "# TYPE tensord_model_state gauge\ntensord_model_state{model=\"m\",version=\"3\"} 30\n");
    expect_page(TD_PAGE_TENSORD, "tensord_request_duration_seconds",
                "# TYPE tensord_request_duration_seconds histogram\n"); /* nothing was observed */
    char *const stages = read_page(TD_PAGE_TENSORD, "tensord_request_stage_seconds");
    assert_null(strstr(stages, "parse"));
    assert_non_null(strstr(stages, ",stage=\"run\",le=\"1\"} 0\n"));
    assert_non_null(strstr(stages, ",stage=\"run\",le=\"3\"} 1\n"));
    assert_non_null(strstr(stages,
                           "_sum{model=\"m\",version=\"3\",signature=\"s\\\"\",protocol=\"rest\",method="
                           "\"predict\",stage=\"run\"} 1.234567890\n"));
    td_free(stages);
    td_series_close(s);
    td_series_close(r);
    forget_all();
}

static void test_tf_page(void **state)
{
    const char *const labels[] = { "m", "Predict", "GRPC" };
    td_series *const g = td_series_open(TD_GROUP_tf_graph, NULL), *const l = td_series_open(
                                                                      TD_GROUP_tf_latency, labels);

    (void)state;
    td_series_add(g, TD_AT_tf_runs, 5);
    td_tally_observe(td_series_tally(l), TD_AT_tf_request_latency, TD_BUCKETS_tf_latencies, 18001);
    td_tally_observe(td_series_tally(l), TD_AT_tf_request_latency, TD_BUCKETS_tf_latencies,
                     INT64_C(2000000000000000));
    expect_page(TD_PAGE_TF, ":tensorflow:core:graph_runs",
                "# TYPE :tensorflow:core:graph_runs counter\n:tensorflow:core:graph_runs{} 5\n");
    expect_page(TD_PAGE_TF, ":tensorflow:serving:request_count",
                "# TYPE :tensorflow:serving:request_count counter\n");
    char *const text = read_page(TD_PAGE_TF, ":tensorflow:serving:request_latency");
    assert_non_null(
        strstr(text, "_bucket{model_name=\"m\",API=\"Predict\",entrypoint=\"GRPC\",le=\"18\"} 0\n"));
    assert_non_null(strstr(text, ",le=\"32.4\"} 1\n"));
    assert_non_null(strstr(text, ",le=\"2.52873e+08\"} 1\n"));
    assert_non_null(strstr(text, ",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(text, "_sum{model_name=\"m\",API=\"Predict\",entrypoint=\"GRPC\"} 2e+12\n"));
    td_free(text);
    td_series_close(g);
    td_series_close(l);
    forget_all();
}

/* TensorFlow Serving's page is by name, and neither page shows a thing of the other. */
static void test_order(void **state)
{
    td_page *const p = td_page_make(TD_PAGE_TF);
    td_strbuf out = { 0 };
    char last[200] = "", name[200];

    (void)state;
    td_page_tell(p, TD_READING_process_threads, NULL, 17);
    td_page_write(p, &out);
    td_page_free(p);
    assert_null(strstr(td_strbuf_text(&out), "process_"));
    assert_null(strstr(td_strbuf_text(&out), "# HELP"));
    for (const char *at = td_strbuf_text(&out); (at = strstr(at, "# TYPE ")); at++) {
        assert_int_equal(sscanf(at, "# TYPE %199s ", name), 1);
        assert_true(strcmp(last, name) < 0);
        snprintf(last, sizeof last, "%s", name);
    }
    assert_true(*last != '\0');
    td_strbuf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_series_goes_on),
        cmocka_unit_test(test_closed_series_are_bounded),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_tensord_page),
        cmocka_unit_test(test_tf_page),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
