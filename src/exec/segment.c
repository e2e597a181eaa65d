/* SPDX-License-Identifier: Apache-2.0 */
/* segment.c -- see segment.h. */
#include "exec/segment.h"

#include "base/macros.h"

/* Of a plain segment; and what goes by before a run is asked again whether it is to stop. */
enum { MOST_STEPS = 8, MOST_BYTES = 1 << 20 };

enum {
    /* Ops of which a run is more than arithmetic in its place. */
    NOT_PLAIN = TD_OP_STATEFUL | TD_OP_DYNAMIC | TD_OP_BY_REF | TD_OP_ASSIGNS | TD_OP_CONTROL | TD_OP_READS |
                TD_OP_ALLOCATES,
};

static bool is_number(const td_tensor *t)
{
    return t->dtype != TD_STRING && t->dtype != TD_RESOURCE && t->dtype != TD_VARIANT;
}

static bool may_die(const td_plan *plan, uint32_t v)
{
    return plan->prog->may_die && plan->prog->may_die[v];
}

static bool all_plain(const td_plan *plan, const uint32_t *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (values[i] != UINT32_MAX && (!is_number(&plan->values[values[i]]) || may_die(plan, values[i])))
            return false;
    return true;
}

static bool is_plain(const td_plan *plan, const td_plan_step *ps)
{
    const td_step *const s = ps->step;

    if (ps->mode == TD_MODE_DYNAMIC || ps->n_dying || s->n_regions || (s->op->flags & NOT_PLAIN))
        return false;
    return all_plain(plan, s->in, s->n_in) && all_plain(plan, s->out, s->n_out);
}

/* Frames are bound to the workspace, and constants stay where they are. */
static bool is_idle(const td_plan *plan, const td_plan_step *ps)
{
    const uint32_t out = ps->mode == TD_MODE_ALIAS ? ps->step->out[0] : UINT32_MAX;

    return out != UINT32_MAX && !ps->n_dying && !may_die(plan, out) &&
           (plan->offset[out] != SIZE_MAX || plan->values[out].data);
}

static void drop_idle(td_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_steps; i++)
        if (!is_idle(plan, &plan->steps[i])) plan->steps[n++] = plan->steps[i];
    plan->n_steps = n;
}

/* What a step touches, for want of a better idea of its time: those that compute much for each byte ask by themselves. */
static size_t bytes_of(const td_plan *plan, const td_step *s)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < s->n_in + s->n_out; i++) {
        const uint32_t v = i < s->n_in ? s->in[i] : s->out[i - s->n_in];

        if (v != UINT32_MAX && plan->values[v].shape.rank >= 0)
            bytes += TD_MIN(td_tensor_bytes(&plan->values[v]), (size_t)MOST_BYTES);
    }
    return bytes;
}

/* Steps, and their bytes. */
typedef struct stretch {
    size_t steps, bytes;
} stretch;

static bool is_full(const stretch *s, size_t more)
{
    return s->steps >= MOST_STEPS || (s->steps && s->bytes + more > MOST_BYTES);
}

static void add(stretch *s, size_t bytes)
{
    s->steps++;
    s->bytes += bytes;
}

void td_segments_make(td_plan *plan)
{
    stretch here = { 0 }, unasked = { 0 };
    td_segment *g = NULL;

    drop_idle(plan);
    plan->segments = TD_ARENA_NEW_N(plan->arena, td_segment, plan->n_steps + 1);
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const td_plan_step *const ps = &plan->steps[i];
        const size_t bytes = bytes_of(plan, ps->step);
        const bool is_next_plain = is_plain(plan, ps);

        if (!g || !g->is_plain || !is_next_plain || is_full(&here, bytes)) {
            g = &plan->segments[plan->n_segments++];
            *g = (td_segment){ .first = i, .is_plain = is_next_plain, .asks = is_full(&unasked, bytes) };
            here = (stretch){ 0 };
            if (g->asks) unasked = here;
        }
        add(&here, bytes);
        add(&unasked, bytes);
        g->n++;
    }
}
