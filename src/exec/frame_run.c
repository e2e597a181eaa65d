/* SPDX-License-Identifier: Apache-2.0 */
/* frame_run.c -- runs of a frame, segment by segment. */
#include <string.h>

#include "base/clock.h"
#include "base/denormals.h"
#include "base/mem_forbid.h"
#include "device/stop.h"
#include "exec/frame.h"

/* ---------------------------------------------------------------- a step of any kind */

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

static td_status run_dynamic(td_frame *f, size_t i)
{
    td_call *const c = &f->calls[i];
    const bool before = td_mem_forbid(false); /* it decides anew, and makes its outputs */
    const td_status s = td_call_again(c, f->plan->steps[i].step->kernel, &f->memos[i], f->temp);

    (void)td_mem_forbid(before);
    c->state = NULL;
    td_arena_reset(f->temp);
    return s;
}

static td_status run_by_mode(td_frame *f, size_t i)
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
    return run_dynamic(f, i);
}

static td_status run_step(td_frame *f, size_t i)
{
    td_status s = NULL;

    if (!f->dead || !skip_dead(f, &f->calls[i])) s = run_by_mode(f, i);
    if (!s) drop_dying(f, &f->plan->steps[i]);
    return s;
}

/* ---------------------------------------------------------------- segments */

static td_status add_node(td_status s, const td_call *c)
{
    if (strstr(td_status_text(s), "[[{{node ")) return s;
    const td_status t = td_status_make(td_status_code(s), __FILE__, __LINE__, "%s\n\t [[{{node %s}}]]",
                                       td_status_text(s), c->node);

    td_status_free(s);
    return t;
}

/* Nothing in it takes memory, dies, or is passed over. */
static td_status run_plain(td_frame *f, const td_segment *g)
{
    const td_plan_step *ps = &f->plan->steps[g->first];
    td_call *c = &f->calls[g->first];

    for (uint32_t n = g->n; n; n--, ps++, c++) {
        if (ps->mode == TD_MODE_ALIAS) {
            td_out(c, 0)->data = td_in(c, 0)->data;
            continue;
        }
        const td_status s = ps->step->kernel->run(c);

        if (TD_UNLIKELY(s != NULL)) return add_node(s, c);
    }
    return NULL;
}

static td_status run_careful(td_frame *f, const td_segment *g)
{
    for (uint32_t i = g->first; i < g->first + g->n; i++) {
        const td_status s = run_step(f, i);

        if (s) return add_node(s, &f->calls[i]);
    }
    return NULL;
}

/* ---------------------------------------------------------------- traces */

static void note_step(td_trace *t, const td_plan_step *ps, int64_t ns)
{
    const bool before = td_mem_forbid(false);
    const td_step *const s = ps->step;
    const td_trace_op what = {
        .key = s, .op = s->op->name, .node = s->node, .body = ps->body, .work = ps->work
    };

    td_trace_add_op(t, &what, ns);
    (void)td_mem_forbid(before);
}

/* What a body takes counts for the steps of the body. */
static td_status trace_step(td_frame *f, size_t i, td_trace *t)
{
    td_call *const c = &f->calls[i];
    const int64_t inner = t->inner_ns, start = td_now_ns();

    c->trace = t;
    const td_status s = run_step(f, i);
    c->trace = NULL;
    note_step(t, &f->plan->steps[i], td_now_ns() - start - (t->inner_ns - inner));
    return s ? add_node(s, c) : NULL;
}

static td_status trace_segment(td_frame *f, const td_segment *g, const td_run_context *run)
{
    const int64_t start = td_now_ns();

    for (uint32_t i = g->first; i < g->first + g->n; i++)
        TD_TRY(trace_step(f, i, run->trace));
    const bool before = td_mem_forbid(false);
    if (!run->strings) td_trace_add_segment(run->trace, g->first, g->n, td_now_ns() - start);
    (void)td_mem_forbid(before);
    return NULL;
}

/* ---------------------------------------------------------------- all of them */

/* What numbers a step has left out may be what made another one fail. */
static td_status why(td_status s, const td_stop *stop)
{
    const td_status told = td_stop_status(stop);

    if (!told) return s;
    td_status_free(s);
    return told;
}

static td_status run_segments(td_frame *f, const td_run_context *run)
{
    const td_plan *const plan = f->plan;
    const td_stop *const stop = td_stop_here();

    for (size_t i = 0; i < plan->n_segments; i++) {
        const td_segment *const g = &plan->segments[i];

        if (stop) {
            if (g->asks) (void)td_stop_asked();
            TD_TRY(td_stop_status(stop)); /* also when a step before left out shards */
        }
        const td_status s = TD_UNLIKELY(run->trace != NULL) ? trace_segment(f, g, run)
                            : g->is_plain                   ? run_plain(f, g)
                                                            : run_careful(f, g);
        if (TD_UNLIKELY(s != NULL)) return why(s, stop);
    }
    return td_stop_status(stop);
}

static td_status check_rets(const td_frame *f)
{
    const td_program *const prog = f->plan->prog;

    for (size_t i = 0; f->dead && i < prog->n_rets; i++)
        if (f->dead[prog->rets[i]]) return TD_ERR(INVALID_ARGUMENT, "Retval[%zu] does not have value", i);
    return NULL;
}

/* A frame mostly runs for the same as the last time. */
static void set_surroundings(td_frame *f, const td_run_context *run)
{
    td_arena *const strings = run->strings ? run->strings : f->strings;

    if (f->dead) memset(f->dead, 0, f->plan->prog->n_values);
    if (f->team == run->team && f->calls_strings == strings) return;
    for (size_t i = 0; i < f->plan->n_steps; i++) {
        f->calls[i].team = run->team;
        f->calls[i].arena = strings;
    }
    f->team = run->team;
    f->calls_strings = strings;
}

static td_status run_all(td_frame *f, const td_run_context *run)
{
    set_surroundings(f, run);
    TD_TRY(run_segments(f, run));
    return check_rets(f);
}

static td_status trace_all(td_frame *f, const td_run_context *run)
{
    const int64_t inner = run->trace->inner_ns, start = td_now_ns();
    const td_status s = run_all(f, run);

    run->trace->inner_ns = inner + td_now_ns() - start;
    return s;
}

td_status td_frame_run(td_frame *f, const td_run_context *run)
{
    TD_TRY(td_frame_bind(f));
    const unsigned long before = td_denormals_flush();
    const bool was_forbidden = td_mem_forbid(true); /* static steps have all they need */
    const td_status s = TD_UNLIKELY(run->trace != NULL) ? trace_all(f, run) : run_all(f, run);

    (void)td_mem_forbid(was_forbidden);
    td_denormals_restore(before);
    return s;
}
