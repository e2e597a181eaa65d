/* SPDX-License-Identifier: Apache-2.0 */
/* test_replay.c -- recorded requests are run as often as they should be, and what cannot be run says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "../fake_session.h"
#include "assert_status.h"
#include "codec/pb/prediction_log.h"
#include "codec/pb/replay.h"
#include "codec/pb/wire_buf.h"
#include "formats/tfrecord.h"
#include "serve/table.h"
#include "temp_dir.h"

static const td_tensor_info in = { .alias = "inputs", .tensor = "x:0", .dtype = TD_STRING },
                            out = { .alias = "outputs", .tensor = "y:0", .dtype = TD_STRING };
const td_signature fake_signature = { "serving_default", "", &in, &out, 1, 1 };

static int runs;
static td_strbuf file;
static char path[512];

static void count_run(td_session *s)
{
    (void)s;
    runs++;
}

/* Adds a record of that kind with that request; empties it. */
static void add(td_log_kind kind, td_strbuf *request)
{
    td_strbuf log = { 0 }, record = { 0 };
    uint8_t head[TD_TFRECORD_HEAD], tail[TD_TFRECORD_TAIL];

    td_wire_buf_message(&log, 1, request);
    td_wire_buf_message(&record, (uint32_t)kind, &log);
    td_tfrecord_put_head(head, record.size);
    td_tfrecord_put_tail(tail, record.data, record.size);
    td_strbuf_add(&file, head, sizeof head);
    td_strbuf_add(&file, record.data, record.size);
    td_strbuf_add(&file, tail, sizeof tail);
    td_strbuf_fini(&record);
}

/* A PredictRequest without a model's name. */
static td_strbuf predict_of(const char *alias)
{
    td_strbuf tensor = { 0 }, request = { 0 };

    td_wire_buf_number(&tensor, 1, TD_STRING);
    td_wire_buf_bytes(&tensor, 8, "text", 4);
    td_wire_buf_entry(&request, 2, alias, &tensor);
    return request;
}

static td_status replay(int iterations, size_t *records)
{
    td_servable *const s = td_servable_make("m", 1, NULL, td_servable_free, NULL);

    runs = 0;
    temp_dir_write("requests", file.data, file.size);
    snprintf(path, sizeof path, "%s/requests", temp_dir);
    const td_status error = td_replay_file(s, path, iterations, 0, records);

    td_servable_release(s);
    td_strbuf_fini(&file);
    return error;
}

static void test_iterations(void **state)
{
    static const int iterations[][2] = { { 1, 1 }, { 3, 3 }, { 0, 1 }, { -5, 1 } };
    size_t records;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(iterations); i++) {
        for (int k = 0; k < 2; k++) {
            td_strbuf request = predict_of("inputs");

            add(TD_LOG_PREDICT, &request);
        }
        assert_ok(replay(iterations[i][0], &records));
        assert_int_equal(records, 2);
        assert_int_equal(runs, 2 * iterations[i][1]);
    }
}

static void test_most_records(void **state)
{
    char text[600];
    size_t records;

    (void)state;
    for (int more = 0; more < 2; more++) {
        for (int i = 0; i < TD_REPLAY_RECORDS + more; i++) {
            td_strbuf request = predict_of("inputs");

            add(TD_LOG_PREDICT, &request);
        }
        const td_status error = replay(1, &records);

        snprintf(text, sizeof text, "Number of warmup records exceeds the maximum (1000) at %s", path);
        if (more)
            assert_status(error, TD_INVALID_ARGUMENT, text);
        else
            assert_ok(error);
        assert_int_equal(records, TD_REPLAY_RECORDS);
        assert_int_equal(runs, TD_REPLAY_RECORDS);
    }
}

static void test_the_first_that_fails_is_the_last(void **state)
{
    td_strbuf good = predict_of("inputs"), bad = predict_of("input"), late = predict_of("inputs");
    size_t records;

    (void)state;
    add(TD_LOG_PREDICT, &good);
    add(TD_LOG_PREDICT, &bad);
    add(TD_LOG_PREDICT, &late);
    assert_status_like(replay(2, &records), TD_INVALID_ARGUMENT, "requests: Signature input alias: inputs");
    assert_int_equal(records, 1);
    assert_int_equal(runs, 2);
}

static void test_kinds(void **state)
{
    static const td_log_kind kinds[] = { TD_LOG_SESSION_RUN, TD_LOG_PREDICT_STREAMED };
    size_t records;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(kinds); i++) {
        td_strbuf request = predict_of("inputs");

        add(kinds[i], &request);
        assert_status_like(replay(1, &records), TD_UNIMPLEMENTED, "Unsupported log_type for warmup: ");
    }
}

static void test_damage(void **state)
{
    td_strbuf request = predict_of("inputs");
    size_t records;

    (void)state;
    add(TD_LOG_PREDICT, &request);
    file.data[15] ^= 1;
    assert_status_like(replay(1, &records), TD_DATA_LOSS,
                       "corrupted record at 0. Please verify your warmup data is in TFRecord format.");
    assert_int_equal(records, 0);
}

static void test_no_file(void **state)
{
    td_servable *const s = td_servable_make("m", 1, NULL, td_servable_free, NULL);
    size_t records = 1;

    (void)state;
    assert_status_like(td_replay_file(s, "/nowhere/requests", 1, 0, &records), TD_NOT_FOUND,
                       "/nowhere/requests");
    assert_int_equal(records, 0);
    td_servable_release(s);
}

/* predict_log "p", then classify_log "x": of a oneof the last one counts. */
static void test_last_kind_counts(void **state)
{
    static const char bytes[] = "\x32\x03\x0a\x01p\x12\x03\x0a\x01x";
    td_prediction_log log;

    (void)state;
    assert_ok(td_prediction_log_read((td_string){ bytes, sizeof bytes - 1 }, &log));
    assert_int_equal(log.kind, TD_LOG_CLASSIFY);
    assert_true(td_string_is(log.request, "x"));
    assert_status(td_prediction_log_read((td_string){ bytes, 4 }, &log), TD_INVALID_ARGUMENT,
                  "Damaged PredictionLog");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iterations),
        cmocka_unit_test(test_most_records),
        cmocka_unit_test(test_the_first_that_fails_is_the_last),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_last_kind_counts),
    };

    fake_run = count_run;
    return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
