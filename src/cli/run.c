/* SPDX-License-Identifier: Apache-2.0 */
/* run.c -- `tensord run DIR --inputs ...`: one run of one signature, on the code path that requests take. */
#include "cli/cli.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/predict.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/run_io.h"
#include "formats/npy.h"
#include "obs/log.h"
#include "serve/table.h"

static void print_usage(void)
{
    puts("usage: tensord run DIR [--inputs WHAT]... [--signature NAME] [--tag_set TAGS] [--out DIR] [--time "
         "N]\n\n"
         "Loads the SavedModel in the version directory DIR, runs a signature once, prints the outputs as "
         "JSON.\n\n"
         "  --inputs WHAT      NAME=FILE.npy, for one input (may be repeated); or JSON, as text or in a "
         "file:\n"
         "                     what a REST request says, or only the value of its \"inputs\"\n"
         "  --signature NAME   serving_default without it\n"
         "  --tag_set TAGS     serve without it\n"
         "  --out DIR          write NAME.npy for each output there, instead of printing\n"
         "  --time N           run N times more and print how long a run takes");
}

enum { MAX_INPUTS = 64 };

typedef struct run_args {
    const char *dir, *signature, *tag_set, *out;
    int times; /* 0: once, without a clock */
    const char *inputs[MAX_INPUTS];
    size_t n_inputs;
} run_args;

static bool take_input(run_args *args, const char *what)
{
    if (args->n_inputs == MAX_INPUTS) {
        fprintf(stderr, "tensord run: more than %d --inputs\n", MAX_INPUTS);
        return false;
    }
    args->inputs[args->n_inputs++] = what;
    return true;
}

static bool take_times(run_args *args, const char *text)
{
    char *end;
    const long n = strtol(text, &end, 10);

    if (end == text || *end != '\0' || n < 1 || n > INT_MAX) {
        fprintf(stderr, "tensord run: --time takes a number from 1 on, not \"%s\"\n", text);
        return false;
    }
    args->times = (int)n;
    return true;
}

static bool parse_args(int argc, char **argv, run_args *out)
{
    td_args a = { argc, argv, 1 };
    bool is_wrong = false;
    const char *what;

    *out = (run_args){ .signature = "", .tag_set = "serve" };
    while (a.at < argc && !is_wrong) {
        what = NULL;
        if (td_args_option(&a, "inputs", &what, &is_wrong)) {
            if (what) is_wrong = !take_input(out, what);
            continue;
        }
        if (td_args_option(&a, "time", &what, &is_wrong)) {
            if (what) is_wrong = !take_times(out, what);
            continue;
        }
        if (td_args_option(&a, "signature", &out->signature, &is_wrong) ||
            td_args_option(&a, "tag_set", &out->tag_set, &is_wrong) ||
            td_args_option(&a, "out", &out->out, &is_wrong))
            continue;
        is_wrong = argv[a.at][0] == '-' || out->dir;
        if (is_wrong)
            fprintf(stderr, "tensord run: what is \"%s\"?\n", argv[a.at]);
        else
            out->dir = argv[a.at++];
    }
    if (!is_wrong && !out->dir) fputs("tensord run: which directory?\n", stderr);
    return !is_wrong && out->dir;
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

static td_status write_arrays(const td_predict *p, const char *dir)
{
    (void)mkdir(dir, 0777); /* where it fails, so does the first file, with a better text */
    for (size_t i = 0; i < p->n_want; i++) {
        char *const name = td_format("%s/%s.npy", dir, p->sig->outputs[p->want[i]].alias);
        const td_status error = td_npy_write(name, td_predict_output(p, i));

        td_free(name);
        TD_TRY(error);
    }
    return NULL;
}

/* The inputs, opened, and the one of them that is JSON. */
typedef struct inputs {
    td_run_input list[MAX_INPUTS];
    size_t n;
    const td_json_predict *json;
} inputs;

static td_status open_inputs(const run_args *args, td_arena *arena, inputs *out)
{
    *out = (inputs){ .n = args->n_inputs };
    for (size_t i = 0; i < out->n; i++) {
        TD_TRY(td_run_input_open(args->inputs[i], arena, &out->list[i]));
        if (out->list[i].is_json) out->json = &out->list[i].json;
    }
    return NULL;
}

static td_status run(const run_args *args, inputs *in, td_predict *p)
{
    for (size_t i = 0; i < in->n; i++)
        TD_TRY(td_run_input_fill(&in->list[i], p));
    TD_TRY(td_predict_run(p, 0));
    if (args->times) TD_TRY(time_runs(p, args->times));
    return args->out ? write_arrays(p, args->out) : td_run_print(in->json, p);
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
    const td_session_options options = { .tags = args->tag_set, .skip_warmup = true };
    td_session *session;
    td_predict p;

    TD_TRY(open_inputs(args, arena, in));
    TD_TRY(td_session_load(args->dir, &options, &session));
    td_status error = td_predict_open(td_servable_make("run", 0, session, unload, NULL),
                                      choose_signature(args, in), TD_WORDING_GRPC, arena, &p);

    if (!error) error = run(args, in, &p);
    td_predict_close(&p);
    return error;
}

int td_cli_run(int argc, char **argv)
{
    run_args args;

    if (argc == 2 && !strcmp(argv[1], "--help")) {
        print_usage();
        return TD_EXIT_OK;
    }
    if (!parse_args(argc, argv, &args)) return TD_EXIT_USAGE;
    td_log_set_level(TD_LOG_WARNING);
    td_arena *const arena = td_arena_make();
    const td_status error = load_and_run(&args, TD_ARENA_NEW(arena, inputs), arena);

    td_arena_free(arena);
    if (!error) return TD_EXIT_OK;
    fflush(stdout);
    fprintf(stderr, "tensord run: %s: %s\n", td_code_name(td_status_code(error)), td_status_text(error));
    td_status_free(error);
    return TD_EXIT_FAILED;
}
