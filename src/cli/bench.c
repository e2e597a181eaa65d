/* SPDX-License-Identifier: Apache-2.0 */
/* bench.c -- `tensord bench DIR`: the engine alone, without a server around it: how long runs take, and what in them. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/macros.h"
#include "base/mem.h"
#include "config/precision.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "cli/describe.h"
#include "cli/feed.h"
#include "obs/document.h"
#include "obs/log.h"
#include "obs/trace.h"

enum { MOST_BATCHES = 32, LEAST_RUNS = 5, PROFILED_RUNS = 5 };

typedef struct bench_args {
    td_words dirs, shapes;
    const char *dir, *signature, *tag_set, *batches, *threads, *seconds, *mixed_precision, *precision;
    bool has_profile, is_json;
} bench_args;

typedef struct bench {
    td_session *session;
    const td_signature *sig;
    size_t *want;
    int64_t batches[MOST_BATCHES];
    size_t n_batches;
    double seconds; /* for each batch */
    const bench_args *args;
} bench;

/* ---------------------------------------------------------------- numbers of the command line */

static bool read_number(const char *text, const char **end, double least, double most, double *out)
{
    char *stop;

    *out = strtod(text, &stop);
    *end = stop;
    return stop != text && *out >= least && *out <= most; /* NaN is neither */
}

static td_status read_batches(const char *text, bench *b)
{
    const char *at = text;
    double n;

    for (;;) {
        if (b->n_batches == MOST_BATCHES || !read_number(at, &at, 1, 1 << 24, &n) || n != floor(n)) break;
        b->batches[b->n_batches++] = (int64_t)n;
        if (!*at) return NULL;
        if (*at++ != ',') break;
    }
    return TD_ERR(INVALID_ARGUMENT, "--batch=%s: numbers of rows, separated by commas, %d at most", text,
                  MOST_BATCHES);
}

static td_status read_one(const char *name, const char *text, double least, double most, double *out)
{
    const char *end;

    if (!text || (read_number(text, &end, least, most, out) && !*end)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "--%s=%s: a number from %g to %g", name, text, least, most);
}

/* ---------------------------------------------------------------- one run */

