/* SPDX-License-Identifier: Apache-2.0 */
/* memplan.c -- lifetimes and offsets. */
#include "exec/memplan.h"

#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/size.h"

static const uint32_t NONE = UINT32_MAX;

/* A stretch of the workspace that is in use. */
typedef struct stretch {
    size_t begin, end;
} stretch;

typedef struct memplan {
    td_plan *plan;
    uint32_t *root; /* value -> the value whose memory it shows */
    uint32_t *last; /* root -> last step that needs it */
    bool *on_heap;  /* root -> lives in a buffer */
    stretch *live;  /* sorted by begin */
    size_t n_live;
    size_t n_solid;  /* as many of them lie side by side from 0 on: no gap is before */
    uint32_t *dying; /* heads of lists through next_dying, per step */
    uint32_t *next_dying;
} memplan;

bool td_memplan_on_heap(const td_plan_step *ps, const td_tensor *out)
{
    if (ps->mode == TD_MODE_DYNAMIC) return true;
    return (ps->step->op->flags & (TD_OP_BY_REF | TD_OP_DYNAMIC)) || out->dtype == TD_VARIANT;
}

static size_t end_of(const memplan *m, size_t n)
{
    return n ? m->live[n - 1].end : 0;
}

static size_t take(memplan *m, size_t size)
{
    size_t at = m->n_solid, begin = end_of(m, at);

    size = td_round_up(size ? size : 1, TD_ALIGN);
    for (; at < m->n_live; at++) {
        if (m->live[at].begin >= begin + size) break;
        begin = m->live[at].end;
    }
    memmove(m->live + at + 1, m->live + at, (m->n_live - at) * sizeof *m->live);
    m->live[at] = (stretch){ begin, begin + size };
    m->n_live++;
    while (m->n_solid < m->n_live && m->live[m->n_solid].begin == end_of(m, m->n_solid))
        m->n_solid++;
    m->plan->workspace_size = TD_MAX(m->plan->workspace_size, begin + size);
    return begin;
}

static bool does(const memplan *m, td_pass_id id)
{
    return td_env_does(m->plan->prog->env, id);
}

static void give(memplan *m, size_t begin)
{
    size_t i = 0, n = m->n_live; /* it is one of n from i on */

    if (!does(m, TD_PASS_share_memory)) return;
    while (n > 0) {
        const size_t half = n / 2;
        const bool is_behind = m->live[i + half].begin < begin;

        i += is_behind ? half + 1 : 0;
        n = is_behind ? n - half - 1 : half;
    }
    TD_ASSERT(i < m->n_live && m->live[i].begin == begin);
    memmove(m->live + i, m->live + i + 1, (m->n_live - i - 1) * sizeof *m->live);
    m->n_live--;
    m->n_solid = TD_MIN(m->n_solid, i);
}

/* Roots, heap flags and last uses. */
static void find_lives(memplan *m)
{
    td_plan *const plan = m->plan;
    const td_program *const prog = plan->prog;

    for (uint32_t v = 0; v < prog->n_values; v++) {
        m->root[v] = v;
        m->last[v] = NONE;
    }
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        const td_plan_step *const ps = &plan->steps[i];

        for (uint32_t k = 0; k < ps->step->n_in; k++)
            m->last[m->root[ps->step->in[k]]] = i;
        for (uint32_t k = 0; k < ps->step->n_out; k++) {
            const uint32_t v = ps->step->out[k];

            if (v == NONE) continue;
            if (ps->mode == TD_MODE_ALIAS && k == 0) {
                m->root[v] = m->root[ps->step->in[0]];
                m->last[m->root[v]] = i;
                continue;
            }
            m->on_heap[v] = td_memplan_on_heap(ps, &plan->values[v]);
            m->last[v] = i;
        }
    }
    for (size_t i = 0; i < prog->n_rets; i++)
        m->last[m->root[prog->rets[i]]] = (uint32_t)plan->n_steps;
}

static bool in_workspace(const memplan *m, uint32_t root)
{
    return m->plan->offset[root] != SIZE_MAX;
}

/* Has value a element for element the layout of b? Equal bytes are not enough: eight doubles, broadcast, make 64
 * bools. */
static bool same_layout(const td_tensor *a, const td_tensor *b)
{
    return td_dtype_size(a->dtype) == td_dtype_size(b->dtype) &&
           td_shape_count(&a->shape) == td_shape_count(&b->shape);
}

