/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- compares random graphs: what every op's reference makes of them, one after the other, against programs with
 * all passes, without each, at every CPU level, with several threads, on inputs that lie anywhere.
 *
 *   graphs [--seed N] [--count M] [--seconds S] [--thin T] [--keep-going] [--verbose] [--hostile]
 *
 * Graph i has the seed N + i. The first difference stops it: it prints the seed, the setting, and a small graph with
 * the same fault; `--seed THAT --count 1` shows it again. --thin T takes every T-th setting for a graph and the next
 * ones for the next: more graphs in the same time. --hostile spoils the graphs, and asks for no more than
 * that everything ends with a status.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cpu_levels.h"
#include "hostile.h"
#include "make.h"
#include "obs/log.h"
#include "rows.h"
#include "run.h"
#include "shrink.h"

typedef struct options {
    uint64_t seed, count;
    int64_t seconds; /* 0: count decides */
    uint64_t thin;   /* each graph under every thin-th setting, the next graph under the next ones */
    bool is_verbose, keeps_going, is_hostile;
} options;

typedef struct totals {
    uint64_t graphs, survivors, runs, unstable, nodes;
    fz_counts counts;
    fz_rows_counts rows;
} totals;

static size_t list_settings(fz_setting *out)
{
    const td_cpu top = td_cpu_detect();
    size_t n = 0;

    out[n++] = (fz_setting){ .passes_off = TD_PASSES_ALL };
    for (size_t level = 0; level < cpu_levels(); level++)
        out[n++] = (fz_setting){ .cpu = cpu_level(level) };
    for (unsigned id = 0; id < TD_PASS_COUNT; id++)
        out[n++] = (fz_setting){ .cpu = top, .passes_off = TD_PASS_BIT(id) };
    out[n++] = (fz_setting){ .cpu = top, .has_team = true, .is_misaligned = true };
    out[n++] = (fz_setting){ .cpu = top, .passes_off = TD_PASSES_ALL, .has_team = true };
    return n;
}

static void report(const fz_model *m, const fz_setting *s, uint64_t seed, bool allows_nan, const char *first)
{
    td_arena *const arena = td_arena_make();
    td_strbuf text = { 0 }, why = { 0 }, setting = { 0 };
    const fz_model *const small = fz_shrink(m, s, allows_nan, arena);

    fz_setting_text(s, &setting);
    fz_dump(small, &text);
    (void)fz_still_differs(small, s, allows_nan, &why);
    printf("graphs: seed %" PRIu64 " differs under %s\n  %s\nthe same in small: %s\n%s", seed,
           td_strbuf_text(&setting), first, td_strbuf_text(&why), td_strbuf_text(&text));
    (void)fflush(stdout);
    td_strbuf_fini(&text);
    td_strbuf_fini(&why);
    td_strbuf_fini(&setting);
    td_arena_free(arena);
}

/* Under every setting; false: one differs. What few variants call a difference has to hold against many. */
static bool check(const fz_model *m, fz_right *right, uint64_t seed, uint64_t thin, bool allows_nan,
                  totals *t)
{
    fz_setting settings[TD_PASS_COUNT + 16];
    const size_t n = list_settings(settings);

    for (size_t i = seed % thin; i < n; i += thin) {
        td_strbuf why = { 0 };
        t->runs++;
        bool ok = fz_run(m, right, &settings[i], &why);
        td_strbuf_fini(&why);
        if (!ok) ok = !fz_still_differs(m, &settings[i], allows_nan, &why);
        if (!ok) report(m, &settings[i], seed, allows_nan, td_strbuf_text(&why));
        td_strbuf_fini(&why);
        if (!ok) return false;
    }
    return true;
}

static bool check_rows(const fz_model *m, fz_right *right, uint64_t seed, totals *t)
{
    td_strbuf why = { 0 };
    const bool ok = fz_rows_check(m, seed, right, &t->rows, &why);

    if (!ok) printf("graphs: rows of seed %" PRIu64 " are not apart: %s", seed, td_strbuf_text(&why));
    (void)fflush(stdout);
    td_strbuf_fini(&why);
    return ok;
}

static bool check_seed(uint64_t seed, uint64_t thin, fz_right *right, totals *t)
{
    td_arena *const arena = td_arena_make();
    bool allows_nan, ok = true;
    fz_eval e;

    fz_model *const m = fz_make(arena, seed, &e, &t->counts, &allows_nan);
    e.model = m;
    if (fz_right_make(&e, FZ_VARIANTS, allows_nan, right)) {
        ok = check(m, right, seed, thin, allows_nan, t);
        t->graphs++;
        t->nodes += m->main->n_nodes;
    } else {
        t->unstable++;
    }
    fz_right_fini(right);
    fz_eval_fini(&e);
    /* what infinities become may hang on where in a vector they lie */
    ok = ok && (allows_nan || check_rows(m, right, seed, t));
    td_arena_free(arena);
    return ok;
}

