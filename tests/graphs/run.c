/* SPDX-License-Identifier: Apache-2.0 */
/* run.c -- see run.h. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "build.h"
#include "element.h"
#include "device/stop.h"
#include "device/team.h"
#include "exec/cache.h"
#include "exec/compile.h"
#include "ops/pack.h"
#include "number.h"
#include "ops/resources.h"

enum { THREADS = 3 };
static const int64_t most_ns = 10 * INT64_C(1000000000), most_ns_hostile = 300 * INT64_C(1000000);

void fz_setting_text(const fz_setting *s, td_strbuf *out)
{
    td_strbuf_printf(out, "TENSORD_CPU=%s TENSORD_PASSES=", td_cpu_name(s->cpu).text);
    if (s->passes_off == TD_PASSES_ALL)
        td_strbuf_puts(out, "none");
    else
        for (unsigned id = 0; id < TD_PASS_COUNT; id++)
            if (s->passes_off & TD_PASS_BIT(id)) td_strbuf_printf(out, "-%s", td_pass_name((td_pass_id)id));
    td_strbuf_printf(out, "%s%s", s->has_team ? " threads" : "", s->is_misaligned ? " misaligned" : "");
}

/* ---------------------------------------------------------------- what is right */

static bool evaluate(fz_eval *e, unsigned feed, size_t variant, fz_right *out)
{
    td_tensor rets[FZ_MAX_ENDS];
    const td_status s = fz_eval_feed(e, feed, rets, (unsigned)variant);

    if (variant == 0) {
        out->error[feed] = s;
    } else {
        const bool same = td_status_code(s) == td_status_code(out->error[feed]);
        td_status_free(s);
        if (!same) return false;
    }
    for (uint32_t i = 0; !s && i < e->model->main->n_rets; i++)
        out->rets[feed][i][variant] = rets[i];
    return true;
}

bool fz_right_make(fz_eval *e, size_t n_variants, bool allows_nan, fz_right *out)
{
    memset(out->seen, 0, sizeof out->seen);
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++)
        out->error[feed] = NULL;
    out->n_variants = n_variants;
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        for (size_t v = 0; v < n_variants; v++)
            if (!evaluate(e, feed, v, out)) return false;
        for (uint32_t i = 0; !out->error[feed] && i < e->model->main->n_rets; i++)
            if (fz_unstable(out->rets[feed][i], n_variants, allows_nan)) return false;
    }
    return true;
}

void fz_right_fini(fz_right *r)
{
    for (unsigned feed = 0; feed < FZ_FEEDS; feed++) {
        td_status_free(r->error[feed]);
        for (size_t i = 0; i < FZ_MAX_ENDS; i++)
            free(r->seen[feed][i]);
    }
}

/* ---------------------------------------------------------------- inputs */

typedef struct inputs {
    void *blocks[FZ_MAX_ENDS];
    td_tensor in[FZ_MAX_ENDS];
    uint32_t n;
} inputs;

/* Each string in a block of its own, of its size. */
static void make_strings(const td_tensor *from, td_string *to)
{
    const td_string *const strings = from->data;

    for (int64_t i = 0; i < td_shape_count(&from->shape); i++) {
        char *const bytes = strings[i].size ? td_alloc(strings[i].size) : NULL;
        if (bytes) memcpy(bytes, strings[i].data, strings[i].size);
        to[i] = (td_string){ bytes, strings[i].size };
    }
}

/* Who keeps bytes of a request that is over finds others. */
static void free_strings(const td_tensor *t)
{
    const td_string *const strings = t->data;

    for (int64_t i = 0; i < td_shape_count(&t->shape); i++) {
        char *const bytes = (char *)(uintptr_t)strings[i].data;
        if (bytes) memset(bytes, '~', strings[i].size);
        td_free(bytes);
    }
}

/* Blocks end with the last element, so that a sanitizer sees who reads beyond it. */
static void inputs_init(inputs *x, const fz_graph *f, unsigned feed, bool is_misaligned)
{
    x->n = f->n_args;
    for (uint32_t i = 0; i < f->n_args; i++) {
        const td_tensor *const t = &f->nodes[f->args[i]].data[feed];
        const size_t bytes = td_tensor_bytes(t), off = is_misaligned ? 8 : 0; /* what any number asks for */
        TD_ASSERT(!posix_memalign(&x->blocks[i], 64, bytes + off + (bytes + off == 0)));
        x->in[i] = *t;
        x->in[i].data = (char *)x->blocks[i] + off;
        if (t->dtype == TD_STRING)
            make_strings(t, x->in[i].data);
        else if (bytes)
            memcpy(x->in[i].data, t->data, bytes);
    }
}

