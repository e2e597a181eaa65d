/* SPDX-License-Identifier: Apache-2.0 */
/* joint.c -- see joint.h. */
#include "exec/joint.h"

#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "exec/cache.h"
#include "exec/load.h"
#include "obs/log.h"

enum { MOST_OUTPUTS = 64 }; /* of which a program can leave out some: partial.h */

static const td_signature *signature_at(const td_session *s, size_t i)
{
    return &s->signatures[i];
}

/* Can it be part of one at all? State would see the runs of those that nobody asked for. */
static bool is_fit(const td_session *s, size_t i)
{
    const td_signature *const sig = signature_at(s, i);
    const td_program *const prog = s->entries[i].prog;

    return prog && !prog->has_state && sig->n_inputs == 1 && sig->inputs[0].dtype == TD_STRING &&
           strcmp(sig->inputs[0].alias, "inputs") == 0;
}

static bool is_of(const td_session *s, size_t lead, size_t i)
{
    return is_fit(s, i) &&
           strcmp(signature_at(s, i)->inputs[0].tensor, signature_at(s, lead)->inputs[0].tensor) == 0;
}

/* Makes a signature of all those like lead, at sig; how many they are. */
static size_t join(td_session *s, size_t lead, td_signature *sig)
{
    td_arena *const arena = s->file->arena;
    const size_t n = s->file->n_signatures;
    size_t members = 0, n_outputs = 0;

    for (size_t i = lead; i < n; i++)
        if (is_of(s, lead, i)) n_outputs += signature_at(s, i)->n_outputs;
    td_tensor_info *const outputs = TD_ARENA_NEW_N(arena, td_tensor_info, n_outputs + 1);
    *sig = *signature_at(s, lead);
    sig->outputs = outputs;
    sig->n_outputs = 0;
    for (size_t i = lead; i < n; i++) {
        const td_signature *const one = signature_at(s, i);

        if (!is_of(s, lead, i)) continue;
        if (members++) sig->name = td_arena_format(arena, "%s+%s", sig->name, one->name);
        s->joins[i] = (td_join){ sig, sig->n_outputs, true };
        memcpy(&outputs[sig->n_outputs], one->outputs, one->n_outputs * sizeof *outputs);
        sig->n_outputs += one->n_outputs;
    }
    return members;
}

static void leave_out(td_session *s, const td_signature *sig)
{
    for (size_t i = 0; i < s->file->n_signatures; i++)
        if (s->joins[i].sig == sig) s->joins[i].sig = NULL;
}

/* By a budget of its own: a load that is within its limits stays so, whatever this takes. */
static td_status make_entry(td_session *s, const td_signature *sig, td_entry *e)
{
    td_budget budget = s->budget;

    s->env.budget = &budget;
    const td_status st = td_load_entry(s, sig, e);
    s->env.budget = &s->budget;
    s->budget.used[TD_BUDGET_BYTES] = budget.used[TD_BUDGET_BYTES]; /* the model's, whatever came of it */
    return st;
}

/* The one that lead is the first of, at the end of s->signatures, if it can be made. */
static void make_joint(td_session *s, size_t lead)
{
    const size_t at = s->n_signatures;
    td_signature *const sig = &s->signatures[at];
    td_entry *const e = &s->entries[at];
    td_status st = NULL;

    if (join(s, lead, sig) < 2 || sig->n_outputs > MOST_OUTPUTS || (st = make_entry(s, sig, e)) != NULL) {
        if (st)
            td_debug("exec", "model_dir=%s joint=%s left_out=\"%s\"", s->file->path, sig->name,
                     td_status_text(st));
        td_status_free(st);
        td_program_free(e->prog);
        *e = (td_entry){ .graph = NULL };
        leave_out(s, sig);
        return;
    }
    s->n_signatures++;
}

void td_joints_make(td_session *s)
{
    for (size_t i = 0; i < s->file->n_signatures; i++)
        if (is_fit(s, i) && !s->joins[i].is_looked_at) make_joint(s, i);
}

const td_signature *td_joint_signatures(const td_session *s, size_t *n)
{
    *n = s->n_signatures;
    return s->signatures;
}

const td_signature *td_joint_of(const td_session *s, const td_signature *sig, size_t *first)
{
    const td_join *const j = &s->joins[sig - s->signatures];

    *first = j->first;
    return j->sig;
}
