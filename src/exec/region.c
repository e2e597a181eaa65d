/* SPDX-License-Identifier: Apache-2.0 */
/* region.c -- bodies of If, Case and While: programs that ops run. */
#include "exec/region.h"

#include "exec/apart.h"
#include "exec/cache.h"
#include "exec/frame.h"

typedef struct region {
    td_region base;
    td_program *prog;
} region;

td_program *td_region_program(const td_region *r)
{
    return ((const region *)r)->prog;
}

/* The frame of one body run; td_region_frame is a td_frame. */
static td_status region_enter(td_region *r, td_call *c, const td_tensor *in, td_tensor *out,
                              td_region_frame **frame)
{
    td_program *const prog = td_region_program(r);
    const td_run_context run = { c->team, c->arena, c->trace };
    td_frame *f;

    TD_TRY(td_frame_enter(prog, in, &f));
    const td_status s = td_frame_run(f, &run);
    if (s) {
        td_frame_leave(f);
        return s;
    }
    for (uint32_t i = 0; i < r->n_out; i++)
        out[i] = *td_frame_ret(f, i);
    *frame = (td_region_frame *)f;
    return NULL;
}

static void region_leave(td_region *r, td_region_frame *frame)
{
    (void)r;
    td_frame_leave((td_frame *)frame);
}

static td_status region_infer(td_region *r, td_call *c, const td_tensor *in, td_tensor *out)
{
    td_program *const prog = td_region_program(r);
    td_frame *f;

    (void)c;
    TD_TRY(td_frame_enter(prog, in, &f));
    for (uint32_t i = 0; i < r->n_out; i++) {
        out[i] = f->plan->values[prog->rets[i]];
        out[i].data = NULL;
        out[i].buffer = NULL;
    }
    td_frame_leave(f);
    return NULL;
}

static void region_unref(td_region *r)
{
    if (--r->refs == 0) td_program_free(td_region_program(r));
}

td_region *td_region_make(td_arena *arena, td_program *prog)
{
    region *const r = TD_ARENA_NEW(arena, region);

    r->prog = prog;
    r->base = (td_region){ .infer = region_infer,
                           .enter = region_enter,
                           .leave = region_leave,
                           .unref = region_unref,
                           .refs = 1,
                           .n_in = (uint32_t)prog->n_args,
                           .n_out = (uint32_t)prog->n_rets,
                           .has_state = prog->has_state };
    if (td_env_does(prog->env, TD_PASS_apart)) td_region_look(&r->base, prog, arena);
    return &r->base;
}