enum { SPOILED = 8 }; /* copies of a graph */

static void spoil_seed(uint64_t seed, totals *t)
{
    const fz_setting all = { .cpu = td_cpu_detect() }, none = { .passes_off = TD_PASSES_ALL };
    td_arena *const arena = td_arena_make();
    fz_random r = fz_random_make(~seed);
    bool allows_nan;
    fz_eval e;

    const fz_model *const m = fz_make(arena, seed, &e, &t->counts, &allows_nan);
    fz_eval_fini(&e);
    for (int i = 0; i < SPOILED; i++) {
        const fz_model *const bad = fz_spoil(m, &r, arena);
        t->graphs++;
        t->survivors += fz_run_hostile(bad, i % 2 ? &none : &all);
    }
    td_arena_free(arena);
}

static void print_map(const char *title, const td_map *m)
{
    const char *key;
    void *value;

    printf("%s:\n", title);
    for (size_t i = 0; td_map_next(m, &i, &key, &value);)
        printf("  %8zu %s\n", *(const size_t *)value, key);
}

static size_t sum_map(const td_map *m)
{
    const char *key;
    void *value;
    size_t n = 0;

    for (size_t i = 0; td_map_next(m, &i, &key, &value);)
        n += *(const size_t *)value;
    return n;
}

static void summarise(const totals *t, int64_t ns, bool is_verbose)
{
    printf("graphs: %" PRIu64 " graphs of %.1f nodes agree in %" PRIu64 " settings, %" PRIu64
           " hang on rounding; %zu nodes made, %zu refused; %.1f s\n",
           t->graphs, t->graphs ? (double)t->nodes / (double)t->graphs : 0.0, t->runs, t->unstable,
           sum_map(&t->counts.made), sum_map(&t->counts.refused), (double)ns * 1e-9);
    printf("graphs: rows of %" PRIu64 " graphs: %" PRIu64 " values apart, %" PRIu64 " the same\n",
           t->rows.graphs, t->rows.apart, t->rows.same);
    if (!is_verbose) return;
    print_map("made", &t->counts.made);
    print_map("refused", &t->counts.refused);
}

static bool read_options(int argc, char **argv, options *o)
{
    *o = (options){ .seed = 1, .count = 1000, .thin = 1 };
    for (int i = 1; i < argc; i++) {
        const bool has_value = i + 1 < argc;
        if (!strcmp(argv[i], "--verbose"))
            o->is_verbose = true;
        else if (!strcmp(argv[i], "--hostile"))
            o->is_hostile = true;
        else if (!strcmp(argv[i], "--keep-going"))
            o->keeps_going = true;
        else if (!strcmp(argv[i], "--seed") && has_value)
            o->seed = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--count") && has_value)
            o->count = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--seconds") && has_value)
            o->seconds = strtoll(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--thin") && has_value)
            o->thin = strtoull(argv[++i], NULL, 10);
        else
            return false;
    }
    return o->thin > 0;
}

int main(int argc, char **argv)
{
    totals t = { .counts.arena = td_arena_make() };
    fz_right *const right = TD_NEW(fz_right);
    const int64_t start = td_now_ns();
    bool ok = true;
    options o;

    if (!read_options(argc, argv, &o)) {
        fputs("usage: graphs [--seed N] [--count M] [--seconds S] [--thin T] [--keep-going] [--verbose] "
              "[--hostile]\n",
              stderr);
        return 2;
    }
    td_log_set_level(TD_LOG_ERROR);
    for (uint64_t i = 0; (ok || o.keeps_going) && (o.seconds || i < o.count); i++) {
        if (o.seconds && td_now_ns() - start > o.seconds * 1000000000) break;
        if (o.is_hostile)
            spoil_seed(o.seed + i, &t);
        else
            ok = check_seed(o.seed + i, o.thin, right, &t) && ok;
    }
    if (o.is_hostile)
        printf("graphs: %" PRIu64 " spoiled graphs end, %" PRIu64 " with results\n", t.graphs, t.survivors);
    else
        summarise(&t, td_now_ns() - start, o.is_verbose);
    td_map_fini(&t.counts.made);
    td_map_fini(&t.counts.refused);
    td_arena_free(t.counts.arena);
    td_free(right);
    return ok ? 0 : 1;
}