/* Does every input of step i that shows root r's memory show it as output v would have it? */
static bool all_same_layout(const memplan *m, uint32_t i, uint32_t r, uint32_t v)
{
    const td_step *const s = m->plan->steps[i].step;
    const td_tensor *const values = m->plan->values;

    for (uint32_t k = 0; k < s->n_in; k++)
        if (m->root[s->in[k]] == r && !same_layout(&values[s->in[k]], &values[v])) return false;
    return true;
}

/* An input of step i whose memory output v may take over: it ends here and is laid out the same. */
static uint32_t find_victim(const memplan *m, uint32_t i, uint32_t v)
{
    const td_plan_step *const ps = &m->plan->steps[i];

    if (!(ps->step->op->flags & TD_OP_INPLACE) || td_tensor_bytes(&m->plan->values[v]) == 0) return NONE;
    if (!does(m, TD_PASS_in_place)) return NONE;
    for (uint32_t k = 0; k < ps->step->n_in; k++) {
        const uint32_t r = m->root[ps->step->in[k]];

        if (in_workspace(m, r) && m->last[r] == i && all_same_layout(m, i, r, v)) return r;
    }
    return NONE;
}

static void place_outputs(memplan *m, uint32_t i, bool *taken_over)
{
    const td_plan_step *const ps = &m->plan->steps[i];

    if (ps->mode == TD_MODE_ALIAS) return;
    for (uint32_t k = 0; k < ps->step->n_out; k++) {
        const uint32_t v = ps->step->out[k];

        if (v == NONE || m->on_heap[v]) continue;
        const uint32_t victim = k == 0 ? find_victim(m, i, v) : NONE;

        if (victim != NONE && !taken_over[victim]) {
            m->plan->offset[v] = m->plan->offset[victim];
            taken_over[victim] = true;
        } else {
            m->plan->offset[v] = take(m, td_tensor_bytes(&m->plan->values[v]));
        }
    }
}

/* Links root r into the list of those that end with step `last`. */
static void schedule_end(memplan *m, uint32_t r)
{
    const uint32_t last = m->last[r];

    if (last == NONE || last >= m->plan->n_steps) return;
    m->next_dying[r] = m->dying[last];
    m->dying[last] = r;
}

static void end_lives(memplan *m, uint32_t i, const bool *taken_over)
{
    td_plan_step *const ps = &m->plan->steps[i];
    uint32_t n = 0;

    for (uint32_t r = m->dying[i]; r != NONE; r = m->next_dying[r]) {
        if (m->on_heap[r]) n++;
        if (in_workspace(m, r) && !taken_over[r]) give(m, m->plan->offset[r]);
    }
    ps->dying = TD_ARENA_NEW_N(m->plan->arena, uint32_t, n + 1);
    for (uint32_t r = m->dying[i]; r != NONE; r = m->next_dying[r])
        if (m->on_heap[r]) ps->dying[ps->n_dying++] = r;
}

void td_memplan_make(td_plan *plan)
{
    const size_t n = plan->prog->n_values;
    td_arena *const a = td_arena_make();
    memplan m = { .plan = plan,
                  .root = TD_ARENA_NEW_N(a, uint32_t, n + 1),
                  .last = TD_ARENA_NEW_N(a, uint32_t, n + 1),
                  .on_heap = TD_ARENA_NEW_N(a, bool, n + 1),
                  .live = TD_ARENA_NEW_N(a, stretch, n + 2),
                  .dying = TD_ARENA_NEW_N(a, uint32_t, plan->n_steps + 1),
                  .next_dying = TD_ARENA_NEW_N(a, uint32_t, n + 1) };
    bool *const taken_over = TD_ARENA_NEW_N(a, bool, n + 1);

    plan->offset = TD_ARENA_NEW_N(plan->arena, size_t, n + 1);
    for (size_t v = 0; v < n; v++)
        plan->offset[v] = SIZE_MAX;
    for (size_t i = 0; i <= plan->n_steps; i++)
        m.dying[i] = NONE;
    find_lives(&m);
    for (uint32_t i = 0; i < plan->n_steps; i++)
        for (uint32_t k = 0; k < plan->steps[i].step->n_out; k++) {
            const uint32_t v = plan->steps[i].step->out[k];

            if (v != NONE && m.root[v] == v) schedule_end(&m, v);
        }
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        td_plan_step *const ps = &plan->steps[i];

        place_outputs(&m, i, taken_over);
        if (ps->scratch_size) {
            ps->scratch_offset = take(&m, ps->scratch_size);
            give(&m, ps->scratch_offset);
        }
        end_lives(&m, i, taken_over);
    }
    /* Aliases of workspace values show the same bytes. */
    for (size_t v = 0; v < n; v++)
        if (m.root[v] != v) plan->offset[v] = plan->offset[m.root[v]];
    td_arena_free(a);
}
