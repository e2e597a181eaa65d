/* SPDX-License-Identifier: Apache-2.0 */
/* warmup.c -- see warmup.h. */
#include "exec/warmup.h"

#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "exec/cache.h"
#include "obs/log.h"
#include "ops/resources.h"

/* Where nobody says what sizes batches will have: the largest that is tried, and the part of the load's time that all of
 * them may take. */
enum { MOST_ROWS = 32, TIME_SHARE = 10 };

typedef struct warmup {
    td_session *session;
    const td_session_options *options;
    int64_t start_ns, before_ns; /* of the load, up to the start */
    int64_t guessed_ns;          /* taken by sizes that nobody has told */
} warmup;

/* ---- one run ---- */

static void fill_zeros(td_tensor *t)
{
    memset(t->data, 0, td_tensor_bytes(t));
    for (int64_t i = 0; t->dtype == TD_STRING && i < td_shape_count(&t->shape); i++)
        ((td_string *)t->data)[i].data = "";
}

static bool has_open_rows(const td_shape *s)
{
    return s->rank > 0 && s->dims[0] < 0;
}

/* Rows of zeros, or of empty strings; false when a rank is unknown, or there is no memory. */
static bool make_zeros(const td_signature *sig, int64_t rows, td_tensor *in)
{
    for (size_t i = 0; i < sig->n_inputs; i++) {
        td_shape shape = sig->inputs[i].shape;

        if (shape.rank < 0) return false;
        if (has_open_rows(&shape)) shape.dims[0] = rows;
        for (int k = 0; k < shape.rank; k++)
            if (shape.dims[k] < 0) shape.dims[k] = 1;
        const td_status st = td_tensor_make(sig->inputs[i].dtype, &shape, &in[i]);
        if (st) {
            td_status_free(st);
            return false;
        }
        fill_zeros(&in[i]);
    }
    return true;
}

/* A run whose answer nobody wants. */
static td_status run_once(td_session *s, const td_entry *e, const td_tensor *in)
{
    const td_run_options options = { .deadline_ns = s->budget.end_ns };
    bool must_wait;
    td_frame *f;

    TD_TRY(td_frame_enter(e->prog, in, &f));
    const td_status st = td_entry_run(f, &s->share, &options, &must_wait);
    td_frame_leave(f);
    return st;
}

static td_status run_rows(td_session *s, const td_entry *e, const td_signature *sig, int64_t rows)
{
    td_tensor *const in = TD_NEW_N(td_tensor, sig->n_inputs);
    const td_status st = make_zeros(sig, rows, in) ? run_once(s, e, in) : NULL;

    for (size_t i = 0; i < sig->n_inputs; i++)
        td_tensor_unref(&in[i]);
    td_free(in);
    return st;
}

/* ---- one signature ---- */

/* Is it the model that fails, and would fail for every request, or does it just not like zeros? (Lack of a key, division
 * by zero and a lone element have all codes.) What a body reaches by way of an argument is found to have no value only
 * here. A model without the memory for one row cannot serve. */
static bool is_fatal(td_session *s, td_code code)
{
    return code == TD_DATA_LOSS || code == TD_RESOURCE_EXHAUSTED ||
           (code == TD_FAILED_PRECONDITION && td_resources_lack_values(s->env.resources));
}

static void log_failure(const td_session *s, const td_signature *sig, int64_t rows, td_status error)
{
    td_info("exec", "model_dir=%s signature=%s rows=%lld warm_up=failed code=%s error=\"%s\"", s->file->path,
            sig->name, (long long)rows, td_code_name(td_status_code(error)), td_status_text(error));
}

static td_status run_first(td_session *s, const td_entry *e, const td_signature *sig)
{
    const td_status st = run_rows(s, e, sig, 1);

    if (!st || is_fatal(s, td_status_code(st))) return td_status_prefix(st, "signature %s: ", sig->name);
    log_failure(s, sig, 1, st);
    td_status_free(st);
    return NULL;
}

/* More than one row: whatever comes of it, the model serves. False: it failed. */
static bool run_more(td_session *s, const td_entry *e, const td_signature *sig, int64_t rows)
{
    const td_status st = run_rows(s, e, sig, rows);
    const bool is_good = !st;

    if (st) log_failure(s, sig, rows, st);
    td_status_free(st);
    return is_good;
}

/* ---- batches ---- */

static bool takes_rows(const td_signature *sig)
{
    for (size_t i = 0; i < sig->n_inputs; i++)
        if (has_open_rows(&sig->inputs[i].shape)) return true;
    return false;
}

/* Every size is known, and each of them will be run. */
static void run_told(const warmup *w, const td_entry *e, const td_signature *sig)
{
    const td_session_options *const o = w->options;

    for (size_t i = 0; i < o->n_batch_rows; i++)
        if (o->batch_rows[i] > 1 && !run_more(w->session, e, sig, o->batch_rows[i])) return;
}

static int64_t time_left(const warmup *w)
{
    return (w->before_ns + td_now_ns() - w->start_ns - w->guessed_ns) / TIME_SHARE - w->guessed_ns;
}

/* Powers of two, as callers who wait are joined, while there is time for one that takes as long as two of those before it.
 * one_ns: what the first run took, which packs weights, too. */
static void run_guessed(warmup *w, const td_entry *e, const td_signature *sig, int64_t one_ns)
{
    int64_t next_ns = one_ns;

    for (int64_t rows = 2; rows <= MOST_ROWS && next_ns < time_left(w); rows *= 2) {
        const int64_t start = td_now_ns();
        const bool is_good = run_more(w->session, e, sig, rows);
        const int64_t took = td_now_ns() - start;
        w->guessed_ns += took;
        next_ns = 2 * took;
        if (!is_good) return;
    }
}

/* ---- all of them ---- */

static td_status warm_up(warmup *w, const td_entry *e, const td_signature *sig)
{
    const int64_t start = td_now_ns();

    if (!e->prog || e->prog->has_state || !sig->n_inputs) return NULL;
    TD_TRY(run_first(w->session, e, sig));
    if (!takes_rows(sig)) return NULL;
    if (w->options->batch_rows)
        run_told(w, e, sig);
    else if (e->rows.is_batchable)
        run_guessed(w, e, sig, td_now_ns() - start);
    return NULL;
}

static td_status warm_up_all(warmup *w)
{
    td_session *const s = w->session;

    for (size_t i = 0; i < s->file->n_signatures; i++) {
        TD_TRY(warm_up(w, &s->entries[i], &s->file->signatures[i]));
        TD_TRY(td_budget_check(&s->budget));
    }
    return NULL;
}

td_status td_warm_up(td_session *s, const td_session_options *o, int64_t took_ns)
{
    warmup w = { .session = s, .options = o, .start_ns = td_now_ns(), .before_ns = took_ns };
    const td_status st = warm_up_all(&w);

    td_load_warmed_up(&s->series, s->file->path, td_status_code(st), td_now_ns() - w.start_ns, 0);
    return st;
}
