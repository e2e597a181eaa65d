/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c -- decides, for one tuple of input shapes, everything that does not depend on elements. */
#include "exec/plan.h"

#include <string.h>

#include "base/mem.h"
#include "exec/infer.h"
#include "exec/lane.h"
#include "exec/memplan.h"
#include "exec/segment.h"
#include "ops/pack.h"

typedef struct planner {
    td_plan *plan;
    td_inference inf;
    td_pack_jobs *packs;
    td_status lacks; /* memory: there is to be no plan, since one without it would be kept */
} planner;

static bool prepare(planner *pl, const td_step *s, td_plan_step *ps)
{
    const td_kernel *const k = s->kernel;
    td_call *const c = &pl->inf.call;

    if (k->state_size) ps->state = td_arena_alloc(pl->plan->arena, k->state_size);
    c->state = ps->state;
    c->scratch_size = 0;
    c->body = NULL;
    c->work = 0;
    c->arena = pl->plan->arena;
    c->packs_later = pl->packs;
    const size_t jobs = td_pack_jobs_count(pl->packs);
    const td_status st = k->prepare ? k->prepare(c) : NULL;
    c->packs_later = NULL;
    c->arena = pl->inf.scratch;
    ps->scratch_size = c->scratch_size;
    ps->body = c->body;
    ps->work = c->work;
    if (!st) return true;
    td_pack_jobs_cut(pl->packs, jobs);
    if (k->release) k->release(ps->state);
    ps->state = NULL;
    if (td_status_code(st) == TD_RESOURCE_EXHAUSTED && !pl->lacks)
        pl->lacks = st;
    else
        td_status_free(st);
    return false;
}

/* A step without outputs has nothing to infer. */
static bool is_static(const planner *pl, const td_step *s, td_inferred inferred)
{
    const bool is_dynamic = (s->op->flags & TD_OP_DYNAMIC) != 0;

    return inferred == TD_INFERRED_SHAPES ||
           (!s->op->infer && !is_dynamic && td_infer_has_shapes(&pl->inf, s));
}

static void plan_step(planner *pl, const td_step *s)
{
    td_plan *const plan = pl->plan;
    td_plan_step *const ps = &plan->steps[plan->n_steps];
    const td_inferred inferred = td_infer_step(&pl->inf, s);

    if (inferred == TD_INFERRED_VALUES) return;
    *ps = (td_plan_step){ .step = s, .mode = TD_MODE_DYNAMIC };
    if (inferred && td_infer_is_alias(&pl->inf, s)) {
        ps->mode = TD_MODE_ALIAS;
    } else if (is_static(pl, s, inferred)) {
        if (prepare(pl, s, ps))
            ps->mode = TD_MODE_STATIC;
        else
            td_infer_forget(&pl->inf, s);
    }
    plan->n_steps++;
    td_arena_reset(pl->inf.scratch);
}

static td_status charge(td_plan *plan, size_t known)
{
    const size_t bytes = td_arena_held(plan->arena) + known;

    TD_TRY(td_account_take(plan->prog->env->account, bytes, "a plan for new shapes"));
    plan->bytes = bytes;
    return NULL;
}

/* Few bytes are packed sooner than a team is together. */
enum { TEAM_BYTES = 1 << 20 };

/* By all cores where nothing else needs them. */
static td_status pack(const td_program *prog, td_pack_jobs *packs)
{
    td_share share = { 0 };
    td_lane lane = { 0 };

    if (!prog->env->has_cores || td_pack_jobs_bytes(packs) < TEAM_BYTES || !td_lane_try(&share, 0, &lane))
        return td_pack_jobs_run(packs, NULL);
    const td_status s = td_pack_jobs_run(packs, lane.team);

    td_lane_leave(&lane, 0);
    return s;
}

td_status td_plan_make(td_program *prog, const td_tensor *in, td_plan **out)
{
    td_plan *const plan = TD_NEW(td_plan);
    planner pl = { .plan = plan,
                   .inf = { .prog = prog, .scratch = td_arena_make() },
                   .packs = td_pack_jobs_make(prog->env->packs) };

    plan->prog = prog;
    atomic_init(&plan->refs, 1);
    plan->arena = td_arena_make();
    plan->values = TD_ARENA_NEW_N(plan->arena, td_tensor, prog->n_values + 1);
    memcpy(plan->values, prog->values, prog->n_values * sizeof *plan->values);
    for (size_t i = 0; i < prog->n_args; i++)
        plan->values[prog->args[i]].shape = in[i].shape;
    pl.inf.values = plan->values;
    pl.inf.arena = plan->arena;
    plan->steps = TD_ARENA_NEW_N(plan->arena, td_plan_step, prog->n_steps + 1);
    for (size_t i = 0; i < prog->n_steps && !pl.lacks; i++)
        plan_step(&pl, &prog->steps[i]);
    td_arena_free(pl.inf.scratch);
    if (!pl.lacks) pl.lacks = pack(prog, pl.packs);
    td_pack_jobs_free(pl.packs);
    if (!pl.lacks) {
        td_memplan_make(plan);
        td_segments_make(plan);
    }
    const td_status s = pl.lacks ? pl.lacks : charge(plan, pl.inf.known);
    if (s)
        td_plan_free(plan);
    else
        *out = plan;
    return s;
}

void td_plan_free(td_plan *p)
{
    for (size_t i = 0; i < p->n_steps; i++) {
        const td_kernel *const k = p->steps[i].step->kernel;

        if (p->steps[i].mode == TD_MODE_STATIC && k->release) k->release(p->steps[i].state);
    }
    for (size_t i = 0; i < p->prog->n_values; i++)
        if (p->values[i].buffer) td_buffer_unref(p->values[i].buffer);
    td_account_give(p->prog->env->account, p->bytes);
    td_arena_free(p->arena);
    td_free(p);
}
