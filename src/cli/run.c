/* SPDX-License-Identifier: Apache-2.0 */
/* run.c -- `tensord run DIR --inputs ...`: one run of one signature, on the code path that requests take. */
#include "cli/cli.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/predict.h"
#include "base/clock.h"
#include "base/mem.h"
#include "config/precision.h"
#include "cli/numpy_print.h"
#include "cli/run_io.h"
#include "formats/npy.h"
#include "obs/log.h"
#include "serve/table.h"

enum { MAX_INPUTS = 3 * TD_WORDS };

typedef struct run_args {
    td_words dirs, inputs, exprs, examples;
    const char *dir; /* of --dir; then of either */
    const char *signature, *tag_set, *out, *outdir, *time, *mixed_precision, *precision;
    bool has_overwrite, is_json;
    bool is_tf; /* asked as saved_model_cli is */
    int times;  /* 0: once, without a clock */
} run_args;

static bool read_times(run_args *args)
{
    char *end;
    const long n = strtol(args->time, &end, 10);

    if (end == args->time || *end != '\0' || n < 1 || n > INT_MAX) {
        fprintf(stderr, "tensord run: --time takes a number from 1 on, not \"%s\"\n", args->time);
        return false;
    }
    args->times = (int)n;
    return true;
}

/* ---------------------------------------------------------------- one run */

static td_status time_runs(td_predict *p, int n)
{
    int64_t best = INT64_MAX, sum = 0;

    for (int i = 0; i < n; i++) {
        const int64_t begin = td_now_ns();

        td_batch_call_close(&p->call);
        TD_TRY(td_predict_run(p, 0));
        const int64_t took = td_now_ns() - begin;

        sum += took;
        best = TD_MIN(best, took);
    }
    fprintf(stderr, "runs=%d best_ms=%.6f mean_ms=%.6f\n", n, (double)best / 1e6, (double)sum / n / 1e6);
    return NULL;
}

static td_status write_array(const char *path, const td_tensor *t, bool overwrites)
{
    if (!overwrites && !access(path, F_OK))
        return TD_ERR(
            ALREADY_EXISTS,
            "Output file %s already exists. Add \"--overwrite\" to overwrite the existing output files.",
            path);
    return td_npy_write(path, t);
}

/* Prints where, if that is wanted. */
static td_status write_output(const td_predict *p, size_t i, const char *dir, bool overwrites, bool says_so)
{
    const char *const alias = p->sig->outputs[p->want[i]].alias;
    char *const path = td_format("%s/%s.npy", dir, alias);
    const td_status error = write_array(path, td_predict_output(p, i), overwrites);

    if (!error && says_so) printf("Output %s is saved to %s\n", alias, path);
    td_free(path);
    return error;
}

static td_status write_arrays(const td_predict *p, const char *dir, bool overwrites)
{
    (void)mkdir(dir, 0777); /* where it fails, so does the first file, with a better text */
    for (size_t i = 0; i < p->n_want; i++)
        TD_TRY(write_output(p, i, dir, overwrites, false));
    return NULL;
}

static td_status print_result(const td_predict *p, size_t i)
{
    td_strbuf text = { 0 };
    const td_status error = td_numpy_print(td_predict_output(p, i), &text);

    if (!error)
        printf("Result for output key %s:\n%s\n", p->sig->outputs[p->want[i]].alias, td_strbuf_text(&text));
    td_strbuf_fini(&text);
    return error;
}

/* Word for word what `saved_model_cli run` prints. */
static td_status print_results(const run_args *args, const td_predict *p)
{
    if (args->outdir) (void)mkdir(args->outdir, 0777);
    for (size_t i = 0; i < p->n_want; i++) {
        TD_TRY(print_result(p, i));
        if (args->outdir) TD_TRY(write_output(p, i, args->outdir, args->has_overwrite, true));
    }
    return NULL;
}

/* The inputs, opened, and the one of them that is JSON. */
typedef struct inputs {
    td_run_input list[MAX_INPUTS];
    size_t n;
    const td_json_predict *json;
} inputs;

static void add_texts(const td_words *texts, td_run_source source, inputs *out)
{
    for (size_t i = 0; i < texts->n; i++)
        out->list[out->n++] = (td_run_input){ .source = source, .text = texts->all[i] };
}

/* In the order of saved_model_cli: the last one of an input counts. */
static td_status open_inputs(const run_args *args, td_arena *arena, inputs *out)
{
    *out = (inputs){ .n = args->inputs.n };
    for (size_t i = 0; i < out->n; i++) {
        TD_TRY(td_run_input_open(args->inputs.all[i], arena, &out->list[i]));
        out->list[i].is_cast = args->is_tf;
        if (out->list[i].source == TD_RUN_JSON) out->json = &out->list[i].json;
    }
    add_texts(&args->exprs, TD_RUN_EXPRS, out);
    add_texts(&args->examples, TD_RUN_EXAMPLES, out);
    return NULL;
}

static td_status put_outputs(const run_args *args, const inputs *in, const td_predict *p)
{
    if (args->out) return write_arrays(p, args->out, true);
    if (args->is_tf && !args->is_json) return print_results(args, p);
    TD_TRY(td_run_print(in->json, p));
    return args->outdir ? write_arrays(p, args->outdir, args->has_overwrite) : NULL;
}