/* The first input that a run has changed; -1: none. */
static int inputs_changed(const inputs *x, const fz_graph *f, unsigned feed)
{
    for (uint32_t i = 0; i < x->n; i++) {
        const td_tensor *const t = &f->nodes[f->args[i]].data[feed];
        if (!fz_same_elements(&x->in[i], t)) return (int)i;
    }
    return -1;
}

static void inputs_fini(inputs *x)
{
    for (uint32_t i = 0; i < x->n; i++) {
        if (x->in[i].dtype == TD_STRING) free_strings(&x->in[i]);
        free(x->blocks[i]);
    }
}

/* ---------------------------------------------------------------- compiling */

typedef struct compiled {
    const fz_model *model;
    td_pass p;
    td_env env;
    td_library library;
    td_program *prog;
} compiled;

static td_status lower(td_library *lib, const char *name, td_arena *arena, td_graph **out)
{
    const compiled *const c = lib->ctx;
    const fz_graph *const f = fz_function(c->model, name);

    if (!f) return TD_ERR(NOT_FOUND, "no function %s", name);
    *out = fz_build(c->model, f, arena);
    return NULL;
}

static td_status compile(compiled *c)
{
    td_graph *const g = fz_build(c->model, c->model->main, c->p.arena);

    TD_TRY(fz_set_state(c->model, &c->env, c->p.arena));
    TD_TRY(td_pass_resolve(&c->p, g));
    TD_TRY(td_pass_raise(&c->p, g));
    TD_TRY(td_pass_inline(&c->p, g));
    TD_TRY(td_pass_deref(&c->p, g));
    TD_TRY(td_pass_gate(&c->p, g));
    TD_TRY(td_pass_prune(&c->p, g));
    return td_program_make(&c->p, g, true, &c->prog);
}

static void compiled_init(compiled *c, const fz_model *m, const fz_setting *s)
{
    *c = (compiled){ .model = m, .library = { lower, c } };
    c->p.arena = td_arena_make();
    c->p.library = &c->library;
    c->p.env = &c->env;
    c->env = (td_env){ .cpu = s->cpu,
                       .threads = s->has_team ? THREADS : 1,
                       .passes_off = s->passes_off,
                       .model_arena = c->p.arena };
    c->env.resources = td_resources_make();
    c->env.packs = td_packs_make(NULL);
}

static void compiled_fini(compiled *c)
{
    td_program_free(c->prog);
    td_pass_fini(&c->p);
    td_packs_free(c->env.packs);
    td_resources_free(c->env.resources);
    td_arena_free(c->p.arena);
}

/* ---------------------------------------------------------------- running */

static bool agrees(fz_right *right, unsigned feed, uint32_t i, const td_tensor *got, td_strbuf *why)
{
    const td_tensor *const v = right->rets[feed][i];
    void **const seen = &right->seen[feed][i];
    const bool is_alike = got->dtype == v->dtype && td_shape_equal(&got->shape, &v->shape);
    const size_t bytes = is_alike && fz_is_inexact(v->dtype) ? td_tensor_bytes(v) : 0;

    if (bytes && *seen && !memcmp(got->data, *seen, bytes)) return true;
    if (!fz_agrees(got, v, right->n_variants, why)) return false;
    if (!bytes) return true;
    if (!*seen) *seen = malloc(bytes);
    if (*seen) memcpy(*seen, got->data, bytes);
    return true;
}

static bool compare(const fz_model *m, fz_right *right, unsigned feed, td_frame *f, td_strbuf *why)
{
    for (uint32_t i = 0; i < m->main->n_rets; i++) {
        if (agrees(right, feed, i, td_frame_ret(f, i), why)) continue;
        td_strbuf_printf(why, " (result %u, feed %u)", i, feed);
        return false;
    }
    return true;
}

/* Where two nodes fail, either may be the first. */
static bool same_error(td_status got, const fz_right *right, unsigned feed, td_strbuf *why)
{
    const td_status want = right->error[feed];

    if (!got == !want) return true;
    td_strbuf_printf(why, "feed %u: got %s %s, want %s %s", feed, td_code_name(td_status_code(got)),
                     td_status_text(got), td_code_name(td_status_code(want)), td_status_text(want));
    return false;
}

