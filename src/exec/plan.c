/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c -- decides, for one tuple of input shapes, everything that does not depend on elements. */
#include "exec/plan.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "exec/memplan.h"

/* Values up to this many bytes are computed while planning, when they can be; and so many bytes in all. */
enum { KNOWN_MAX = 64 * 1024, KNOWN_SUM_MAX = 16 << 20 };

typedef struct planner {
    td_program *prog;
    td_plan *plan;
    td_call c;
    td_arena *scratch; /* infer's */
    size_t known;      /* bytes computed so far */
} planner;

static bool is_known(const td_tensor *t)
{
    return t->data || (t->shape.rank >= 0 && td_shape_count(&t->shape) == 0);
}

static void open_call(planner *pl, const td_step *s)
{
    pl->c = td_step_call(s, pl->prog->env, pl->plan->values);
    pl->c.arena = pl->scratch;
}

static void forget_outputs(planner *pl, const td_step *s)
{
    for (uint32_t i = 0; i < s->n_out; i++)
        if (s->out[i] != UINT32_MAX) {
            td_tensor *const t = &pl->plan->values[s->out[i]];

            if (t->buffer) td_buffer_unref(t->buffer);
            t->buffer = NULL;
            t->data = NULL;
            t->shape.rank = -1;
        }
}

static bool have_shapes(const planner *pl, const td_step *s)
{
    for (uint32_t i = 0; i < s->n_in; i++)
        if (pl->plan->values[s->in[i]].shape.rank < 0) return false;
    return true;
}

/* Can the step be run while planning, and is that worth it? */
static bool can_compute(const planner *pl, const td_step *s)
{
    size_t bytes = 0;

    if ((s->op->flags & (TD_OP_STATEFUL | TD_OP_CONTROL)) || s->n_regions > 0) return false;
    if (!td_env_does(pl->prog->env, TD_PASS_plan_values)) return false;
    for (uint32_t i = 0; i < s->n_in; i++) {
        if (!is_known(&pl->plan->values[s->in[i]]) && !(s->op->flags & TD_OP_SHAPE_ONLY)) return false;
        if (pl->prog->may_die && pl->prog->may_die[s->in[i]])
            return false; /* a Merge asks whether it is there */
    }
    for (uint32_t i = 0; i < s->n_out; i++) {
        if (s->out[i] == UINT32_MAX) continue;
        const td_tensor *const t = &pl->plan->values[s->out[i]];

        if (t->dtype == TD_VARIANT || t->dtype == TD_RESOURCE) return false;
        if (t->shape.rank >= 0) bytes += td_tensor_bytes(t);
    }
    for (uint32_t i = 0; i < s->n_in && (s->op->flags & TD_OP_DYNAMIC); i++)
        bytes += td_tensor_bytes(&pl->plan->values[s->in[i]]);
    return bytes <= KNOWN_MAX && pl->known <= KNOWN_SUM_MAX;
}

/* Runs the step; its outputs become constants of the plan (their buffers are given back with it). */
static bool compute(planner *pl, const td_step *s)
{
    pl->c.arena = pl->plan->arena;
    const td_status st = td_call_now(&pl->c, s->kernel, pl->plan->arena);
    pl->c.arena = pl->scratch;
    for (uint32_t i = 0; !st && i < s->n_out; i++)
        if (s->out[i] != UINT32_MAX) pl->known += td_tensor_bytes(&pl->plan->values[s->out[i]]);
    if (!st) return true;
    td_status_free(st);
    forget_outputs(pl, s);
    return false;
}

