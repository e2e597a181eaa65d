/* SPDX-License-Identifier: Apache-2.0 */
/* session.c -- a loaded session: its signatures and their runs. */
#include "tensord/session.h"

#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "exec/cache.h"
#include "exec/files.h"
#include "exec/load.h"

struct td_result {
    td_frame *frame;
    td_tensor *out;
};

td_session *td_session_ref(td_session *s)
{
    (void)atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void td_session_unref(td_session *s)
{
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) td_session_free(s);
}

const td_signature *td_session_signatures(const td_session *s, size_t *count)
{
    *count = s->file->n_signatures;
    return s->file->signatures;
}

const td_signature *td_session_find_signature(const td_session *s, const char *name)
{
    for (size_t i = 0; i < s->file->n_signatures; i++)
        if (strcmp(s->file->signatures[i].name, name) == 0) return &s->file->signatures[i];
    return NULL;
}

static td_entry *entry_of(const td_session *s, const td_signature *sig)
{
    return &s->entries[sig - s->file->signatures];
}

bool td_session_is_long(const td_session *s, const td_signature *sig)
{
    return td_entry_is_long(entry_of(s, sig));
}

static td_status check_inputs(const td_signature *sig, const td_tensor *in, td_tensor *full)
{
    for (size_t i = 0; i < sig->n_inputs; i++) {
        const td_tensor_info *const info = &sig->inputs[i];

        full[i] = in[i];
        if (in[i].dtype == TD_DTYPE_NONE) {
            if (!info->default_value)
                return TD_ERR(INVALID_ARGUMENT, "input %s was not given and has no default value",
                              info->alias);
            full[i] = *info->default_value;
        }
        if (full[i].dtype != info->dtype)
            return TD_ERR(INVALID_ARGUMENT, "Expects arg[%zu] to be %s but %s is provided", i,
                          td_dtype_name(info->dtype), td_dtype_name(full[i].dtype));
    }
    return NULL;
}

static td_status why_unusable(const td_entry *e, const td_signature *sig)
{
    if (e->error) return td_status_copy(e->error);
    return TD_ERR(INVALID_ARGUMENT, "signature %s is not meant to be run", sig->name);
}

/* Files that are not what they were explain any error, and spoil any answer. */
static td_status blame_files(td_session *s, td_status st)
{
    const td_status loss = td_files_check(&s->env);

    if (!loss) return st;
    td_status_free(st);
    return loss;
}

td_status td_session_run(td_session *s, const td_signature *sig, const td_tensor *in, const size_t *want,
                         size_t n_want, const td_run_options *opts, td_result **out)
{
    td_entry *const e = entry_of(s, sig);
    td_tensor small[16];
    td_tensor *const full = sig->n_inputs <= TD_COUNT(small) ? small : TD_NEW_N(td_tensor, sig->n_inputs);
    td_frame *f = NULL;

    td_status st = e->prog ? check_inputs(sig, in, full) : why_unusable(e, sig);
    if (!st) st = td_frame_enter(e->prog, full, &f);
    if (full != small) td_free(full);
    if (!st) st = td_files_check(&s->env);
    if (!st) st = td_entry_run(e, f, opts);
    st = blame_files(s, st);
    if (st) {
        if (f) td_frame_leave(f);
        return st;
    }
    td_result *const r = TD_ARENA_NEW(f->strings, td_result);
    r->frame = f;
    r->out = TD_ARENA_NEW_N(f->strings, td_tensor, n_want + 1);
    for (size_t i = 0; i < n_want; i++)
        r->out[i] = *td_frame_ret(f, want[i]);
    *out = r;
    return NULL;
}

td_status td_session_check(td_session *s)
{
    return td_files_look(&s->env);
}

const td_tensor *td_result_outputs(const td_result *r)
{
    return r->out;
}

void td_result_free(td_result *r)
{
    if (r) td_frame_leave(r->frame);
}
