/* SPDX-License-Identifier: Apache-2.0 */
/* test_record.c -- a run becomes a record that can be run again; what cannot become one is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "../fake_session.h"
#include "assert_status.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/pb/prediction_log.h"
#include "codec/pb/record.h"
#include "codec/pb/replay.h"
#include "formats/tfrecord.h"
#include "serve/table.h"
#include "temp_dir.h"

static const td_tensor_info in[] = { { .alias = "a", .tensor = "a:0", .dtype = TD_F32 },
                                     { .alias = "s", .tensor = "s:0", .dtype = TD_STRING } },
                            out[] = { { .alias = "y", .tensor = "y:0", .dtype = TD_F32 },
                                      { .alias = "z", .tensor = "z:0", .dtype = TD_STRING } };
const td_signature fake_signature = { "serving_default", "", in, out, 2, 2 };

static float numbers[] = { 1.5f, -2 };
static td_string texts[] = { { "", 0 }, { "bc", 2 } };
static td_flow flow;
static td_request_logs *logs;
static td_request_log *recorded;
static int runs;

static void count_run(td_session *s)
{
    (void)s;
    runs++;
}

static void free_servable(td_servable *s)
{
    td_servable_free(s);
}

/* A flow that has run both inputs. */
static int begin(void **state)
{
    char prefix[600];

    if (temp_dir_make(state)) return -1;
    snprintf(prefix, sizeof prefix, "%s/m", temp_dir);
    logs = td_request_logs_make(1 << 20);
    recorded = td_request_log_make(logs, "m");
    td_request_log_set(recorded, prefix, 1);
    td_servable *const s = td_servable_make("m", 3, NULL, free_servable, NULL);
    s->log = recorded;
    flow = (td_flow){ .arena = td_arena_make(), .model = { .name = { "m", 1 }, .label = { "best", 4 } } };
    assert_ok(td_predict_open(s, (td_string){ 0 }, TD_WORDING_GRPC, flow.arena, &flow.predict));
    flow.predict.inputs[0] = (td_tensor){ .dtype = TD_F32, .shape = { 1, { 2 } }, .data = numbers };
    flow.predict.inputs[1] = (td_tensor){ .dtype = TD_STRING, .shape = { 1, { 2 } }, .data = texts };
    assert_ok(td_predict_run(&flow.predict, 0));
    return 0;
}

/* Writes what there is. */
static void end_logs(void)
{
    td_request_logs_end(logs);
    td_request_log_free(recorded);
    td_request_logs_free(logs);
    td_predict_close(&flow.predict);
    td_arena_free(flow.arena);
}

/* The file's bytes; td_free() them. */
static char *read_file(size_t *size)
{
    char path[600], *text;

    snprintf(path, sizeof path, "%s/m.1", temp_dir);
    assert_ok(td_file_read(path, 1 << 20, &text, size));
    return text;
}

static void assert_field(td_string message, uint32_t number, td_string *inside)
{
    td_wire w = td_wire_of(message.data, message.size);
    td_wire_field f;

    while (td_wire_next(&w, &f))
        if (td_wire_is(&f, number, TD_WIRE_BYTES)) {
            *inside = td_wire_text(&f);
            return;
        }
    fail_msg("no field %u", number);
}

static void test_there_and_back(void **state)
{
    td_string record, metadata, spec, label;
    td_prediction_log log;
    bool has_one;
    size_t size, records;
    char path[600];

    (void)state;
    td_record_predict(&flow);
    end_logs();
    char *const bytes = read_file(&size);
    td_tfrecords r = td_tfrecords_of(bytes, size);
    assert_ok(td_tfrecord_next(&r, &has_one, &record));
    assert_true(has_one && r.at == r.end);
    assert_ok(td_prediction_log_read(record, &log));
    assert_int_equal(log.kind, TD_LOG_PREDICT);
    assert_field(record, 1, &metadata);
    assert_field(metadata, 1, &spec);
    assert_field(log.request, 1, &spec);
    assert_field(spec, 4, &label); /* as it was asked for, not the version that it named */
    assert_true(td_string_is(label, "best"));
    td_free(bytes);

    td_servable *const s = td_servable_make("m", 4, NULL, free_servable, NULL);
    snprintf(path, sizeof path, "%s/m.1", temp_dir);
    runs = 0;
    assert_ok(td_replay_file(s, path, 1, 0, &records));
    assert_int_equal(records, 1);
    assert_int_equal(runs, 1);
    td_servable_release(s);
}

/* A type that no message can hold. */
static void test_no_wire_form(void **state)
{
    char path[600];

    (void)state;
    flow.predict.inputs[0].dtype = TD_RESOURCE;
    td_record_predict(&flow);
    flow.predict.inputs[0].dtype = TD_F32;
    end_logs();
    snprintf(path, sizeof path, "%s/m.1", temp_dir);
    assert_int_not_equal(remove(path), 0); /* there is none */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, begin, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_no_wire_form, begin, temp_dir_remove),
    };

    fake_run = count_run;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
