/* SPDX-License-Identifier: Apache-2.0 */
/* quantize.c -- `tensord quantize DIR --precision TYPE`: what fewer bits would bring a model, and what they would cost its answers.
 *
 * The model is loaded twice, in floats and as asked, and both answer the same requests; with --max_error, or where steps are to be
 * measured, a third time before, in both at once (ops/layers.h). Nothing is written: the server's --precision does the same at load. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "cli/describe.h"
#include "cli/feed.h"
#include "cli/quantize_report.h"
#include "codec/pb/replay.h"
#include "config/precision.h"
#include "exec/memory.h"
#include "obs/log.h"
#include "ops/layers.h"
#include "serve/table.h"

enum { DEFAULT_ROWS = 16, LEAST_RUNS = 5, NS_PER_S = 1000000000 };

typedef struct quantize_args {
    td_words dirs, shapes;
    const char *dir, *precision, *data, *signature, *tag_set, *rows, *max_error, *seconds;
    bool is_json;
} quantize_args;

typedef struct quantize {
    const quantize_args *args;
    td_precision precision;
    double max_error, rows, seconds;
    td_layers *layers;
    td_session *floats, *small; /* in the first pass: small measures, floats is NULL */
    td_compared all;
    size_t requests;
    td_vec times[2]; /* int64_t: of the first request, in floats and as asked */
} quantize;

/* ---------------------------------------------------------------- one request */

static td_status run(td_session *s, const td_signature *sig, const td_tensor *in, td_result **out,
                     int64_t *ns)
{
    const td_signature *const own = td_session_find_signature(s, sig->name);
    size_t *const want = TD_NEW_N(size_t, sig->n_outputs + 1);
    const int64_t start = td_now_ns();

    for (size_t i = 0; i < sig->n_outputs; i++)
        want[i] = i;
    const td_status error = td_session_run(s, own, in, want, sig->n_outputs, NULL, out);
    *ns = td_now_ns() - start;
    td_free(want);
    return error;
}

static td_status time_one(quantize *q, const td_signature *sig, const td_tensor *in)
{
    const int64_t end = td_now_ns() + (int64_t)(q->seconds * NS_PER_S);
    td_session *const sessions[] = { q->floats, q->small };

    for (size_t n = 0; n < LEAST_RUNS || td_now_ns() < end; n++)
        for (size_t i = 0; i < 2; i++) {
            td_result *result;

            TD_TRY(run(sessions[i], sig, in, &result, td_vec_push(&q->times[i])));
            td_result_free(result);
        }
    return NULL;
}

static td_status compare(quantize *q, const td_signature *sig, const td_tensor *in)
{
    td_result *want = NULL, *got = NULL;
    int64_t ns;
    td_status error = run(q->floats, sig, in, &want, &ns);

    if (!error) error = run(q->small, sig, in, &got, &ns);
    for (size_t i = 0; i < sig->n_outputs && !error; i++)
        td_compared_add(&q->all, sig->name, sig->outputs[i].alias, &td_result_outputs(got)[i],
                        &td_result_outputs(want)[i]);
    td_result_free(want);
    td_result_free(got);
    if (!error && !q->requests) error = time_one(q, sig, in);
    return error;
}

static td_status measure(quantize *q, const td_signature *sig, const td_tensor *in)
{
    td_result *result;
    int64_t ns;

    TD_TRY(run(q->small, sig, in, &result, &ns));
    td_result_free(result);
    return NULL;
}

static td_status one_request(quantize *q, const td_signature *sig, const td_tensor *in)
{
    TD_TRY(q->floats ? compare(q, sig, in) : measure(q, sig, in));
    q->requests++;
    return NULL;
}

/* ---------------------------------------------------------------- all requests */

static td_status visit(void *ctx, td_predict *p)
{
    return one_request(ctx, p->sig, p->inputs);
}

static void keep(td_servable *s)
{
    td_servable_free(s); /* sessions are this file's */
}

static td_status run_records(quantize *q)
{
    td_servable *const s = td_servable_make("quantize", 0, q->small, keep, NULL);
    size_t records;
    td_status error = td_replay_visit(s, q->args->data, visit, q, &records);

    td_servable_release(s);
    if (!error && !records) error = TD_ERR(INVALID_ARGUMENT, "%s: there is no record in it", q->args->data);
    return error;
}