/* True when shapes of all outputs are known now. Errors are left for the run: it may never get here. */
static bool infer(planner *pl, const td_step *s)
{
    if (!have_shapes(pl, s) || (s->op->flags & TD_OP_DYNAMIC)) return false;
    pl->c.is_deferred = false;
    const td_status st = s->op->infer ? s->op->infer(&pl->c) : NULL;
    bool ok = !st;

    td_status_free(st);
    for (uint32_t i = 0; ok && i < s->n_out; i++) {
        if (s->out[i] == UINT32_MAX) continue;
        td_tensor *const t = &pl->plan->values[s->out[i]];
        const td_status bad = t->shape.rank < 0 ? TD_ERR(INTERNAL, "no shape") : td_shape_check(&t->shape);

        if (bad) ok = false;
        td_status_free(bad);
    }
    if (!ok) forget_outputs(pl, s);
    return ok;
}

static bool prepare(planner *pl, const td_step *s, td_plan_step *ps)
{
    const td_kernel *const k = s->kernel;

    if (k->state_size) ps->state = td_arena_alloc(pl->plan->arena, k->state_size);
    pl->c.state = ps->state;
    pl->c.scratch_size = 0;
    pl->c.arena = pl->plan->arena;
    const td_status st = k->prepare ? k->prepare(&pl->c) : NULL;
    pl->c.arena = pl->scratch;
    ps->scratch_size = pl->c.scratch_size;
    if (!st) return true;
    if (k->release) k->release(ps->state);
    ps->state = NULL;
    td_status_free(st);
    return false;
}

static void plan_step(planner *pl, const td_step *s)
{
    td_plan *const plan = pl->plan;
    td_plan_step *const ps = &plan->steps[plan->n_steps];

    open_call(pl, s);
    *ps = (td_plan_step){ .step = s, .mode = TD_MODE_DYNAMIC };
    const bool is_dynamic_op = (s->op->flags & TD_OP_DYNAMIC) != 0;
    const bool inferred = infer(pl, s);

    if ((inferred || (is_dynamic_op && have_shapes(pl, s))) && can_compute(pl, s) &&
        !(s->op->flags & TD_OP_ALIAS) && compute(pl, s))
        return;
    if (inferred && (s->op->flags & TD_OP_ALIAS)) {
        plan->values[s->out[0]].data = plan->values[s->in[0]].data;
        ps->mode = TD_MODE_ALIAS;
    } else if (inferred || (!s->op->infer && !is_dynamic_op && have_shapes(pl, s))) {
        if (prepare(pl, s, ps))
            ps->mode = TD_MODE_STATIC;
        else
            forget_outputs(pl, s);
    }
    plan->n_steps++;
    td_arena_reset(pl->scratch);
}

td_status td_plan_make(td_program *prog, const td_tensor *in, td_plan **out)
{
    td_plan *const plan = TD_NEW(td_plan);
    planner pl = { .prog = prog, .plan = plan, .scratch = td_arena_make() };

    plan->prog = prog;
    atomic_init(&plan->refs, 1);
    plan->arena = td_arena_make();
    plan->values = TD_ARENA_NEW_N(plan->arena, td_tensor, prog->n_values + 1);
    memcpy(plan->values, prog->values, prog->n_values * sizeof *plan->values);
    for (size_t i = 0; i < prog->n_args; i++)
        plan->values[prog->args[i]].shape = in[i].shape;
    plan->steps = TD_ARENA_NEW_N(plan->arena, td_plan_step, prog->n_steps + 1);
    for (size_t i = 0; i < prog->n_steps; i++)
        plan_step(&pl, &prog->steps[i]);
    td_memplan_make(plan);
    td_arena_free(pl.scratch);
    *out = plan;
    return NULL;
}

void td_plan_free(td_plan *p)
{
    for (size_t i = 0; i < p->n_steps; i++) {
        const td_kernel *const k = p->steps[i].step->kernel;

        if (p->steps[i].mode == TD_MODE_STATIC && k->release) k->release(p->steps[i].state);
    }
    for (size_t i = 0; i < p->prog->n_values; i++)
        if (p->values[i].buffer) td_buffer_unref(p->values[i].buffer);
    td_arena_free(p->arena);
    td_free(p);
}
