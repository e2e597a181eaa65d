/* SPDX-License-Identifier: Apache-2.0 */
/* infer.c -- see infer.h. */
#include "exec/infer.h"

#include "ops/kernel.h"

/* Values up to this many bytes are worked out, when they can be; and so many bytes in all. */
enum { KNOWN_MAX = 64 * 1024, KNOWN_SUM_MAX = 16 << 20 };

static bool is_known(const td_tensor *t)
{
    return t->data || (t->shape.rank >= 0 && td_shape_count(&t->shape) == 0);
}

void td_infer_forget(td_inference *inf, const td_step *s)
{
    for (uint32_t i = 0; i < s->n_out; i++)
        if (s->out[i] != UINT32_MAX) {
            td_tensor *const t = &inf->values[s->out[i]];

            if (t->buffer) td_buffer_unref(t->buffer);
            t->buffer = NULL;
            t->data = NULL;
            t->shape.rank = -1;
        }
}

bool td_infer_has_shapes(const td_inference *inf, const td_step *s)
{
    for (uint32_t i = 0; i < s->n_in; i++)
        if (inf->values[s->in[i]].shape.rank < 0) return false;
    return true;
}

/* Can the step be run before a run, and is that worth it? */
static bool can_compute(const td_inference *inf, const td_step *s)
{
    const td_program *const prog = inf->prog;
    size_t bytes = 0;

    if ((s->op->flags & (TD_OP_STATEFUL | TD_OP_CONTROL)) || s->n_regions > 0) return false;
    if (!td_env_does(prog->env, TD_PASS_plan_values)) return false;
    for (uint32_t i = 0; i < s->n_in; i++) {
        if (!is_known(&inf->values[s->in[i]]) && !(s->op->flags & TD_OP_SHAPE_ONLY)) return false;
        if (prog->may_die && prog->may_die[s->in[i]]) return false; /* a Merge asks whether it is there */
    }
    for (uint32_t i = 0; i < s->n_out; i++) {
        if (s->out[i] == UINT32_MAX) continue;
        const td_tensor *const t = &inf->values[s->out[i]];

        if (t->dtype == TD_VARIANT || t->dtype == TD_RESOURCE) return false;
        if (t->shape.rank >= 0) bytes += td_tensor_bytes(t);
    }
    for (uint32_t i = 0; i < s->n_in && (s->op->flags & TD_OP_DYNAMIC); i++)
        bytes += td_tensor_bytes(&inf->values[s->in[i]]);
    return bytes <= KNOWN_MAX && inf->known <= KNOWN_SUM_MAX;
}

/* Runs the step; its outputs become constants. */
static bool compute(td_inference *inf, const td_step *s)
{
    inf->call.arena = inf->arena;
    const td_status st = td_call_now(&inf->call, s->kernel, inf->arena);
    inf->call.arena = inf->scratch;
    for (uint32_t i = 0; !st && i < s->n_out; i++)
        if (s->out[i] != UINT32_MAX) inf->known += td_tensor_bytes(&inf->values[s->out[i]]);
    if (!st) return true;
    td_status_free(st);
    td_infer_forget(inf, s);
    return false;
}

/* True when shapes of all outputs are known now. Errors are left for the run: it may never get here. */
static bool infer_shapes(td_inference *inf, const td_step *s)
{
    if (!td_infer_has_shapes(inf, s) || (s->op->flags & TD_OP_DYNAMIC)) return false;
    inf->call.is_deferred = false;
    const td_status st = s->op->infer ? s->op->infer(&inf->call) : NULL;
    bool ok = !st;

    td_status_free(st);
    for (uint32_t i = 0; ok && i < s->n_out; i++) {
        if (s->out[i] == UINT32_MAX) continue;
        td_tensor *const t = &inf->values[s->out[i]];
        const td_status bad = t->shape.rank < 0 ? TD_ERR(INTERNAL, "no shape") : td_shape_check(&t->shape);

        if (bad) ok = false;
        td_status_free(bad);
    }
    if (!ok) td_infer_forget(inf, s);
    return ok;
}

bool td_infer_is_alias(const td_inference *inf, const td_step *s)
{
    return (s->op->flags & TD_OP_ALIAS) || inf->call.is_alias;
}

td_inferred td_infer_step(td_inference *inf, const td_step *s)
{
    inf->call = td_step_call(s, inf->prog->env, inf->values);
    inf->call.arena = inf->scratch;
    const bool inferred = infer_shapes(inf, s);
    const bool is_open = (s->op->flags & TD_OP_DYNAMIC) && td_infer_has_shapes(inf, s);

    if (inferred && td_infer_is_alias(inf, s))
        inf->values[s->out[0]].data = inf->values[s->in[0]].data;
    else if ((inferred || is_open) && can_compute(inf, s))
        return compute(inf, s) ? TD_INFERRED_VALUES : TD_INFERRED_NOTHING; /* the run says what is wrong */
    return inferred ? TD_INFERRED_SHAPES : TD_INFERRED_NOTHING;
}