/* Row i of inputs that all have so many. */
static td_status run_row(quantize *q, const td_signature *sig, const td_feed_list *feed, size_t i)
{
    td_tensor *const in = TD_NEW_N(td_tensor, feed->n + 1);

    for (size_t k = 0; k < feed->n; k++) {
        in[k] = feed->tensors[k];
        const size_t bytes = (size_t)td_shape_count(&in[k].shape) * td_dtype_size(in[k].dtype);

        in[k].data = (char *)in[k].data + bytes / (size_t)q->rows * i;
        in[k].shape.dims[0] = 1;
    }
    const td_status error = one_request(q, sig, in);
    td_free(in);
    return error;
}

static bool has_rows(const td_feed_list *feed, int64_t rows)
{
    for (size_t k = 0; k < feed->n; k++)
        if (feed->tensors[k].shape.rank < 1 || feed->tensors[k].shape.dims[0] != rows) return false;
    return feed->n > 0;
}

static td_status run_made_up(quantize *q)
{
    const char *const name = q->args->signature ? q->args->signature : "serving_default";
    const td_signature *const sig = td_session_find_signature(q->small, name);
    td_feed_list feed = { 0 };

    if (!sig) return TD_ERR(NOT_FOUND, "there is no signature \"%s\"", name);
    td_status error = td_feed_make(sig, (int64_t)q->rows, &q->args->shapes, &feed);
    const bool are_rows = !error && has_rows(&feed, (int64_t)q->rows);

    for (size_t i = 0; are_rows && i < (size_t)q->rows && !error; i++)
        error = run_row(q, sig, &feed, i);
    if (!are_rows && !error) error = one_request(q, sig, feed.tensors);
    td_feed_free(&feed);
    return error;
}

static td_status run_all(quantize *q)
{
    q->requests = 0;
    return q->args->data ? run_records(q) : run_made_up(q);
}

/* ---------------------------------------------------------------- sessions */

static td_status load(const quantize *q, td_precision precision, td_layers *layers, td_session **out)
{
    const td_session_options options = {
        .tags = q->args->tag_set, .precision = precision, .layers = layers, .skip_warmup = true
    };

    return td_session_load(q->args->dir, &options, out);
}

static td_status decide(quantize *q)
{
    if (q->max_error <= 0 && q->precision != TD_PRECISION_INT8_STATIC) return NULL;
    td_layers_measure(q->layers, true);
    TD_TRY(load(q, q->precision, q->layers, &q->small));
    const td_status error = run_all(q);

    td_session_unref(q->small);
    q->small = NULL;
    td_layers_measure(q->layers, false);
    td_layers_decide(q->layers, q->max_error);
    return error;
}

/* ---------------------------------------------------------------- the report */

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double median_ms(td_vec *times)
{
    qsort(times->data, times->size, sizeof(int64_t), by_size);
    return times->size ? (double)*TD_VEC_AT(times, int64_t, times->size / 2) / 1e6 : 0;
}

static void put_times(quantize *q, cJSON *d)
{
    cJSON *const times = td_document_object(d, "time");
    const double before = median_ms(&q->times[0]), after = median_ms(&q->times[1]);

    (void)cJSON_AddNumberToObject(times, "before_ms", before);
    (void)cJSON_AddNumberToObject(times, "after_ms", after);
    if (before > 0) (void)cJSON_AddNumberToObject(times, "ratio", after / before);
}

static void put_memory(const quantize *q, cJSON *d)
{
    cJSON *const memory = td_document_object(d, "packed_bytes");

    (void)cJSON_AddNumberToObject(memory, "before", (double)td_session_memory_of(q->floats).packed);
    (void)cJSON_AddNumberToObject(memory, "after", (double)td_session_memory_of(q->small).packed);
}

static td_status report(quantize *q)
{
    cJSON *const d = td_document_make();

    td_document_text(d, "model", q->args->dir);
    td_document_text(d, "precision", td_precision_name(q->precision));
    td_document_text(d, "cpu", td_cpu_name(td_cpu_detect()).text);
    td_document_text(d, "inputs",
                     q->args->data ? q->args->data : "made up: noise for floats, zeros for whole numbers");
    (void)cJSON_AddNumberToObject(d, "requests", (double)q->requests);
    if (q->max_error > 0) (void)cJSON_AddNumberToObject(d, "max_error", q->max_error);
    td_compared_put(&q->all, d);
    td_layers_put(q->layers, td_precision_name(q->precision), d);
    put_memory(q, d);
    put_times(q, d);
    if (q->args->is_json) return td_describe_print(d, NULL);
    td_quantize_print(d);
    cJSON_Delete(d);
    return NULL;
}