static td_status run(const run_args *args, inputs *in, td_predict *p)
{
    for (size_t i = 0; i < in->n; i++)
        TD_TRY(td_run_input_fill(&in->list[i], p));
    TD_TRY(td_predict_run(p, 0));
    if (args->times) TD_TRY(time_runs(p, args->times));
    return put_outputs(args, in, p);
}

static void unload(td_servable *s)
{
    td_session_unref(td_servable_session(s));
    td_servable_free(s);
}

/* The command line's word counts, then the JSON's. */
static td_string choose_signature(const run_args *args, const inputs *in)
{
    if (args->signature[0] || !in->json) return (td_string){ args->signature, strlen(args->signature) };
    return in->json->signature;
}

static td_status load_and_run(const run_args *args, inputs *in, td_arena *arena)
{
    td_session_options options = {
        .tags = args->tag_set,
        .uses_bfloat16 = args->mixed_precision && !strcmp(args->mixed_precision, "bfloat16"),
        .skip_warmup = true,
    };
    td_session *session;
    td_predict p;

    TD_TRY(td_precision_parse("--precision", args->precision, &options.precision));
    TD_TRY(open_inputs(args, arena, in));
    TD_TRY(td_session_load(args->dir, &options, &session));
    td_status error = td_predict_open(td_servable_make("run", 0, session, unload, NULL),
                                      choose_signature(args, in), TD_WORDING_GRPC, arena, &p);

    if (!error) error = run(args, in, &p);
    td_predict_close(&p);
    return error;
}

static int run_dir(int argc, char **argv)
{
    run_args args = { .signature = "", .tag_set = "serve" };

    if (!td_verb_read(&td_verb_run, argc, argv, &args)) return TD_EXIT_USAGE;
    if (args.time && !read_times(&args)) return TD_EXIT_USAGE;
    args.is_tf = args.dir != NULL;
    if (!td_verb_take_dir(&td_verb_run, &args.dirs, &args.dir)) return TD_EXIT_USAGE;
    td_log_set_level(TD_LOG_WARNING);
    td_arena *const arena = td_arena_make();
    const td_status error = load_and_run(&args, TD_ARENA_NEW(arena, inputs), arena);

    td_arena_free(arena);
    return td_cli_end("run", error);
}

static const td_option run_options[] = {
    { "dir", TD_OPTION_TEXT, offsetof(run_args, dir), "DIR",
      "saved_model_cli's way to say DIR: arrays of files are then cast to what the signature wants, and\n"
      "outputs printed as that prints them" },
    { "inputs", TD_OPTION_TEXTS, offsetof(run_args, inputs), "WHAT",
      "NAME=FILE.npy or NAME=FILE.npz[VARIABLE], several separated by ';'; or JSON, as text or in a\n"
      "file: what a REST request says, or only the value of its \"inputs\"" },
    { "input_exprs", TD_OPTION_TEXTS, offsetof(run_args, exprs), "WHAT",
      "NAME=VALUE, a Python literal or a call of numpy: 'x=[[1, 2]];y=np.ones((2, 3))'" },
    { "input_examples", TD_OPTION_TEXTS, offsetof(run_args, examples), "WHAT",
      "NAME=[{FEATURE: [VALUE, ...], ...}, ...], tf.Examples: 'inputs=[{\"age\": [22.0]}]'" },
    { "signature_def", TD_OPTION_TEXT, offsetof(run_args, signature), "NAME", "serving_default without it" },
    { "signature", TD_OPTION_TEXT, offsetof(run_args, signature), "NAME", "the same" },
    { "tag_set", TD_OPTION_TEXT, offsetof(run_args, tag_set), "TAGS", "serve without it" },
    { "mixed_precision", TD_OPTION_TEXT, offsetof(run_args, mixed_precision), "TYPE",
      "bfloat16: as the server's flag of that name" },
    { "precision", TD_OPTION_TEXT, offsetof(run_args, precision), "TYPE",
      "fp32, bf16, fp16, int8 or int4: as the server's flag of that name" },
    { "out", TD_OPTION_TEXT, offsetof(run_args, out), "DIR",
      "write NAME.npy for each output there, instead of printing" },
    { "outdir", TD_OPTION_TEXT, offsetof(run_args, outdir), "DIR",
      "the same, besides printing; a file that is there is an error" },
    { "overwrite", TD_OPTION_SWITCH, offsetof(run_args, has_overwrite), NULL, "not with this" },
    { "json", TD_OPTION_SWITCH, offsetof(run_args, is_json), NULL,
      "print outputs as JSON, as REST answers; so it is without --dir" },
    { "time", TD_OPTION_TEXT, offsetof(run_args, time), "N",
      "run N times more and print how long a run takes" },
};

const td_verb td_verb_run = {
    .name = "run",
    .summary = "run a signature of a SavedModel once",
    .words = "DIR [--inputs WHAT]... [OPTIONS]",
    .about = "Loads the SavedModel in the version directory DIR, runs a signature once, prints the outputs "
             "as JSON.\n",
    .options = run_options,
    .n_options = TD_COUNT(run_options),
    .completes = TD_COMPLETES_FOLDERS,
    .operands = offsetof(run_args, dirs),
    .most = 1,
    .run = run_dir,
};