static td_status run_once(const bench *b, const td_tensor *in, td_trace *trace, int64_t *ns)
{
    const td_run_options options = { .trace = trace };
    const int64_t start = td_now_ns();
    td_result *result;

    TD_TRY(td_session_run(b->session, b->sig, in, b->want, b->sig->n_outputs, &options, &result));
    *ns = td_now_ns() - start;
    td_result_free(result);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The first runs decide what depends on shapes, and do not count. */
static td_status time_runs(const bench *b, const td_tensor *in, td_vec *times)
{
    int64_t ns, end;

    for (int i = 0; i < 2; i++)
        TD_TRY(run_once(b, in, NULL, &ns));
    end = td_now_ns() + (int64_t)(b->seconds * 1e9);
    do {
        TD_TRY(run_once(b, in, NULL, &ns));
        *(int64_t *)td_vec_push(times) = ns;
    } while (times->size < LEAST_RUNS || td_now_ns() < end);
    qsort(times->data, times->size, sizeof(int64_t), by_size);
    return NULL;
}

/* ---------------------------------------------------------------- where the time goes */

static int slowest_first(const void *a, const void *b)
{
    const int64_t x = (*(td_trace_op *const *)a)->ns, y = (*(td_trace_op *const *)b)->ns;

    return (x < y) - (x > y);
}

static double work_of(const td_trace *t)
{
    double work = 0;

    for (size_t i = 0; i < t->ops.size; i++)
        work += ((td_trace_op *const *)t->ops.data)[i]->work;
    return work;
}

static void put_profile(td_trace *t, int runs, cJSON *into)
{
    td_trace_op **const ops = t->ops.data;
    double all = 0;

    qsort(ops, t->ops.size, sizeof *ops, slowest_first);
    for (size_t i = 0; i < t->ops.size; i++)
        all += (double)ops[i]->ns;
    for (size_t i = 0; i < t->ops.size; i++) {
        cJSON *const op = td_document_next(into);

        td_document_text(op, "op", ops[i]->op);
        td_document_text(op, "node", ops[i]->node);
        if (ops[i]->body) td_document_text(op, "body", ops[i]->body);
        (void)cJSON_AddNumberToObject(op, "runs", (double)(ops[i]->runs / (size_t)runs));
        (void)cJSON_AddNumberToObject(op, "us", (double)ops[i]->ns / 1000 / runs);
        (void)cJSON_AddNumberToObject(op, "percent", all > 0 ? 100 * (double)ops[i]->ns / all : 0);
        if (ops[i]->work > 0 && ops[i]->ns)
            (void)cJSON_AddNumberToObject(op, "gflops", ops[i]->work / (double)ops[i]->ns);
    }
}

/* Some runs that say what they do; they take longer. *work: floating-point operations of one. */
static td_status profile(const bench *b, const td_tensor *in, double *work, cJSON *into)
{
    td_trace *const t = td_trace_make();
    td_status error = NULL;
    int64_t ns;

    for (int i = 0; i < PROFILED_RUNS && !error; i++)
        error = run_once(b, in, t, &ns);
    *work = work_of(t) / PROFILED_RUNS;
    if (!error && b->args->has_profile)
        put_profile(t, PROFILED_RUNS, cJSON_AddArrayToObject(into, "profile"));
    td_trace_free(t);
    return error;
}

/* ---------------------------------------------------------------- all of them */

static void put_times(const td_vec *times, int64_t rows, double work, cJSON *into)
{
    const int64_t *const ns = times->data;
    double sum = 0;

    for (size_t i = 0; i < times->size; i++)
        sum += (double)ns[i];
    const double mean = sum / (double)times->size;

    (void)cJSON_AddNumberToObject(into, "batch", (double)rows);
    (void)cJSON_AddNumberToObject(into, "runs", (double)times->size);
    (void)cJSON_AddNumberToObject(into, "mean_ms", mean / 1e6);
    (void)cJSON_AddNumberToObject(into, "p50_ms", (double)ns[times->size / 2] / 1e6);
    (void)cJSON_AddNumberToObject(into, "p99_ms", (double)ns[times->size * 99 / 100] / 1e6);
    (void)cJSON_AddNumberToObject(into, "rows_per_second", (double)rows * 1e9 / mean);
    if (work > 0) (void)cJSON_AddNumberToObject(into, "gflops", work / mean);
}

static td_status measure(const bench *b, int64_t rows, cJSON *into)
{
    td_vec times = TD_VEC(int64_t);
    double work = 0;
    td_feed_list feed = { 0 };
    td_status error = td_feed_make(b->sig, rows, &b->args->shapes, &feed);

    if (!error) error = time_runs(b, feed.tensors, &times);
    if (!error) error = profile(b, feed.tensors, &work, into);
    if (!error) put_times(&times, rows, work, into);
    td_feed_free(&feed);
    td_vec_fini(&times);
    return error;
}

static double peak_mib(void)
{
    struct rusage use;

    (void)getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_maxrss / 1024;
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *const item = cJSON_GetObjectItemCaseSensitive(object, name);

    return item ? item->valuedouble : 0;
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *const item = cJSON_GetObjectItemCaseSensitive(object, name);

    return item ? item->valuestring : "";
}

static void print_profile(const cJSON *list)
{
    const cJSON *op;

    puts("\n        us      %  GFLOP/s  body          op node");
    cJSON_ArrayForEach(op, list)
        printf("%10.1f %6.1f %8.1f  %-12s  %s %s\n", number(op, "us"), number(op, "percent"),
               number(op, "gflops"), text(op, "body"), text(op, "op"), text(op, "node"));
    puts("");
}

static void print_results(const cJSON *d)
{
    const cJSON *r;

    printf("%s, %s, %.0f cores, %s\n\n", text(d, "model"), text(d, "signature"), number(d, "threads"),
           text(d, "arithmetic"));
    puts("   batch    runs    mean ms     p50 ms     p99 ms      rows/s  GFLOP/s");
    cJSON_ArrayForEach(r, cJSON_GetObjectItemCaseSensitive(d, "results"))
    {
        const cJSON *const ops = cJSON_GetObjectItemCaseSensitive(r, "profile");

        printf("%8.0f %7.0f %10.4f %10.4f %10.4f %11.1f %8.1f\n", number(r, "batch"), number(r, "runs"),
               number(r, "mean_ms"), number(r, "p50_ms"), number(r, "p99_ms"), number(r, "rows_per_second"),
               number(r, "gflops"));
        if (ops) print_profile(ops);
    }
    printf("\npeak memory: %.0f MiB\n", number(d, "peak_mib"));
}

static td_status measure_all(const bench *b, cJSON *d)
{
    cJSON *const results = cJSON_AddArrayToObject(d, "results");

    for (size_t i = 0; i < b->n_batches; i++)
        TD_TRY(measure(b, b->batches[i], td_document_next(results)));
    (void)cJSON_AddNumberToObject(d, "peak_mib", peak_mib());
    return NULL;
}

static td_status report(const bench *b, int threads, const char *arithmetic)
{
    cJSON *const d = td_document_make();

    td_document_text(d, "model", b->args->dir);
    td_document_text(d, "signature", b->sig->name);
    td_document_text(d, "cpu", td_cpu_name(td_cpu_detect()).text);
    td_document_text(d, "arithmetic", arithmetic);
    (void)cJSON_AddNumberToObject(d, "threads", threads);
    const td_status error = measure_all(b, d);

    if (error || b->args->is_json) return td_describe_print(d, error);
    print_results(d);
    cJSON_Delete(d);
    return NULL;
}

static const char *arithmetic_of(const td_session_options *o)
{
    const bool is_bf16 = o->uses_bfloat16 || o->precision == TD_PRECISION_BFLOAT16;

    if (is_bf16 && td_session_has_bfloat16()) return "bfloat16";
    return o->precision <= TD_PRECISION_BFLOAT16 ? "float" : td_precision_name(o->precision);
}

static td_status find_signature(bench *b)
{
    const char *const name = b->args->signature ? b->args->signature : "serving_default";

    b->sig = td_session_find_signature(b->session, name);
    if (!b->sig) return TD_ERR(NOT_FOUND, "there is no signature \"%s\"", name);
    const char *const trouble = td_session_trouble(b->session, b->sig);
    if (trouble) return TD_ERR(FAILED_PRECONDITION, "%s", trouble);
    b->want = TD_NEW_N(size_t, b->sig->n_outputs + 1);
    for (size_t i = 0; i < b->sig->n_outputs; i++)
        b->want[i] = i;
    return NULL;
}

static td_status run_bench(const bench_args *args)
{
    bench b = { .args = args, .seconds = 2 };
    double threads = 0;

    TD_TRY(read_batches(args->batches ? args->batches : "1", &b));
    TD_TRY(read_one("threads", args->threads, 1, 1024, &threads));
    TD_TRY(read_one("seconds", args->seconds, 0, 1e6, &b.seconds));
    const bool is_bf16 = args->mixed_precision && !strcmp(args->mixed_precision, "bfloat16");
    td_session_options options = {
        .tags = args->tag_set, .threads = (int)threads, .uses_bfloat16 = is_bf16, .skip_warmup = true
    };
    TD_TRY(td_precision_parse("--precision", args->precision, &options.precision));
    TD_TRY(td_session_load(args->dir, &options, &b.session));
    td_status error = find_signature(&b);
    if (!error) error = report(&b, threads > 0 ? (int)threads : td_cpu_cores(), arithmetic_of(&options));
    td_free(b.want);
    td_session_unref(b.session);
    return error;
}

static int bench_dir(int argc, char **argv)
{
    bench_args args = { 0 };

    td_log_set_level(TD_LOG_WARNING);
    if (!td_verb_read(&td_verb_bench, argc, argv, &args) ||
        !td_verb_take_dir(&td_verb_bench, &args.dirs, &args.dir))
        return TD_EXIT_USAGE;
    return td_cli_end("bench", run_bench(&args));
}

static const td_option bench_options[] = {
    { "batch", TD_OPTION_TEXT, offsetof(bench_args, batches), "ROWS",
      "how many rows a run has: 1 without it; several: 1,8,32" },
    { "shape", TD_OPTION_TEXTS, offsetof(bench_args, shapes), "NAME=DIMS",
      "an input's shape, where the signature leaves it open: x=0,300 (0: the batch)" },
    { "seconds", TD_OPTION_TEXT, offsetof(bench_args, seconds), "N", "for each batch: 2 without it" },
    { "threads", TD_OPTION_TEXT, offsetof(bench_args, threads), "N",
      "cores that a run may use: all without it" },
    { "mixed_precision", TD_OPTION_TEXT, offsetof(bench_args, mixed_precision), "TYPE",
      "bfloat16: as the server's flag of that name" },
    { "precision", TD_OPTION_TEXT, offsetof(bench_args, precision), "TYPE",
      "fp32, bf16, fp16, int8 or int4: as the server's flag of that name" },
    { "signature", TD_OPTION_TEXT, offsetof(bench_args, signature), "NAME", "serving_default without it" },
    { "tag_set", TD_OPTION_TEXT, offsetof(bench_args, tag_set), "TAGS", "serve without it" },
    { "profile", TD_OPTION_SWITCH, offsetof(bench_args, has_profile), NULL,
      "what each op takes, slowest first, and which of several ways computes it" },
    { "json", TD_OPTION_SWITCH, offsetof(bench_args, is_json), NULL, "a document instead of tables" },
    { "dir", TD_OPTION_TEXT, offsetof(bench_args, dir), "DIR", "another way to say DIR" },
};

const td_verb td_verb_bench = {
    .name = "bench",
    .summary = "time a model's runs, without a server",
    .words = "DIR [OPTIONS]",
    .about = "Loads the SavedModel in the version directory DIR, and runs a signature for some seconds on "
             "made-up\n"
             "inputs: how long a run takes, and what the ops in it do.\n",
    .options = bench_options,
    .n_options = TD_COUNT(bench_options),
    .completes = TD_COMPLETES_FOLDERS,
    .operands = offsetof(bench_args, dirs),
    .most = 1,
    .run = bench_dir,
};