static td_status read_number(const char *name, const char *text, double least, double most, double *out)
{
    char *end;

    if (!text) return NULL;
    *out = strtod(text, &end);
    if (end != text && !*end && *out >= least && *out <= most) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "--%s=%s: a number from %g to %g", name, text, least, most);
}

static td_status quantize_all(quantize *q)
{
    const quantize_args *const args = q->args;

    TD_TRY(td_precision_parse("--precision", args->precision ? args->precision : "int8", &q->precision));
    TD_TRY(read_number("max_error", args->max_error, 0, 1e9, &q->max_error));
    TD_TRY(read_number("rows", args->rows, 1, 1e6, &q->rows));
    TD_TRY(read_number("seconds", args->seconds, 0, 1e6, &q->seconds));
    q->rows = floor(q->rows);
    TD_TRY(decide(q));
    TD_TRY(load(q, TD_PRECISION_FLOAT32, NULL, &q->floats));
    TD_TRY(load(q, q->precision, q->layers, &q->small));
    TD_TRY(run_all(q));
    return report(q);
}

static int quantize_dir(int argc, char **argv)
{
    quantize_args args = { 0 };
    quantize q = { .args = &args, .rows = DEFAULT_ROWS, .seconds = 1 };

    td_log_set_level(TD_LOG_WARNING);
    if (!td_verb_read(&td_verb_quantize, argc, argv, &args) ||
        !td_verb_take_dir(&td_verb_quantize, &args.dirs, &args.dir))
        return TD_EXIT_USAGE;
    q.layers = td_layers_make();
    q.times[0] = q.times[1] = TD_VEC(int64_t);
    const td_status error = quantize_all(&q);

    td_compared_fini(&q.all);
    td_vec_fini(&q.times[0]);
    td_vec_fini(&q.times[1]);
    td_session_unref(q.small);
    td_session_unref(q.floats);
    td_layers_unref(q.layers);
    return td_cli_end("quantize", error);
}

static const td_option quantize_options[] = {
    { "precision", TD_OPTION_TEXT, offsetof(quantize_args, precision), "TYPE",
      "int8 without it; fp16, int8_static, int4: as the server's flag of that name" },
    { "data", TD_OPTION_TEXT, offsetof(quantize_args, data), "FILE",
      "recorded requests, as of a warm-up file; without it inputs are made up" },
    { "max_error", TD_OPTION_TEXT, offsetof(quantize_args, max_error), "X",
      "layers whose own error is larger, relative to their outputs, stay floats: 0.02" },
    { "rows", TD_OPTION_TEXT, offsetof(quantize_args, rows), "N",
      "made-up requests of a row each: 16 without it" },
    { "shape", TD_OPTION_TEXTS, offsetof(quantize_args, shapes), "NAME=DIMS",
      "a made-up input's shape, where the signature leaves it open: x=0,300 (0: the rows)" },
    { "signature", TD_OPTION_TEXT, offsetof(quantize_args, signature), "NAME",
      "of made-up requests: serving_default without it" },
    { "tag_set", TD_OPTION_TEXT, offsetof(quantize_args, tag_set), "TAGS", "serve without it" },
    { "seconds", TD_OPTION_TEXT, offsetof(quantize_args, seconds), "N", "for the times: 1 without it" },
    { "json", TD_OPTION_SWITCH, offsetof(quantize_args, is_json), NULL, "a document instead of tables" },
    { "dir", TD_OPTION_TEXT, offsetof(quantize_args, dir), "DIR", "another way to say DIR" },
};

const td_verb td_verb_quantize = {
    .name = "quantize",
    .summary = "what fewer bits would bring a model, and cost its answers",
    .words = "DIR [OPTIONS]",
    .about = "Loads the SavedModel in the version directory DIR in floats and in fewer bits, and compares "
             "answers, memory\n"
             "and times. It writes nothing: the server's --precision does the same at load.\n",
    .options = quantize_options,
    .n_options = TD_COUNT(quantize_options),
    .completes = TD_COMPLETES_FOLDERS,
    .operands = offsetof(quantize_args, dirs),
    .most = 1,
    .run = quantize_dir,
};
