/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c -- frames: bound to memory once, run any number of times. */
#include "exec/frame.h"

#include <string.h>

#include "base/mem.h"

/* Workspaces that are part of their frame; what an idle frame keeps of its arenas. */
enum { OWN_MOST = 16 << 10, ARENA_MOST = 64 << 10 };

/* ---------------------------------------------------------------- making */

static uint64_t fixed_inputs(const td_plan *plan, const td_step *s)
{
    uint64_t bits = s->const_in;

    for (uint32_t i = 0; i < s->n_in && i < 64; i++)
        if (plan->values[s->in[i]].data) bits |= UINT64_C(1) << i;
    return bits;
}

static void make_calls(td_frame *f)
{
    const td_plan *const plan = f->plan;

    f->calls = TD_ARENA_NEW_N(f->memory, td_call, plan->n_steps + 1);
    f->memos = TD_ARENA_NEW_N(f->memory, td_memo, plan->n_steps + 1);
    for (size_t i = 0; i < plan->n_steps; i++) {
        const td_plan_step *const ps = &plan->steps[i];
        td_call *const c = &f->calls[i];

        *c = td_step_call(ps->step, plan->prog->env, f->values);
        c->state = ps->state;
        c->fixed_in = fixed_inputs(plan, ps->step);
        c->dead = f->dead;
        c->scratch_size = ps->scratch_size;
        c->scratch = td_no_scratch;
    }
}

/* Lets values and calls point into the workspace. */
static void bind(td_frame *f, unsigned char *workspace)
{
    const td_plan *const plan = f->plan;

    if (workspace == f->bound) return;
    for (size_t v = 0; v < plan->prog->n_values; v++)
        if (plan->offset[v] != SIZE_MAX) f->values[v].data = workspace + plan->offset[v];
    for (size_t i = 0; i < plan->n_steps; i++)
        if (plan->steps[i].scratch_size) f->calls[i].scratch = workspace + plan->steps[i].scratch_offset;
    f->bound = workspace;
}

static td_status no_memory(size_t bytes)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "no memory for a workspace of %zu bytes", bytes);
}

static td_status fill(td_frame *f)
{
    const td_plan *const plan = f->plan;
    const size_t n = plan->prog->n_values;

    if (plan->workspace_size && plan->workspace_size <= OWN_MOST) {
        f->own = td_arena_try_alloc(f->memory, plan->workspace_size, TD_ALIGN);
        if (!f->own) return no_memory(plan->workspace_size);
    }
    f->values = TD_ARENA_NEW_N(f->memory, td_tensor, n + 1);
    memcpy(f->values, plan->values, n * sizeof *f->values);
    for (size_t v = 0; v < n; v++)
        f->values[v].buffer = NULL; /* the plan keeps what it computed */
    if (plan->prog->has_switch) f->dead = td_arena_alloc(f->memory, n + 1);
    make_calls(f);
    if (f->own) bind(f, f->own);
    const size_t bytes = td_arena_held(f->memory);

    TD_TRY(td_account_take(plan->prog->env->account, bytes, "a run's frame"));
    f->bytes = bytes;
    return NULL;
}

td_status td_frame_make(td_plan *plan, td_frame **out)
{
    td_frame *const f = TD_NEW(td_frame);

    f->plan = plan;
    f->memory = td_arena_make();
    f->strings = td_arena_make();
    f->temp = td_arena_make();
    const td_status s = fill(f);
    if (s)
        td_frame_free(f);
    else
        *out = f;
    return s;
}

void td_frame_free(td_frame *f)
{
    for (size_t i = 0; f->memos && i < f->plan->n_steps; i++)
        td_memo_fini(&f->memos[i], f->plan->steps[i].step->kernel);
    td_workspace_give(&f->lent);
    td_account_give(f->plan->prog->env->account, f->bytes);
    td_arena_free(f->strings);
    td_arena_free(f->temp);
    td_arena_free(f->memory);
    td_free(f);
}

void td_frame_set_args(td_frame *f, const td_tensor *in)
{
    const td_program *const prog = f->plan->prog;

    for (size_t i = 0; i < prog->n_args; i++) {
        td_tensor *const t = &f->values[prog->args[i]];

        t->data = in[i].data;
        t->buffer = in[i].buffer ? td_buffer_ref(in[i].buffer) : NULL;
    }
}

void td_frame_clear(td_frame *f)
{
    for (size_t v = 0; v < f->plan->prog->n_values; v++)
        if (f->values[v].buffer) {
            td_buffer_unref(f->values[v].buffer);
            f->values[v].buffer = NULL;
        }
    td_workspace_give(&f->lent);
    td_arena_shrink(f->strings, ARENA_MOST);
    td_arena_shrink(f->temp, ARENA_MOST);
}

td_status td_frame_bind(td_frame *f)
{
    const td_plan *const plan = f->plan;

    if (!plan->workspace_size || f->own) return NULL;
    if (!f->lent.data)
        TD_TRY(
            td_workspace_take(plan->prog->env->account, plan->workspace_size, "a run's workspace", &f->lent));
    bind(f, f->lent.data);
    return NULL;
}