static bool run_feed(compiled *c, fz_right *right, const fz_setting *s, unsigned feed, td_strbuf *why)
{
    static td_team *team; /* one for all */
    const fz_graph *const main = c->model->main;
    inputs x;
    td_frame *f = NULL;
    bool ok;

    if (s->has_team && !team) team = td_team_make(THREADS);
    const td_run_context run = { .team = s->has_team ? team : NULL };
    td_stop stop = { .deadline_ns = td_now_ns() + most_ns }; /* a loop may have lost its end */
    td_stop *const before = td_stop_swap(&stop);
    inputs_init(&x, main, feed, s->is_misaligned);
    td_status st = td_frame_enter(c->prog, x.in, &f);
    if (!st) st = td_frame_run(f, &run);
    ok = same_error(st, right, feed, why);
    if (ok && !st) ok = compare(c->model, right, feed, f, why);
    if (f) td_frame_leave(f);
    td_status_free(st);
    const int changed = inputs_changed(&x, main, feed);
    if (changed >= 0) {
        td_strbuf_printf(why, "feed %u: the run wrote over input %d", feed, changed);
        ok = false;
    }
    inputs_fini(&x);
    (void)td_stop_swap(before);
    return ok;
}

bool fz_run(const fz_model *m, fz_right *right, const fz_setting *s, td_strbuf *why)
{
    static const unsigned feeds[] = { 0, 1, 2, 0 }; /* the last finds what the others left behind */
    compiled c;
    bool ok = true;

    compiled_init(&c, m, s);
    const td_status st = compile(&c);
    for (size_t i = 0; ok && i < TD_COUNT(feeds); i++)
        ok = st ? same_error(st, right, feeds[i], why) : run_feed(&c, right, s, feeds[i], why);
    td_status_free(st);
    compiled_fini(&c);
    return ok;
}

/* Arguments may have types or counts that the program has not: as the session checks them. */
static bool inputs_fit(const td_program *prog, const inputs *x)
{
    bool fit = prog->n_args == x->n;

    for (uint32_t i = 0; fit && i < x->n; i++)
        fit = x->in[i].dtype == prog->values[prog->args[i]].dtype;
    return fit;
}

static bool run_hostile_feed(compiled *c, unsigned feed)
{
    const td_run_context run = { 0 };
    td_stop stop = { .deadline_ns = td_now_ns() + most_ns_hostile };
    td_stop *const before = td_stop_swap(&stop);
    td_frame *f = NULL;
    inputs x;

    inputs_init(&x, c->model->main, feed, false);
    td_status st =
        inputs_fit(c->prog, &x) ? td_frame_enter(c->prog, x.in, &f) : TD_ERR(INVALID_ARGUMENT, "inputs");
    if (!st) st = td_frame_run(f, &run);
    if (f) td_frame_leave(f);
    inputs_fini(&x);
    (void)td_stop_swap(before);
    const bool ran = !st;
    td_status_free(st);
    return ran;
}

/* Whatever comes out. */
static void prove_hostile(const compiled *c)
{
    const fz_graph *const f = c->model->main;
    td_arena *const arena = td_arena_make();
    td_fact args[FZ_MAX_ENDS], rets[FZ_MAX_ENDS];
    inputs x;

    inputs_init(&x, f, 0, false);
    for (uint32_t i = 0; i < x.n; i++) {
        const td_tensor *const t = &x.in[i];

        args[i] = (td_fact){ .rows = td_rows_same(TD_ROWS_UNSIZED) };
        for (int s = 0; s < TD_ROWS_SIZES; s++)
            args[i].at[s] = (td_tensor){ .dtype = t->dtype, .shape = t->shape };
        if (t->shape.rank > 0) args[i] = td_fact_arg(t->dtype, &t->shape, 0);
    }
    if (inputs_fit(c->prog, &x) && c->prog->n_rets <= FZ_MAX_ENDS)
        (void)td_rows_proof(c->prog, args, rets, arena);
    inputs_fini(&x);
    td_arena_free(arena);
}

bool fz_run_hostile(const fz_model *m, const fz_setting *s)
{
    compiled c;
    bool ran = false;

    compiled_init(&c, m, s);
    const td_status st = compile(&c);
    if (!st) prove_hostile(&c);
    for (unsigned feed = 0; !st && feed < FZ_FEEDS; feed++)
        ran = run_hostile_feed(&c, feed) || ran;
    td_status_free(st);
    compiled_fini(&c);
    return ran;
}

bool fz_prove(const fz_model *m, const td_fact *args, td_fact *rets, td_arena *arena)
{
    compiled c;

    compiled_init(&c, m, &(fz_setting){ .cpu = td_cpu_detect() });
    const td_status st = compile(&c);
    const bool proved = !st && !td_rows_proof(c.prog, args, rets, arena);
    td_status_free(st);
    compiled_fini(&c);
    return proved;
}
