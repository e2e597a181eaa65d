/* SPDX-License-Identifier: Apache-2.0 */
/* session.c -- a loaded session: its signatures and their runs. */
#include "tensord/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/mem.h"
#include "exec/cache.h"
#include "exec/files.h"
#include "exec/load.h"
#include "exec/memory.h"
#include "exec/result.h"
#include "ops/pack.h"

td_session *td_session_ref(td_session *s)
{
    (void)atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void td_session_unref(td_session *s)
{
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) td_session_free(s);
}

td_account *td_session_account(td_session *s)
{
    return &s->account;
}

td_session_memory td_session_memory_of(const td_session *s)
{
    const size_t used = atomic_load_explicit(&s->account.used, memory_order_relaxed),
                 packed = td_packs_bytes(s->env.packs), known = s->constant_bytes + packed;

    return (td_session_memory){ s->constant_bytes, packed, used > known ? used - known : 0 };
}

const td_signature *td_session_signatures(const td_session *s, size_t *count)
{
    *count = s->file->n_signatures;
    return s->signatures;
}

const td_signature *td_session_find_signature(const td_session *s, const char *name)
{
    for (size_t i = 0; i < s->file->n_signatures; i++)
        if (strcmp(s->signatures[i].name, name) == 0) return &s->signatures[i];
    return NULL;
}

static td_entry *entry_of(const td_session *s, const td_signature *sig)
{
    td_entry *const e = &s->entries[sig - s->signatures];

    return e->twin ? e->twin : e;
}

/* Inputs as the program takes them. */
typedef struct full_inputs {
    const td_tensor *in; /* the caller's, when it gave all */
    td_tensor few[16], *many;
} full_inputs;

static void fill_in(full_inputs *f, const td_signature *sig, const td_tensor *in)
{
    if (sig->n_inputs > TD_COUNT(f->few)) f->many = TD_NEW_N(td_tensor, sig->n_inputs);
    td_tensor *const all = f->many ? f->many : f->few;

    for (size_t i = 0; i < sig->n_inputs; i++)
        all[i] = in[i].dtype == TD_DTYPE_NONE && sig->inputs[i].default_value ? *sig->inputs[i].default_value
                                                                              : in[i];
    f->in = all;
}

/* With default values where the caller gave none. */
static void open_inputs(full_inputs *f, const td_signature *sig, const td_tensor *in)
{
    bool has_all = true;

    f->in = in;
    f->many = NULL;
    for (size_t i = 0; i < sig->n_inputs; i++)
        has_all = has_all && in[i].dtype != TD_DTYPE_NONE;
    if (!has_all) fill_in(f, sig, in);
}

static void close_inputs(full_inputs *f)
{
    td_free(f->many);
}

static td_status check_inputs(const td_signature *sig, const td_tensor *in)
{
    for (size_t i = 0; i < sig->n_inputs; i++) {
        const td_tensor_info *const info = &sig->inputs[i];

        if (in[i].dtype == TD_DTYPE_NONE)
            return TD_ERR(INVALID_ARGUMENT, "input %s was not given and has no default value", info->alias);
        if (in[i].dtype != info->dtype)
            return TD_ERR(INVALID_ARGUMENT, "Expects arg[%zu] to be %s but %s is provided", i,
                          td_dtype_name(info->dtype), td_dtype_name(in[i].dtype));
    }
    return NULL;
}

int64_t td_session_expect(const td_session *s, const td_signature *sig, const td_tensor *in)
{
    const td_entry *const e = entry_of(s, sig);
    full_inputs full;

    if (!e->prog) return 0;
    open_inputs(&full, sig, in);
    const int64_t ns = td_cache_expect(e->prog, full.in);

    close_inputs(&full);
    return ns;
}

bool td_session_is_batchable(const td_session *s, const td_signature *sig, const char **why_not)
{
    const td_entry *const e = entry_of(s, sig);

    *why_not = e->rows.is_batchable ? NULL
               : e->rows.why_not    ? e->rows.why_not
                                    : "it is not there to be run, or cannot be for want of ops";
    return e->rows.is_batchable;
}

static td_status why_unusable(const td_entry *e, const td_signature *sig)
{
    if (e->error) return td_status_copy(e->error);
    return TD_ERR(INVALID_ARGUMENT, "signature %s is not meant to be run", sig->name);
}

const char *td_session_trouble(const td_session *s, const td_signature *sig)
{
    const td_entry *const e = entry_of(s, sig);

    if (e->prog) return NULL;
    return e->error ? td_status_text(e->error) : "it is not meant to be run";
}

/* Files that are not what they were explain any error, and spoil any answer. */
static td_status blame_files(td_session *s, td_status st)
{
    const td_status loss = td_files_check(&s->env);

    if (!loss) return st;
    td_status_free(st);
    return loss;
}

/* *out: what ran; NULL: it would have had to wait. */
static td_status run(td_session *s, td_program *prog, const td_tensor *in, const td_run_options *opts,
                     td_frame **out)
{
    td_trace *const trace = opts ? opts->trace : NULL;
    const int64_t start = trace ? td_now_ns() : 0;
    bool must_wait = false;
    td_frame *f;

    TD_TRY(td_frame_enter(prog, in, &f));
    if (trace) trace->plan_ns = td_now_ns() - start;
    td_status st = td_files_check(&s->env);
    if (!st) st = td_entry_run(f, &s->share, opts, &must_wait);
    if (st || must_wait)
        td_frame_leave(f);
    else
        *out = f;
    return st;
}

/* As run(); what changes the state of a model that keeps some runs alone. */
static td_status run_in_turn(td_session *s, td_program *prog, const td_tensor *in, const td_run_options *opts,
                             td_frame **out)
{
    bool is_ours;

    if (!s->file->runs_in_turn || !prog->has_state) return run(s, prog, in, opts, out);
    TD_TRY(td_turn_take(&s->turn, opts, &is_ours));
    if (!is_ours) return NULL;
    const td_status st = run(s, prog, in, opts, out);

    td_turn_give_back(&s->turn);
    return st;
}

td_status td_session_run(td_session *s, const td_signature *sig, const td_tensor *in, const size_t *want,
                         size_t n_want, const td_run_options *opts, td_result **out)
{
    td_entry *const e = entry_of(s, sig);
    full_inputs full;
    td_frame *f = NULL;

    if (!e->prog) return blame_files(s, why_unusable(e, sig));
    open_inputs(&full, sig, in);
    td_status st = check_inputs(sig, full.in);
    if (!st) st = run_in_turn(s, td_partial_of(&e->partials, e->prog, want, n_want), full.in, opts, &f);
    close_inputs(&full);
    st = blame_files(s, st);
    if (st) {
        if (f) td_frame_leave(f);
        return st;
    }
    *out = f ? td_result_make(f, want, n_want) : NULL;
    return NULL;
}

void td_session_save(td_session *s)
{
    if (s->stash) td_stash_save(s->stash, s->env.packs, s->stash_bytes);
}

td_status td_session_check(td_session *s)
{
    return td_files_look(&s->env);
}
