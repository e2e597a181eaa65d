/* SPDX-License-Identifier: Apache-2.0 */
/* partial.c -- see partial.h. */
#include "exec/partial.h"

#include "base/mem.h"
#include "exec/cache.h"

struct td_partial {
    td_program prog; /* rets that are not wanted stand for one that is */
    uint64_t wanted; /* bits of rets */
};

static uint64_t bits_of(const size_t *want, size_t n)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < n; i++)
        bits |= UINT64_C(1) << want[i];
    return bits;
}

static void copy_rets(td_program *to, const td_program *whole, uint64_t wanted)
{
    const uint32_t first = whole->rets[__builtin_ctzll(wanted)];

    to->rets = TD_NEW_N(uint32_t, whole->n_rets);
    for (size_t i = 0; i < whole->n_rets; i++)
        to->rets[i] = wanted >> i & 1 ? whole->rets[i] : first;
}

static bool makes_needed(const td_step *s, const bool *is_needed)
{
    for (uint32_t i = 0; i < s->n_out; i++)
        if (s->out[i] != UINT32_MAX && is_needed[s->out[i]]) return true;
    return s->n_out == 0; /* it checks something: nobody knows for whom */
}

/* From the last to the first: who makes something that is needed needs what it reads. */
static void copy_steps(td_program *to, const td_program *whole)
{
    bool *const is_needed = TD_NEW_N(bool, whole->n_values), *const is_kept = TD_NEW_N(bool, whole->n_steps);

    for (size_t i = 0; i < to->n_rets; i++)
        is_needed[to->rets[i]] = true;
    for (size_t i = whole->n_steps; i-- > 0;) {
        const td_step *const s = &whole->steps[i];

        is_kept[i] = makes_needed(s, is_needed);
        for (uint32_t k = 0; is_kept[i] && k < s->n_in; k++)
            is_needed[s->in[k]] = true;
    }
    to->steps = TD_NEW_N(td_step, whole->n_steps);
    for (size_t i = 0; i < whole->n_steps; i++)
        if (is_kept[i]) to->steps[to->n_steps++] = whole->steps[i];
    td_free(is_needed);
    td_free(is_kept);
}

static td_partial *make_partial(const td_program *whole, uint64_t wanted)
{
    td_partial *const p = TD_NEW(td_partial);

    p->wanted = wanted;
    p->prog = (td_program){ .name = whole->name,
                            .env = whole->env,
                            .n_values = whole->n_values,
                            .values = whole->values,
                            .is_const = whole->is_const,
                            .args = whole->args,
                            .n_args = whole->n_args,
                            .n_rets = whole->n_rets,
                            .has_switch = whole->has_switch,
                            .may_die = whole->may_die };
    copy_rets(&p->prog, whole, wanted);
    copy_steps(&p->prog, whole);
    td_cache_init(&p->prog.cache);
    return p;
}

static void free_partial(td_partial *p)
{
    td_program_drop_plans(&p->prog);
    td_free(p->prog.steps);
    td_free(p->prog.rets);
    td_free(p);
}

/* The one for wanted, in the first slot that is free or its own; NULL: there is no room. */
static td_partial *find_or_make(td_partials *all, const td_program *whole, uint64_t wanted)
{
    td_partial *made = NULL, *found = NULL;

    for (size_t i = 0; i < TD_PARTIALS && !found; i++) {
        td_partial *there = atomic_load_explicit(&all->made[i], memory_order_acquire);

        if (!there && !made) made = make_partial(whole, wanted);
        /* release: publishes the program; acquire: that of somebody who was faster */
        if (!there && atomic_compare_exchange_strong_explicit(&all->made[i], &there, made,
                                                              memory_order_acq_rel, memory_order_acquire))
            return made;
        if (there->wanted == wanted) found = there;
    }
    if (made) free_partial(made);
    return found;
}

td_program *td_partial_of(td_partials *all, td_program *whole, const size_t *want, size_t n_want)
{
    if (TD_LIKELY(n_want >= whole->n_rets) || !n_want || whole->n_rets > 64 || whole->has_state) return whole;
    td_partial *const p = find_or_make(all, whole, bits_of(want, n_want));

    return p ? &p->prog : whole;
}

void td_partials_free(td_partials *all)
{
    for (size_t i = 0; i < TD_PARTIALS; i++) {
        td_partial *const p = atomic_load_explicit(&all->made[i], memory_order_relaxed);

        if (p) free_partial(p);
    }
}
