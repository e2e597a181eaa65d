/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c -- frames: bound to memory once, run any number of times. */
#include "exec/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/denormals.h"
#include "base/mem.h"
#include "base/mem_forbid.h"
#include "device/stop.h"

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

/* ---------------------------------------------------------------- running */

static bool skip_dead(td_frame *f, const td_call *c)
{
    bool any = false;

    if (c->op->flags & TD_OP_CONTROL) {
        if (strcmp(c->op->name, "Merge") == 0) return false; /* it looks for the living one itself */
    }
    for (uint32_t i = 0; i < c->n_in; i++)
        any = any || f->dead[c->in[i]];
    for (uint32_t i = 0; any && i < c->n_out; i++)
        if (td_out_is_used(c, i)) f->dead[c->out[i]] = 1;
    return any;
}

static td_status add_node(td_status s, const td_call *c)
{
    if (!s || strstr(td_status_text(s), "[[{{node ")) return s;
    const td_status t = td_status_make(td_status_code(s), __FILE__, __LINE__, "%s\n\t [[{{node %s}}]]",
                                       td_status_text(s), c->node);

    td_status_free(s);
    return t;
}

static td_status run_step(td_frame *f, size_t i)
{
    const td_plan_step *const ps = &f->plan->steps[i];
    td_call *const c = &f->calls[i];

    switch (ps->mode) {
    case TD_MODE_STATIC:
        return td_call_run(c, ps->step->kernel);
    case TD_MODE_ALIAS:
        td_out(c, 0)->data = td_in(c, 0)->data;
        return NULL;
    case TD_MODE_DYNAMIC:
        break;
    }
    const bool before = td_mem_forbid(false); /* it decides anew, and makes its outputs */
    const td_status s = td_call_again(c, ps->step->kernel, &f->memos[i], f->temp);

    (void)td_mem_forbid(before);
    c->state = NULL;
    td_arena_reset(f->temp);
    return s;
}

static void drop_dying(td_frame *f, const td_plan_step *ps)
{
    for (uint32_t k = 0; k < ps->n_dying; k++) {
        td_tensor *const t = &f->values[ps->dying[k]];

        if (!t->buffer) continue;
        td_buffer_unref(t->buffer); /* inv. 2 */
        t->buffer = NULL;
        t->data = NULL;
    }
}

static td_status run_steps(td_frame *f, const td_run_context *run)
{
    const td_plan *const plan = f->plan;
    td_arena *const strings = run->strings ? run->strings : f->strings;
    const td_stop *const stop = td_stop_here();

    if (f->dead) memset(f->dead, 0, plan->prog->n_values);
    for (size_t i = 0; i < plan->n_steps; i++) {
        td_call *const c = &f->calls[i];

        if (f->dead && skip_dead(f, c)) {
            drop_dying(f, &plan->steps[i]);
            continue;
        }
        if (i % 8 == 7) (void)td_stop_asked();
        if (stop) TD_TRY(td_stop_status(stop)); /* also when the step before left out shards */
        c->team = run->team;
        c->arena = strings;
        const td_status s = run_step(f, i);
        if (s) return add_node(s, c);
        drop_dying(f, &plan->steps[i]);
    }
    TD_TRY(td_stop_status(stop));
    for (size_t i = 0; f->dead && i < plan->prog->n_rets; i++)
        if (f->dead[plan->prog->rets[i]])
            return TD_ERR(INVALID_ARGUMENT, "Retval[%zu] does not have value", i);
    return NULL;
}

static td_status take_workspace(td_frame *f)
{
    const td_plan *const plan = f->plan;

    if (!plan->workspace_size || f->own) return NULL;
    if (!f->lent.data) TD_TRY(td_workspace_take(plan->prog->env->account, plan->workspace_size, &f->lent));
    bind(f, f->lent.data);
    return NULL;
}

td_status td_frame_run(td_frame *f, const td_run_context *run)
{
    TD_TRY(take_workspace(f));
    const unsigned long before = td_denormals_flush();
    const bool was_forbidden = td_mem_forbid(true); /* static steps have all they need */
    const td_status s = run_steps(f, run);

    (void)td_mem_forbid(was_forbidden);
    td_denormals_restore(before);
    return s;
}
